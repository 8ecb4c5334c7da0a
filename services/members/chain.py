"""What of the register is sealed, and by which time: each facet is final once that time is set."""

from __future__ import annotations

from kit.chain import Facet, part, whole
from services.members import tables

FACETS: tuple[Facet, ...] = (
    whole(tables.member_changes, "changed_at"),
    whole(tables.programs, "created_at"),
    part(tables.api_keys, "granted", "created_at", "program_id", "name", "role", "prefix", "key_hash", "caller_id"),
    part(tables.api_keys, "revoked", "revoked_at"),
)
