"""CSV that a spreadsheet reads and does not run."""

from __future__ import annotations

import codecs
import csv
import io
from datetime import UTC, datetime

import pytest
from flask import Flask

from gateway import sheets


def told(*rows: tuple[sheets.Cell, ...]) -> list[list[str]]:
    with Flask("test").test_request_context():
        response = sheets.sheet("told", ("a", "b"), rows)
    text = response.get_data().decode("utf-8-sig")
    assert text.startswith("a,b\r\n")
    return list(csv.reader(io.StringIO(text, newline="")))[1:]


def test_a_sheet_begins_with_a_byte_order_mark_and_has_no_other() -> None:
    with Flask("test").test_request_context():
        told = sheets.sheet("told", ("a",), [("دیر سے پہنچا",)]).get_data()
    assert told.startswith(codecs.BOM_UTF8)
    assert told.count(codecs.BOM_UTF8) == 1


@pytest.mark.parametrize(
    "text",
    ["=1+1", '=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "－1", "＠x", "\n=1"],
)
def test_a_text_that_begins_like_a_formula_is_kept_from_being_one(text: str) -> None:
    assert told((text, 1)) == [[f"'{text}", "1"]]


@pytest.mark.parametrize("text", ["", "goodwill", "a=b", "1-2", 'she said "no"', "a,b", "دیر سے پہنچا", "two\nlines"])
def test_other_texts_come_through(text: str) -> None:
    assert told((text, None)) == [[text, ""]]


def test_numbers_stay_numbers_and_times_are_rfc_3339() -> None:
    assert told((-15, datetime(2026, 3, 1, 12, tzinfo=UTC))) == [["-15", "2026-03-01T12:00:00Z"]]


@pytest.mark.parametrize(
    ("accept", "asked", "expected"),
    [
        ("text/csv", "", True),
        ("text/csv;q=0.5, application/json", "", False),
        ("*/*", "", False),
        ("", "", False),
        ("text/html", "", False),
        ("application/json", "csv", True),
        ("text/csv", "json", False),
    ],
)
def test_the_query_decides_and_where_it_is_silent_the_header(accept: str, asked: str, expected: bool) -> None:
    with Flask("test").test_request_context(headers={"Accept": accept} if accept else {}):
        assert sheets.wanted(asked) is expected  # type: ignore[arg-type]  # words that a URL may hold, and no others
