"""What of the rewards is sealed, and by which time: each facet is final once that time is set."""

from __future__ import annotations

from kit.chain import Facet, part, whole
from services.rewards import tables

FACETS: tuple[Facet, ...] = (
    whole(tables.stock_movements, "moved_at"),
    part(
        tables.redemptions,
        "requested",
        "requested_at",
        "program_id",
        "reward_id",
        "reward_name",
        "benefit_kind",
        "benefit_amount_minor",
        "benefit_currency",
        "benefit_basis_points",
        "benefit_sku",
        "cost_points",
        "wallet",
        "voucher_validity_days",
        "limit_per_member",
        "ordinal",
    ),
    part(tables.vouchers, "issued", "issued_at", "code", "expires_at"),
    part(tables.vouchers, "used", "used_at", "used_store_id", "used_terminal_id", "used_receipt_number"),
    part(tables.vouchers, "cancelled", "cancelled_at"),
)
