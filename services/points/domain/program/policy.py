"""How a program treats its accounts, and what a member may do with theirs."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from uuid import UUID

from services.points.domain.earning.earners import Earner
from services.points.domain.errors import (
    CounterpartMayNotEarn,
    MemberMayNotEarn,
    MemberMayNotSpend,
    VersionMismatch,
    WalletNotSpendable,
)
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.ledger.inactivity import COUNTED_DEFAULT
from services.points.domain.ledger.transfers import TransferPolicy

WALLET_DEFAULT = "points"


class Shortfall(enum.Enum):
    """What happens when goods come back whose points are spent."""

    CARRY = "carry"
    NEGATIVE = "negative"
    REFUSE = "refuse"


@dataclass(frozen=True)
class ProgramPolicy:
    """A program's choices; one that chose nothing carries shortfalls and lets one person adjust whatever they like."""

    program_id: UUID
    shortfall: Shortfall = Shortfall.CARRY
    # Points, either way, that one person may give or take by hand; None for no limit.
    adjustment_limit: int | None = None
    # Without one nobody may transfer points.
    transfers: TransferPolicy | None = None
    # Wallets whose units are neither spent nor transferred.
    unspendable_wallets: tuple[str, ...] = ()
    # The movements that count as activity, in a fixed order; none for the usual ones.
    inactivity_activities: tuple[EntryKind, ...] = ()
    # IANA name of the zone by whose calendar its members live; empty where it names none.
    time_zone: str = ""
    # Grows with each change, from 1 for a policy that was never set.
    version: int = 1

    @property
    def counted_kinds(self) -> frozenset[EntryKind]:
        """The movements that count as activity."""
        return frozenset(self.inactivity_activities) or COUNTED_DEFAULT


def expect_policy_version(policy: ProgramPolicy, expected_version: int) -> None:
    """Refuses a change that was decided on another version; 0 expects nothing."""
    if expected_version not in (0, policy.version):
        raise VersionMismatch(
            f"the policy is at version {policy.version}, the change was decided on version {expected_version}",
            version=policy.version,
            expected_version=expected_version,
        )


class MemberStatus(enum.Enum):
    """What `members` last said of a member."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EARN_ONLY = "earn_only"
    TERMINATED = "terminated"


@dataclass(frozen=True)
class KnownMember:
    """What `points` knows of a member: no personal data, whether they may earn and spend, and what rules may ask."""

    member_id: UUID
    program_id: UUID
    status: MemberStatus
    member_version: int
    # Empty for a member of no tier, and while `members` has told of none.
    tier: str = ""
    segments: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def earner(self) -> Earner:
        """The member as conditions see them."""
        return Earner(self.status.value, self.tier, self.segments, self.attributes)


def expect_may_earn(member: KnownMember) -> None:
    """Refuses to give points to somebody who may not earn."""
    if member.status not in (MemberStatus.ACTIVE, MemberStatus.EARN_ONLY):
        raise MemberMayNotEarn(f"the member is {member.status.value}", status=member.status.value)


def expect_may_take_part(counterpart: KnownMember) -> None:
    """Refuses a referral whose other member may not earn: suspended, or gone."""
    if counterpart.status not in (MemberStatus.ACTIVE, MemberStatus.EARN_ONLY):
        raise CounterpartMayNotEarn(
            f"the other member of the referral is {counterpart.status.value}", status=counterpart.status.value
        )


def expect_may_spend(member: KnownMember) -> None:
    """Refuses to let somebody spend who may not."""
    if member.status is not MemberStatus.ACTIVE:
        raise MemberMayNotSpend(f"the member is {member.status.value}", status=member.status.value)


def expect_spendable(policy: ProgramPolicy, wallet: str) -> None:
    """Refuses to spend or to transfer units of a wallet that only count."""
    if wallet in policy.unspendable_wallets:
        raise WalletNotSpendable(wallet)
