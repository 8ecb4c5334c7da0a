"""What is taken back for goods whose purchase nothing is known of: what they would earn now."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kit import ids
from services.points import announces
from services.points.batch import BatchContext
from services.points.domain import qualifying
from services.points.domain.earnings import Earning, expect_countable
from services.points.domain.evaluation import evaluate_loose
from services.points.domain.goods_back import loose_alone, loose_lines
from services.points.domain.ledger import AccountKey
from services.points.domain.policy import WALLET_DEFAULT
from services.points.domain.purchases import Clawback, Purchase, Return, ReturnLine
from services.points.domain.returned_goods import returned_goods
from services.points.domain.sales import Returned, Sale
from services.points.handlers.clawbacks import claw_back_points, expect_enough
from services.points.storage import BookRequest


class LooseGoods:
    """Takes what loose goods would earn now from the member of the sale; for an anonymous one it does nothing."""

    def __init__(self, program_id: UUID, sale: Sale, purchase_id: UUID) -> None:
        self._program_id = program_id
        self._sale = sale
        self._purchase_id = purchase_id
        self._return_id = ids.derived_id("taken_back", str(program_id), *sale.receipt.parts())

    def books(self, context: BatchContext, member_id: UUID | None, matched: Returned) -> Sequence[BookRequest]:
        """The accounts that the goods would earn to. `matched` is how much of them is of purchases that are known."""
        self._member_id, self._shortfall, self._matched = member_id, 0, matched
        self._valued: tuple[Earning, ...] = ()
        left = ((line.line_id, line.quantity_milli - matched.get(line.line_id, 0)) for line in loose_lines(self._sale))
        self._lines = tuple(ReturnLine(line_id, milli) for line_id, milli in left if milli > 0)
        if member_id is None or not self._lines:
            return ()
        earner = context.member(self._program_id, member_id).earner
        self._valued = evaluate_loose(context.rules(self._program_id, member_id), self._sale, matched, earner)
        expect_countable(self._valued)
        wallets = {each.wallet for each in self._clawbacks} or {WALLET_DEFAULT}
        return [BookRequest(AccountKey(self._program_id, member_id, wallet)) for wallet in sorted(wallets)]

    def take(self, context: BatchContext, purchase: Purchase) -> None:
        """Takes it, first from what the sale itself has earned, as the program's policy on shortfalls says."""
        policy = context.policy(self._program_id, self._member_id).shortfall
        expect_enough(context, purchase, self._clawbacks, policy)
        self._shortfall = claw_back_points(context, purchase, self._return_id, self._clawbacks, policy)
        for earning in self._valued:
            if self._member_id is not None and earning.points:
                context.qualify(
                    qualifying.clawed_back(purchase, self._member_id, self._return_id, earning, earning.points)
                )

    def leave(self, context: BatchContext) -> tuple[Return, ...]:
        """Records it."""
        if self._member_id is None or not self._lines:
            return ()
        back = self._return(context, self._member_id)
        wallet = next((each.wallet for each in self._clawbacks), WALLET_DEFAULT)
        account = context.view(AccountKey(self._program_id, self._member_id, wallet))
        context.record_return(back, None, self._sale.cashier_id, self._sale.currency, account, {})
        goods = returned_goods(loose_alone(self._sale), self._matched, self._lines)
        context.announce(announces.return_recorded(back, goods, self._sale.currency))
        return (back,)

    @property
    def _clawbacks(self) -> list[Clawback]:
        return [Clawback(each.rule_id, each.wallet, each.points, 0) for each in self._valued if each.points]

    def _return(self, context: BatchContext, member_id: UUID) -> Return:
        return Return(
            return_id=self._return_id,
            program_id=self._program_id,
            receipt=self._sale.receipt,
            original_receipt=None,
            purchase_id=None,
            member_id=member_id,
            lines=self._lines,
            points_returned=sum(each.points for each in self._clawbacks),
            shortfall=self._shortfall,
            occurred_at=self._sale.occurred_at,
            recorded_at=context.now,
            taken={each.rule_id: each.points for each in self._clawbacks},
            within_purchase_id=self._purchase_id,
            valued=self._valued,
        )
