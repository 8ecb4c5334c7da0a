"""Commands that are about accounts, rules and the policy of a program."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.points.domain.earning.terms import EarningTerms
from services.points.domain.ledger.accounts import AccountView, Entry, EntryKind
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.policy import Shortfall


@dataclass(frozen=True)
class AdjustPoints:
    """Gives or takes points by hand."""

    program_id: UUID
    request_id: str
    member_id: UUID
    wallet: str
    amount: int
    reason: str
    actor: str
    expiry_days: int
    # Whether as many qualifying units are given or taken with the points.
    qualifying: bool = False


@dataclass(frozen=True)
class AdjustmentAnswer:
    """The adjustment's entry, and the account after it."""

    entry: Entry
    account: AccountView


@dataclass(frozen=True)
class CreateEarningRule:
    """Writes a new rule as a draft."""

    program_id: UUID
    request_id: str
    terms: EarningTerms
    # Empty for one that reads like the name.
    key: str = ""


@dataclass(frozen=True)
class ReviseEarningRule:
    """Writes a rule's next version as a draft."""

    program_id: UUID
    request_id: str
    rule_id: UUID
    expected_version: int
    terms: EarningTerms


@dataclass(frozen=True)
class ActivateEarningRule:
    """Lets a draft earn; `version` 0 means the latest."""

    program_id: UUID
    request_id: str
    rule_id: UUID
    version: int


@dataclass(frozen=True)
class CallOffEarningRule:
    """Calls a scheduled version off; `version` 0 means the one that would begin last."""

    program_id: UUID
    request_id: str
    rule_id: UUID
    version: int


@dataclass(frozen=True)
class EndEarningRule:
    """Ends the active version."""

    program_id: UUID
    request_id: str
    rule_id: UUID


@dataclass(frozen=True)
class SetProgramPolicy:
    """Sets how the program treats its accounts."""

    program_id: UUID
    request_id: str
    shortfall: Shortfall
    adjustment_limit: int | None = None
    transfers: TransferPolicy | None = None
    unspendable_wallets: tuple[str, ...] = ()
    inactivity_activities: tuple[EntryKind, ...] = ()
    time_zone: str = ""
    # The version that the choices were decided on; 0 for whatever is there.
    expected_version: int = 0
