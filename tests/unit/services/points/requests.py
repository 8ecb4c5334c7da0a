"""Requests to `points` as they come over the wire, each valid and with every field given until a test changes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from google.protobuf.message import Message
from loyalty.points.v1 import earning_pb2, ledger_pb2, program_pb2, sales_pb2, tenders_pb2, terms_pb2

from kit.convert import timestamp_of
from tests.factories.points import a_number

Request = TypeVar("Request", bound=Message)

# Long enough ago for the clock of any machine that runs this.
THEN = datetime(2026, 1, 2, 12, 30, 15, 250_000, tzinfo=UTC)
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
THE_END = datetime(2120, 1, 1, tzinfo=UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def receipt() -> sales_pb2.ReceiptKey:
    """A receipt that nobody has seen."""
    return sales_pb2.ReceiptKey(
        source="pos", store_id="S1", terminal_id="T1", business_day="2026-01-02", receipt_number=f"R{a_number()}"
    )


def line(amount_minor: int = 1000, *, line_id: str = "1", pieces: int = 1) -> sales_pb2.PurchaseLine:
    """A line of some pieces that cost `amount_minor` together."""
    return sales_pb2.PurchaseLine(
        line_id=line_id,
        sku="TEA",
        category="drinks",
        quantity_milli=pieces * 1000,
        unit_price_minor=amount_minor // pieces + 50,
        discount_minor=50 * pieces,
        amount_minor=amount_minor,
    )


def sale(*lines: sales_pb2.PurchaseLine) -> sales_pb2.Sale:
    """A sale of these lines, or of one for 10.00, paid by card."""
    lines = lines or (line(),)
    total_minor = sum(each.amount_minor for each in lines)
    return sales_pb2.Sale(
        receipt=receipt(),
        occurred_at=timestamp_of(THEN),
        currency="GBP",
        lines=lines,
        tenders=[tenders_pb2.Tender(kind=tenders_pb2.TENDER_KIND_PAYMENT_CARD, amount_minor=total_minor)],
        cashier_id="cashier-7",
    )


def terms(**changes: Any) -> terms_pb2.EarningTerms:
    """One point for every 1.00, for sales since 2020."""
    said: dict[str, Any] = {
        "name": "Everyday",
        "points": 1,
        "per_amount_minor": 100,
        "currency": "GBP",
        "excluded_skus": ["STAMP"],
        "excluded_categories": ["service"],
        "starts_at": timestamp_of(BEGINNING),
        "rounding": terms_pb2.ROUNDING_DOWN,
    }
    return terms_pb2.EarningTerms(**(said | changes))


def record_purchase(member_id: str = "", told: sales_pb2.Sale | None = None) -> sales_pb2.RecordPurchaseRequest:
    return _sent(sales_pb2.RecordPurchaseRequest(member_id=member_id, sale=told or sale()))


def record_purchases(*wishes: sales_pb2.RecordPurchaseRequest) -> sales_pb2.RecordPurchasesRequest:
    """The wishes in one call; without any, one of an anonymous sale."""
    items = [
        sales_pb2.PurchaseToRecord(request_id=each.request_id, member_id=each.member_id, sale=each.sale)
        for each in wishes or [record_purchase()]
    ]
    return sales_pb2.RecordPurchasesRequest(program_id=new_id(), items=items)


def preview_purchase(member_id: str = "", told: sales_pb2.Sale | None = None) -> sales_pb2.PreviewPurchaseRequest:
    return _sent(sales_pb2.PreviewPurchaseRequest(member_id=member_id, sale=told or sale()))


def get_purchase(purchase_id: str = "", key: sales_pb2.ReceiptKey | None = None) -> sales_pb2.GetPurchaseRequest:
    return _sent(sales_pb2.GetPurchaseRequest(purchase_id=purchase_id, receipt=key))


def claim_purchase(member_id: str = "", key: sales_pb2.ReceiptKey | None = None) -> sales_pb2.ClaimPurchaseRequest:
    return _sent(sales_pb2.ClaimPurchaseRequest(member_id=member_id or new_id(), receipt=key or receipt()))


def record_return(
    original: sales_pb2.ReceiptKey | None = None, *lines: tuple[str, int], refunds: Mapping[str, int] | None = None
) -> sales_pb2.RecordReturnRequest:
    """Goods that come back, and with them so many points of what these holds spent."""
    back = [
        sales_pb2.ReturnLine(line_id=line_id, quantity_milli=quantity) for line_id, quantity in lines or [("1", 1000)]
    ]
    return _sent(
        sales_pb2.RecordReturnRequest(
            receipt=receipt(),
            original_receipt=original or receipt(),
            occurred_at=timestamp_of(THEN),
            currency="GBP",
            lines=back,
            cashier_id="cashier-7",
            refunds=[
                sales_pb2.PointsRefund(hold_id=hold_id, amount=amount) for hold_id, amount in (refunds or {}).items()
            ],
        )
    )


def record_exchange(
    original: sales_pb2.ReceiptKey | None = None,
    *lines: tuple[str, int],
    member_id: str = "",
    told: sales_pb2.Sale | None = None,
) -> sales_pb2.RecordExchangeRequest:
    """Goods that come back, and others that are taken instead."""
    back = record_return(original, *lines)
    part = sales_pb2.ReturnToRecord(
        receipt=back.receipt,
        original_receipt=back.original_receipt,
        occurred_at=back.occurred_at,
        currency=back.currency,
        lines=back.lines,
        cashier_id=back.cashier_id,
    )
    # `return` is a word of Python's.
    parts: dict[str, Any] = {"return": part}
    return _sent(sales_pb2.RecordExchangeRequest(member_id=member_id, sale=told or sale(), **parts))


def activity_terms(
    trigger: terms_pb2.EarningTrigger.ValueType = terms_pb2.EARNING_TRIGGER_VISIT, **changes: Any
) -> dict[str, Any]:
    """What terms say otherwise that give 50 points for an activity of this kind; an event is "app-installed"."""
    plain: dict[str, Any] = {
        "points": 50,
        "per_amount_minor": 0,
        "currency": "",
        "excluded_skus": [],
        "excluded_categories": [],
        "effect": terms_pb2.EARNING_EFFECT_FIXED,
        "trigger": trigger,
        "activity_name": "app-installed" if trigger == terms_pb2.EARNING_TRIGGER_EVENT else "",
    }
    return plain | changes


def record_activity(member_id: str = "", **changes: Any) -> earning_pb2.RecordActivityRequest:
    """An event that nobody has told of."""
    told: dict[str, Any] = {
        "kind": earning_pb2.ACTIVITY_KIND_EVENT,
        "name": "app-installed",
        "occurred_at": timestamp_of(THEN),
        "source": "crm",
        "activity_key": f"A{a_number()}",
        "store_id": "S1",
        "cashier_id": "cashier-7",
        "attributes": {"platform": "android"},
    }
    return _sent(earning_pb2.RecordActivityRequest(member_id=member_id or new_id(), **(told | changes)))


def get_activity(activity_id: str = "") -> earning_pb2.GetActivityRequest:
    return _sent(earning_pb2.GetActivityRequest(activity_id=activity_id or new_id()))


def get_account(member_id: str = "") -> ledger_pb2.GetAccountRequest:
    return _sent(ledger_pb2.GetAccountRequest(member_id=member_id or new_id()))


def get_qualifying_sums(member_id: str = "", wallet: str = "") -> earning_pb2.GetQualifyingSumsRequest:
    """Ever, and until the end of 2019."""
    windows = [earning_pb2.QualifyingWindow(), earning_pb2.QualifyingWindow(occurred_until=timestamp_of(BEGINNING))]
    return _sent(earning_pb2.GetQualifyingSumsRequest(member_id=member_id or new_id(), wallet=wallet, windows=windows))


def list_entries(member_id: str = "", page_size: int = 0, page_token: str = "") -> ledger_pb2.ListEntriesRequest:
    return _sent(
        ledger_pb2.ListEntriesRequest(member_id=member_id or new_id(), page_size=page_size, page_token=page_token)
    )


def get_statement(member_id: str = "", page_size: int = 0, page_token: str = "") -> ledger_pb2.GetStatementRequest:
    return _sent(
        ledger_pb2.GetStatementRequest(
            member_id=member_id or new_id(),
            recorded_from=timestamp_of(BEGINNING),
            recorded_until=timestamp_of(THE_END),
            page_size=page_size,
            page_token=page_token,
        )
    )


def get_liability(**valuation: int) -> ledger_pb2.GetLiabilityRequest:
    worth = {"value_minor": 1, "per_points": 10, "revenue_minor": 1_000, "redemption_bp": 9_000} | valuation
    return _sent(
        ledger_pb2.GetLiabilityRequest(
            recorded_from=timestamp_of(BEGINNING),
            recorded_until=timestamp_of(THE_END),
            valuation=ledger_pb2.Valuation(**worth),
        )
    )


def place_hold(member_id: str = "", amount: int = 5) -> ledger_pb2.PlaceHoldRequest:
    return _sent(
        ledger_pb2.PlaceHoldRequest(member_id=member_id or new_id(), amount=amount, timeout_s=600, reference="mug")
    )


def capture_hold(member_id: str = "", hold_id: str = "", amount: int = 0) -> ledger_pb2.CaptureHoldRequest:
    return _sent(
        ledger_pb2.CaptureHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id(), amount=amount)
    )


def release_hold(member_id: str = "", hold_id: str = "") -> ledger_pb2.ReleaseHoldRequest:
    return _sent(ledger_pb2.ReleaseHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id()))


def reverse_capture(member_id: str = "", hold_id: str = "") -> ledger_pb2.ReverseCaptureRequest:
    return _sent(
        ledger_pb2.ReverseCaptureRequest(
            member_id=member_id or new_id(), hold_id=hold_id or new_id(), reason="out of stock"
        )
    )


def restore_capture(member_id: str = "", hold_id: str = "", amount: int = 5) -> ledger_pb2.RestoreCaptureRequest:
    return _sent(
        ledger_pb2.RestoreCaptureRequest(
            member_id=member_id or new_id(), hold_id=hold_id or new_id(), amount=amount, reference="mug"
        )
    )


def get_hold(member_id: str = "", hold_id: str = "") -> ledger_pb2.GetHoldRequest:
    return _sent(ledger_pb2.GetHoldRequest(member_id=member_id or new_id(), hold_id=hold_id or new_id()))


def adjust_points(member_id: str = "", amount: int = 10) -> ledger_pb2.AdjustPointsRequest:
    return _sent(
        ledger_pb2.AdjustPointsRequest(member_id=member_id or new_id(), amount=amount, reason="goodwill", actor="Amina")
    )


def request_adjustment(member_id: str = "", amount: int = 10) -> ledger_pb2.RequestAdjustmentRequest:
    return _sent(
        ledger_pb2.RequestAdjustmentRequest(
            member_id=member_id or new_id(), amount=amount, reason="goodwill", actor="Amina"
        )
    )


def approve_adjustment(adjustment_id: str = "", actor: str = "Bashir") -> ledger_pb2.ApproveAdjustmentRequest:
    return _sent(ledger_pb2.ApproveAdjustmentRequest(adjustment_id=adjustment_id or new_id(), actor=actor))


def reject_adjustment(adjustment_id: str = "") -> ledger_pb2.RejectAdjustmentRequest:
    return _sent(
        ledger_pb2.RejectAdjustmentRequest(
            adjustment_id=adjustment_id or new_id(), actor="Bashir", reason="asked for twice"
        )
    )


def get_adjustment(adjustment_id: str = "") -> ledger_pb2.GetAdjustmentRequest:
    return _sent(ledger_pb2.GetAdjustmentRequest(adjustment_id=adjustment_id or new_id()))


def list_adjustments(
    state: ledger_pb2.AdjustmentState.ValueType = ledger_pb2.ADJUSTMENT_STATE_UNSPECIFIED,
    page_size: int = 0,
    page_token: str = "",
) -> ledger_pb2.ListAdjustmentsRequest:
    return _sent(ledger_pb2.ListAdjustmentsRequest(state=state, page_size=page_size, page_token=page_token))


def transfer_points(member_id: str = "", recipient_id: str = "", amount: int = 10) -> ledger_pb2.TransferPointsRequest:
    return _sent(
        ledger_pb2.TransferPointsRequest(
            member_id=member_id or new_id(), recipient_id=recipient_id or new_id(), amount=amount, reason="Eid"
        )
    )


def get_transfer(transfer_id: str = "") -> ledger_pb2.GetTransferRequest:
    return _sent(ledger_pb2.GetTransferRequest(transfer_id=transfer_id or new_id()))


def list_transfers(member_id: str = "", page_size: int = 0, page_token: str = "") -> ledger_pb2.ListTransfersRequest:
    return _sent(
        ledger_pb2.ListTransfersRequest(member_id=member_id or new_id(), page_size=page_size, page_token=page_token)
    )


def create_earning_rule(
    said: terms_pb2.EarningTerms | None = None, key: str = ""
) -> earning_pb2.CreateEarningRuleRequest:
    return _sent(earning_pb2.CreateEarningRuleRequest(terms=said or terms(), key=key))


def revise_earning_rule(rule_id: str = "", expected_version: int = 0) -> earning_pb2.ReviseEarningRuleRequest:
    return _sent(
        earning_pb2.ReviseEarningRuleRequest(
            rule_id=rule_id or new_id(), expected_version=expected_version, terms=terms()
        )
    )


def activate_earning_rule(rule_id: str = "") -> earning_pb2.ActivateEarningRuleRequest:
    return _sent(earning_pb2.ActivateEarningRuleRequest(rule_id=rule_id or new_id()))


def call_off_earning_rule(rule_id: str = "") -> earning_pb2.CallOffEarningRuleRequest:
    return _sent(earning_pb2.CallOffEarningRuleRequest(rule_id=rule_id or new_id()))


def end_earning_rule(rule_id: str = "") -> earning_pb2.EndEarningRuleRequest:
    return _sent(earning_pb2.EndEarningRuleRequest(rule_id=rule_id or new_id()))


def get_earning_rule(rule_id: str = "") -> earning_pb2.GetEarningRuleRequest:
    return _sent(earning_pb2.GetEarningRuleRequest(rule_id=rule_id or new_id()))


def list_earning_rules(page_size: int = 0, page_token: str = "") -> earning_pb2.ListEarningRulesRequest:
    return _sent(earning_pb2.ListEarningRulesRequest(page_size=page_size, page_token=page_token))


def definition(key: str = "base", **said: Any) -> program_pb2.RuleDefinition:
    return program_pb2.RuleDefinition(key=key, terms=terms(**said))


def export_earning_rules(*, drafts: bool = False) -> program_pb2.ExportEarningRulesRequest:
    return _sent(program_pb2.ExportEarningRulesRequest(drafts=drafts))


def diff_earning_rules(*after: program_pb2.RuleDefinition) -> program_pb2.DiffEarningRulesRequest:
    return _sent(program_pb2.DiffEarningRulesRequest(after=program_pb2.RuleDocument(rules=after)))


def import_earning_rules(
    *rules: program_pb2.RuleDefinition, dry_run: bool = False
) -> program_pb2.ImportEarningRulesRequest:
    return _sent(program_pb2.ImportEarningRulesRequest(rules=rules, dry_run=dry_run))


def rehearse_earning_rules(*rules: program_pb2.RuleDefinition) -> program_pb2.RehearseEarningRulesRequest:
    asked = program_pb2.RehearseEarningRulesRequest(rules=rules, value_minor=1, per_points=2)
    asked.occurred_from.CopyFrom(timestamp_of(BEGINNING))
    asked.occurred_until.CopyFrom(timestamp_of(BEGINNING + timedelta(days=700)))
    return _sent(asked)


def get_rehearsal(rehearsal_id: str = "") -> program_pb2.GetRehearsalRequest:
    return _sent(program_pb2.GetRehearsalRequest(rehearsal_id=rehearsal_id or new_id()))


def get_program_policy() -> program_pb2.GetProgramPolicyRequest:
    return _sent(program_pb2.GetProgramPolicyRequest())


def set_program_policy(
    shortfall: program_pb2.ShortfallPolicy.ValueType = program_pb2.SHORTFALL_POLICY_REFUSE, **choices: Any
) -> program_pb2.SetProgramPolicyRequest:
    return _sent(program_pb2.SetProgramPolicyRequest(policy=program_pb2.ProgramPolicy(shortfall=shortfall, **choices)))


def _sent(request: Request) -> Request:
    """The request with a program and, where it has one, an idempotency key of its own."""
    for field in ("program_id", "request_id"):
        if field in request.DESCRIPTOR.fields_by_name:
            setattr(request, field, new_id())
    return request
