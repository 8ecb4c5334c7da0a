"""What `points` knows of members, and what an operation needs to know before it begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import row_digests
from services.points import tables
from services.points.domain.ledger.accounts import EntryKind
from services.points.domain.program.policy import KnownMember, MemberStatus, ProgramPolicy, Shortfall
from services.points.storage.documents import load, transfer_policy_document


@dataclass(frozen=True)
class Setting:
    """The program's policy and rules revision, and the member if they are known here."""

    policy: ProgramPolicy
    rules_revision: int
    member: KnownMember | None


# A program, and a member of it or nobody.
Whose: TypeAlias = tuple[UUID, UUID | None]

_SETTINGS = sa.text("""
    SELECT wanted.program_id AS wanted_program, wanted.member_id AS wanted_member,
        settings.shortfall, settings.adjustment_limit, settings.transfers, settings.unspendable_wallets,
        settings.rules_revision, settings.inactivity_activities, settings.time_zone, settings.policy_version,
        standings.status, standings.member_version, standings.tier, standings.segments, standings.attributes
    FROM unnest(CAST(:programs AS uuid[]), CAST(:members AS uuid[])) AS wanted (program_id, member_id)
    LEFT JOIN program_settings AS settings USING (program_id)
    LEFT JOIN standings ON standings.member_id = wanted.member_id AND standings.program_id = wanted.program_id
""")


# What `members` tells anew each time.
_TOLD = ("status", "member_version", "tier", "segments", "attributes")


class KnownMembers:
    """Reads and writes of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def settings(self, wanted: Iterable[Whose]) -> dict[Whose, Setting]:
        """Everything that operations must know beforehand of these programs and members, in one query."""
        pairs = list(wanted)
        programs, members = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        rows = self._connection.execute(_SETTINGS, {"programs": programs, "members": members})
        return {(row.wanted_program, row.wanted_member): _setting(row) for row in rows}

    def put(self, *standings: KnownMember) -> None:
        """Takes over what `members` said, unless something newer is known; each member stands there once."""
        table = tables.standings
        # In key order, so that nobody waits in a circle.
        ordered = sorted(standings, key=lambda member: member.member_id)
        statement = postgresql.insert(table).values(
            [row_digests.fresh(self._connection, table, _columns(member)) for member in ordered]
        )
        told = {name: statement.excluded[name] for name in _TOLD}
        self._connection.execute(
            statement.on_conflict_do_update(
                constraint=table.primary_key,
                set_=row_digests.changed(self._connection, table, told),
                where=table.c.member_version < statement.excluded.member_version,
            )
        )


def _columns(member: KnownMember) -> dict[str, object]:
    return {
        "member_id": member.member_id,
        "program_id": member.program_id,
        "status": member.status.value,
        "member_version": member.member_version,
        "tier": member.tier,
        "segments": list(member.segments),
        "attributes": member.attributes,
    }


def policy_of(program_id: UUID, row: Any) -> ProgramPolicy:
    """The policy that a row of program_settings tells of; one without values is the default."""
    return ProgramPolicy(
        program_id,
        Shortfall(row.shortfall or Shortfall.CARRY),
        row.adjustment_limit,
        None if row.transfers is None else load(transfer_policy_document, row.transfers),
        tuple(row.unspendable_wallets or ()),
        tuple(EntryKind(kind) for kind in row.inactivity_activities or ()),
        row.time_zone or "",
        row.policy_version or 1,
    )


def _setting(row: Any) -> Setting:
    program_id, member_id = row.wanted_program, row.wanted_member
    policy = policy_of(program_id, row)
    member = None
    if member_id is not None and row.status is not None:
        member = KnownMember(
            member_id,
            program_id,
            MemberStatus(row.status),
            row.member_version,
            row.tier,
            tuple(row.segments),
            row.attributes,
        )
    return Setting(policy, row.rules_revision or 0, member)
