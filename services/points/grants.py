"""What the role that serves may change of what it has written. What has no columns here is only ever appended to."""

from __future__ import annotations

from kit.rights import APPEND_ONLY, INBOX, OUTBOX, SEALS, STORED_ANSWERS, Grants, Rights

_COUNTER = Rights(("used", "allowed", "row_digest"))

GRANTS: Grants = {
    # ---- facts: written once
    "activities": APPEND_ONLY,
    "budget_movements": APPEND_ONLY,
    "cap_movements": APPEND_ONLY,
    "entries": APPEND_ONLY,
    "lot_movements": APPEND_ONLY,
    "purchase_claims": APPEND_ONLY,
    "purchases": APPEND_ONLY,
    "qualifying_movements": APPEND_ONLY,
    "return_matches": APPEND_ONLY,
    "returns": APPEND_ONLY,
    "transfer_arrivals": APPEND_ONLY,
    # An id and nothing else; who changes a purchase or waits for one locks it here.
    "purchase_slots": Rights(locked_by="purchase_id"),
    # ---- where things stand, as the facts have it
    "accounts": Rights(("posted", "deficit", "owed", "version", "active_at", "inactivity_due_at", "row_digest")),
    "adjustments": Rights(
        ("state", "decided_by", "decided_caller", "decided_at", "decision_reason", "entry_version", "row_digest"),
    ),
    "budget_counters": _COUNTER,
    "cap_counters": _COUNTER,
    "hold_parts": Rights(("captured", "reversed", "row_digest")),
    "holds": Rights(("state", "captured", "ended_at", "captured_version", "reversed", "reversed_at", "row_digest")),
    "lots": Rights(("remaining", "held", "lapsed", "forgiven", "expires_at", "row_digest")),
    "transfers": Rights(("state", "ended_at", "returned_version", "lease_until", "row_digest")),
    # ---- what a program has set. The terms of a version are written once
    "earning_rules": Rights(("state", "activated_at", "ended_at", "effective_from", "effective_until", "row_digest")),
    "program_settings": Rights(
        (
            "shortfall",
            "rules_revision",
            "adjustment_limit",
            "transfers",
            "unspendable_wallets",
            "inactivity_activities",
            "time_zone",
            "policy_version",
            "row_digest",
        ),
    ),
    # ---- what is known of members, from their events
    "standings": Rights(("status", "member_version", "tier", "segments", "attributes", "row_digest")),
    # ---- work: gone when it is done
    "pending_activities": Rights(("lease_until",), deletes=True),
    "rehearsal_counters": Rights(("used",), deletes=True),
    "rehearsals": Rights(
        (
            "state",
            "comparison",
            "members",
            "members_touched",
            "position_at",
            "position_after",
            "window_s",
            "attempts",
            "lease_until",
            "ended_at",
            "row_digest",
        ),
        deletes=True,
    ),
    **SEALS,
    **STORED_ANSWERS,
    **OUTBOX,
    **INBOX,
}
