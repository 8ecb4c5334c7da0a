"""Members in the database: the row that is locked, the identifiers they have, and every change there was."""

from __future__ import annotations

import dataclasses
import uuid

import sqlalchemy as sa

from services.members.domain.identifiers import Identifier
from services.members.domain.members import Change, ChangeKind, Member
from services.members.sealing import DataKey, WrappedKey
from services.members.storage import sealed
from services.members.storage.statements import Statements
from services.members.tables import member_changes, member_identifiers, members

_IDENTIFIER_COLUMNS = (
    member_identifiers.c.identifier_id,
    member_identifiers.c.kind,
    member_identifiers.c.value,
    member_identifiers.c.added_at,
)


# Kinds of changes that say what the member's traits are after them.
TRAITS_TOLD = (ChangeKind.TRAITS_CHANGED, ChangeKind.RESTORED)


class Members(Statements):
    """Loads, locks and writes of one transaction."""

    def load(self, program_id: uuid.UUID, member_id: uuid.UUID) -> Member | None:
        """The member of the program with their identifiers, or nothing. One statement, so that the parts agree."""
        rows = self._connection.execute(
            sa.select(members, *_IDENTIFIER_COLUMNS)
            .outerjoin_from(members, member_identifiers, member_identifiers.c.member_id == members.c.member_id)
            .where(members.c.member_id == member_id, members.c.program_id == program_id)
            .order_by(member_identifiers.c.added_at, member_identifiers.c.identifier_id)
        ).all()
        if not rows:
            return None
        first = rows[0]
        key = self._master_keys.open_data_key(member_id, WrappedKey(first.master_key_id, first.data_key))
        found = tuple(sealed.identifier(key, row) for row in rows if row.identifier_id is not None)
        return sealed.member(key, first, found)

    def lock(self, program_id: uuid.UUID, member_id: uuid.UUID) -> Member | None:
        """The same, locked. In two statements: one that waits for a lock would join what was there before it waited."""
        self._connection.execute(
            sa.select(members.c.member_id)
            .where(members.c.member_id == member_id, members.c.program_id == program_id)
            .with_for_update(key_share=True)
        )
        return self.load(program_id, member_id)

    def insert(self, change: Change, caller_id: str) -> None:
        """Writes a new member with identifiers and first change, under a key of their own."""
        member = change.member
        key, stored = self._master_keys.new_data_key(member.member_id)
        self._connection.execute(
            sa.insert(members).values(
                self._fresh(
                    members,
                    member_id=member.member_id,
                    program_id=member.program_id,
                    status=member.status.value,
                    version=member.version,
                    master_key_id=stored.master_key_id,
                    data_key=stored.wrapped,
                    enrolled_at=member.enrolled_at,
                    updated_at=member.updated_at,
                    tier=member.traits.tier,
                    segments=list(member.traits.segments),
                    attributes=member.traits.attributes,
                    **sealed.profile_columns(key, member.profile),
                )
            )
        )
        if member.identifiers:
            self._insert_identifiers(key, member, member.identifiers)
        self._insert_change(key, change, caller_id)

    def update(
        self, change: Change, caller_id: str, *, added: Identifier | None = None, removed: Identifier | None = None
    ) -> None:
        """Writes a changed member whom this transaction has locked, and the change itself."""
        member = change.member
        key = self._data_key(member.member_id)
        # Only what has changed is sealed anew.
        profile = {name: sealed.profile_column(key, member.profile, name) for name in change.fields}
        self._connection.execute(
            sa.update(members)
            .where(members.c.member_id == member.member_id)
            .values(
                self._changed(
                    members,
                    status=member.status.value,
                    version=member.version,
                    updated_at=member.updated_at,
                    tier=member.traits.tier,
                    segments=list(member.traits.segments),
                    attributes=member.traits.attributes,
                    **profile,
                )
            )
        )
        if added:
            self._insert_identifiers(key, member, (added,))
        if removed:
            self._delete_identifier(member.member_id, removed.identifier_id)
        self._insert_change(key, change, caller_id)

    def rewrap_data_keys(self, *, limit: int) -> int:
        """Wraps up to `limit` data keys that a retired master key wraps under the present one; says how many."""
        present = self._master_keys.present_id
        rows = self._connection.execute(
            sa.select(members.c.member_id, members.c.master_key_id, members.c.data_key)
            .where(members.c.master_key_id != present)
            .limit(limit)
            .with_for_update(skip_locked=True, key_share=True)
        ).all()
        for row in rows:
            stored = self._master_keys.rewrap(row.member_id, WrappedKey(row.master_key_id, row.data_key))
            self._connection.execute(
                sa.update(members)
                .where(members.c.member_id == row.member_id)
                .values(self._changed(members, master_key_id=stored.master_key_id, data_key=stored.wrapped))
            )
        return len(rows)

    def _data_key(self, member_id: uuid.UUID) -> DataKey:
        query = sa.select(members.c.master_key_id, members.c.data_key).where(members.c.member_id == member_id)
        return self._master_keys.open_data_key(member_id, WrappedKey(*self._connection.execute(query).one()))

    def _insert_identifiers(self, key: DataKey, member: Member, added: tuple[Identifier, ...]) -> None:
        rows = [
            self._fresh(
                member_identifiers,
                member_id=member.member_id,
                identifier_id=each.identifier_id,
                program_id=member.program_id,
                kind=each.kind.value,
                lookup_hash=self._lookup_hash(member.program_id, each),
                value=sealed.identifier_value(key, each),
                added_at=each.added_at,
            )
            for each in added
        ]
        self._connection.execute(sa.insert(member_identifiers).values(rows))

    def _delete_identifier(self, member_id: uuid.UUID, identifier_id: uuid.UUID) -> None:
        self._connection.execute(
            sa.delete(member_identifiers).where(
                member_identifiers.c.member_id == member_id, member_identifiers.c.identifier_id == identifier_id
            )
        )

    def _insert_change(self, key: DataKey, change: Change, caller_id: str) -> None:
        member = change.member
        self._connection.execute(
            sa.insert(member_changes).values(
                self._fresh(
                    member_changes,
                    member_id=member.member_id,
                    version=member.version,
                    program_id=member.program_id,
                    kind=change.kind.value,
                    status=member.status.value,
                    fields=list(change.fields),
                    reason=sealed.reason(key, change),
                    traits=dataclasses.asdict(member.traits) if change.kind in TRAITS_TOLD else None,
                    caller_id=caller_id,
                    changed_at=member.updated_at,
                )
            )
        )
