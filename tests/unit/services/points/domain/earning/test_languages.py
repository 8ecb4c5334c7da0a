"""Sentences in every language that there is: each reason, each entry, one and many; and whole ones in Urdu."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from services.points.domain.earning.earnings import Earning, Reason, Unearned
from services.points.domain.earning.evaluation import evaluate
from services.points.domain.earning.limits import Limit, LimitPolicy, LimitScope, LimitSpan, LimitUnit, LimitUsage
from services.points.domain.earning.rule_sets import rule_set
from services.points.domain.earning.sentences import (
    Language,
    earning_sentence,
    entry_sentence,
    language_of,
    nothing_earned_sentence,
)
from services.points.domain.earning.sentences.isolates import isolated
from services.points.domain.earning.terms import Effect, Factor, Rounding, Trigger
from services.points.domain.ledger.accounts import Cause, Entry, EntryKind
from services.points.domain.sales.sale import Tender, TenderKind
from tests.factories import points as make
from tests.unit.services.points.domain.opened import KEY, NOW

URDU = Language.URDU
UNEARNED = (
    Unearned(Trigger.PURCHASE, "SEK"),
    Unearned(Trigger.PURCHASE, "PKR"),
    Unearned(Trigger.PURCHASE, "SEK", is_anonymous=True),
    Unearned(Trigger.EVENT, activity_name="app-installed"),
    *(Unearned(trigger) for trigger in (Trigger.VISIT, Trigger.ENROLMENT, Trigger.BIRTHDAY, Trigger.REFERRAL)),
)
FSI, PDI = "\u2068", "\u2069"


def bare(sentence: str) -> str:
    """Without isolates, for reading."""
    return sentence.replace(FSI, "").replace(PDI, "")


def an_earning(**explained: Any) -> Earning:
    """The one of a rule that gave 1 for 1.00, with its explanation changed."""
    (earning,) = evaluate(rule_set(make.a_rule()), make.a_sale(), {})
    limits = (LimitUsage(Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 5), None, 0),)
    why = replace(earning.explanation, beaten_by="Base", limits=limits, unlimited_points=10)
    return replace(earning, points=explained.pop("given", 0), explanation=replace(why, **explained))


def an_entry(kind: EntryKind, amount: int) -> Entry:
    return Entry(KEY, 1, kind, amount, amount, Cause(reason="spilled tea (no. 3)"), None, NOW, NOW)


def expect_a_sentence(sentence: str, language: Language) -> None:
    assert sentence.endswith({Language.ENGLISH: ".", Language.URDU: "۔"}[language])
    if language is URDU:
        assert sentence.count(FSI) == sentence.count(PDI)
        # Whatever is not of the language has a direction of its own.
        assert not re.search(r"[A-Za-z0-9]", re.sub(f"{FSI}[^{PDI}]*{PDI}", "", sentence))
        assert "\u0600" <= sentence[0] <= "\u06ff"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("days", [1, 90])
def test_every_language_says_that_points_lapsed_for_inactivity(language: Language, days: int) -> None:
    entry = replace(an_entry(EntryKind.EXPIRY, -10), inactivity_days=days)
    sentence = entry_sentence(entry, language)
    expect_a_sentence(sentence, language)
    assert f"{days}" in bare(sentence)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize("given", [0, 1, 2])
def test_every_language_says_why_a_rule_gave_what_it_gave(
    language: Language, reason: Reason, effect: Effect, given: int
) -> None:
    factor = Factor(3, 2) if effect is Effect.MULTIPLIER else None
    for trigger in Trigger:
        earning = an_earning(given=given, reason=reason, effect=effect, factor=factor, trigger=trigger)
        expect_a_sentence(earning_sentence(earning, language), language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", EntryKind)
@pytest.mark.parametrize("amount", [-1_000, -1, 1, 2])
def test_every_language_says_why_an_entry_was_made(language: Language, kind: EntryKind, amount: int) -> None:
    expect_a_sentence(entry_sentence(an_entry(kind, amount), language), language)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("scope", LimitScope)
@pytest.mark.parametrize("span", LimitSpan)
@pytest.mark.parametrize("unit", LimitUnit)
@pytest.mark.parametrize("used", [0, 9, 10])
def test_every_language_knows_every_limit(
    language: Language, scope: LimitScope, span: LimitSpan, unit: LimitUnit, used: int
) -> None:
    limits = (LimitUsage(Limit(scope, span, unit, 10), None, used),)
    for given in (0, 1):
        earning = an_earning(given=given, reason=Reason.CAP_MET, limits=limits, unlimited_points=12)
        expect_a_sentence(earning_sentence(earning, language), language)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("ur", URDU),
        ("ur-PK", URDU),
        ("UR-Arab-PK", URDU),
        ("en-GB", Language.ENGLISH),
        ("", Language.ENGLISH),
        ("de", Language.ENGLISH),
        ("urdu", Language.ENGLISH),
    ],
)
def test_a_tag_is_read_by_its_language_and_english_is_the_rest(tag: str, language: Language) -> None:
    assert language_of(tag) is language


# ---- Urdu ------------------------------------------------------------------------------------------------------------


def test_a_rate_a_sum_and_a_result_in_urdu() -> None:
    rule = make.a_rule(name="روزمرہ", excluded_skus=("STAMP",), excluded_tenders=(TenderKind.POINTS,), points=1_500)
    lines = [make.a_line(100_000), make.a_line(23_456, line_id="2"), make.a_line(900, line_id="3", sku="STAMP")]
    tenders = (Tender(TenderKind.CASH, 124_356),)
    (earning,) = evaluate(rule_set(rule), make.a_sale(*lines, tenders=tenders), {})
    assert bare(earning_sentence(earning, URDU)) == (
        "پیشکش «روزمرہ»: ہر 1.00 پاؤنڈ پر 1,500 پوائنٹس؛ 1,234.56 پاؤنڈ شمار ہوئے (2 چیزیں، 1 چیز شامل نہیں)، "
        "کسر چھوڑ کر 1,234 حصے، 1,851,000 پوائنٹس ملے۔"
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"effect": Effect.FIXED, "points": 1}, "اس خریداری پر 1 پوائنٹ ملا"),
        ({"effect": Effect.FIXED, "points": 5, "trigger": Trigger.LINE}, "ہر چیز پر 5 پوائنٹس، کل 5 پوائنٹس ملے"),
        (
            {"effect": Effect.PER_UNIT, "points": 1},
            "ہر عدد پر 1 پوائنٹ؛ 1 عدد شمار ہوا (1 چیز)، کسر چھوڑ کر 1 پوائنٹ ملا",
        ),
        (
            {"effect": Effect.MULTIPLIER, "factor": Factor(3, 2), "points": 0},
            "دوسری پیشکشوں کے 10 پوائنٹس کو 1.5 گنا کر کے مزید 5 پوائنٹس ملے",
        ),
        ({"effect": Effect.ADDITION, "points": 5}, "دوسری پیشکشوں کے 10 پوائنٹس کے علاوہ مزید 5 پوائنٹس ملے"),
        ({"per_amount_minor": 9_999}, "پوائنٹس نہیں ملے، کیونکہ شمار ہونے والی رقم ایک پوائنٹ کے لیے کم ہے"),
        ({"stacking_group": "g"}, "پوائنٹس نہیں ملے، کیونکہ اس کی جگہ پیشکش «Base» کے پوائنٹس ملے"),
    ],
)
def test_what_a_rule_did_beside_another_in_urdu(changes: dict[str, Any], sentence: str) -> None:
    base = make.a_rule(name="Base", stacking_group="g", priority=1, exclusive=True)
    earning = evaluate(rule_set(base, make.a_rule(**changes)), make.a_sale(), {})[1]
    assert bare(earning_sentence(earning, URDU)) == f"پیشکش «Everyday»: {sentence}۔"


@pytest.mark.parametrize(
    ("used", "policy", "sentence"),
    [
        (
            0,
            LimitPolicy.CUT,
            "حساب سے 10 پوائنٹس بنتے تھے، لیکن ہر رکن کے لیے روزانہ 6 پوائنٹس کی حد کی وجہ سے صرف 6 پوائنٹس ملے",
        ),
        (6, LimitPolicy.CUT, "پوائنٹس نہیں ملے، کیونکہ ہر رکن کے لیے روزانہ 6 پوائنٹس کی حد پوری ہو چکی ہے"),
        (
            5,
            LimitPolicy.REFUSE,
            "پوائنٹس نہیں ملے: حساب سے 10 پوائنٹس بنتے تھے، لیکن ہر رکن کے لیے روزانہ 6 پوائنٹس کی حد میں صرف "
            "1 پوائنٹ باقی ہے",
        ),
    ],
)
def test_what_a_limit_let_through_in_urdu(used: int, policy: LimitPolicy, sentence: str) -> None:
    limit = Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 6)
    rule = make.a_rule(limits=(limit,), limit_policy=policy)
    (earning,) = evaluate(rule_set(rule), make.a_sale(), {}, usage_of=lambda _: (LimitUsage(limit, None, used),))
    assert bare(earning_sentence(earning, URDU)) == f"پیشکش «Everyday»: {sentence}۔"


@pytest.mark.parametrize(
    ("kind", "amount", "sentence"),
    [
        (EntryKind.RETURN, -10, "واپس کی گئی چیزوں کے 10 پوائنٹس واپس لیے گئے۔"),
        (EntryKind.RETURN, -1, "واپس کی گئی چیزوں کا 1 پوائنٹ واپس لیا گیا۔"),
        (EntryKind.SPEND, -1_000, "کل 1,000 پوائنٹس خرچ ہوئے۔"),
        (EntryKind.EXPIRY, -1, "میعاد ختم ہونے پر 1 پوائنٹ ختم ہو گیا۔"),
        (EntryKind.ADJUSTMENT, 5, "عملے کی طرف سے 5 پوائنٹس دیے گئے: spilled tea (no. 3)۔"),
        (EntryKind.ADJUSTMENT, -1, "عملے کی طرف سے 1 پوائنٹ کاٹا گیا: spilled tea (no. 3)۔"),
    ],
)
def test_entries_in_urdu(kind: EntryKind, amount: int, sentence: str) -> None:
    assert bare(entry_sentence(an_entry(kind, amount), URDU)) == sentence


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("unearned", UNEARNED)
def test_every_language_says_why_no_rule_was_asked(unearned: Unearned, language: Language) -> None:
    sentence = nothing_earned_sentence(unearned, language)
    expect_a_sentence(sentence, language)
    assert {Language.ENGLISH: "no points", URDU: "پوائنٹس نہیں ملے"}[language] in sentence.lower()
    assert unearned.is_anonymous or language is URDU or unearned.currency in sentence


def test_no_rule_in_the_currency_is_said_in_whole_sentences() -> None:
    assert nothing_earned_sentence(UNEARNED[0]) == (
        "This purchase earned no points, because no earning rule for purchases in SEK was in force when it occurred."
    )
    assert bare(nothing_earned_sentence(UNEARNED[0], URDU)) == (
        "اس خریداری پر پوائنٹس نہیں ملے، کیونکہ اس وقت SEK میں خریداری کی کوئی پیشکش نافذ نہیں تھی۔"
    )


def test_tax_that_is_left_out_is_named_in_urdu() -> None:
    sentence = earning_sentence(an_earning(given=8, excluded_tax_minor=170, unlimited_points=8, limits=()), URDU)
    assert "10.00 پاؤنڈ شمار ہوئے (1 چیز)، ان میں سے 1.70 پاؤنڈ ٹیکس شمار نہیں ہوا، " in bare(sentence)


def test_a_fraction_is_rounded_to_the_nearest_in_urdu() -> None:
    (earning,) = evaluate(rule_set(make.a_rule(rounding=Rounding.HALF_UP)), make.a_sale(make.a_line(150)), {})
    assert bare(earning_sentence(earning, URDU)).endswith("قریب ترین پورے عدد کے حساب سے 2 پوائنٹس ملے۔")


def test_a_name_cannot_turn_the_sentence_around() -> None:
    assert isolated(f"Tea{PDI}\u202e!") == f"{FSI}Tea!{PDI}"
