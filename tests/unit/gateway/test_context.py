"""Which of our languages a request is answered in."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from gateway.context import language_wanted


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("ur", "ur"),
        ("UR-pk, en;q=0.5", "ur"),
        ("en;q=0.5, ur;q=0.7", "ur"),
        ("de, en-GB;q=0.8, ur;q=0.7", "en"),
        ("de, pa;q=0.9", "en"),
        ("ur;q=0, de", "en"),
        ("urdu", "en"),
        ("ur;q=nonsense", "en"),
        (";;,,==", "en"),
    ],
)
def test_the_best_of_ours_is_taken(header: str, language: str) -> None:
    assert language_wanted(parse_accept_header(header, LanguageAccept)) == language
