"""Purchases and returns on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from google.rpc.status_pb2 import Status
from loyalty.points.v1 import accounts_pb2, tenders_pb2
from loyalty.points.v1 import sales_pb2 as pb

from kit import validation
from kit.bounds import LINES_MAX, PURCHASES_MAX, RETURNED_VOUCHERS_MAX, TENDERS_MAX, VOUCHER_CODE_LENGTH_MAX
from kit.convert import (
    EnumMap,
    currency_of,
    integer_of,
    optional_uuid,
    request_id_of,
    required_instant,
    text_of,
    timestamp_of,
    uuid_of,
)
from kit.errors import Invalid
from services.points.convert.common import MONEY_MINOR_MAX, NAME_LENGTH_MAX, receipt_of, to_receipt
from services.points.convert.earning.earnings import to_earner, to_earning, to_sentence
from services.points.convert.earning.languages import spoken
from services.points.convert.ledger.accounts import to_account
from services.points.convert.sales.refunds import refunds_of, to_refunds
from services.points.domain.earning.earnings import Unearned
from services.points.domain.earning.sentences import return_sentence
from services.points.domain.earning.terms import Trigger
from services.points.domain.sales.purchases import (
    ClaimPurchase,
    GetPurchase,
    PreviewPurchase,
    Purchase,
    PurchaseAnswer,
    RecordPurchase,
    RecordPurchases,
)
from services.points.domain.sales.returns import MisfitReason, RecordReturn, Return, ReturnAnswer, ReturnLine
from services.points.domain.sales.sale import OriginalLine, PurchaseLine, Sale, Tender, TenderKind

QUANTITY_MILLI_MAX = 1_000_000_000
LINE_ID_LENGTH_MAX = 50

_TENDER_KIND = EnumMap(tenders_pb2.TenderKind, TenderKind)
_MISFIT_REASON = EnumMap(pb.MisfitReason, MisfitReason)


def record_purchase(request: pb.RecordPurchaseRequest) -> RecordPurchase:
    """A sale to record."""
    return RecordPurchase(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=optional_uuid(request.member_id, "member_id"),
        sale=sale_of(request.sale),
    )


def record_purchases(request: pb.RecordPurchasesRequest) -> RecordPurchases:
    """Sales to record; what is malformed in one is a finding about that one alone."""
    program_id = uuid_of(request.program_id, "program_id")
    _expect_count(request.items, "items", 1, PURCHASES_MAX)
    return RecordPurchases(program_id, tuple(_item(program_id, item) for item in request.items))


def _item(program_id: UUID, item: pb.PurchaseToRecord) -> RecordPurchase | Invalid:
    try:
        validation.check(item)
        return RecordPurchase(
            program_id, request_id_of(item.request_id), optional_uuid(item.member_id, "member_id"), sale_of(item.sale)
        )
    except Invalid as problem:
        return problem


def preview_purchase(request: pb.PreviewPurchaseRequest) -> PreviewPurchase:
    """A sale to judge."""
    return PreviewPurchase(
        program_id=uuid_of(request.program_id, "program_id"),
        member_id=optional_uuid(request.member_id, "member_id"),
        sale=sale_of(request.sale),
    )


def get_purchase(request: pb.GetPurchaseRequest) -> GetPurchase:
    """A purchase to read, by one of its two names."""
    if bool(request.purchase_id) == request.HasField("receipt"):
        raise Invalid("purchase_id", "either this or receipt is given, not both")
    return GetPurchase(
        program_id=uuid_of(request.program_id, "program_id"),
        purchase_id=optional_uuid(request.purchase_id, "purchase_id"),
        receipt=receipt_of(request.receipt, "receipt") if request.HasField("receipt") else None,
    )


def claim_purchase(request: pb.ClaimPurchaseRequest) -> ClaimPurchase:
    """An anonymous purchase to claim."""
    return ClaimPurchase(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        receipt=receipt_of(request.receipt, "receipt"),
    )


def record_return(request: pb.RecordReturnRequest) -> RecordReturn:
    """A return to record."""
    program_id, request_id = uuid_of(request.program_id, "program_id"), request_id_of(request.request_id)
    return return_of(program_id, request_id, request)


def return_of(
    program_id: UUID,
    request_id: str,
    back: pb.RecordReturnRequest | pb.ReturnToRecord,
    path: str = "",
    *,
    receipt_known: bool = False,
) -> RecordReturn:
    """What a till tells of goods that come back, where fields' paths begin with `path`."""
    _expect_count(back.lines, f"{path}lines", 1, LINES_MAX)
    has_original = receipt_known or back.HasField("original_receipt")
    return RecordReturn(
        program_id=program_id,
        request_id=request_id,
        receipt=receipt_of(back.receipt, f"{path}receipt"),
        original_receipt=receipt_of(back.original_receipt, f"{path}original_receipt") if has_original else None,
        occurred_at=required_instant(back, "occurred_at", f"{path}occurred_at"),
        currency=currency_of(back.currency, f"{path}currency"),
        lines=tuple(_return_line(line, f"{path}lines[{index}]") for index, line in enumerate(back.lines)),
        cashier_id=text_of(back.cashier_id, f"{path}cashier_id", length_max=NAME_LENGTH_MAX, length_min=0),
        refunds=refunds_of(back.refunds, f"{path}refunds"),
        voucher_codes=_voucher_codes(back.voucher_codes, path, has_original=has_original),
    )


def _voucher_codes(codes: Sequence[str], path: str, *, has_original: bool) -> tuple[str, ...]:
    _expect_count(codes, f"{path}voucher_codes", 0, RETURNED_VOUCHERS_MAX)
    if codes and not has_original:
        raise Invalid(f"{path}original_receipt", "must be given with vouchers, which were used on it")
    return tuple(
        text_of(code, f"{path}voucher_codes[{index}]", length_max=VOUCHER_CODE_LENGTH_MAX)
        for index, code in enumerate(codes)
    )


def sale_of(sale: pb.Sale) -> Sale:
    """What a till tells of a sale."""
    _expect_count(sale.lines, "sale.lines", 1, LINES_MAX)
    _expect_count(sale.tenders, "sale.tenders", 0, TENDERS_MAX)
    return Sale(
        receipt=receipt_of(sale.receipt, "sale.receipt"),
        occurred_at=required_instant(sale, "occurred_at", "sale.occurred_at"),
        currency=currency_of(sale.currency, "sale.currency"),
        lines=tuple(_line(line, f"sale.lines[{index}]") for index, line in enumerate(sale.lines)),
        tenders=tuple(_tender(tender, f"sale.tenders[{index}]") for index, tender in enumerate(sale.tenders)),
        cashier_id=text_of(sale.cashier_id, "sale.cashier_id", length_max=NAME_LENGTH_MAX, length_min=0),
        cash_rounding_minor=_money(sale.cash_rounding_minor, "sale.cash_rounding_minor"),
    )


def _line(line: pb.PurchaseLine, field: str) -> PurchaseLine:
    unit_price = line.unit_price_minor if line.HasField("unit_price_minor") else None
    return PurchaseLine(
        line_id=text_of(line.line_id, f"{field}.line_id", length_max=LINE_ID_LENGTH_MAX),
        sku=text_of(line.sku, f"{field}.sku", length_max=NAME_LENGTH_MAX),
        category=text_of(line.category, f"{field}.category", length_max=NAME_LENGTH_MAX, length_min=0),
        quantity_milli=integer_of(
            line.quantity_milli, f"{field}.quantity_milli", at_least=-QUANTITY_MILLI_MAX, at_most=QUANTITY_MILLI_MAX
        ),
        unit_price_minor=None if unit_price is None else _money(unit_price, f"{field}.unit_price_minor"),
        discount_minor=_money(line.discount_minor, f"{field}.discount_minor"),
        amount_minor=_money(line.amount_minor, f"{field}.amount_minor"),
        brand=text_of(line.brand, f"{field}.brand", length_max=NAME_LENGTH_MAX, length_min=0),
        tax_minor=_money(line.tax_minor, f"{field}.tax_minor"),
        price_includes_tax=line.price_includes_tax if line.HasField("price_includes_tax") else None,
        original=_original(line.original, f"{field}.original") if line.HasField("original") else None,
    )


def _original(original: pb.OriginalLine, field: str) -> OriginalLine:
    return OriginalLine(
        receipt_of(original.receipt, f"{field}.receipt"),
        text_of(original.line_id, f"{field}.line_id", length_max=LINE_ID_LENGTH_MAX),
    )


def _tender(tender: tenders_pb2.Tender, field: str) -> Tender:
    kind = _TENDER_KIND.to_domain(tender.kind, f"{field}.kind")
    return Tender(kind, _money(tender.amount_minor, f"{field}.amount_minor"))


def _return_line(line: pb.ReturnLine, field: str) -> ReturnLine:
    return ReturnLine(
        line_id=text_of(line.line_id, f"{field}.line_id", length_max=LINE_ID_LENGTH_MAX),
        quantity_milli=integer_of(
            line.quantity_milli, f"{field}.quantity_milli", at_least=1, at_most=QUANTITY_MILLI_MAX
        ),
    )


def _money(minor: int, field: str) -> int:
    return integer_of(minor, field, at_least=-MONEY_MINOR_MAX, at_most=MONEY_MINOR_MAX)


def _expect_count(items: Sequence[object], field: str, at_least: int, at_most: int) -> None:
    if not at_least <= len(items) <= at_most:
        raise Invalid(field, f"must have {at_least} to {at_most} items")


# ---- To the wire -----------------------------------------------------------------------------------------------------


def record_purchase_response(answer: PurchaseAnswer) -> pb.RecordPurchaseResponse:
    """The purchase and the account after it."""
    return pb.RecordPurchaseResponse(purchase=to_purchase(answer), account=_to_account(answer))


def to_result(
    response: pb.RecordPurchaseResponse | None, error: Status | None, replayed: bool
) -> pb.RecordPurchaseResult:
    """What came of one of many: a response or an error."""
    return pb.RecordPurchaseResult(response=response, error=error, replayed=replayed)


def preview_purchase_response(answer: PurchaseAnswer) -> pb.PreviewPurchaseResponse:
    """What the purchase would come to."""
    return pb.PreviewPurchaseResponse(purchase=to_purchase(answer), account=_to_account(answer))


def get_purchase_response(answer: PurchaseAnswer) -> pb.GetPurchaseResponse:
    """The purchase as it stands."""
    return pb.GetPurchaseResponse(purchase=to_purchase(answer))


def claim_purchase_response(answer: PurchaseAnswer) -> pb.ClaimPurchaseResponse:
    """The purchase with its member, and the account after the claim."""
    return pb.ClaimPurchaseResponse(purchase=to_purchase(answer), account=_to_account(answer))


def record_return_response(answer: ReturnAnswer) -> pb.RecordReturnResponse:
    """The return and the account after it."""
    account = None if answer.account is None else to_account(answer.account)
    return pb.RecordReturnResponse(**{"return": _to_return(answer.recorded)}, account=account)


def to_purchase(answer: PurchaseAnswer) -> pb.Purchase:
    """A purchase with what came back of it."""
    purchase, returns = answer.purchase, answer.returns
    return pb.Purchase(
        purchase_id=str(purchase.purchase_id),
        program_id=str(purchase.program_id),
        member_id="" if purchase.member_id is None else str(purchase.member_id),
        sale=_to_sale(purchase),
        earnings=[to_earning(earning) for earning in purchase.earnings],
        earner=to_earner(purchase.earnings),
        sentence=to_sentence(purchase.earnings, _unearned(purchase)),
        points_earned=purchase.points_earned,
        points_returned=returns.points_returned,
        recorded_at=timestamp_of(purchase.recorded_at),
        claimed_at=None if purchase.claimed_at is None else timestamp_of(purchase.claimed_at),
        returned_lines=[
            pb.ReturnLine(line_id=line_id, quantity_milli=quantity) for line_id, quantity in returns.returned.items()
        ],
        unmatched_returns=[
            pb.UnmatchedReturn(
                return_id=str(misfit.return_id),
                receipt=to_receipt(misfit.receipt),
                reason=_MISFIT_REASON.to_proto(misfit.reason),
            )
            for misfit in returns.misfits
        ],
        taken_back=[_to_return(back) for back in answer.taken_back],
    )


def _unearned(purchase: Purchase) -> Unearned:
    return Unearned(Trigger.PURCHASE, purchase.sale.currency, is_anonymous=purchase.member_id is None)


def _to_sale(purchase: Purchase) -> pb.Sale:
    sale = purchase.sale
    return pb.Sale(
        receipt=to_receipt(sale.receipt),
        occurred_at=timestamp_of(sale.occurred_at),
        currency=sale.currency,
        lines=[
            pb.PurchaseLine(
                line_id=line.line_id,
                sku=line.sku,
                category=line.category,
                quantity_milli=line.quantity_milli,
                unit_price_minor=line.unit_price_minor,
                discount_minor=line.discount_minor,
                amount_minor=line.amount_minor,
                brand=line.brand,
                tax_minor=line.tax_minor,
                price_includes_tax=line.price_includes_tax,
                original=None if line.original is None else _to_original(line.original),
            )
            for line in sale.lines
        ],
        tenders=[
            tenders_pb2.Tender(kind=_TENDER_KIND.to_proto(tender.kind), amount_minor=tender.amount_minor)
            for tender in sale.tenders
        ],
        cashier_id=sale.cashier_id,
        cash_rounding_minor=sale.cash_rounding_minor,
    )


def _to_original(original: OriginalLine) -> pb.OriginalLine:
    return pb.OriginalLine(receipt=to_receipt(original.receipt), line_id=original.line_id)


def _to_return(back: Return) -> pb.Return:
    return pb.Return(
        return_id=str(back.return_id),
        program_id=str(back.program_id),
        receipt=to_receipt(back.receipt),
        original_receipt=None if back.original_receipt is None else to_receipt(back.original_receipt),
        matched=back.purchase_id is not None,
        purchase_id="" if back.purchase_id is None else str(back.purchase_id),
        member_id="" if back.member_id is None else str(back.member_id),
        lines=[pb.ReturnLine(line_id=line.line_id, quantity_milli=line.quantity_milli) for line in back.lines],
        points_returned=back.points_returned,
        shortfall=back.shortfall,
        occurred_at=timestamp_of(back.occurred_at),
        recorded_at=timestamp_of(back.recorded_at),
        refunds=to_refunds(back.refunds),
        points_restored=back.points_restored,
        within_purchase_id="" if back.within_purchase_id is None else str(back.within_purchase_id),
        valued=[to_earning(earning) for earning in back.valued],
        sentence=return_sentence(back, spoken()),
        points_lapsed=back.points_lapsed,
    )


def _to_account(answer: PurchaseAnswer) -> accounts_pb2.Account | None:
    return None if answer.account is None else to_account(answer.account)
