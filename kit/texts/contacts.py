"""Phone numbers and e-mail addresses in what people write: they do not belong where texts stay in the clear.

A reason stands in the ledger for good, and nothing erases it with the person it names. So a text is refused that holds
what reads like an address or a phone number, with marks, in any width, in digits of any script. What only
counts or names things passes: amounts, dates and times, receipts, orders, articles, ids and card numbers.

A number is a phone number when it begins as one does ("+", "00" or one "0"), is grouped as one, comes after a word such
as "call", or is a mobile number or a whole international one without its plus. Behind a word such as "order" or
"receipt", a number without spaces is a reference, unless it is a mobile number or hyphens make a phone number of it.
"""

from __future__ import annotations

import re

import phonenumbers

from kit import texts

PHONE = "a phone number"
EMAIL = "an e-mail address"

DIGITS_MIN, DIGITS_MAX = 7, 15
TRUNK_DIGITS_MIN = 9
INTERNATIONAL_DIGITS_MIN = 8
BARE_INTERNATIONAL_DIGITS_MIN = 11
# Where national numbers begin with one 0 and have a fixed length.
_HOME_REGIONS = ("PK", "GB", "IN", "AE", "FR")

# Where mobile numbers have eleven digits with the 0, which few references have.
_LONG_MOBILES = ("PK", "GB")

_AT = (
    r"(?:\s*@\s*|\s*[\[({<]\s*(?:at?|@)\s*[\])}>]\s*|\s+at\s+(?=\S+(?:\s+dot\s+|\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*)))"
)
_DOT = r"(?:\.|\s*[\[({<]\s*(?:dot|\.)\s*[\])}>]\s*|\s+dot\s+|\s+\.\s+)"
_EMAIL = re.compile(
    rf"(?<!\w)[^\W_][\w.+%'-]*{_AT}[^\W_][\w-]*(?:{_DOT}[\w-]+)*{_DOT}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,}})"
)

_WRITTEN_AS = {"%40": "@", "&#64;": "@", "\u3002": "."}
# Accents, and what draws a key or a circle around a digit.
_LOOSE_MARK = re.compile("[\u0300-\u036f\u20d0-\u20ff]")
_ZEROS = re.compile(r"\b[0-9o]*[0-9][0-9o]*\b")

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
    r"(?<!\w)(?:receipt|order|invoice|ticket|case|ref|reference|bill|docket|transaction|txn|voucher|coupon|card|article|item|"
    r"sku|ean|upc|gtin|barcode|product|return|purchase|refund|batch|serial|claim|complaint|parcel|tracking|delivery|"
    r"shipment|till|store|code|rma|id|رسید|آرڈر|انوائس|بل|کارڈ|ٹکٹ|شکایت|حوالہ)s?"
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
    plain = _as_read(text)
    if _EMAIL.search(plain):
        return EMAIL
    return PHONE if any(_is_phone(plain, number) for number in _numbers(plain)) else None


def _as_read(text: str) -> str:
    """The text as a reader takes it: plain letters and digits, an O among digits for a zero, signs that mean an @."""
    plain = _LOOSE_MARK.sub("", texts.bare(text)).casefold()
    for written, meant in _WRITTEN_AS.items():
        plain = plain.replace(written, meant)
    plain = _ZEROS.sub(lambda found: found[0].replace("o", "0"), plain)
    return _WORD_BEFORE_DIGITS.sub(r"\1 ", plain)


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
    if _REFERENCE.search(before) and " " not in written.strip():
        is_plain = digits in written
        return _is_mobile(digits) if is_plain else _is_grouped(written) or _is_of_a_home_region(digits)
    if _is_list_of_numbers(written):
        return False
    return _begins_as_one(digits) or _is_grouped(written) or _PHONE_WORD.search(before) is not None or _is_whole(digits)


def _begins_as_one(digits: str) -> bool:
    """Whether it begins with the digits before a national number, or those before an international one."""
    if digits.startswith("00"):
        return _is_valid(f"+{digits[2:]}")
    return digits.startswith("0") and TRUNK_DIGITS_MIN <= len(digits) <= TRUNK_DIGITS_MIN + 3


def _is_whole(digits: str) -> bool:
    """Whether it is a number that is complete without any sign before it."""
    if len(digits) >= BARE_INTERNATIONAL_DIGITS_MIN:
        return _is_valid(f"+{digits}")
    return _PAKISTANI_MOBILE.fullmatch(digits) is not None


def _is_list_of_numbers(written: str) -> bool:
    """Whether these are several numbers with leading zeros, such as of receipts: "0107 0108 0109"."""
    return re.fullmatch(r"0\d{2,}(?:[ /-]+0\d{2,})+", written) is not None


def _is_of_a_home_region(digits: str) -> bool:
    """Whether it is a whole number of a region in which references with hyphens are mistaken for numbers least."""
    return digits.startswith("0") and any(_is_valid(digits, region) for region in _HOME_REGIONS)


def _is_grouped(written: str) -> bool:
    return _GROUPED.fullmatch(written) is not None


def _is_mobile(digits: str) -> bool:
    return any(_type(digits, region) is phonenumbers.PhoneNumberType.MOBILE for region in _LONG_MOBILES)


def _is_valid(written: str, region: str | None = None) -> bool:
    return _type(written, region) not in (None, phonenumbers.PhoneNumberType.UNKNOWN)


def _type(written: str, region: str | None) -> int | None:
    """What kind of number it is; nothing for what is none at all."""
    try:
        return phonenumbers.number_type(phonenumbers.parse(written, region))
    except phonenumbers.NumberParseException:
        return None
