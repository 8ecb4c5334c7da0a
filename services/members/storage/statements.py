"""What the statements of every noun work with."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

import sqlalchemy as sa

from kit import row_digests
from services.members.domain.identifiers import Identifier, NewIdentifier
from services.members.sealing import MasterKeys, Pepper


@dataclasses.dataclass(frozen=True)
class Secrets:
    """What personal data goes through on its way into the tables and out of them."""

    master_keys: MasterKeys = dataclasses.field(repr=False)
    pepper: Pepper = dataclasses.field(repr=False)


class Statements:
    """A transaction's connection, and the secrets."""

    def __init__(self, connection: sa.Connection, secrets: Secrets) -> None:
        self._connection = connection
        self._master_keys = secrets.master_keys
        self._pepper = secrets.pepper

    def _lookup_hash(self, program_id: uuid.UUID, identifier: NewIdentifier | Identifier) -> bytes:
        return self._pepper.lookup_hash(program_id, identifier.kind.value, identifier.value)

    def _fresh(self, table: sa.Table, **values: object) -> dict[str, Any]:
        """The values of a new row, with its digest."""
        return row_digests.fresh(self._connection, table, values)

    def _changed(self, table: sa.Table, **values: object) -> dict[str, Any]:
        """What changes of a row, with the digest that it has then."""
        return row_digests.changed(self._connection, table, values)
