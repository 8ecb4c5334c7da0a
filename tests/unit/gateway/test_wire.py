"""Bodies and protos say the same, in both directions."""

from __future__ import annotations

import typing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loyalty.members.v1 import members_pb2
from loyalty.points.v1 import (
    accounts_pb2,
    earning_pb2,
    explanations_pb2,
    ledger_pb2,
    program_pb2,
    sales_pb2,
    tenders_pb2,
    terms_pb2,
)
from loyalty.rewards.v1 import rewards_pb2
from pydantic import TypeAdapter, ValidationError

from gateway.wire import keys, members
from gateway.wire.base import (
    INT64_MAX,
    INT64_MIN,
    Day,
    Id,
    Instant,
    MaybeText50,
    Prose100,
    Text50,
)
from gateway.wire.enums import number_of, word_of
from gateway.wire.points import (
    accounts,
    activities,
    adjustments,
    documents,
    earnings,
    expiry,
    limits,
    receipts,
    rehearsals,
    rules,
    sales,
    transfers,
)
from gateway.wire.rewards import catalogue, redemptions
from kit.contract import services_of
from kit.convert import timestamp_of
from kit.suite import suite
from tests.factories.texts import NAMES

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"

WORDS: list[tuple[Any, Any]] = [
    (members_pb2.IdentifierKind, members.KindWord),
    (members_pb2.MemberStatus, members.StatusWord),
    (members_pb2.CallerRole, keys.RoleWord),
    (earning_pb2.ActivityKind, activities.ActivityWord),
    (tenders_pb2.TenderKind, sales.TenderWord),
    (terms_pb2.ExpiryKind, expiry.ExpiryWord),
    (sales_pb2.MisfitReason, receipts.MisfitReasonWord),
    (terms_pb2.Rounding, earnings.RoundingWord),
    (terms_pb2.EarningAccrual, earnings.AccrualWord),
    (explanations_pb2.LineVerdict, earnings.VerdictWord),
    (terms_pb2.EarningEffect, earnings.EffectWord),
    (terms_pb2.EarningTrigger, earnings.TriggerWord),
    (explanations_pb2.EarningReason, earnings.ReasonWord),
    (terms_pb2.LimitScope, limits.ScopeWord),
    (terms_pb2.LimitSpan, limits.SpanWord),
    (terms_pb2.LimitUnit, limits.UnitWord),
    (terms_pb2.LimitPolicy, limits.LimitPolicyWord),
    (accounts_pb2.EntryKind, accounts.EntryWord),
    (ledger_pb2.HoldState, accounts.HoldWord),
    (ledger_pb2.TransferState, transfers.TransferWord),
    (ledger_pb2.AdjustmentState, adjustments.AdjustmentWord),
    (earning_pb2.EarningRuleState, rules.RuleWord),
    (program_pb2.RuleChangeKind, documents.ChangeWord),
    (program_pb2.RehearsalState, rehearsals.RehearsalWord),
    (program_pb2.ShortfallPolicy, rules.ShortfallWord),
    (rewards_pb2.BenefitKind, catalogue.BenefitWord),
    (rewards_pb2.UnavailabilityReason, catalogue.UnavailabilityWord),
    (rewards_pb2.RedemptionState, redemptions.RedemptionWord),
    (rewards_pb2.VoucherState, redemptions.VoucherWord),
]


@pytest.mark.parametrize(("enum", "words"), WORDS)
def test_each_enum_has_a_word_for_every_value_and_no_other(enum: Any, words: Any) -> None:
    numbers = {number for number in enum.values() if number}
    assert {number_of(enum, word) for word in typing.get_args(words)} == numbers
    assert {word_of(enum, number) for number in numbers} == set(typing.get_args(words))


def test_all_enums_of_the_contract_are_held_against_their_words() -> None:
    known = {enum.DESCRIPTOR.full_name for enum, _ in WORDS}
    files = {service.file for word in suite().words for service in services_of(word)}
    files |= {each for file in files for each in file.dependencies if each.package == file.package}
    for file in files:
        assert {enum.full_name for enum in file.enum_types_by_name.values()} <= known


texts = NAMES
amounts = st.integers(INT64_MIN, INT64_MAX)
receipt_keys = st.fixed_dictionaries(
    {
        "source": texts,
        "store_id": texts,
        "terminal_id": texts,
        "business_day": st.dates().map(str),
        "receipt_number": texts,
    }
)
lines = st.fixed_dictionaries(
    {
        "line_id": texts,
        "sku": texts,
        "category": texts,
        "quantity_milli": amounts,
        "unit_price_minor": st.none() | amounts,
        "discount_minor": amounts,
        "amount_minor": amounts,
        "brand": texts,
        "tax_minor": amounts,
        "price_includes_tax": st.none() | st.booleans(),
        "original": st.none() | st.fixed_dictionaries({"receipt": receipt_keys, "line_id": texts}),
    }
)
tenders = st.fixed_dictionaries({"kind": st.sampled_from(typing.get_args(sales.TenderWord)), "amount_minor": amounts})
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)).map(  # noqa: DTZ001 - Hypothesis wants them without a zone
    lambda instant: instant.isoformat().replace("+00:00", "Z")
)


@given(receipt_keys, instants, st.lists(lines, min_size=1, max_size=3), st.lists(tenders, max_size=2), texts, amounts)
def test_a_sale_comes_back_as_it_was_told(
    receipt: dict[str, Any], occurred_at: str, sold: list[Any], paid: list[Any], cashier_id: str, rounding: int
) -> None:
    body: dict[str, Any] = {"receipt": receipt, "currency": "PKR", "lines": sold, "tenders": paid}
    body |= {"occurred_at": occurred_at, "cash_rounding_minor": rounding}
    sale = sales.PurchaseBody.model_validate({**body, "cashier_id": cashier_id}).to_proto()
    told = receipts.purchase_of(sales_pb2.Purchase(purchase_id=ID, sale=sale)).model_dump(mode="json")
    told["occurred_at"] = datetime.fromisoformat(told["occurred_at"])
    expected = {**body, "cashier_id": cashier_id, "occurred_at": datetime.fromisoformat(occurred_at)}
    assert {name: told[name] for name in expected} == expected


def test_a_return_carries_both_receipts() -> None:
    key = {"source": "pos", "store_id": "1", "terminal_id": "1", "business_day": "2026-03-01", "receipt_number": "1"}
    body = sales.ReturnBody.model_validate(
        {
            "receipt": {**key, "receipt_number": "2"},
            "original_receipt": key,
            "occurred_at": "2026-03-01T12:00:00Z",
            "currency": "PKR",
            "lines": [{"line_id": "1", "quantity_milli": 5}],
            "refunds": [{"hold_id": ID}, {"hold_id": ID, "amount": 7}],
        }
    )
    request = body.to_proto("program", "key")
    assert [(each.hold_id, each.amount) for each in request.refunds] == [(ID, 0), (ID, 7)]
    assert (request.receipt.receipt_number, request.original_receipt.receipt_number) == ("2", "1")
    assert not body.model_copy(update={"original_receipt": None}).to_proto("p", "k").HasField("original_receipt")


def test_a_return_is_told_under_its_own_name() -> None:
    found = sales_pb2.Return(
        return_id=ID,
        occurred_at=timestamp_of(NOON),
        recorded_at=timestamp_of(NOON),
        refunds=[sales_pb2.PointsRefund(hold_id=ID, amount=7)],
        points_restored=7,
    )
    # `return` is a word of Python's.
    fields: dict[str, Any] = {"return": found}
    answer = sales_pb2.RecordReturnResponse(**fields)
    told = receipts.return_answer_of(answer).model_dump(by_alias=True)
    assert (told["return"]["return_id"], told["return"]["original_receipt"], told["account"]) == (ID, None, None)
    assert (told["return"]["refunds"], told["return"]["points_restored"]) == ([{"hold_id": ID, "amount": 7}], 7)


TERMS = {
    "name": "base",
    "points": 1,
    "per_amount_minor": 100,
    "currency": "PKR",
    "excluded_skus": ["A"],
    "excluded_categories": ["tobacco"],
    "starts_at": "2026-03-01T12:00:00Z",
    "ends_at": "2026-04-01T12:00:00Z",
    "rounding": "half_up",
    "accrual": "proportional",
    "pending_days": 3,
    "expiry_days": 365,
    "wallet": "miles",
    "effect": "multiplier",
    "trigger": "line",
    "factor": {"numerator": 3, "denominator": 2},
    "condition": "line.sku == 'A'",
    "time_zone": "Asia/Karachi",
    "valid_hours": [{"weekdays": [5], "from_minute": 840, "until_minute": 120}],
    "included_skus": ["B"],
    "included_categories": ["tea"],
    "included_brands": ["Vital"],
    "excluded_brands": ["Acme"],
    "exclude_tax": True,
    "excluded_tenders": ["points"],
    "all_tenders_earn": True,
    "stacking_group": "spring",
    "priority": 7,
    "exclusive": True,
    "limits": [{"scope": "member_and_cashier", "span": "month", "unit": "purchases", "at_most": 3}],
    "limit_policy": "refuse",
    "qualifying": True,
    "expiry": {"kind": "quarter_end", "days": 0, "periods_later": 1, "dates": []},
    "expiry_by_tier": [
        {"tier": "gold", "expiry": {"kind": "dates", "days": 30, "periods_later": 0, "dates": ["03-31", "2027-12-31"]}}
    ],
    "activity_name": "app-installed",
}


def test_the_terms_of_a_rule_come_back_as_they_were_told() -> None:
    body = rules.NewEarningRule.model_validate({"terms": TERMS})
    rule = earning_pb2.EarningRule(
        rule_id=ID,
        version=1,
        state=earning_pb2.EARNING_RULE_STATE_DRAFT,
        terms=body.terms.to_proto(),
        created_at=timestamp_of(NOON),
    )
    assert rules.rule_of(rule).model_dump(mode="json")["terms"] == TERMS


def test_a_limit_that_was_met_is_told_with_its_window() -> None:
    limit = {"scope": "store", "span": "week", "unit": "points", "at_most": 500}
    met = explanations_pb2.MetLimit(
        limit=limits.Limit.model_validate(limit).to_proto(), starts_on="2026-03-02", used=480
    )
    why = explanations_pb2.Explanation(
        limits=[met], unlimited_points=30, reason=explanations_pb2.EARNING_REASON_CUT_BY_BUDGET
    )
    told = earnings.earning_of(explanations_pb2.Earning(points=20, explanation=why)).model_dump(mode="json")[
        "explanation"
    ]
    assert (told["limits"], told["unlimited_points"], told["reason"]) == (
        [{"limit": limit, "starts_on": "2026-03-02", "used": 480}],
        30,
        "cut_by_budget",
    )


@pytest.mark.parametrize(
    "benefit",
    [
        {"kind": "fixed_discount", "amount_minor": 500, "currency": "PKR"},
        {"kind": "percentage_discount", "basis_points": 1_000},
        {"kind": "free_product", "sku": "TEA"},
    ],
)
def test_a_benefit_comes_back_as_it_was_told_and_the_rest_is_null(benefit: dict[str, Any]) -> None:
    terms = {"name": "Tea", "benefit": benefit, "cost_points": 500}
    proto = catalogue.NewRewardTerms.model_validate(terms).to_proto()
    told = catalogue.benefit_of(proto.benefit).model_dump()
    assert told == {"amount_minor": None, "currency": None, "basis_points": None, "sku": None} | benefit


def test_a_benefit_with_the_fields_of_another_kind_is_refused() -> None:
    benefit = {"kind": "free_product", "sku": "TEA", "basis_points": 1}
    with pytest.raises(ValidationError):
        catalogue.NewRewardTerms.model_validate({"name": "Tea", "benefit": benefit, "cost_points": 500})


@pytest.mark.parametrize("stock", [None, 0, 7])
def test_no_limit_and_no_stock_are_two_things(stock: int | None) -> None:
    reward = rewards_pb2.Reward(
        reward_id=ID,
        terms=rewards_pb2.RewardTerms(benefit=rewards_pb2.Benefit(kind=rewards_pb2.BENEFIT_KIND_FREE_PRODUCT)),
        stock=stock,
        created_at=timestamp_of(NOON),
        updated_at=timestamp_of(NOON),
    )
    assert catalogue.reward_of(reward).stock == stock


def test_why_a_reward_cannot_be_had_says_how_many_points_are_missing() -> None:
    short = rewards_pb2.Unavailability(
        reason=rewards_pb2.UNAVAILABILITY_REASON_INSUFFICIENT_BALANCE,
        required_points=100,
        available_points=0,
        missing_points=100,
    )
    gone = rewards_pb2.Unavailability(reason=rewards_pb2.UNAVAILABILITY_REASON_OUT_OF_STOCK)
    reward = rewards_pb2.Reward(
        terms=rewards_pb2.RewardTerms(benefit=rewards_pb2.Benefit(kind=rewards_pb2.BENEFIT_KIND_FREE_PRODUCT)),
        created_at=timestamp_of(NOON),
        updated_at=timestamp_of(NOON),
    )
    told = catalogue.member_reward_of(rewards_pb2.MemberReward(reward=reward, unavailabilities=[short, gone]))
    assert [each.model_dump() for each in told.unavailabilities] == [
        {"reason": "insufficient_balance", "required_points": 100, "available_points": 0, "missing_points": 100},
        {"reason": "out_of_stock", "required_points": None, "available_points": None, "missing_points": None},
    ]


def test_a_profile_tells_absent_from_cleared() -> None:
    body = members.NewProfile.model_validate({"given_name": "Amna", "family_name": None})
    change = body.to_proto(clearing=True)
    assert (change.given_name, change.family_name) == ("Amna", "")
    assert change.HasField("family_name")
    assert not change.HasField("birth_date")
    assert not body.to_proto(clearing=False).HasField("family_name")


@pytest.mark.parametrize("text", ["2026-02-29", "20260301", "2026-3-1", "2026-03-01T00:00:00Z", "١٩٩٩-٠١-٠١", 20260301])
def test_a_day_is_a_date_in_full(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(text)


def test_an_id_is_read_in_capitals_and_told_in_small_letters() -> None:
    assert TypeAdapter(Id).validate_python(ID.upper()) == ID


@pytest.mark.parametrize("text", [f"{{{ID}}}", f"urn:uuid:{ID}", ID.replace("-", ""), f"{ID}\n", "", 42])
def test_an_id_is_written_in_one_way(text: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Id).validate_python(text)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-23 * 60, 23 * 60))  # noqa: DTZ001 - Hypothesis wants them without a zone
def test_an_instant_is_the_same_instant_in_utc(moment: datetime, offset_minutes: int) -> None:
    instant = moment.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    told = TypeAdapter(Instant).validate_python(instant.isoformat())
    assert (told, told.tzinfo) == (instant, UTC)


@pytest.mark.parametrize("kind", [Text50, MaybeText50, Prose100])
def test_a_text_is_measured_in_the_form_that_it_is_kept_in(kind: Any) -> None:
    most = 100 if kind is Prose100 else 50
    assert TypeAdapter(kind).validate_python("e\u0301" * most + " \ufeff") == "é" * most
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python("e\u0301" * (most + 1))


@pytest.mark.parametrize("kind", [Text50, MaybeText50, Prose100])
@pytest.mark.parametrize("unfit", ["a\tb", "\n", "a\x00", "\x85a"])
def test_a_text_with_control_characters_is_refused_and_not_mended(kind: Any, unfit: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(unfit)


@pytest.mark.parametrize("kind", [Text50, Prose100])
def test_a_text_of_which_nothing_is_seen_is_missing(kind: Any) -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        TypeAdapter(kind).validate_python("\u200b\u2060")


def test_the_marks_that_a_clipboard_adds_to_a_voucher_code_are_gone() -> None:
    assert redemptions.VoucherPath(code="\u2068ABCD\u20131234\u2013ＥＦ56\u2069\u200f").code == "ABCD-1234-EF56"
