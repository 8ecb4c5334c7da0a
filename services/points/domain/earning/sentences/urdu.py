"""Sentences in Urdu.

Each begins with an Urdu word, so that whatever shows it finds its direction without markup. Names of rules and reasons,
which may be in any script, and numbers stand in isolates. Digits are those on Pakistani receipts. Amounts name the
currency after the number.
"""

from __future__ import annotations

from services.points.domain.earning.earnings import Earning, Explanation, Reason, Unearned
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.sentences.isolates import isolated
from services.points.domain.earning.sentences.numbers import amount, decimal
from services.points.domain.earning.terms import Effect, Rounding, Trigger
from services.points.domain.ledger.accounts import Entry, EntryKind
from services.points.domain.sales.returns import Return

_ROUNDED = {
    Rounding.DOWN: "کسر چھوڑ کر",
    Rounding.HALF_UP: "قریب ترین پورے عدد کے حساب سے",
    Rounding.UP: "کسر کو پورا گن کر",
}

_NOTHING = {
    Reason.OUTSIDE_HOURS: "خریداری اس کے مقررہ اوقات میں نہیں ہوئی",
    Reason.CONDITION_NOT_MET: "اس کی شرط پوری نہیں ہوئی",
    Reason.CONDITION_FAILED: "اس کی شرط کا فیصلہ نہیں ہو سکا",
    Reason.NOTHING_COUNTED: "خریدی ہوئی کوئی چیز اس میں شمار نہیں ہوتی",
    Reason.TENDER_EXCLUDED: "پوری ادائیگی ایسے طریقے سے ہوئی جس پر پوائنٹس نہیں ملتے",
    Reason.TOO_LITTLE: "شمار ہونے والی رقم ایک پوائنٹ کے لیے کم ہے",
    Reason.NOTHING_TO_RAISE: "کسی اور پیشکش سے پوائنٹس نہیں ملے",
}

_CUT_BY_GOODS = "کیونکہ اسی رسید پر چیزیں واپس لی گئیں"

_OF_ACTIVITY = {
    Trigger.VISIT: "اس آمد پر",
    Trigger.ENROLMENT: "رکن بننے پر",
    Trigger.BIRTHDAY: "سالگرہ پر",
    Trigger.REFERRAL: "تعارف کرانے پر",
}

_SPANS = {
    LimitSpan.PURCHASE: "فی خریداری",
    LimitSpan.DAY: "روزانہ",
    LimitSpan.WEEK: "ہفتہ وار",
    LimitSpan.MONTH: "ماہانہ",
    LimitSpan.YEAR: "سالانہ",
    LimitSpan.EVER: "کل",
}
_SCOPES = {
    LimitScope.MEMBER: "ہر رکن کے لیے",
    LimitScope.MEMBER_AND_CASHIER: "ایک کیشیئر کے پاس ہر رکن کے لیے",
    LimitScope.PROGRAM: "تمام اراکین کے لیے مجموعی طور پر",
    LimitScope.STORE: "ہر اسٹور کے لیے",
}

_CURRENCIES = {
    "PKR": "روپے",
    "GBP": "پاؤنڈ",
    "USD": "ڈالر",
    "EUR": "یورو",
    "SAR": "سعودی ریال",
    "AED": "درہم",
    "INR": "بھارتی روپے",
}


def earning_sentence(earning: Earning) -> str:
    """Why a rule gave what it gave for a purchase, or why it gave nothing."""
    return f"پیشکش «{isolated(earning.rule_name)}»: {_because(earning)}۔"


def nothing_earned_sentence(unearned: Unearned) -> str:
    """Why nothing was earned where no rule was asked."""
    if unearned.is_anonymous:
        return "اس خریداری پر پوائنٹس نہیں ملے، کیونکہ اس میں کسی رکن کا نام نہیں۔"
    if unearned.trigger is Trigger.PURCHASE:
        money = _CURRENCIES.get(unearned.currency, isolated(unearned.currency))
        return f"اس خریداری پر پوائنٹس نہیں ملے، کیونکہ اس وقت {money} میں خریداری کی کوئی پیشکش نافذ نہیں تھی۔"
    event = f"واقعہ «{isolated(unearned.activity_name)}» پر"
    of_what = _OF_ACTIVITY.get(unearned.trigger, event)
    return f"{of_what} پوائنٹس نہیں ملے، کیونکہ اس وقت اس کی کوئی پیشکش نافذ نہیں تھی۔"


def _because(earning: Earning) -> str:
    why = earning.explanation
    if why.reason is Reason.BEATEN:
        return f"پوائنٹس نہیں ملے، کیونکہ اس کی جگہ پیشکش «{isolated(why.beaten_by)}» کے پوائنٹس ملے"
    if why.reason is Reason.OUTSIDE_HOURS and why.trigger.is_activity:
        return "پوائنٹس نہیں ملے، کیونکہ یہ اس کے مقررہ اوقات میں نہیں ہوا"
    if why.reason is Reason.TOO_LITTLE and why.counts_steps:
        return f"پوائنٹس نہیں ملے، کیونکہ جو شمار ہوا وہ {_each(why)} کے ایک حصے کے لیے کم ہے"
    if why.reason in _NOTHING:
        return f"پوائنٹس نہیں ملے، کیونکہ {_NOTHING[why.reason]}"
    if why.reason is Reason.CUT_BY_GOODS_TAKEN_BACK:
        given = f"صرف {_given(earning.points)}" if earning.points else "پوائنٹس نہیں ملے"
        return f"{given}، {_CUT_BY_GOODS}"
    usage = why.tightest
    if usage is not None and why.unlimited_points > earning.points:
        return _limited(why, usage, earning.points)
    return _by_effect(why, earning.points)


def _by_effect(why: Explanation, points: int) -> str:
    given = _given(points)
    if why.effect is Effect.PER_AMOUNT:
        return f"{_rate(why)}؛ {_money_counted(why)}، {_rounded(why, points)}"
    if why.effect is Effect.PER_UNIT:
        return f"{_rate(why)}؛ {_units_counted(why)}، {_rounded(why, points)}"
    if why.trigger is Trigger.EVENT:
        return f"واقعہ «{isolated(why.activity_name)}» پر {given}"
    if why.trigger in _OF_ACTIVITY:
        return f"{_OF_ACTIVITY[why.trigger]} {given}"
    if why.effect is Effect.FIXED:
        whole = why.trigger is Trigger.PURCHASE
        return f"اس خریداری پر {given}" if whole else f"ہر چیز پر {_points(why.points)}، کل {given}"
    return _bonus(why, given)


def _rate(why: Explanation) -> str:
    in_proportion = "، اسی تناسب سے" if why.counts_parts else ""
    return f"ہر {_each(why)} پر {_points(why.points)}{in_proportion}"


def _each(why: Explanation) -> str:
    return "عدد" if why.effect is Effect.PER_UNIT else _money(why.per_amount_minor, why.currency)


def _rounded(why: Explanation, points: int) -> str:
    if not why.counts_steps:
        return f"{_ROUNDED[why.rounding]} {_given(points)}"
    steps = points // why.points
    return f"{_ROUNDED[why.rounding]} {isolated(f'{steps:,}')} {'حصہ' if steps == 1 else 'حصے'}، {_given(points)}"


def _units_counted(why: Explanation) -> str:
    units = f"{isolated(decimal(why.quantity_milli, 1000))} عدد شمار {_were(why.quantity_milli, 1000)}"
    units += f" ({_counted(why)})"
    if why.not_earning_milli:
        units += f"، جن میں سے {isolated(decimal(why.not_earning_milli, 1000))} کی ادائیگی پر پوائنٹس نہیں ملتے"
    return units


def _money_counted(why: Explanation) -> str:
    eligible = f"{_money(why.eligible_amount_minor, why.currency)} شمار ہوئے ({_counted(why)})"
    if why.excluded_tax_minor:
        eligible += f"، ان میں سے {_money(why.excluded_tax_minor, why.currency)} ٹیکس شمار نہیں ہوا"
    if why.not_earning_minor:
        not_earning = _money(why.not_earning_minor, why.currency)
        eligible += f"، جن میں سے {not_earning} کی ادائیگی پر پوائنٹس نہیں ملتے"
    return eligible


def _bonus(why: Explanation, given: str) -> str:
    raised = f"دوسری پیشکشوں کے {_points(why.raised_points)}"
    if why.factor is None:
        return f"{raised} کے علاوہ مزید {given}"
    times = isolated(decimal(why.factor.numerator, why.factor.denominator))
    return f"{raised} کو {times} گنا کر کے مزید {given}"


def _limited(why: Explanation, usage: LimitUsage, points: int) -> str:
    limit, left = _limit(usage.limit, why.trigger), usage.room_for(why.unlimited_points)
    due = f"{_points(why.unlimited_points)} {'بنتا تھا' if why.unlimited_points == 1 else 'بنتے تھے'}"
    if points:
        return f"حساب سے {due}، لیکن {limit} کی وجہ سے صرف {_given(points)}"
    if left:
        remains = "باقی ہے" if left == 1 else "باقی ہیں"
        return f"پوائنٹس نہیں ملے: حساب سے {due}، لیکن {limit} میں صرف {_points(left)} {remains}"
    return f"پوائنٹس نہیں ملے، کیونکہ {limit} پوری ہو چکی ہے"


def _limit(limit: Limit, trigger: Trigger) -> str:
    if limit.unit is LimitUnit.POINTS:
        number = _points(limit.at_most)
    elif trigger.is_activity:
        number = f"{isolated(f'{limit.at_most:,}')} بار"
    else:
        number = f"{isolated(f'{limit.at_most:,}')} {'خریداری' if limit.at_most == 1 else 'خریداریوں'}"
    span = _SPANS[limit.span]
    whose = "" if limit.span is LimitSpan.PURCHASE else f"{_SCOPES[limit.scope]} "
    return f"{whose}{span} {number} کی حد"


def entry_sentence(entry: Entry) -> str:
    """Why an entry was made that no rule made."""
    points, reason = _points(abs(entry.amount)), isolated(entry.cause.reason)
    one = abs(entry.amount) == 1
    by_hand = ("دیا گیا" if one else "دیے گئے") if entry.amount > 0 else ("کاٹا گیا" if one else "کاٹے گئے")
    return {
        EntryKind.EARN: f"خریداری پر {_given(entry.amount)}۔",
        EntryKind.RETURN: f"واپس کی گئی چیزوں {'کا' if one else 'کے'} {points} واپس {'لیا گیا' if one else 'لیے گئے'}۔",
        EntryKind.SPEND: f"کل {points} خرچ {'ہوا' if one else 'ہوئے'}۔",
        EntryKind.REVERSAL: f"خرچ شدہ {points} واپس {'ملا' if one else 'ملے'}: {reason}۔",
        EntryKind.EXPIRY: f"{_why_expired(entry.inactivity_days)} {points} ختم {'ہو گیا' if one else 'ہو گئے'}۔",
        EntryKind.ADJUSTMENT: f"عملے کی طرف سے {points} {by_hand}: {reason}۔",
        EntryKind.RECOVERY: f"پہلے واپس کی گئی چیزوں کے بدلے {points} {'کاٹا گیا' if one else 'کاٹے گئے'}۔",
        EntryKind.TRANSFER_OUT: f"کسی اور رکن کو {points} {'دیا گیا' if one else 'دیے گئے'}۔",
        EntryKind.TRANSFER_IN: f"کسی اور رکن سے {points} {'ملا' if one else 'ملے'}۔",
        EntryKind.TRANSFER_BACK: f"دوسرا رکن نہیں لے سکا، اس لیے {points} {'واپس ملا' if one else 'واپس ملے'}۔",
    }[entry.kind]


def return_sentence(back: Return) -> str:
    """What a return took back, and why so much; and what lapsed again of what it gave back."""
    if not back.points_lapsed:
        return _taken_back(back)
    lapsed = _points(back.points_lapsed)
    return f"{_taken_back(back)} واپس دیے گئے پوائنٹس میں سے {lapsed} کی میعاد پہلے ہی ختم ہو چکی تھی۔"


def _taken_back(back: Return) -> str:
    one = back.points_returned == 1
    taken = f"{_points(back.points_returned)} {'واپس لیا گیا' if one else 'واپس لیے گئے'}"
    if not back.points_returned:
        taken = "کوئی پوائنٹ واپس نہیں لیا گیا"
    missing = f"، جن میں سے {_points(back.shortfall)} اب موجود نہیں" if back.shortfall else ""
    if back.within_purchase_id is not None and back.original_receipt is None:
        return f"واپس لی گئی چیزوں پر {taken}{missing}: ان کی خریداری نہیں ملی، اور آج ان پر اتنے ہی پوائنٹس ملتے۔"
    if back.original_receipt is None:
        return "کوئی پوائنٹ واپس نہیں لیا گیا: خریداری کی رسید معلوم نہیں۔"
    number = isolated(back.original_receipt.receipt_number)
    if back.purchase_id is None:
        return f"ابھی کوئی پوائنٹ واپس نہیں لیا گیا: رسید «{number}» درج نہیں ہے۔"
    return f"رسید «{number}» پر خریدی گئی چیزوں پر {taken}{missing}۔"


def _why_expired(inactivity_days: int | None) -> str:
    if inactivity_days is None:
        return "میعاد ختم ہونے پر"
    return f"مسلسل {isolated(f'{inactivity_days:,}')} دن تک کوئی سرگرمی نہ ہونے پر"


def _counted(why: Explanation) -> str:
    counted, left_out = why.line_counts.counted, why.line_counts.left_out
    return f"{_things(counted)}، {_things(left_out)} شامل نہیں" if left_out else _things(counted)


def _given(number: int) -> str:
    return f"{_points(number)} {'ملا' if number == 1 else 'ملے'}"


def _were(numerator: int, one: int) -> str:
    return "ہوا" if numerator == one else "ہوئے"


def _points(number: int) -> str:
    return f"{isolated(f'{number:,}')} {'پوائنٹ' if number == 1 else 'پوائنٹس'}"


def _things(number: int) -> str:
    return f"{isolated(str(number))} {'چیز' if number == 1 else 'چیزیں'}"


def _money(minor: int, currency: str) -> str:
    name = _CURRENCIES.get(currency)
    return f"{isolated(amount(minor, currency))} {isolated(currency) if name is None else name}"
