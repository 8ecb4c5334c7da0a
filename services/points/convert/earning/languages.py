"""The language in which answers speak."""

from __future__ import annotations

from kit import languages
from services.points.domain.earning.sentences import Language, language_of


def spoken() -> Language:
    """The language of whoever asks, as the request's metadata says it (`accept-language`, a BCP 47 tag).

    It is asked here and not handed down: a stored answer is told again in the language of who asks again, and no RPC
    that tells of an entry can forget it.
    """
    return language_of(languages.asked())
