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
    # Not until when it is good, which moves with a reinstatement: the checker derives it from what is sealed here.
    part(tables.vouchers, "issued", "issued_at", "code"),
    whole(tables.voucher_uses, "used_at"),
    whole(tables.voucher_reinstatements, "reinstated_at"),
    part(tables.vouchers, "cancelled", "cancelled_at"),
    whole(tables.voucher_changes, "changed_at"),
)
