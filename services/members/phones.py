"""Phone numbers, read by the rules of their country. A room of its own because `domain/` knows no library."""

from __future__ import annotations

import re

import phonenumbers

from kit import texts

# Digits, what people put between them, one plus before them. Letters are refused: a library that dials "1-800-FLOWERS"
# also finds a number in "Ann 0301 2345678".
_WRITTEN = re.compile("(?:tel:)?[ (]*[+]?[0-9 ()./-]+", re.IGNORECASE)


def e164(text: str, region: str) -> str | None:
    """The number in E.164, read as it is dialled in `region`; nothing if no such number can exist.

    A number with an extension is nothing either: E.164 has no room for it, and without it several people of one
    switchboard would be one member.
    """
    written = texts.bare(text)
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def knows_region(region: str) -> bool:
    """Whether there are dialling rules for the region, an ISO 3166-1 alpha-2 code."""
    return region in phonenumbers.SUPPORTED_REGIONS
