"""Requests to `points` as they come over the wire, each valid and with every field given until a test changes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.message import Message
from loyalty.points.v1 import points_pb2 as pb

from kit.convert import timestamp_of
from tests.factories.points import a_number

Request = TypeVar("Request", bound=Message)

# Long enough ago for the clock of any machine that runs this.
THEN = datetime(2026, 1, 2, 12, 30, 15, 250_000, tzinfo=UTC)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
THE_END = datetime(2120, 1, 1, tzinfo=UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def receipt() -> pb.ReceiptKey:
    """A receipt that nobody has seen."""
    return pb.ReceiptKey(
        source="pos", store_id="S1", terminal_id="T1", business_day="2026-01-02", receipt_number=f"R{a_number()}"
    )


def line(amount_minor: int = 1000, *, line_id: str = "1", pieces: int = 1) -> pb.PurchaseLine:
    """A line of some pieces that cost `amount_minor` together."""
    return pb.PurchaseLine(
        line_id=line_id,
        sku="TEA",
        category="drinks",
        quantity_milli=pieces * 1000,
        unit_price_minor=amount_minor // pieces + 50,
        discount_minor=50 * pieces,
        amount_minor=amount_minor,
    )


def sale(*lines: pb.PurchaseLine) -> pb.Sale:
    """A sale of these lines, or of one for 10.00, paid by card."""
    lines = lines or (line(),)
    total_minor = sum(each.amount_minor for each in lines)
    return pb.Sale(
        receipt=receipt(),
        occurred_at=timestamp_of(THEN),
        currency="GBP",
        lines=lines,
        tenders=[pb.Tender(kind=pb.TENDER_KIND_PAYMENT_CARD, amount_minor=total_minor)],
        cashier_id="cashier-7",
    )


def terms(**changes: Any) -> pb.EarningTerms:
    """One point for every 1.00, for sales since 2020."""
    said: dict[str, Any] = {
        "name": "Everyday",
        "points": 1,
        "per_amount_minor": 100,
        "currency": "GBP",
        "excluded_skus": ["STAMP"],
        "excluded_categories": ["service"],
        "starts_at": timestamp_of(BEGINNING),
        "rounding": pb.ROUNDING_DOWN,
    }
    return pb.EarningTerms(**(said | changes))


def record_purchase(member_id: str = "", told: pb.Sale | None = None) -> pb.RecordPurchaseRequest:
    return _sent(pb.RecordPurchaseRequest(member_id=member_id, sale=told or sale()))


def record_purchases(*wishes: pb.RecordPurchaseRequest) -> pb.RecordPurchasesRequest:
    """The wishes in one call; without any, one of an anonymous sale."""
    items = [
        pb.PurchaseToRecord(request_id=each.request_id, member_id=each.member_id, sale=each.sale)
        for each in wishes or [record_purchase()]
    ]
    return pb.RecordPurchasesRequest(program_id=new_id(), items=items)


def preview_purchase(member_id: str = "", told: pb.Sale | None = None) -> pb.PreviewPurchaseRequest:
    return _sent(pb.PreviewPurchaseRequest(member_id=member_id, sale=told or sale()))


def get_purchase(purchase_id: str = "", key: pb.ReceiptKey | None = None) -> pb.GetPurchaseRequest:
    return _sent(pb.GetPurchaseRequest(purchase_id=purchase_id, receipt=key))


def claim_purchase(member_id: str = "", key: pb.ReceiptKey | None = None) -> pb.ClaimPurchaseRequest:
    return _sent(pb.ClaimPurchaseRequest(member_id=member_id or new_id(), receipt=key or receipt()))


def record_return(
    original: pb.ReceiptKey | None = None, *lines: tuple[str, int], refunds: Mapping[str, int] | None = None
) -> pb.RecordReturnRequest:
    """Goods that come back, and with them so many points of what these holds spent."""
    back = [pb.ReturnLine(line_id=line_id, quantity_milli=quantity) for line_id, quantity in lines or [("1", 1000)]]
    return _sent(
        pb.RecordReturnRequest(
            receipt=receipt(),
            original_receipt=original or receipt(),
            occurred_at=timestamp_of(THEN),
            currency="GBP",
            lines=back,
            cashier_id="cashier-7",
            refunds=[pb.PointsRefund(hold_id=hold_id, amount=amount) for hold_id, amount in (refunds or {}).items()],
        )
    )


def record_exchange(
    original: pb.ReceiptKey | None = None, *lines: tuple[str, int], member_id: str = "", told: pb.Sale | None = None
) -> pb.RecordExchangeRequest:
    """Goods that come back, and others that are taken instead."""
    back = record_return(original, *lines)
    part = pb.ReturnToRecord(
        receipt=back.receipt,
        original_receipt=back.original_receipt,
        occurred_at=back.occurred_at,
        currency=back.currency,
        lines=back.lines,
        cashier_id=back.cashier_id,
    )
    # `return` is a word of Python's.
    parts: dict[str, Any] = {"return": part}
    return _sent(pb.RecordExchangeRequest(member_id=member_id, sale=told or sale(), **parts))


def activity_terms(trigger: pb.EarningTrigger.ValueType = pb.EARNING_TRIGGER_VISIT, **changes: Any) -> dict[str, Any]:
    """What terms say otherwise that give 50 points for an activity of this kind; an event is "app-installed"."""
    plain: dict[str, Any] = {
        "points": 50,
        "per_amount_minor": 0,
        "currency": "",
        "excluded_skus": [],
        "excluded_categories": [],
        "effect": pb.EARNING_EFFECT_FIXED,
        "trigger": trigger,
        "activity_name": "app-installed" if trigger == pb.EARNING_TRIGGER_EVENT else "",
    }
    return plain | changes


def record_activity(member_id: str = "", **changes: Any) -> pb.RecordActivityRequest:
    """An event that nobody has told of."""
    told: dict[str, Any] = {
        "kind": pb.ACTIVITY_KIND_EVENT,
        "name": "app-installed",
        "occurred_at": timestamp_of(THEN),
        "source": "crm",
        "activity_key": f"A{a_number()}",
        "store_id": "S1",
        "cashier_id": "cashier-7",
        "attributes": {"platform": "android"},
    }
    return _sent(pb.RecordActivityRequest(member_id=member_id or new_id(), **(told | changes)))


def get_activity(activity_id: str = "") -> pb.GetActivityRequest:
    return _sent(pb.GetActivityRequest(activity_id=activity_id or new_id()))


def get_account(member_id: str = "") -> pb.GetAccountRequest:
    return _sent(pb.GetAccountRequest(member_id=member_id or new_id()))


def get_qualifying_sums(member_id: str = "", wallet: str = "") -> pb.GetQualifyingSumsRequest:
    """Ever, and until the end of 2019."""
    windows = [pb.QualifyingWindow(), pb.QualifyingWindow(occurred_until=timestamp_of(BEGINNING))]
    return _sent(pb.GetQualifyingSumsRequest(member_id=member_id or new_id(), wallet=wallet, windows=windows))


def list_entries(member_id: str = "", page_size: int = 0, page_token: str = "") -> pb.ListEntriesRequest:
    return _sent(pb.ListEntriesRequest(member_id=member_id or new_id(), page_size=page_size, page_token=page_token))


def get_statement(member_id: str = "", page_size: int = 0, page_token: str = "") -> pb.GetStatementRequest:
    return _sent(
        pb.GetStatementRequest(
            member_id=member_id or new_id(),
            recorded_from=timestamp_of(BEGINNING),
            recorded_until=timestamp_of(THE_END),
            page_size=page_size,
            page_token=page_token,
        )
    )


def get_liability(**valuation: int) -> pb.GetLiabilityRequest:
    worth = {"value_minor": 1, "per_points": 10, "revenue_minor": 1_000, "redemption_bp": 9_000} | valuation
    return _sent(
        pb.GetLiabilityRequest(
            recorded_from=timestamp_of(BEGINNING),
            recorded_until=timestamp_of(THE_END),
            valuation=pb.Valuation(**worth),
        )
    )


def place_hold(member_id: str = "", amount: int = 5) -> pb.PlaceHoldRequest:
    return _sent(pb.PlaceHoldRequest(member_id=member_id or new_id(), amount=amount, timeout_s=600, reference="mug"))


def capture_hold(member_id: str = "", hold_id: str = "", amount: int = 0) -> pb.CaptureHoldRequest:
    return _sent(pb.CaptureHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id(), amount=amount))


def release_hold(member_id: str = "", hold_id: str = "") -> pb.ReleaseHoldRequest:
    return _sent(pb.ReleaseHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id()))


def reverse_capture(member_id: str = "", hold_id: str = "") -> pb.ReverseCaptureRequest:
    return _sent(
        pb.ReverseCaptureRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id(), reason="out of stock")
    )


def restore_capture(member_id: str = "", hold_id: str = "", amount: int = 5) -> pb.RestoreCaptureRequest:
    return _sent(
        pb.RestoreCaptureRequest(
            member_id=member_id or new_id(), hold_id=hold_id or new_id(), amount=amount, reference="mug"
        )
    )


def get_hold(member_id: str = "", hold_id: str = "") -> pb.GetHoldRequest:
    return _sent(pb.GetHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id()))


def adjust_points(member_id: str = "", amount: int = 10) -> pb.AdjustPointsRequest:
    return _sent(
        pb.AdjustPointsRequest(member_id=member_id or new_id(), amount=amount, reason="goodwill", actor="Amina")
    )


def request_adjustment(member_id: str = "", amount: int = 10) -> pb.RequestAdjustmentRequest:
    return _sent(
        pb.RequestAdjustmentRequest(member_id=member_id or new_id(), amount=amount, reason="goodwill", actor="Amina")
    )


def approve_adjustment(adjustment_id: str = "", actor: str = "Bashir") -> pb.ApproveAdjustmentRequest:
    return _sent(pb.ApproveAdjustmentRequest(adjustment_id=adjustment_id or new_id(), actor=actor))


def reject_adjustment(adjustment_id: str = "") -> pb.RejectAdjustmentRequest:
    return _sent(
        pb.RejectAdjustmentRequest(adjustment_id=adjustment_id or new_id(), actor="Bashir", reason="asked for twice")
    )


def get_adjustment(adjustment_id: str = "") -> pb.GetAdjustmentRequest:
    return _sent(pb.GetAdjustmentRequest(adjustment_id=adjustment_id or new_id()))


def list_adjustments(
    state: pb.AdjustmentState.ValueType = pb.ADJUSTMENT_STATE_UNSPECIFIED, page_size: int = 0, page_token: str = ""
) -> pb.ListAdjustmentsRequest:
    return _sent(pb.ListAdjustmentsRequest(state=state, page_size=page_size, page_token=page_token))


def transfer_points(member_id: str = "", recipient_id: str = "", amount: int = 10) -> pb.TransferPointsRequest:
    return _sent(
        pb.TransferPointsRequest(
            member_id=member_id or new_id(), recipient_id=recipient_id or new_id(), amount=amount, reason="Eid"
        )
    )


def get_transfer(transfer_id: str = "") -> pb.GetTransferRequest:
    return _sent(pb.GetTransferRequest(transfer_id=transfer_id or new_id()))


def list_transfers(member_id: str = "", page_size: int = 0, page_token: str = "") -> pb.ListTransfersRequest:
    return _sent(pb.ListTransfersRequest(member_id=member_id or new_id(), page_size=page_size, page_token=page_token))


def create_earning_rule(said: pb.EarningTerms | None = None, key: str = "") -> pb.CreateEarningRuleRequest:
    return _sent(pb.CreateEarningRuleRequest(terms=said or terms(), key=key))


def revise_earning_rule(rule_id: str = "", expected_version: int = 0) -> pb.ReviseEarningRuleRequest:
    return _sent(
        pb.ReviseEarningRuleRequest(rule_id=rule_id or new_id(), expected_version=expected_version, terms=terms())
    )


def activate_earning_rule(rule_id: str = "") -> pb.ActivateEarningRuleRequest:
    return _sent(pb.ActivateEarningRuleRequest(rule_id=rule_id or new_id()))


def call_off_earning_rule(rule_id: str = "") -> pb.CallOffEarningRuleRequest:
    return _sent(pb.CallOffEarningRuleRequest(rule_id=rule_id or new_id()))


def end_earning_rule(rule_id: str = "") -> pb.EndEarningRuleRequest:
    return _sent(pb.EndEarningRuleRequest(rule_id=rule_id or new_id()))


def get_earning_rule(rule_id: str = "") -> pb.GetEarningRuleRequest:
    return _sent(pb.GetEarningRuleRequest(rule_id=rule_id or new_id()))


def list_earning_rules(page_size: int = 0, page_token: str = "") -> pb.ListEarningRulesRequest:
    return _sent(pb.ListEarningRulesRequest(page_size=page_size, page_token=page_token))


def definition(key: str = "base", **said: Any) -> pb.RuleDefinition:
    return pb.RuleDefinition(key=key, terms=terms(**said))


def export_earning_rules(*, drafts: bool = False) -> pb.ExportEarningRulesRequest:
    return _sent(pb.ExportEarningRulesRequest(drafts=drafts))


def diff_earning_rules(*after: pb.RuleDefinition) -> pb.DiffEarningRulesRequest:
    return _sent(pb.DiffEarningRulesRequest(after=pb.RuleDocument(rules=after)))


def import_earning_rules(*rules: pb.RuleDefinition, dry_run: bool = False) -> pb.ImportEarningRulesRequest:
    return _sent(pb.ImportEarningRulesRequest(rules=rules, dry_run=dry_run))


def rehearse_earning_rules(*rules: pb.RuleDefinition) -> pb.RehearseEarningRulesRequest:
    asked = pb.RehearseEarningRulesRequest(rules=rules, value_minor=1, per_points=2)
    asked.occurred_from.CopyFrom(timestamp_of(BEGINNING))
    asked.occurred_until.CopyFrom(timestamp_of(BEGINNING + timedelta(days=700)))
    return _sent(asked)


def get_rehearsal(rehearsal_id: str = "") -> pb.GetRehearsalRequest:
    return _sent(pb.GetRehearsalRequest(rehearsal_id=rehearsal_id or new_id()))


def get_program_policy() -> pb.GetProgramPolicyRequest:
    return _sent(pb.GetProgramPolicyRequest())


def set_program_policy(
    shortfall: pb.ShortfallPolicy.ValueType = pb.SHORTFALL_POLICY_REFUSE, **choices: Any
) -> pb.SetProgramPolicyRequest:
    return _sent(pb.SetProgramPolicyRequest(policy=pb.ProgramPolicy(shortfall=shortfall, **choices)))


def _sent(request: Request) -> Request:
    """The request with a program and, where it has one, an idempotency key of its own."""
    for field in ("program_id", "request_id"):
        if field in request.DESCRIPTOR.fields_by_name:
            setattr(request, field, new_id())
    return request
