"""What is taken back for goods whose purchase nothing is known of: what they would earn now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kit import ids
from services.points import announces
from services.points.batch import BatchContext, Plan
from services.points.domain.earning import qualifying
from services.points.domain.earning.earnings import Earning, expect_countable
from services.points.domain.earning.evaluation import evaluate_loose
from services.points.domain.ledger.accounts import AccountKey
from services.points.domain.program.policy import WALLET_DEFAULT
from services.points.domain.sales.clawbacks import Clawback
from services.points.domain.sales.goods_back import loose_alone, loose_lines
from services.points.domain.sales.purchases import Purchase
from services.points.domain.sales.returned_goods import returned_goods
from services.points.domain.sales.returns import Return, ReturnLine
from services.points.domain.sales.sale import Returned, Sale
from services.points.handlers.sales.clawbacks import claw_back_points, expect_enough
from services.points.storage import BookRequest


@dataclass(frozen=True)
class LooseGoodsPlan(Plan):
    """What loose goods would earn now, to be taken from the member of the sale; of an anonymous sale nothing is."""

    program_id: UUID
    sale: Sale
    purchase_id: UUID
    member_id: UUID | None = None
    lines: tuple[ReturnLine, ...] = ()
    valued: tuple[Earning, ...] = ()
    # How much of the goods is of purchases that are known.
    matched: Returned = field(default_factory=dict)

    @property
    def clawbacks(self) -> list[Clawback]:
        """What is taken, by rule."""
        return [Clawback(each.rule_id, each.wallet, each.points, 0) for each in self.valued if each.points]

    @property
    def return_id(self) -> UUID:
        """The id that the return of these goods has for good."""
        return ids.derived_id("taken_back", str(self.program_id), *self.sale.receipt.parts())

    def take(self, context: BatchContext, purchase: Purchase) -> int:
        """Takes it, first from what the sale itself has earned, and gives what the program's policy lets be missing."""
        policy = context.members.policy(self.program_id, self.member_id).shortfall
        expect_enough(context, purchase, self.clawbacks, policy)
        shortfall = claw_back_points(context, purchase, self.return_id, self.clawbacks, policy)
        for earning in self.valued:
            if self.member_id is not None and earning.points:
                movements = qualifying.clawed_back(purchase, self.member_id, self.return_id, earning, earning.points)
                context.accounts.qualify(movements)
        return shortfall

    def record(self, context: BatchContext, shortfall: int) -> tuple[Return, ...]:
        """Records what was taken, if anything was loose."""
        if self.member_id is None or not self.lines:
            return ()
        back = self._return(self.member_id, shortfall, context.now)
        wallet = next((clawback.wallet for clawback in self.clawbacks), WALLET_DEFAULT)
        account = context.accounts.view(AccountKey(self.program_id, self.member_id, wallet))
        context.returns.record(back, None, self.sale.cashier_id, self.sale.currency, account, {})
        goods = returned_goods(loose_alone(self.sale), self.matched, self.lines)
        context.announce(announces.return_recorded(back, goods, self.sale.currency))
        return (back,)

    def _return(self, member_id: UUID, shortfall: int, now: datetime) -> Return:
        return Return(
            return_id=self.return_id,
            program_id=self.program_id,
            receipt=self.sale.receipt,
            original_receipt=None,
            purchase_id=None,
            member_id=member_id,
            lines=self.lines,
            points_returned=sum(clawback.points for clawback in self.clawbacks),
            shortfall=shortfall,
            occurred_at=self.sale.occurred_at,
            recorded_at=now,
            taken={clawback.rule_id: clawback.points for clawback in self.clawbacks},
            within_purchase_id=self.purchase_id,
            valued=self.valued,
        )


def plan_loose_goods(
    context: BatchContext, program_id: UUID, member_id: UUID | None, sale: Sale, purchase_id: UUID, matched: Returned
) -> LooseGoodsPlan:
    """What the loose goods of a sale would earn now. `matched` is how much of them is of purchases that are known."""
    left = ((line.line_id, line.quantity_milli - matched.get(line.line_id, 0)) for line in loose_lines(sale))
    lines = tuple(ReturnLine(line_id, milli) for line_id, milli in left if milli > 0)
    if member_id is None or not lines:
        return LooseGoodsPlan((), program_id, sale, purchase_id, member_id, lines)
    earner = context.members.known(program_id, member_id).earner
    valued = evaluate_loose(context.members.rules(program_id, member_id), sale, matched, earner)
    expect_countable(valued)
    wallets = {earning.wallet for earning in valued if earning.points} or {WALLET_DEFAULT}
    touches = [BookRequest(AccountKey(program_id, member_id, wallet)) for wallet in sorted(wallets)]
    return LooseGoodsPlan(touches, program_id, sale, purchase_id, member_id, lines, valued, matched)
