"""Good requests of `points`, together with every field that has bounds."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from loyalty.points.v1 import accounts_pb2, earning_pb2, ledger_pb2, program_pb2, sales_pb2, tenders_pb2, terms_pb2

ID = "6a0f4c1e-3b1d-4a53-9b1e-0a4f6f1f7a11"
OTHER = "2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"
FROM, UNTIL = Timestamp(seconds=1_767_225_600), Timestamp(seconds=1_772_366_400)

READ: dict[str, Any] = {"program_id": ID}
WRITE: dict[str, Any] = {"program_id": ID, "request_id": "k"}
OF_MEMBER: dict[str, Any] = {"member_id": ID, "wallet": "points"}
RECORDED: dict[str, Any] = {"recorded_from": FROM, "recorded_until": UNTIL}

RECEIPT = sales_pb2.ReceiptKey(
    source="pos", store_id="S1", terminal_id="T1", business_day="2026-03-01", receipt_number="1"
)
LINE = sales_pb2.PurchaseLine(
    line_id="1",
    sku="TEA-250",
    category="tea",
    quantity_milli=1_000,
    unit_price_minor=250,
    discount_minor=10,
    amount_minor=240,
    brand="Zauq",
    tax_minor=40,
    original=sales_pb2.OriginalLine(receipt=RECEIPT, line_id="1"),
)
SALE = sales_pb2.Sale(
    receipt=RECEIPT,
    occurred_at=UNTIL,
    currency="EUR",
    lines=[LINE],
    tenders=[tenders_pb2.Tender(kind=tenders_pb2.TENDER_KIND_CASH, amount_minor=240)],
    cashier_id="c7",
    cash_rounding_minor=1,
)
GOODS_BACK: dict[str, Any] = {
    "receipt": RECEIPT,
    "original_receipt": RECEIPT,
    "occurred_at": UNTIL,
    "currency": "EUR",
    "lines": [sales_pb2.ReturnLine(line_id="1", quantity_milli=1_000)],
    "cashier_id": "c7",
    "refunds": [sales_pb2.PointsRefund(hold_id=ID, amount=5)],
    "voucher_codes": ["0000-0000-0000"],
}

EXCHANGED: dict[str, Any] = {"return": sales_pb2.ReturnToRecord(**GOODS_BACK)}

SELECTED: dict[str, Any] = {
    f"{which}_{what}": ["A"] for which in ("excluded", "included") for what in ("skus", "categories", "brands")
}
TERMS = terms_pb2.EarningTerms(
    name="A point a euro",
    points=1,
    per_amount_minor=100,
    currency="EUR",
    **SELECTED,
    rounding=terms_pb2.ROUNDING_UP,
    pending_days=1,
    wallet="points",
    effect=terms_pb2.EARNING_EFFECT_PER_AMOUNT,
    trigger=terms_pb2.EARNING_TRIGGER_PURCHASE,
    condition="purchase.total_minor > 5",
    valid_hours=[terms_pb2.ValidHours(weekdays=[1], from_minute=60, until_minute=120)],
    excluded_tenders=[tenders_pb2.TENDER_KIND_POINTS],
    stacking_group="g",
    priority=1,
    limits=[
        terms_pb2.EarningLimit(
            scope=terms_pb2.LIMIT_SCOPE_MEMBER,
            span=terms_pb2.LIMIT_SPAN_DAY,
            unit=terms_pb2.LIMIT_UNIT_POINTS,
            at_most=100,
        )
    ],
    limit_policy=terms_pb2.LIMIT_POLICY_CUT,
    expiry=terms_pb2.Expiry(kind=terms_pb2.EXPIRY_KIND_MONTH_END, periods_later=1),
    expiry_by_tier=[
        terms_pb2.TierExpiry(tier="gold", expiry=terms_pb2.Expiry(kind=terms_pb2.EXPIRY_KIND_DAYS, days=10))
    ],
    accrual=terms_pb2.EARNING_ACCRUAL_WHOLE_STEPS,
)
BONUS = terms_pb2.EarningTerms(
    name="Half as much again",
    currency="EUR",
    expiry_days=30,
    effect=terms_pb2.EARNING_EFFECT_MULTIPLIER,
    factor=terms_pb2.Factor(numerator=3, denominator=2),
)
WELCOME = terms_pb2.EarningTerms(
    name="For the app",
    points=50,
    effect=terms_pb2.EARNING_EFFECT_FIXED,
    trigger=terms_pb2.EARNING_TRIGGER_EVENT,
    activity_name="app-installed",
)
DATES = terms_pb2.EarningTerms(
    name="Until spring",
    points=1,
    per_amount_minor=100,
    currency="EUR",
    expiry=terms_pb2.Expiry(kind=terms_pb2.EXPIRY_KIND_DATES, dates=["03-31"]),
)
RULES = [program_pb2.RuleDefinition(key="everyday", terms=TERMS)]
POLICY = program_pb2.ProgramPolicy(
    shortfall=program_pb2.SHORTFALL_POLICY_CARRY,
    adjustment_limit=5,
    transfers=program_pb2.TransferPolicy(
        points_min=1, points_max=5, points_per_day_max=5, transfers_per_day_max=5, points_per_recipient_and_day_max=5
    ),
    unspendable_wallets=["tier"],
    inactivity_activities=[accounts_pb2.ENTRY_KIND_EARN],
)
ADJUSTMENT: dict[str, Any] = {**WRITE, **OF_MEMBER, "amount": 5, "reason": "no", "actor": "b.khan", "expiry_days": 3}
ACTIVITY = earning_pb2.RecordActivityRequest(
    **WRITE,
    member_id=ID,
    kind=earning_pb2.ACTIVITY_KIND_EVENT,
    name="app-installed",
    occurred_at=UNTIL,
    source="app",
    activity_key="install-1",
    store_id="S1",
    cashier_id="c7",
    attributes={"platform": "android"},
)

SALES: tuple[Message, ...] = (
    sales_pb2.RecordPurchaseRequest(**WRITE, member_id=ID, sale=SALE),
    sales_pb2.RecordPurchasesRequest(
        **READ, items=[sales_pb2.PurchaseToRecord(request_id="k", member_id=ID, sale=SALE)]
    ),
    sales_pb2.PreviewPurchaseRequest(**READ, member_id=ID, sale=SALE),
    sales_pb2.GetPurchaseRequest(**READ, purchase_id=ID),
    sales_pb2.GetPurchaseRequest(**READ, receipt=RECEIPT),
    sales_pb2.ClaimPurchaseRequest(**WRITE, member_id=ID, receipt=RECEIPT),
    sales_pb2.RecordReturnRequest(**WRITE, **GOODS_BACK),
    sales_pb2.RecordExchangeRequest(**WRITE, member_id=ID, sale=SALE, **EXCHANGED),
)
LEDGER: tuple[Message, ...] = (
    ledger_pb2.GetAccountRequest(**READ, **OF_MEMBER),
    ledger_pb2.ListEntriesRequest(**READ, **OF_MEMBER, page_size=20),
    ledger_pb2.GetStatementRequest(**READ, **OF_MEMBER, **RECORDED, page_size=20),
    ledger_pb2.GetLiabilityRequest(
        **READ,
        **RECORDED,
        wallet="points",
        observed_days=30,
        valuation=ledger_pb2.Valuation(value_minor=1, per_points=100, revenue_minor=5, redemption_bp=9_000),
    ),
    ledger_pb2.PlaceHoldRequest(**WRITE, **OF_MEMBER, amount=5, timeout_s=60, reference="r"),
    ledger_pb2.CaptureHoldRequest(**WRITE, member_id=ID, hold_id=ID, amount=5),
    ledger_pb2.ReleaseHoldRequest(**WRITE, member_id=ID, hold_id=ID),
    ledger_pb2.ReverseCaptureRequest(**WRITE, member_id=ID, hold_id=ID, reason="no", amount=5),
    ledger_pb2.RestoreCaptureRequest(**WRITE, **OF_MEMBER, amount=5, hold_id=ID, reference="r"),
    ledger_pb2.GetHoldRequest(**READ, member_id=ID, hold_id=ID),
    ledger_pb2.AdjustPointsRequest(**ADJUSTMENT),
    ledger_pb2.RequestAdjustmentRequest(**ADJUSTMENT),
    ledger_pb2.ApproveAdjustmentRequest(**WRITE, adjustment_id=ID, actor="b.khan"),
    ledger_pb2.RejectAdjustmentRequest(**WRITE, adjustment_id=ID, actor="b.khan", reason="no"),
    ledger_pb2.GetAdjustmentRequest(**READ, adjustment_id=ID),
    ledger_pb2.ListAdjustmentsRequest(**READ, state=ledger_pb2.ADJUSTMENT_STATE_REQUESTED, page_size=20),
    ledger_pb2.TransferPointsRequest(**WRITE, **OF_MEMBER, recipient_id=OTHER, amount=5, reason="a gift"),
    ledger_pb2.GetTransferRequest(**READ, transfer_id=ID),
    ledger_pb2.ListTransfersRequest(**READ, member_id=ID, page_size=20),
)
EARNING: tuple[Message, ...] = (
    ACTIVITY,
    earning_pb2.GetActivityRequest(**READ, activity_id=ID),
    earning_pb2.GetQualifyingSumsRequest(**READ, **OF_MEMBER, windows=[earning_pb2.QualifyingWindow()]),
    *(
        earning_pb2.CreateEarningRuleRequest(**WRITE, terms=terms, key="everyday")
        for terms in (TERMS, BONUS, WELCOME, DATES)
    ),
    earning_pb2.ReviseEarningRuleRequest(**WRITE, rule_id=ID, expected_version=3, terms=TERMS),
    earning_pb2.ActivateEarningRuleRequest(**WRITE, rule_id=ID, version=3),
    earning_pb2.CallOffEarningRuleRequest(**WRITE, rule_id=ID, version=3),
    earning_pb2.EndEarningRuleRequest(**WRITE, rule_id=ID),
    earning_pb2.GetEarningRuleRequest(**READ, rule_id=ID),
    earning_pb2.ListEarningRulesRequest(**READ, page_size=20),
)
PROGRAM: tuple[Message, ...] = (
    program_pb2.ExportEarningRulesRequest(**READ),
    program_pb2.DiffEarningRulesRequest(
        **READ, before=program_pb2.RuleDocument(rules=RULES), after=program_pb2.RuleDocument(rules=RULES)
    ),
    program_pb2.ImportEarningRulesRequest(**WRITE, rules=RULES),
    program_pb2.RehearseEarningRulesRequest(
        **WRITE,
        rules=RULES,
        wallet="points",
        occurred_from=FROM,
        occurred_until=UNTIL,
        purchases_max=100,
        value_minor=1,
        per_points=100,
    ),
    program_pb2.GetRehearsalRequest(**READ, rehearsal_id=ID),
    program_pb2.GetProgramPolicyRequest(**READ),
    program_pb2.SetProgramPolicyRequest(**WRITE, policy=POLICY, expected_version=3),
)
REQUESTS: tuple[Message, ...] = (*SALES, *LEDGER, *EARNING, *PROGRAM)
