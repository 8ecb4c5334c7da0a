"""Which movements of an account are activity, for points that lapse when there has been none for a while."""

from __future__ import annotations

from services.points.domain.ledger.accounts import EntryKind

# What a program may choose from: what members do, and what somebody does for them. What time does is no activity, nor
# is what corrects or completes an earlier movement.
MAY_COUNT = frozenset(
    {
        EntryKind.EARN,
        EntryKind.SPEND,
        EntryKind.RETURN,
        EntryKind.ADJUSTMENT,
        EntryKind.TRANSFER_OUT,
        EntryKind.TRANSFER_IN,
    }
)

# What counts where a program has chosen nothing.
COUNTED_DEFAULT = frozenset({EntryKind.EARN, EntryKind.SPEND})
