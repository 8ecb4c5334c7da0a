"""Phone numbers and e-mail addresses in what people write: they do not belong where texts stay in the clear.

A reason stands in the ledger for good, and nothing erases it with the person it names. So a text is refused that holds
what reads like an address or a phone number, whatever marks, widths, digits and signs it is written with. What only
counts or names things passes: amounts, dates and times, receipts, orders, articles, ids and card numbers.

A number is a phone number when it begins as one does ("+", "00" or one "0"), is grouped as one, comes after a word such
as "call", or is a mobile number or a whole international one without its plus. Behind a word such as "order" or
"receipt", a number without gaps is a reference.
"""

from __future__ import annotations

import functools
import re

import phonenumbers

from kit import texts

PHONE = "a phone number"
EMAIL = "an e-mail address"

DIGITS_MIN, DIGITS_MAX = 7, 15
TRUNK_DIGITS_MIN = 9
INTERNATIONAL_DIGITS_MIN = 8
BARE_INTERNATIONAL_DIGITS_MIN = 11

_AT = (
    r"(?:\s*@\s*|\s*[\[({<]\s*(?:at|@)\s*[\])}>]\s*|\s+at\s+(?=\S+(?:\s+dot\s+|\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*)))"
)
_DOT = r"(?:\.|\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+|\s+\.\s+)"
_EMAIL = re.compile(
    rf"(?<!\w)[^\W_][\w.+%'-]*{_AT}[^\W_][\w-]*(?:{_DOT}[\w-]+)*{_DOT}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})"
)

# Dates, times and ids of eight hexadecimal digits and more are no candidates: they are taken out first.
_NOT_NUMBERS = re.compile(
    r"(?<![\w+])(?:"
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?:[t ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?z?)?"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:(?:19|20)\d\d|\d\d)(?:,? \d{1,2}:\d\d)?"
    r"|\d{1,2}:\d\d(?::\d\d)?"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r")(?![\w]|[-/.]\d)"
)
# An amount: groups of three, a decimal part of one to three digits, or both.
_AMOUNT = re.compile(
    r"(?<![\w+.,-])[1-9]\d{0,2}(?:(?:,\d{2,3})+|(?: \d{3})+|(?:\.\d{3})+|(?:'\d{3})+)?(?:[.,]\d{1,3})?"
    r"(?![\w-]|[.,/]\d| ?\d)"
)

_NUMBER = re.compile(r"(?<![\w])(?:\+\s*)?\(?\+?\d(?:[ ().\-/~_*·•]{0,3}\d){5,24}(?!\w)")
_REFERENCE = re.compile(
    r"(?:receipt|order|invoice|ticket|case|ref|reference|bill|docket|transaction|txn|voucher|coupon|card|article|item|"
    r"sku|ean|upc|gtin|barcode|product|return|purchase|refund|batch|serial|claim|complaint|parcel|tracking|delivery|"
    r"shipment|till|store|code|rma|pos|po|so|id|رسید|آرڈر|انوائس|بل|کارڈ|ٹکٹ|شکایت|حوالہ)s?"
    r"(?:[\s.:#-]*(?:number|num|no|nr|id|is|was|نمبر|№)?[\s.:#-]*)$"
)
_PHONE_WORD = re.compile(
    r"(?<!\w)(?:(?:his|her|their|my|our) (?:number|no)|phone|telephone|tel|mobile|mob|cell|"
    r"cellphone|call|called|calls|ring|rang|dial|sms|text|texted|whatsapp|"
    r"viber|fax|contact|reach|reached|callback|فون|موبائل|کال|واٹس\s?ایپ|رابطہ|ایس\s?ایم\s?ایس)(?![^\W\d])"
)
_WORD_BEFORE_DIGITS = re.compile(r"((?<!\w)(?:phone|tel|mobile|mob|cell|call|whatsapp|فون|موبائل))(?=\d)")
# Grouped as numbers are in North America, Pakistan, India and Brazil, or behind an area code in parentheses.
_GROUPED = re.compile(
    r"\(?[2-9]\d\d\)?[ .-]{1,2}\d{3}[ .-]\d{4}|3\d\d[ .-]\d{7}|[6-9]\d{4}[ -]\d{5}|\d\d 9\d{4}[ -]\d{4}"
    r"|\(\d{2,5}\)[ .-]?\d{3,5}[ .-]?\d{3,5}"
)
_PAKISTANI_MOBILE = re.compile(r"3[0-4]\d{8}")


def found_in(text: str) -> str | None:
    """`PHONE` or `EMAIL` if the text holds what reads like one, else nothing."""
    plain = _WORD_BEFORE_DIGITS.sub(r"\1 ", texts.bare(text).casefold())
    if _EMAIL.search(plain):
        return EMAIL
    return PHONE if any(_is_phone(plain, number) for number in _numbers(plain)) else None


def _numbers(plain: str) -> list[re.Match[str]]:
    """What might be phone numbers: digits with what people write between them, neither date nor amount nor id."""
    blanked = _NOT_NUMBERS.sub(lambda found: "x" * len(found[0]), plain)
    blanked = _AMOUNT.sub(lambda found: "x" * len(found[0]) if _is_amount(found[0]) else found[0], blanked)
    return list(_NUMBER.finditer(blanked))


def _is_amount(text: str) -> bool:
    return not text.isdigit()


def _is_phone(plain: str, number: re.Match[str]) -> bool:
    written, before = number[0], plain[: number.start()]
    digits = "".join(filter(str.isdigit, written))
    if not DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        return False
    if "+" in written:
        return len(digits) >= INTERNATIONAL_DIGITS_MIN
    if digits in written and _REFERENCE.search(before):
        return False
    return (
        _begins_as_one(digits)
        or _GROUPED.fullmatch(written) is not None
        or _PHONE_WORD.search(before) is not None
        or _is_whole(digits)
    )


def _begins_as_one(digits: str) -> bool:
    """Whether it begins with the digits before a national number, or those before an international one."""
    if digits.startswith("00"):
        return _is_international(digits[2:])
    return digits.startswith("0") and TRUNK_DIGITS_MIN <= len(digits) <= TRUNK_DIGITS_MIN + 3


def _is_whole(digits: str) -> bool:
    """Whether it is a number that is complete without any sign before it."""
    if len(digits) >= BARE_INTERNATIONAL_DIGITS_MIN:
        return _is_international(digits)
    return _PAKISTANI_MOBILE.fullmatch(digits) is not None


@functools.lru_cache(maxsize=1_000)
def _is_international(digits: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False
