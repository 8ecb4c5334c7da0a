"""A day in the life of a program: everything that can be on an account has happened, and nothing is wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from services.points import handlers, jobs, tables
from services.points.batch import DirectCommitter, Rulebook
from services.points.conditions import CelConditions
from services.points.domain.earning.activities import ActivityKind
from services.points.domain.earning.expiry import Expiry, ExpiryKind
from services.points.domain.earning.limits import Limit, LimitScope, LimitSpan, LimitUnit
from services.points.domain.ledger.adjustments import ApprovalAnswer
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.policy import Shortfall
from services.points.domain.sales.sale import OriginalLine, Sale
from services.points.handlers.member_lookup import MemberLookup
from services.points.storage import Storage
from tests.factories import points as make
from tests.integration.points.conftest import OFFICE, TILL, HeldClock, KnownPeople, Points
from tests.integration.points.served import opened, owned


@contextlib.contextmanager
def started(url: str) -> Iterator[Points]:
    """The service's handlers over a database. Nobody looks whether all is well in the end.

    The clock stands still some days ago: recent enough for events to be kept, early enough for points to expire.
    """
    with opened(url) as serving, owned(url) as engine:
        clock, people = HeldClock(datetime.now(UTC) - timedelta(days=3)), KnownPeople()
        storage = Storage(serving, clock=clock)
        known, committer = MemberLookup(storage, people), DirectCommitter(storage, Rulebook(10, CelConditions()))
        yield Points(
            engine,
            storage,
            clock,
            people,
            committer,
            handlers.PurchaseHandlers(storage, committer, known),
            handlers.ReturnHandlers(storage, committer),
            handlers.AccountHandlers(storage, committer, known),
            handlers.AdjustmentHandlers(storage, committer, known),
            handlers.ActivityHandlers(storage, committer, known),
            handlers.TransferHandlers(storage, committer, known),
            handlers.HoldHandlers(storage, committer, known),
            handlers.RuleHandlers(storage, CelConditions()),
            handlers.ExchangeHandlers(storage, committer, known),
            handlers.QualifyingHandlers(storage),
            handlers.PolicyHandlers(storage),
        )


# Wide enough for the whole day.
LIMITS = (
    Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 100),
    Limit(LimitScope.MEMBER_AND_CASHIER, LimitSpan.WEEK, LimitUnit.PURCHASES, 10),
    Limit(LimitScope.PROGRAM, LimitSpan.EVER, LimitUnit.PURCHASES, 20),
    Limit(LimitScope.STORE, LimitSpan.MONTH, LimitUnit.POINTS, 500),
)


@dataclasses.dataclass(frozen=True)
class Day:
    """What came of the day, for tests to point at."""

    program: uuid.UUID
    amina: uuid.UUID
    bilal: uuid.UUID
    carla: uuid.UUID
    dina: uuid.UUID
    captured: uuid.UUID
    reversed: uuid.UUID
    restored: uuid.UUID
    open: uuid.UUID
    bought: uuid.UUID
    brought_back: uuid.UUID
    claimed: uuid.UUID
    late: uuid.UUID
    waited: uuid.UUID
    refunded: uuid.UUID
    approved: uuid.UUID
    posting: int
    transferred: uuid.UUID
    got: int
    ehsan: uuid.UUID
    visits: uuid.UUID
    visited: uuid.UUID
    birthday: uuid.UUID
    erum: uuid.UUID
    lapsing: int
    mixed: uuid.UUID
    book_back: uuid.UUID
    pen_back: uuid.UUID

    def names(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def live(points: Points) -> Day:
    """Lets the day pass."""
    points.rule(limits=LIMITS, qualifying=True)
    points.policy(Shortfall.NEGATIVE)
    amina, bilal, carla = points.member(), points.member(), points.member()

    # Amina: 1 earned 40, 2 given 10, 3 spent 15, 4 spent 5, 5 restored 5, 6 returned 10, and 6 on hold.
    first = buy(points, amina, 4000, quantity=4)
    points.give(amina, 10, expiry_days=1)
    captured, undone = spend(points, amina, 15), spend(points, amina, 5)
    points.holds.reverse_capture(TILL, make.reverse_capture(amina, undone)).unwrap()
    waiting = hold(points, amina, 6)
    points.holds.release_hold(TILL, make.release_hold(amina, hold(points, amina, 3))).unwrap()
    back = points.returns.record_return(TILL, make.record_return(first.receipt, ("1", 1000))).unwrap()

    # Bilal spends what he then brings back, and is 8 below zero.
    overdrawn = buy(points, bilal, 1000)
    spend(points, bilal, 8)
    points.returns.record_return(TILL, make.record_return(overdrawn.receipt, ("1", 1000))).unwrap()

    # Carla claims a purchase; what she was given lapses, a hold of hers ends by itself.
    anonymous = buy(points, None, 1000)
    claimed = points.purchases.claim_purchase(TILL, make.claim_purchase(carla, anonymous.receipt)).unwrap()
    points.give(carla, 5, expiry_days=1)
    hold(points, carla, 12, timeout_s=60)
    erum = stay_away(points)
    points.returns.record_return(TILL, make.record_return(None, ("1", 1000))).unwrap()

    # Under the next day's policy Carla owes what she spent before she brought it back, and a credit pays it.
    points.clock.advance(days=1)
    jobs.settle_overdue_accounts(points.storage, points.committer, limit=100)
    lapsing = come_back(points, erum)
    points.policy(Shortfall.CARRY)
    owing = buy(points, carla, 1000)
    spend(points, carla, points.account(carla).available)
    points.returns.record_return(TILL, make.record_return(owing.receipt, ("1", 1000))).unwrap()
    points.give(carla, 12)

    approved = adjust(points, carla)
    transferred = transfer(points, carla, amina, bilal)

    dina = points.member()
    sale, waited = bring_back_early(points, dina)
    restored = spend_and_get_back(points, dina, 4, 1)

    return Day(
        make.PROGRAM,
        amina,
        bilal,
        carla,
        dina,
        captured,
        undone,
        restored,
        waiting,
        bought=_purchase_id(points, first),
        brought_back=back.recorded.return_id,
        claimed=claimed.purchase.purchase_id,
        late=_purchase_id(points, sale),
        refunded=bring_back_what_was_paid_with_points(points, dina, 2),
        waited=waited,
        approved=approved.adjustment.adjustment_id,
        posting=approved.entry.version,
        transferred=transferred,
        got=points.account(amina).version,
        **be_active(points),
        erum=erum,
        lapsing=lapsing,
        **take_back_within_a_sale(points),
    )


def take_back_within_a_sale(points: Points) -> dict[str, uuid.UUID]:
    """A member earns 50 on a receipt that takes back a book, which had earned 20, and a pen that would earn 3."""
    member_id = points.member()
    book = make.a_line(2000, sku="BOOK")
    first = make.a_sale(book, occurred_at=points.clock.now())
    original = OriginalLine(first.receipt, "1")
    back = [
        dataclasses.replace(book, line_id="2", quantity_milli=-1000, amount_minor=-2000, original=original),
        dataclasses.replace(make.a_line(-300, sku="PEN", line_id="3"), quantity_milli=-1000, unit_price_minor=300),
    ]
    mixed = make.a_sale(make.a_line(5000), *back, occurred_at=points.clock.now())
    for sale in (first, mixed):
        points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    answer = points.purchases.record_purchase(TILL, make.record_purchase(member_id, mixed)).unwrap()
    by_worth = {back.points_returned: back.return_id for back in answer.taken_back}
    return {"mixed": answer.purchase.purchase_id, "book_back": by_worth[20], "pen_back": by_worth[3]}


def be_active(points: Points) -> dict[str, uuid.UUID]:
    """Ehsan visits, comes back and is limited, and has two birthdays; nothing is given for the second visit's event."""
    limits = (
        Limit(LimitScope.MEMBER, LimitSpan.DAY, LimitUnit.POINTS, 60),
        Limit(LimitScope.STORE, LimitSpan.DAY, LimitUnit.PURCHASES, 10),
    )
    visits = points.rule(**make.activity_terms(limits=limits, qualifying=True))
    points.rule(**make.activity_terms(ActivityKind.BIRTHDAY))
    ehsan, now = points.member(), points.clock.now()
    kinds = [ActivityKind.VISIT, ActivityKind.VISIT, ActivityKind.EVENT, ActivityKind.BIRTHDAY, ActivityKind.BIRTHDAY]
    days = [now, now, now, now - timedelta(days=366), now]
    happenings = [make.an_activity_report(kind, occurred_at=at) for kind, at in zip(kinds, days, strict=True)]
    told = [
        points.activities.record_activity(TILL, make.record_activity(ehsan, each)).unwrap().activity
        for each in happenings
    ]
    return {
        "ehsan": ehsan,
        "visits": visits.rule_id,
        "visited": told[0].activity_id,
        "birthday": told[-1].activity_id,
    }


def bring_back_early(points: Points, member_id: uuid.UUID) -> tuple[Sale, uuid.UUID]:
    """What the till tells of later comes back, once as it was and once more than there is; one is never told of."""
    sale = make.a_sale(make.a_line(1000, quantity=2), occurred_at=points.clock.now())
    waited = points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    points.clock.advance(seconds=1)
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 2000))).unwrap()
    points.returns.record_return(TILL, make.record_return(make.a_receipt(), ("1", 1000))).unwrap()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale, waited.recorded.return_id


def stay_away(points: Points) -> uuid.UUID:
    """A member whose points lapse after a day without activity: 1 earned 10, 2 spent 3; and 2 on hold."""
    points.rule(currency="PKR", expiry=Expiry(ExpiryKind.INACTIVITY, days=1))
    member_id = points.member()
    buy(points, member_id, 1000, currency="PKR")
    spend(points, member_id, 3)
    hold(points, member_id, 2)
    return member_id


def come_back(points: Points, member_id: uuid.UUID) -> int:
    """The entry with which the member's points lapsed, 3; then 4 earned 10."""
    lapsing = points.account(member_id).version
    buy(points, member_id, 1000, currency="PKR")
    return lapsing


def adjust(points: Points, member_id: uuid.UUID) -> ApprovalAnswer:
    """Points that one asked for and another approved; what else was asked for is rejected, or waits."""
    wishes = [dataclasses.replace(make.request_adjustment(member_id, 9), qualifying=True) for _ in range(3)]
    asked = [points.adjustments.request_adjustment(TILL, wish).unwrap() for wish in wishes]
    points.adjustments.reject_adjustment(OFFICE, make.reject_adjustment(asked[1].adjustment_id)).unwrap()
    approval = make.approve_adjustment(asked[0].adjustment_id)
    return points.adjustments.approve_adjustment(OFFICE, approval).unwrap()


def transfer(points: Points, sender: uuid.UUID, recipient: uuid.UUID, leaving: uuid.UUID) -> uuid.UUID:
    """The id of a transfer; another one comes back, since its recipient leaves meanwhile."""
    points.policy(transfers=TransferPolicy())
    done = points.transfers.transfer_points(TILL, make.transfer_points(sender, recipient, 4)).unwrap()
    lost = points.on_its_way(make.transfer_points(sender, leaving, 3))
    points.leaves(leaving)
    points.transfers.finish(TILL, lost)
    points.policy()
    return done.transfer_id


def buy(
    points: Points, member_id: uuid.UUID | None, amount_minor: int, *, quantity: int = 1, currency: str = "GBP"
) -> Sale:
    sale = make.a_sale(make.a_line(amount_minor, quantity=quantity), occurred_at=points.clock.now())
    sale = dataclasses.replace(sale, currency=currency)
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    return sale


def hold(points: Points, member_id: uuid.UUID, amount: int, *, timeout_s: int = 7 * 86_400) -> uuid.UUID:
    """The id of an open hold."""
    command = make.place_hold(member_id, amount, timeout_s=timeout_s)
    return points.holds.place_hold(TILL, command).unwrap().hold.hold_id


def spend(points: Points, member_id: uuid.UUID, amount: int) -> uuid.UUID:
    hold_id = hold(points, member_id, amount)
    points.holds.capture_hold(TILL, make.capture_hold(member_id, hold_id)).unwrap()
    return hold_id


def spend_and_get_back(points: Points, member_id: uuid.UUID, amount: int, back: int) -> uuid.UUID:
    hold_id = spend(points, member_id, amount)
    points.holds.reverse_capture(TILL, make.reverse_capture(member_id, hold_id, back)).unwrap()
    return hold_id


def bring_back_what_was_paid_with_points(points: Points, member_id: uuid.UUID, amount: int) -> uuid.UUID:
    """The id of the return."""
    command = make.record_return(None, ("1", 1000), refunds=[spend(points, member_id, amount)])
    return points.returns.record_return(TILL, command).unwrap().recorded.return_id


def _purchase_id(points: Points, sale: Sale) -> uuid.UUID:
    table = tables.purchases
    with points.engine.connect() as connection:
        number = table.c.receipt_number == sale.receipt.receipt_number
        found: uuid.UUID = connection.execute(sa.select(table.c.purchase_id).where(number)).scalar_one()
        return found
