"""Every text of every request: what kind of text it is, and that each way of writing it has the same outcome.

A text of a new field stands in none of the classes below, and is red until it is decided what it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.members.v1 import members_pb2 as members_pb
from loyalty.points.v1 import earning_pb2, ledger_pb2, program_pb2, sales_pb2, terms_pb2
from loyalty.rewards.v1 import rewards_pb2 as rewards_pb

from kit.contract import services_of
from kit.errors import Invalid
from kit.suite import suite
from services.members.convert import callers, members
from services.points.convert.earning import activities, rules
from services.points.convert.ledger import accounts, adjustments, holds, transfers
from services.points.convert.program import documents, policy
from services.points.convert.sales import exchanges, purchases
from services.rewards.convert import redemptions, rewards, vouchers
from tests.fixtures.edge import read

# What names something: one canonical form (`kit.texts.name`).
NAMES = {
    "Traits.tier", "Traits.segments", "Traits.attributes.value", "CreateProgramRequest.name",
    "CreateApiKeyRequest.name", "ReceiptKey.source", "ReceiptKey.store_id", "ReceiptKey.terminal_id",
    "ReceiptKey.receipt_number", "PurchaseLine.line_id", "PurchaseLine.sku", "PurchaseLine.category",
    "PurchaseLine.brand", "OriginalLine.line_id", "Sale.cashier_id", "ReturnLine.line_id",
    "RecordReturnRequest.cashier_id",
    "ReturnToRecord.cashier_id", "RecordActivityRequest.source", "RecordActivityRequest.activity_key",
    "RecordActivityRequest.store_id", "RecordActivityRequest.cashier_id", "RecordActivityRequest.attributes.key",
    "RecordActivityRequest.attributes.value", "GetAccountRequest.wallet", "GetQualifyingSumsRequest.wallet",
    "ListEntriesRequest.wallet", "GetStatementRequest.wallet", "GetLiabilityRequest.wallet", "PlaceHoldRequest.wallet",
    "RestoreCaptureRequest.wallet", "RestoreCaptureRequest.reference",
    "PlaceHoldRequest.reference", "AdjustPointsRequest.wallet", "AdjustPointsRequest.actor",
    "RequestAdjustmentRequest.wallet", "RequestAdjustmentRequest.actor", "ApproveAdjustmentRequest.actor",
    "RejectAdjustmentRequest.actor", "TransferPointsRequest.wallet", "EarningTerms.excluded_skus",
    "EarningTerms.excluded_categories", "EarningTerms.excluded_brands", "EarningTerms.included_skus",
    "EarningTerms.included_categories", "EarningTerms.included_brands", "EarningTerms.wallet",
    "EarningTerms.stacking_group", "TierExpiry.tier", "RehearseEarningRulesRequest.wallet",
    "ProgramPolicy.unspendable_wallets", "Benefit.sku", "RewardTerms.wallet", "UseVoucherRequest.store_id",
    "UseVoucherRequest.terminal_id", "UseVoucherRequest.receipt_number",
    "ReinstateVoucherRequest.actor", "GoodsReturn.cashier_id",
}  # fmt: skip
# Texts that hold names as literals: white space is folded, yet stays at the ends of a literal, which may be a part
# of a name (`startsWith("Café ")`).
LITERALS = {"EarningTerms.condition"}
# What people write for people (`kit.texts.prose`).
PROSE = {
    "Profile.given_name", "Profile.family_name", "ChangeMemberStatusRequest.reason", "ReverseCaptureRequest.reason",
    "AdjustPointsRequest.reason", "RequestAdjustmentRequest.reason", "RejectAdjustmentRequest.reason",
    "TransferPointsRequest.reason", "EarningTerms.name", "RewardTerms.name", "RewardTerms.description",
    "CancelRedemptionRequest.reason", "ReinstateVoucherRequest.reason", "RestoreMemberRequest.reason",
}  # fmt: skip
# Of those, what staff and members write and what stays in the clear for good: no phone number and no address.
WITHOUT_CONTACTS = {
    "ReverseCaptureRequest.reason", "AdjustPointsRequest.reason", "AdjustPointsRequest.actor",
    "RequestAdjustmentRequest.reason", "RequestAdjustmentRequest.actor", "ApproveAdjustmentRequest.actor",
    "RejectAdjustmentRequest.actor", "RejectAdjustmentRequest.reason", "TransferPointsRequest.reason",
    "CancelRedemptionRequest.reason", "ReinstateVoucherRequest.reason", "ReinstateVoucherRequest.actor",
}  # fmt: skip
# And what may hold them: `members` seals it, or it is published by the retailer and about no one.
WITH_CONTACTS = {
    "Profile.given_name", "Profile.family_name", "ChangeMemberStatusRequest.reason", "EarningTerms.name",
    "RewardTerms.name", "RewardTerms.description", "RestoreMemberRequest.reason",
}  # fmt: skip
# What a member is found by: `services.members.domain.identifiers` has a form for each kind.
IDENTIFIERS = {"NewIdentifier.value"}
# Typed in by people, in an alphabet of its own: `services.rewards.domain.codes` reads it.
CODES = {
    "GetVoucherRequest.code", "UseVoucherRequest.code", "ReinstateVoucherRequest.code",
    "PreviewReinstatementRequest.code", "RecordReturnRequest.voucher_codes", "ReturnToRecord.voucher_codes",
}  # fmt: skip
# Held against a pattern or a list of plain characters: written in another way it is refused.
PATTERNS = {
    "Profile.birth_date", "Profile.language", "CreateProgramRequest.currency", "CreateProgramRequest.region",
    "ReceiptKey.business_day", "Sale.currency", "RecordReturnRequest.currency", "ReturnToRecord.currency",
    "RecordActivityRequest.name", "EarningTerms.currency", "EarningTerms.time_zone", "ProgramPolicy.time_zone",
    "Expiry.dates",
    "EarningTerms.activity_name", "CreateEarningRuleRequest.key", "RuleDefinition.key", "Benefit.currency",
    "Traits.attributes.key",
}  # fmt: skip
# UUIDs, idempotency keys and page tokens: taken as they are.
OPAQUE_ENDINGS = ("_id", "page_token")

COMPOSED, DECOMPOSED = "Café", "Cafe\u0301"
WRITTEN = [
    DECOMPOSED,
    "Ca\u200bfé",
    "\ufeffCafé",
    "\u2067Café\u2069",
    "Ca\xadfé\u200e",
    " \xa0Café\u3000",
    "Ca\u202efé",
    "Caf\u200de\u0301",
    "Café\U000e0041",
    "Café\ufe0f",
]
WAYS_OF_WRITING = {
    frozenset(NAMES): WRITTEN,
    frozenset(LITERALS): [text for text in WRITTEN if text.strip() == text],
    frozenset(PROSE): [DECOMPOSED, " \xa0Café\u3000", "\ufeffCafé", "Ca\xadfé", "Ca\u202efé"],
}

ID = "0b8f3c52-9c6e-4f5e-8a53-0d6a7f2f9d11"
NOON = Timestamp(seconds=1_790_000_000)
SHORT: dict[str, Any] = {"program_id": ID, "request_id": "k"}


def _texts(descriptor: Descriptor, seen: set[str]) -> Iterator[str]:
    """The texts within a message, as "Message.field"; of a map, "Message.field.key" and "Message.field.value"."""
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    for field in descriptor.fields:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from (f"{descriptor.name}.{field.name}.{part}" for part in ("key", "value"))
        elif field.message_type is not None:
            yield from _texts(field.message_type, seen)
        elif field.type == FieldDescriptor.TYPE_STRING:
            yield f"{descriptor.name}.{field.name}"


def test_every_text_of_every_request_is_of_one_kind() -> None:
    seen: set[str] = set()
    found = {
        text
        for word in suite().words
        for service in services_of(word)
        for method in service.methods
        for text in _texts(method.input_type, seen)
    }
    classes = [NAMES, LITERALS, PROSE, IDENTIFIERS, CODES, PATTERNS]
    opaque = {text for text in found if text.endswith(OPAQUE_ENDINGS) and not any(text in each for each in classes)}
    assert found == set().union(*classes) | opaque
    assert sum(map(len, classes)) == len(set().union(*classes))


# ---- Each request with a name in every place where one may stand -----------------------------------------------------


def _receipt() -> sales_pb2.ReceiptKey:
    return sales_pb2.ReceiptKey(
        source=COMPOSED, store_id=COMPOSED, terminal_id=COMPOSED, business_day="2026-03-02", receipt_number=COMPOSED
    )


def _sale() -> sales_pb2.Sale:
    line = sales_pb2.PurchaseLine(
        line_id=COMPOSED, sku=COMPOSED, category=COMPOSED, brand=COMPOSED,
        quantity_milli=1_000, unit_price_minor=100, amount_minor=100,
        original=sales_pb2.OriginalLine(receipt=_receipt(), line_id=COMPOSED),
    )  # fmt: skip
    return sales_pb2.Sale(receipt=_receipt(), occurred_at=NOON, currency="GBP", lines=[line], cashier_id=COMPOSED)


def _terms() -> terms_pb2.EarningTerms:
    in_three_days = terms_pb2.Expiry(kind=terms_pb2.EXPIRY_KIND_DAYS, days=3)
    return terms_pb2.EarningTerms(
        name=COMPOSED, points=1, per_amount_minor=100, currency="GBP", wallet=COMPOSED, stacking_group=COMPOSED,
        condition=f'purchase.store_id == "{COMPOSED}"',
        excluded_skus=[COMPOSED], excluded_categories=[COMPOSED], excluded_brands=[COMPOSED],
        included_skus=[COMPOSED], included_categories=[COMPOSED], included_brands=[COMPOSED],
        expiry_by_tier=[terms_pb2.TierExpiry(tier=COMPOSED, expiry=in_three_days)],
    )  # fmt: skip


def _return(kind: type[Any], **more: Any) -> Any:
    lines = [sales_pb2.ReturnLine(line_id=COMPOSED, quantity_milli=1_000)]
    return kind(
        receipt=_receipt(), original_receipt=_receipt(), occurred_at=NOON, currency="GBP", lines=lines,
        cashier_id=COMPOSED, **more,
    )  # fmt: skip


def _adjustment(kind: type[Any]) -> Any:
    return kind(**SHORT, member_id=ID, wallet=COMPOSED, amount=5, reason=COMPOSED, actor=COMPOSED)


def _policy() -> program_pb2.SetProgramPolicyRequest:
    policy = program_pb2.ProgramPolicy(shortfall=program_pb2.SHORTFALL_POLICY_CARRY, unspendable_wallets=[COMPOSED])
    return program_pb2.SetProgramPolicyRequest(**SHORT, policy=policy)


def _reward() -> rewards_pb.CreateRewardRequest:
    benefit = rewards_pb.Benefit(kind=rewards_pb.BENEFIT_KIND_FREE_PRODUCT, sku=COMPOSED)
    terms = rewards_pb.RewardTerms(name=COMPOSED, description=COMPOSED, benefit=benefit, cost_points=1, wallet=COMPOSED)
    return rewards_pb.CreateRewardRequest(**SHORT, terms=terms)


def _goods_return() -> rewards_pb.GoodsReturn:
    receipt = rewards_pb.ReceiptKey(
        source=COMPOSED, store_id=COMPOSED, terminal_id=COMPOSED, business_day="2026-03-02", receipt_number=COMPOSED
    )
    return rewards_pb.GoodsReturn(receipt=receipt, original_receipt=receipt, cashier_id=COMPOSED)


OF_MEMBER: dict[str, Any] = {"program_id": ID, "member_id": ID}
PERIOD: dict[str, Any] = {"from": Timestamp(seconds=1_780_000_000), "until": NOON}

REQUESTS: list[tuple[Callable[[Any], object], Message]] = [
    (
        members.set_member_traits,
        members_pb.SetMemberTraitsRequest(
            **SHORT,
            member_id=ID,
            traits=members_pb.Traits(tier=COMPOSED, segments=[COMPOSED], attributes={"city": COMPOSED}),
        ),
    ),
    (
        members.update_member,
        members_pb.UpdateMemberRequest(
            **SHORT, member_id=ID, profile=members_pb.Profile(given_name=COMPOSED, family_name=COMPOSED)
        ),
    ),
    (
        members.restore_member,
        members_pb.RestoreMemberRequest(
            **SHORT, member_id=ID, known_version=1, status=members_pb.MEMBER_STATUS_ACTIVE, reason=COMPOSED,
            traits=members_pb.Traits(),
        ),
    ),
    (
        members.change_member_status,
        members_pb.ChangeMemberStatusRequest(
            **SHORT, member_id=ID, status=members_pb.MEMBER_STATUS_SUSPENDED, reason=COMPOSED
        ),
    ),
    (
        callers.create_program,
        members_pb.CreateProgramRequest(**SHORT, name=COMPOSED, currency="GBP", region="GB"),
    ),
    (
        callers.create_api_key,
        members_pb.CreateApiKeyRequest(**SHORT, name=COMPOSED, role=members_pb.CALLER_ROLE_TILL),
    ),
    (purchases.record_purchase, sales_pb2.RecordPurchaseRequest(**SHORT, member_id=ID, sale=_sale())),
    (purchases.record_return, _return(sales_pb2.RecordReturnRequest, **SHORT)),
    (
        exchanges.record_exchange,
        sales_pb2.RecordExchangeRequest(
            **SHORT, member_id=ID, **{"return": _return(sales_pb2.ReturnToRecord)}, sale=_sale()
        ),
    ),
    (
        activities.record_activity,
        earning_pb2.RecordActivityRequest(
            **SHORT, member_id=ID, kind=earning_pb2.ACTIVITY_KIND_VISIT, occurred_at=NOON, source=COMPOSED,
            activity_key=COMPOSED, store_id=COMPOSED, cashier_id=COMPOSED, attributes={COMPOSED: COMPOSED},
        ),
    ),
    (accounts.get_account, ledger_pb2.GetAccountRequest(**OF_MEMBER, wallet=COMPOSED)),
    (accounts.list_entries, ledger_pb2.ListEntriesRequest(**OF_MEMBER, wallet=COMPOSED)),
    (
        holds.place_hold,
        ledger_pb2.PlaceHoldRequest(**SHORT, member_id=ID, wallet=COMPOSED, amount=1, reference=COMPOSED),
    ),
    (
        holds.restore_capture,
        ledger_pb2.RestoreCaptureRequest(
            **SHORT, member_id=ID, wallet=COMPOSED, amount=1, hold_id=str(uuid.uuid4()), reference=COMPOSED
        ),
    ),
    (
        holds.reverse_capture,
        ledger_pb2.ReverseCaptureRequest(**SHORT, member_id=ID, hold_id=ID, reason=COMPOSED),
    ),
    (accounts.adjust_points, _adjustment(ledger_pb2.AdjustPointsRequest)),
    (adjustments.request_adjustment, _adjustment(ledger_pb2.RequestAdjustmentRequest)),
    (adjustments.approve_adjustment, ledger_pb2.ApproveAdjustmentRequest(**SHORT, adjustment_id=ID, actor=COMPOSED)),
    (
        adjustments.reject_adjustment,
        ledger_pb2.RejectAdjustmentRequest(**SHORT, adjustment_id=ID, actor=COMPOSED, reason=COMPOSED),
    ),
    (
        transfers.transfer_points,
        ledger_pb2.TransferPointsRequest(
            **SHORT, member_id=ID, recipient_id=str(uuid.uuid4()), wallet=COMPOSED, amount=1, reason=COMPOSED
        ),
    ),
    (rules.create_earning_rule, earning_pb2.CreateEarningRuleRequest(**SHORT, terms=_terms())),
    (policy.set_program_policy, _policy()),
    (
        documents.import_earning_rules,
        program_pb2.ImportEarningRulesRequest(
            **SHORT, rules=[program_pb2.RuleDefinition(key="everyday", terms=_terms())]
        ),
    ),
    (
        rewards.create_reward,
        _reward(),
    ),
    (
        redemptions.cancel_redemption,
        rewards_pb.CancelRedemptionRequest(**SHORT, member_id=ID, redemption_id=ID, reason=COMPOSED),
    ),
    (
        vouchers.use_voucher,
        rewards_pb.UseVoucherRequest(
            **SHORT, code="000000000000", store_id=COMPOSED, terminal_id=COMPOSED, receipt_number=COMPOSED
        ),
    ),
    (
        vouchers.reinstate_voucher,
        rewards_pb.ReinstateVoucherRequest(**SHORT, code="000000000000", reason=COMPOSED, actor=COMPOSED),
    ),
    (
        vouchers.reinstate_voucher,
        rewards_pb.ReinstateVoucherRequest(**SHORT, code="000000000000", goods_return=_goods_return()),
    ),
]  # fmt: skip


def _places(message: Message) -> Iterator[tuple[str, Callable[[str], None]]]:
    """Where `COMPOSED` stands in the message: the text's name as above, and what puts another in its place."""
    for field, value in message.ListFields():
        name = f"{message.DESCRIPTOR.name}.{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield from _places_in_map(name, value)
        elif field.message_type is not None:
            for each in value if field.is_repeated else [value]:
                yield from _places(each)
        elif field.is_repeated:
            yield from ((name, partial(value.__setitem__, at)) for at in range(len(value)))
        elif isinstance(value, str) and COMPOSED in value:
            yield name, partial(_replace, message, field.name, value)


def _replace(message: Message, field: str, old: str, text: str) -> None:
    setattr(message, field, old.replace(COMPOSED, text))


def _places_in_map(name: str, value: Any) -> Iterator[tuple[str, Callable[[str], None]]]:
    for key in [key for key in value if COMPOSED in (key, value[key])]:
        if key == COMPOSED:
            yield f"{name}.key", partial(_rename, value)
        if value[key] == COMPOSED:
            yield f"{name}.value", partial(value.__setitem__, key)


def _rename(value: Any, text: str) -> None:
    value[text] = value.pop(COMPOSED)


def _cases() -> Iterator[Any]:
    for convert, request in REQUESTS:
        for index, (name, _) in enumerate(_places(request)):
            yield pytest.param(convert, request, index, name, id=f"{request.DESCRIPTOR.name}-{name}")


def _written(request: Message, index: int, text: str) -> Message:
    copy = type(request)()
    copy.CopyFrom(request)
    _, put = list(_places(copy))[index]
    put(text)
    return copy


@pytest.mark.parametrize(("convert", "request_", "index", "name"), list(_cases()))
def test_however_it_is_written_it_is_the_same_text(
    convert: Callable[[Any], object], request_: Message, index: int, name: str
) -> None:
    plain = read(convert, request_)
    for text in WAYS_OF_WRITING[next(kind for kind in WAYS_OF_WRITING if name in kind)]:
        assert read(convert, _written(request_, index, text)) == plain, f"{name}: {text!a}"


@pytest.mark.parametrize(("convert", "request_", "index", "name"), list(_cases()))
def test_a_text_of_which_nothing_is_seen_is_no_text(
    convert: Callable[[Any], object], request_: Message, index: int, name: str
) -> None:
    if name in LITERALS:
        pytest.skip("an empty literal is a literal")
    unseen, blank = _written(request_, index, "\u200b\xa0\u2068\ufeff"), _written(request_, index, " ")
    assert _outcome(convert, unseen) == _outcome(convert, blank)


def _outcome(convert: Callable[[Any], object], request: Message) -> object:
    try:
        return read(convert, request)
    except Invalid as problem:
        return problem.message


@pytest.mark.parametrize(("convert", "request_", "index", "name"), list(_cases()))
@pytest.mark.parametrize("contact", ["call 0300-1234567", "۰۳۰۰ ۱۲۳۴۵۶۷", "an\u200bn@example.com"])
def test_what_stays_in_the_clear_holds_no_way_to_reach_a_person(
    convert: Callable[[Any], object], request_: Message, index: int, name: str, contact: str
) -> None:
    if name in WITHOUT_CONTACTS:
        with pytest.raises(Invalid, match="must not contain what looks like") as refused:
            read(convert, _written(request_, index, contact))
        assert refused.value.field == name.partition(".")[2]
    else:
        assert read(convert, _written(request_, index, contact))


def test_of_all_prose_it_is_decided_whether_it_may_hold_contacts() -> None:
    assert WITHOUT_CONTACTS - NAMES | WITH_CONTACTS == PROSE
    assert {name for name in NAMES if name.endswith(".actor")} == WITHOUT_CONTACTS & NAMES


def test_every_name_is_tried() -> None:
    tried = {name for _, request in REQUESTS for name, _ in _places(request)}
    # The reads below take a wallet as the others do, beside a period or windows of their own.
    wallets = {"GetQualifyingSumsRequest", "GetStatementRequest", "GetLiabilityRequest", "RehearseEarningRulesRequest"}
    assert (NAMES | LITERALS | PROSE) - tried == {f"{each}.wallet" for each in wallets}
