"""Every way `points` says no.

NotFound      PurchaseNotFound · HoldNotFound · RuleNotFound · RehearsalNotFound · MemberNotFound · AdjustmentNotFound
              TransferNotFound · ActivityNotFound
Conflict      ReceiptConflict · ActivityConflict · RuleKeyTaken · HoldExists
Precondition  MemberMayNotEarn · CounterpartMayNotEarn · EarnsTooMuch · EvaluationTooCostly
              MemberMayNotSpend · WalletNotSpendable · InsufficientBalance
              HoldNotOpen · HoldNotCaptured · ReversalExceedsCapture · HoldOfRedemption
              PurchaseNotAnonymous · PurchaseAlreadyClaimed
              ReturnLineUnknown · ReturnExceedsPurchase · InsufficientBalanceForReturn
              TransfersNotAllowed · TransferToSelf · TransferLimitExceeded
              AdjustmentNeedsApproval · AdjustmentNotOpen · AdjustmentOwnApproval
              RuleNotDraft · RuleNotScheduled · RuleNotActive · RulesTooCostly · VersionMismatch
Unavailable   MemberUnknownForNow
Exhausted     TooManyReturnsWait · TooManyRehearsals · TooManyReports · LedgerBusy
"""

from kit.errors import Conflict, Exhausted, NotFound, Precondition, Unavailable


class PurchaseNotFound(NotFound):
    """No purchase with this id or receipt is recorded in the program."""

    reason = "PURCHASE_NOT_FOUND"


class HoldNotFound(NotFound):
    """The member has no hold with this id."""

    reason = "HOLD_NOT_FOUND"


class RuleNotFound(NotFound):
    """The program has no earning rule with this id."""

    reason = "RULE_NOT_FOUND"


class RehearsalNotFound(NotFound):
    """The program has no rehearsal with this id."""

    reason = "REHEARSAL_NOT_FOUND"


class MemberNotFound(NotFound):
    """The program has no member with this id."""

    reason = "MEMBER_NOT_FOUND"


class AdjustmentNotFound(NotFound):
    """The program has no requested adjustment with this id."""

    reason = "ADJUSTMENT_NOT_FOUND"


class TransferNotFound(NotFound):
    """The program has no transfer with this id."""

    reason = "TRANSFER_NOT_FOUND"


class ActivityNotFound(NotFound):
    """The program has no activity with this id."""

    reason = "ACTIVITY_NOT_FOUND"


class ReceiptConflict(Conflict):
    """This receipt is recorded with other content; `fields` names what differs."""

    reason = "RECEIPT_CONFLICT"


class ActivityConflict(Conflict):
    """This activity is recorded with other content: one of its source and key, or one that happens once."""

    reason = "ACTIVITY_CONFLICT"


class HoldExists(Conflict):
    """The member has a hold with this id, so the ledger has not lost it."""

    reason = "HOLD_EXISTS"


class RuleKeyTaken(Conflict):
    """Another rule of the program has this key."""

    reason = "RULE_KEY_TAKEN"


class EvaluationTooCostly(Precondition):
    """The rules in force could make judging this receipt cost more steps than a process spends on one."""

    reason = "EVALUATION_TOO_COSTLY"


class RulesTooCostly(Precondition):
    """With this version the rules in force together could make the greatest receipt cost too many steps."""

    reason = "RULES_TOO_COSTLY"


class MemberMayNotEarn(Precondition):
    """The member is suspended or has left. The sale can be recorded without them."""

    reason = "MEMBER_MAY_NOT_EARN"


class CounterpartMayNotEarn(Precondition):
    """The other member of the referral is suspended or has left, and a referral of theirs earns nothing."""

    reason = "COUNTERPART_MAY_NOT_EARN"


class EarnsTooMuch(Precondition):
    """The rules give more points for one purchase than an account can count; metadata names both numbers."""

    reason = "EARNS_TOO_MUCH"


class MemberMayNotSpend(Precondition):
    """The member is suspended, earns only, or has left."""

    reason = "MEMBER_MAY_NOT_SPEND"


class WalletNotSpendable(Precondition):
    """The program's policy lets nobody spend or transfer units of this wallet; `wallet` names it."""

    reason = "WALLET_NOT_SPENDABLE"

    def __init__(self, wallet: str) -> None:
        super().__init__(f"units of the wallet {wallet!r} are not spent", wallet=wallet)


class InsufficientBalance(Precondition):
    """Fewer points are available than asked for; metadata gives required, available and missing."""

    reason = "INSUFFICIENT_BALANCE"

    def __init__(self, *, required: int, available: int) -> None:
        super().__init__(
            f"{required} points are needed and {available} are available",
            required=required,
            available=available,
            missing=required - available,
        )


class HoldNotOpen(Precondition):
    """The hold has ended already; `state` says how."""

    reason = "HOLD_NOT_OPEN"


class HoldNotCaptured(Precondition):
    """The hold was not captured, or its capture has been reversed already."""

    reason = "HOLD_NOT_CAPTURED"


class ReversalExceedsCapture(Precondition):
    """More is to be given back than the hold spent and has not given back yet; metadata gives both."""

    reason = "REVERSAL_EXCEEDS_CAPTURE"

    def __init__(self, *, asked: int, left: int) -> None:
        super().__init__(f"{left} points can still be given back, not {asked}", asked=asked, left=left)


class HoldOfRedemption(Precondition):
    """The hold paid for a redemption, whose points come back when it is cancelled and not with returned goods."""

    reason = "HOLD_OF_REDEMPTION"


class PurchaseNotAnonymous(Precondition):
    """The purchase was made by a known member and cannot be claimed."""

    reason = "PURCHASE_NOT_ANONYMOUS"


class PurchaseAlreadyClaimed(Precondition):
    """The purchase has been claimed; a receipt is claimed once."""

    reason = "PURCHASE_ALREADY_CLAIMED"


class ReturnLineUnknown(Precondition):
    """The receipt has no such line."""

    reason = "RETURN_LINE_UNKNOWN"


class ReturnExceedsPurchase(Precondition):
    """More of a line is brought back than was bought and not yet returned; metadata gives both in thousandths."""

    reason = "RETURN_EXCEEDS_PURCHASE"


class InsufficientBalanceForReturn(Precondition):
    """The points of these goods are spent and the program's policy refuses such returns."""

    reason = "INSUFFICIENT_BALANCE_FOR_RETURN"


class TransfersNotAllowed(Precondition):
    """The program's policy lets nobody transfer points."""

    reason = "TRANSFERS_NOT_ALLOWED"


class TransferToSelf(Precondition):
    """Sender and recipient are one member."""

    reason = "TRANSFER_TO_SELF"


class TransferLimitExceeded(Precondition):
    """Less or more is transferred than the program allows, alone or with the day's others; `limit` names the bound."""

    reason = "TRANSFER_LIMIT_EXCEEDED"

    def __init__(self, limit: str, bound: int, reached: int) -> None:
        super().__init__(
            f"{limit} is {bound}, and this would make it {reached}", limit=limit, bound=bound, reached=reached
        )


class AdjustmentNeedsApproval(Precondition):
    """More is given or taken by hand than one person may decide; metadata gives `limit` and `amount`."""

    reason = "ADJUSTMENT_NEEDS_APPROVAL"


class AdjustmentNotOpen(Precondition):
    """The requested adjustment has ended already; `state` says how."""

    reason = "ADJUSTMENT_NOT_OPEN"


class AdjustmentOwnApproval(Precondition):
    """The person or the API key that asked for the adjustment is the one that approves it."""

    reason = "ADJUSTMENT_OWN_APPROVAL"


class RuleNotDraft(Precondition):
    """Only a draft can be activated."""

    reason = "RULE_NOT_DRAFT"


class RuleNotScheduled(Precondition):
    """Only a version that has yet to begin can be called off."""

    reason = "RULE_NOT_SCHEDULED"


class RuleNotActive(Precondition):
    """Only a rule with an active version can be ended; a scheduled version is called off."""

    reason = "RULE_NOT_ACTIVE"


class VersionMismatch(Precondition):
    """What was to be changed has changed since it was read; metadata gives both versions."""

    reason = "VERSION_MISMATCH"


class MemberUnknownForNow(Unavailable):
    """`points` has not heard of the member yet and `members` cannot be asked. Nothing was recorded; try again."""

    reason = "MEMBER_UNKNOWN_FOR_NOW"


class TooManyReturnsWait(Exhausted):
    """As many returns as may wait for the purchase of this receipt; `waiting` says how many."""

    reason = "TOO_MANY_RETURNS_WAIT"


class TooManyRehearsals(Exhausted):
    """As many rehearsals of the program are running as may; this one was not begun."""

    reason = "TOO_MANY_REHEARSALS"


class TooManyReports(Exhausted):
    """As many reports over a whole program are being made as this process makes at once; this one was not begun."""

    reason = "TOO_MANY_REPORTS"


class LedgerBusy(Exhausted):
    """More operations are waiting than the service will let wait, or this one has waited too long. It was not begun."""

    reason = "LEDGER_BUSY"
