"""What proves each column of `rewards`; see kit/proofs.py."""

from __future__ import annotations

from kit.proofs import DEAD_LETTERS, INBOX, PUBLISHED, SEALS, STORED_ANSWERS, Proofs, asked, only

_BENEFIT = ("benefit_kind", "benefit_amount_minor", "benefit_currency", "benefit_basis_points", "benefit_sku")
_SET = only("set by an admin; the catalogue keeps no versions")
_BOUGHT = only("the terms as they were when it was requested; the catalogue keeps no versions")
_COMPARED = only("compared with `members` by the checker that sees both; it decides what lists show and nothing else")

PROOFS: Proofs = {
    "rewards": {
        "program_id": _SET,
        "reward_id": _SET,
        **dict.fromkeys(("name", "description", *_BENEFIT, "cost_points", "wallet", "starts_at", "ends_at"), _SET),
        **dict.fromkeys(("limit_per_member", "voucher_validity_days", "version", "created_at", "updated_at"), _SET),
    },
    "reward_stocks": dict.fromkeys(("program_id", "reward_id", "stock"), asked("stock_adds_up")),
    "stock_movements": {
        "program_id": asked("stock_adds_up"),
        "reward_id": asked("stock_adds_up"),
        "movement_id": only("an identity of its own, which nothing refers to"),
        "kind": only("constraints tie it to the quantity and the redemption, which are asked about"),
        "quantity": asked("stock_adds_up"),
        "member_id": asked("unit_moved_once"),
        "redemption_id": asked("unit_moved_once"),
        "moved_at": only("when the unit was moved, for people"),
    },
    "redemptions": {
        "member_id": asked("count_adds_up"),
        "redemption_id": asked("voucher_fits_redemption", "code_leads_to_voucher", "unit_moved_once"),
        "program_id": asked("count_adds_up"),
        "reward_id": asked("count_adds_up"),
        "reward_name": _BOUGHT,
        **dict.fromkeys(_BENEFIT, _BOUGHT),
        "cost_points": only("compared with the hold by the checker that sees both (`redemption_paid`)"),
        "wallet": only("compared with the hold by the checker that sees both (`redemption_paid`)"),
        "voucher_validity_days": asked("voucher_dated"),
        "limit_per_member": _BOUGHT,
        "ordinal": only("the how many-th it was against the limit; counted anew from what stands"),
        "state": asked("voucher_fits_redemption"),
        "hold_id": only("compared with the hold by the checker that sees both (`redemption_paid`)"),
        "is_stock_taken": asked("unit_moved_once"),
        "cancel_reason": asked("voucher_fits_redemption", because="another reason is the digest's"),
        "cancel_note": only("said by who cancelled"),
        "cancel_requested_at": asked("redemption_dated"),
        "version": asked("redemption_announced"),
        "requested_at": asked("redemption_dated"),
        "updated_at": asked("redemption_dated"),
        "lease_until": asked("lease_bounded"),
    },
    "redemption_counts": dict.fromkeys(("member_id", "program_id", "reward_id", "taken"), asked("count_adds_up")),
    "vouchers": {
        "member_id": asked("code_leads_to_voucher"),
        "redemption_id": asked("code_leads_to_voucher"),
        "code": asked("code_leads_to_voucher"),
        **dict.fromkeys(("state", "used_at", "used_store_id", "used_terminal_id"), asked("voucher_journalled")),
        "used_receipt_number": asked("voucher_journalled"),
        "issued_at": asked("voucher_dated"),
        "expires_at": asked("voucher_dated"),
        "cancelled_at": asked("voucher_dated", "voucher_journalled"),
        "uses": asked("voucher_used_as_written"),
    },
    "voucher_uses": {
        **dict.fromkeys(("member_id", "redemption_id", "ordinal"), asked("voucher_used_as_written")),
        **dict.fromkeys(
            ("used_at", "store_id", "terminal_id", "receipt_number"),
            asked("voucher_used_as_written", because="of a use that was taken back the digest and the seal"),
        ),
        "caller_id": only("by which caller; the seal and the digest keep it"),
    },
    "voucher_reinstatements": {
        **dict.fromkeys(("member_id", "redemption_id", "ordinal"), asked("voucher_used_as_written")),
        "reinstated_at": asked("voucher_dated"),
        "reason": asked("voucher_used_as_written", because="another reason is the digest's"),
        "actor": asked("voucher_used_as_written", because="another actor is the digest's"),
        "return_id": only("names a return of `points`; the seal and the digest keep it"),
        "caller_id": only("by which caller; the seal and the digest keep it"),
    },
    "voucher_codes": dict.fromkeys(
        ("program_id", "code", "member_id", "redemption_id"), asked("code_leads_to_voucher")
    ),
    "voucher_changes": {
        **dict.fromkeys(("member_id", "redemption_id", "number"), asked("voucher_journalled")),
        **dict.fromkeys(
            (
                "state",
                "issued_at",
                "expires_at",
                "used_at",
                "used_store_id",
                "used_terminal_id",
                "used_receipt_number",
                "cancelled_at",
            ),
            asked("voucher_journalled", because="of an older change the digest"),
        ),
        "changed_at": only("when it was written"),
    },
    "member_statuses": dict.fromkeys(("member_id", "program_id", "status", "version"), _COMPARED),
    "outbox": {
        "aggregateid": asked("redemption_announced"),
        "id": only("an identity of its own, by which others know that they have had the event"),
        "aggregatetype": asked("redemption_announced"),
        "type": only("follows from the state of the redemption"),
        "version": asked("redemption_announced"),
        "program_id": only("repeats that of the redemption"),
        "payload": only("repeats what the redemption says"),
        "occurred_at": only("repeats that of the change"),
        "published_at": PUBLISHED,
    },
    "stored_answers": STORED_ANSWERS,
    "inbox": INBOX,
    "dead_letters": DEAD_LETTERS,
    "seals": SEALS,
}
