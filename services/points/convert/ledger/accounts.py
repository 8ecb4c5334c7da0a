"""Accounts, entries, holds and adjustments on the wire."""

from __future__ import annotations

import re
from uuid import UUID

from loyalty.points.v1 import accounts_pb2
from loyalty.points.v1 import ledger_pb2 as pb

from kit.convert import EnumMap, integer_of, request_id_of, timestamp_of, uuid_of
from kit.errors import Invalid
from kit.page import Page, PageRequest, page_request
from services.points.convert.common import AMOUNT_MAX, EXPIRY_DAYS_MAX, actor_of, reason_of, wallet_of
from services.points.convert.earning.earnings import to_earning
from services.points.convert.earning.languages import spoken
from services.points.domain.commands import AdjustmentAnswer, AdjustPoints
from services.points.domain.earning.sentences import entry_sentence
from services.points.domain.ledger.accounts import AccountView, Entry, EntryKind

# As many digits as the database's integers take, and no others that Unicode calls digits.
_VERSION = re.compile(r"[0-9]{1,18}")

ENTRY_KIND = EnumMap(accounts_pb2.EntryKind, EntryKind)


def get_account(request: pb.GetAccountRequest) -> tuple[UUID, UUID, str]:
    """Whose account is asked for."""
    program_id = uuid_of(request.program_id, "program_id")
    return program_id, uuid_of(request.member_id, "member_id"), wallet_of(request.wallet)


def list_entries(request: pb.ListEntriesRequest) -> tuple[UUID, UUID, str, PageRequest]:
    """Whose entries are asked for, and which page."""
    page = entries_page(request)
    program_id = uuid_of(request.program_id, "program_id")
    return program_id, uuid_of(request.member_id, "member_id"), wallet_of(request.wallet), page


def entries_page(request: pb.ListEntriesRequest | pb.GetStatementRequest) -> PageRequest:
    """Which page of an account's entries is asked for; its token holds the version of the last one before."""
    page = page_request(request, key_parts=1)
    if page.after and not _VERSION.fullmatch(page.after[0]):
        raise Invalid("page_token", "is not a token that this list gave")
    return page


def adjust_points(request: pb.AdjustPointsRequest) -> AdjustPoints:
    """An adjustment, given with reason and actor."""
    amount, expiry_days = amount_and_expiry_of(request.amount, request.expiry_days)
    return AdjustPoints(
        program_id=uuid_of(request.program_id, "program_id"),
        request_id=request_id_of(request.request_id),
        member_id=uuid_of(request.member_id, "member_id"),
        wallet=wallet_of(request.wallet),
        amount=amount,
        reason=reason_of(request.reason),
        actor=actor_of(request.actor),
        expiry_days=expiry_days,
        qualifying=request.qualifying,
    )


def amount_and_expiry_of(amount: int, expiry_days: int) -> tuple[int, int]:
    """Points to give or take by hand, and after how many days those given expire."""
    amount = integer_of(amount, "amount", at_least=-AMOUNT_MAX, at_most=AMOUNT_MAX)
    if amount == 0:
        raise Invalid("amount", "must not be 0")
    if amount < 0 and expiry_days:
        raise Invalid("expiry_days", "must be 0 when points are taken")
    return amount, integer_of(expiry_days, "expiry_days", at_least=0, at_most=EXPIRY_DAYS_MAX)


# ---- To the wire -----------------------------------------------------------------------------------------------------


def to_account(view: AccountView) -> accounts_pb2.Account:
    """An account as it stands at an instant."""
    return accounts_pb2.Account(
        member_id=str(view.member_id),
        wallet=view.wallet,
        posted=view.posted,
        held=view.held,
        pending=view.pending,
        available=view.available,
        owed=view.owed,
        version=view.version,
        active_at=None if view.active_at is None else timestamp_of(view.active_at),
    )


def to_entry(entry: Entry) -> pb.Entry:
    """An entry with why it was made."""
    cause = entry.cause
    return pb.Entry(
        version=entry.version,
        member_id=str(entry.key.member_id),
        wallet=entry.key.wallet,
        kind=ENTRY_KIND.to_proto(entry.kind),
        amount=entry.amount,
        balance_after=entry.balance_after,
        purchase_id=_optional(cause.purchase_id),
        return_id=_optional(cause.return_id),
        hold_id=_optional(cause.hold_id),
        corrects_version=cause.corrects_version or 0,
        reason=cause.reason,
        actor=cause.actor,
        earning=None if entry.earning is None else to_earning(entry.earning),
        occurred_at=timestamp_of(entry.occurred_at),
        recorded_at=timestamp_of(entry.recorded_at),
        sentence=entry_sentence(entry, spoken()),
        adjustment_id=_optional(cause.adjustment_id),
        approved_by=cause.approved_by,
        transfer_id=_optional(cause.transfer_id),
        qualifying=cause.qualifying,
        activity_id=_optional(cause.activity_id),
        inactivity_days=entry.inactivity_days or 0,
        counted_as_activity=entry.counted,
    )


def list_entries_response(page: Page[Entry]) -> pb.ListEntriesResponse:
    """A page of entries."""
    return pb.ListEntriesResponse(entries=[to_entry(entry) for entry in page.items], next_page_token=page.next_token)


def adjust_points_response(answer: AdjustmentAnswer) -> pb.AdjustPointsResponse:
    """The adjustment's entry and the account after it."""
    return pb.AdjustPointsResponse(entry=to_entry(answer.entry), account=to_account(answer.account))


def _optional(identity: UUID | None) -> str:
    return "" if identity is None else str(identity)
