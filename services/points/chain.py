"""What of the ledger is sealed, and by which time: each facet is final once that time is set."""

from __future__ import annotations

from kit.chain import Facet, part, whole
from services.points import tables

FACETS: tuple[Facet, ...] = (
    whole(tables.activities, "recorded_at"),
    whole(tables.entries, "recorded_at"),
    whole(tables.purchase_claims, "claimed_at"),
    whole(tables.purchases, "recorded_at"),
    whole(tables.qualifying_movements, "recorded_at"),
    whole(tables.return_matches, "matched_at"),
    whole(tables.returns, "recorded_at"),
    whole(tables.transfer_arrivals, "arrived_at"),
    part(
        tables.adjustments,
        "requested",
        "requested_at",
        "program_id",
        "wallet",
        "amount",
        "reason",
        "expiry_days",
        "requested_by",
        "requested_caller",
        "expires_at",
        "qualifying",
    ),
    part(
        tables.adjustments,
        "decided",
        "decided_at",
        "state",
        "decided_by",
        "decided_caller",
        "decision_reason",
        "entry_version",
    ),
    # When a version ends may still change, by its successor or by calling that off.
    part(tables.earning_rules, "written", "created_at", "key", "name", "terms"),
    part(tables.earning_rules, "activated", "activated_at", "effective_from"),
    part(
        tables.transfers,
        "sent",
        "sent_at",
        "program_id",
        "wallet",
        "recipient_id",
        "amount",
        "reason",
        "parts",
        "sent_version",
        "sent_on",
    ),
    part(tables.transfers, "ended", "ended_at", "state", "returned_version"),
)
