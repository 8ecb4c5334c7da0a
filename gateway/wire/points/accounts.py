"""Accounts, their entries, holds and adjustments."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from loyalty.points.v1 import accounts_pb2
from loyalty.points.v1 import ledger_pb2 as pb
from pydantic import Field, StrictBool, StrictInt

from gateway.wire.base import (
    FIT,
    Id,
    MaybeText50,
    MaybeText100,
    PageQuery,
    Points,
    Prose500,
    RequestModel,
    ResponseModel,
    Text100,
    UrlModel,
    example,
    instant,
    known_instant,
)
from gateway.wire.enums import word_of
from gateway.wire.members import MemberPath
from gateway.wire.points.earnings import Earning, earning_of

EntryWord = Literal[
    "earn",
    "return",
    "spend",
    "reversal",
    "expiry",
    "adjustment",
    "recovery",
    "transfer_out",
    "transfer_in",
    "transfer_back",
]
HoldWord = Literal["open", "captured", "released", "expired"]

_WALLET = Field("", max_length=50, pattern=FIT, description='Which of the member\'s wallets; empty means "points".')


class HoldPath(MemberPath):
    """A hold of a member in a path."""

    hold_id: Id


class WalletQuery(UrlModel):
    """Which wallet."""

    wallet: str = _WALLET


class EntriesQuery(PageQuery):
    """Which page of which wallet."""

    wallet: str = _WALLET


class NewHold(RequestModel):
    """Points to set aside."""

    model_config = example({"amount": 500, "timeout_s": 300, "reference": "basket 7"})

    amount: Points
    wallet: MaybeText50 = ""
    timeout_s: Annotated[StrictInt, Field(ge=0, le=604_800)] = 0
    """Seconds until the hold ends by itself; 0 means 900."""
    reference: MaybeText100 = ""
    """What it is for, as the caller names it."""


class CaptureBody(RequestModel):
    """How much of a hold to spend."""

    model_config = example({"amount": 450})

    amount: Annotated[StrictInt, Field(ge=0, le=1_000_000_000)] = 0
    """Points to spend; 0 means all of them. What is not spent is released."""


class NewAdjustment(RequestModel):
    """Points to give or take by hand."""

    model_config = example({"amount": 100, "reason": "delivery was late", "actor": "b.khan"})

    amount: Annotated[StrictInt, Field(ge=-1_000_000_000, le=1_000_000_000, json_schema_extra={"not": {"const": 0}})]
    """Positive gives, negative takes; not 0."""
    reason: Prose500
    """Why, for the record, which is kept in the clear: a phone number or an e-mail address in it is refused."""
    actor: Text100
    """Who decided it, as the retailer names them, such as a staff number; no phone number and no e-mail address."""
    wallet: MaybeText50 = ""
    expiry_days: Annotated[StrictInt, Field(ge=0, le=36_500)] = 0
    """Days until given points expire; 0 means never. Must be 0 when taking."""
    qualifying: StrictBool = False
    """Whether as many qualifying units are given or taken with the points, as of when it is posted."""


class Account(ResponseModel):
    """What a member holds in one wallet, at the instant it is read."""

    member_id: str
    wallet: str
    posted: int
    """Sum of all entries."""
    held: int
    """Set aside by open holds."""
    pending: int
    """Earned and not yet spendable."""
    available: int
    """What can be spent now."""
    owed: int
    """Owed from returns and taken from the next earn."""
    version: int
    """Number of entries so far."""
    active_at: datetime | None
    """When the latest movement that counts as activity occurred; null where none did."""


class Entry(ResponseModel):
    """One movement of an account; never changed, never removed."""

    version: int
    """Place in the account's sequence, from 1."""
    member_id: str
    wallet: str
    kind: EntryWord
    amount: int
    """Positive gives, negative takes."""
    balance_after: int
    purchase_id: str | None
    return_id: str | None
    hold_id: str | None
    corrects_version: int | None
    """The entry it corrects."""
    reason: str | None
    actor: str | None
    earning: Earning | None
    occurred_at: datetime
    recorded_at: datetime
    sentence: str
    """One sentence that says why."""
    adjustment_id: str | None
    """The requested adjustment that it posted."""
    approved_by: str | None
    transfer_id: str | None
    qualifying: bool
    """Of an adjustment: whether it gave or took as many qualifying units. What an earn does, its earning says."""
    activity_id: str | None
    inactivity_days: int | None
    """Of an expiry for inactivity: for how many days there had been no activity when the points lapsed."""
    counted_as_activity: bool
    """Whether it counted as activity of the account."""


class EntryPage(ResponseModel):
    """A page of entries, newest first."""

    items: list[Entry]
    next_cursor: str | None


class AdjustmentAnswer(ResponseModel):
    """The entry an adjustment made and the account after it."""

    entry: Entry
    account: Account


class Hold(ResponseModel):
    """Points set aside; it ends once."""

    hold_id: str
    member_id: str
    wallet: str
    amount: int
    captured: int
    """Spent of it."""
    state: HoldWord
    reversed: bool
    """True once all that was spent has been given back."""
    reversed_amount: int
    """What of it has been given back."""
    reference: str | None
    placed_at: datetime
    expires_at: datetime
    ended_at: datetime | None


class HoldAnswer(ResponseModel):
    """A hold and the account after it."""

    hold: Hold
    account: Account


def account_of(account: accounts_pb2.Account) -> Account:
    """The account as answered."""
    return Account(
        member_id=account.member_id,
        wallet=account.wallet,
        posted=account.posted,
        held=account.held,
        pending=account.pending,
        available=account.available,
        owed=account.owed,
        version=account.version,
        active_at=instant(account, "active_at"),
    )


def entry_of(entry: pb.Entry) -> Entry:
    """The entry as answered."""
    return Entry(
        version=entry.version,
        member_id=entry.member_id,
        wallet=entry.wallet,
        kind=word_of(accounts_pb2.EntryKind, entry.kind),
        amount=entry.amount,
        balance_after=entry.balance_after,
        purchase_id=entry.purchase_id or None,
        return_id=entry.return_id or None,
        hold_id=entry.hold_id or None,
        corrects_version=entry.corrects_version or None,
        reason=entry.reason or None,
        actor=entry.actor or None,
        earning=earning_of(entry.earning) if entry.HasField("earning") else None,
        occurred_at=known_instant(entry, "occurred_at"),
        recorded_at=known_instant(entry, "recorded_at"),
        sentence=entry.sentence,
        adjustment_id=entry.adjustment_id or None,
        approved_by=entry.approved_by or None,
        transfer_id=entry.transfer_id or None,
        qualifying=entry.qualifying,
        activity_id=entry.activity_id or None,
        inactivity_days=entry.inactivity_days or None,
        counted_as_activity=entry.counted_as_activity,
    )


def hold_of(hold: pb.Hold) -> Hold:
    """The hold as answered."""
    return Hold(
        hold_id=hold.hold_id,
        member_id=hold.member_id,
        wallet=hold.wallet,
        amount=hold.amount,
        captured=hold.captured,
        state=word_of(pb.HoldState, hold.state),
        reversed=hold.reversed,
        reversed_amount=hold.reversed_amount,
        reference=hold.reference or None,
        placed_at=known_instant(hold, "placed_at"),
        expires_at=known_instant(hold, "expires_at"),
        ended_at=instant(hold, "ended_at"),
    )


def hold_answer_of(answer: pb.PlaceHoldResponse | pb.CaptureHoldResponse | pb.ReleaseHoldResponse) -> HoldAnswer:
    """A hold and the account after it, as answered."""
    return HoldAnswer(hold=hold_of(answer.hold), account=account_of(answer.account))
