"""What the role that serves may change of what it has written. What has no columns here is only ever appended to."""

from __future__ import annotations

from kit.rights import APPEND_ONLY, OUTBOX, SEALS, STORED_ANSWERS, Grants, Rights

GRANTS: Grants = {
    # ---- facts: written once
    "member_changes": APPEND_ONLY,
    "programs": APPEND_ONLY,
    # ---- who members are now
    "members": Rights(
        (
            "status",
            "version",
            "updated_at",
            "given_name",
            "family_name",
            "birth_date",
            "language",
            "tier",
            "segments",
            "attributes",
            # Another master key wraps the same data key.
            "master_key_id",
            "data_key",
            "row_digest",
        )
    ),
    # An identifier that is removed is forgotten.
    "identifiers": Rights(deletes=True),
    "member_identifiers": Rights(deletes=True),
    # ---- callers: a key is revoked, and never given another role, program or hash
    "api_keys": Rights(("revoked_at", "row_digest")),
    **SEALS,
    **STORED_ANSWERS,
    **OUTBOX,
}
