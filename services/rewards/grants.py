"""What the role that serves may change of what it has written. What has no columns here is only ever appended to."""

from __future__ import annotations

from kit.rights import APPEND_ONLY, INBOX, OUTBOX, SEALS, STORED_ANSWERS, Grants, Rights

GRANTS: Grants = {
    # ---- facts: written once
    "stock_movements": APPEND_ONLY,
    "voucher_changes": APPEND_ONLY,
    "voucher_codes": APPEND_ONLY,
    "voucher_uses": APPEND_ONLY,
    "voucher_reinstatements": APPEND_ONLY,
    # ---- the catalogue
    "rewards": Rights(
        (
            "name",
            "description",
            "benefit_kind",
            "benefit_amount_minor",
            "benefit_currency",
            "benefit_basis_points",
            "benefit_sku",
            "cost_points",
            "wallet",
            "starts_at",
            "ends_at",
            "limit_per_member",
            "voucher_validity_days",
            "version",
            "updated_at",
            "row_digest",
        )
    ),
    "reward_stocks": Rights(("stock", "row_digest")),
    # ---- redemptions: what was asked for and its price stay; how far it has come changes
    "redemptions": Rights(
        (
            "state",
            "hold_id",
            "is_stock_taken",
            "cancel_reason",
            "cancel_note",
            "cancel_requested_at",
            "version",
            "updated_at",
            "lease_until",
            "row_digest",
        )
    ),
    "redemption_counts": Rights(("taken", "row_digest")),
    "vouchers": Rights(
        (
            "state",
            "issued_at",
            "expires_at",
            "used_at",
            "used_store_id",
            "used_terminal_id",
            "used_receipt_number",
            "cancelled_at",
            "row_digest",
            "uses",
        )
    ),
    # ---- what is known of members, from their events
    "member_statuses": Rights(("status", "version", "row_digest")),
    **SEALS,
    **STORED_ANSWERS,
    **OUTBOX,
    **INBOX,
}
