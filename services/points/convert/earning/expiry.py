"""When a rule's points lapse, on the wire."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence

from loyalty.points.v1 import terms_pb2 as pb

from kit.convert import EnumMap, integer_of, text_of
from kit.errors import Invalid
from services.points.convert.common import EXPIRY_DAYS_MAX, NAME_LENGTH_MAX
from services.points.domain.earning.expiry import Expiry, ExpiryDate, ExpiryKind, TierExpiry

PERIODS_LATER_MAX = 120
DATES_MAX = 50
TIERS_MAX = 20

_KIND = EnumMap(pb.ExpiryKind, ExpiryKind)
_DATE = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
# A year that has every day that any year has.
_LEAP_YEAR = 2000


def expiry_of(terms: pb.EarningTerms) -> Expiry | None:
    """When the points lapse; None where `expiry_days` says it."""
    if not terms.HasField("expiry"):
        return None
    if terms.expiry_days:
        raise Invalid("terms.expiry_days", "must be 0 where expiry says when points lapse")
    return _expiry(terms.expiry, "terms.expiry")


def tier_expiries_of(terms: pb.EarningTerms) -> tuple[TierExpiry, ...]:
    """What is different for tiers."""
    field = "terms.expiry_by_tier"
    if len(terms.expiry_by_tier) > TIERS_MAX:
        raise Invalid(field, f"must have at most {TIERS_MAX} items")
    found = tuple(_tier_expiry(each, f"{field}[{index}]") for index, each in enumerate(terms.expiry_by_tier))
    for index, each in enumerate(found):
        if each.tier in {earlier.tier for earlier in found[:index]}:
            raise Invalid(f"{field}[{index}].tier", f"{each.tier!r} is there twice")
    return found


def _tier_expiry(each: pb.TierExpiry, field: str) -> TierExpiry:
    return TierExpiry(
        text_of(each.tier, f"{field}.tier", length_max=NAME_LENGTH_MAX), _expiry(each.expiry, f"{field}.expiry")
    )


def _expiry(expiry: pb.Expiry, field: str) -> Expiry:
    kind = _KIND.to_domain(expiry.kind, f"{field}.kind")
    days_min = 1 if kind in (ExpiryKind.DAYS, ExpiryKind.INACTIVITY) else 0
    days_max = EXPIRY_DAYS_MAX if days_min or kind is ExpiryKind.DATES else 0
    return Expiry(
        kind=kind,
        days=integer_of(expiry.days, f"{field}.days", at_least=days_min, at_most=days_max),
        periods_later=integer_of(
            expiry.periods_later,
            f"{field}.periods_later",
            at_least=0,
            at_most=PERIODS_LATER_MAX if kind.months else 0,
        ),
        dates=_dates(expiry.dates, kind, f"{field}.dates"),
    )


def _dates(dates: Sequence[str], kind: ExpiryKind, field: str) -> tuple[ExpiryDate, ...]:
    at_least, at_most = (1, DATES_MAX) if kind is ExpiryKind.DATES else (0, 0)
    if not at_least <= len(dates) <= at_most:
        raise Invalid(field, f"must have {at_least} to {at_most} items")
    return tuple(_date(text, f"{field}[{index}]") for index, text in enumerate(dates))


def _date(text: str, field: str) -> ExpiryDate:
    found = _DATE.fullmatch(text)
    if found is not None:
        year, month, day = (None if part is None else int(part) for part in found.groups())
        if _is_day(year, month, day):
            return ExpiryDate(month or 0, day or 0, year)
    raise Invalid(field, "is no day such as 03-31 or 2027-03-31")


def _is_day(year: int | None, month: int | None, day: int | None) -> bool:
    if not month or not day or month > 12 or (year is not None and not 2000 <= year <= 2999):
        return False
    return day <= calendar.monthrange(_LEAP_YEAR if year is None else year, month)[1]


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_expiry(expiry: Expiry | None) -> pb.Expiry | None:
    """When points lapse; sent back as it is, it says the same."""
    if expiry is None:
        return None
    return pb.Expiry(
        kind=_KIND.to_proto(expiry.kind),
        days=expiry.days,
        periods_later=expiry.periods_later,
        dates=[str(each) for each in expiry.dates],
    )


def to_tier_expiry(each: TierExpiry) -> pb.TierExpiry:
    """What is different for a tier."""
    return pb.TierExpiry(tier=each.tier, expiry=to_expiry(each.expiry))
