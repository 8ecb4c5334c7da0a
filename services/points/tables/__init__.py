"""The tables of `points`. The domain's invariants stand here again, as constraints the database keeps by itself.

Member-scoped tables lead their keys with `member_id`, a random UUID, so that a distributed PostgreSQL can spread them;
what is found by a receipt leads with an identity made from the receipt.
"""

from __future__ import annotations

from kit.chain.table import seals_table
from kit.idempotency import stored_answers_table
from kit.inbox import dead_letters_table, inbox_table
from kit.outbox import outbox_table
from services.points.tables.base import metadata
from services.points.tables.earning.activities import activities, pending_activities
from services.points.tables.earning.limits import budget_counters, budget_movements, cap_counters, cap_movements
from services.points.tables.earning.qualifying import qualifying_movements
from services.points.tables.ledger.accounts import accounts, entries, lot_movements, lots
from services.points.tables.ledger.adjustments import adjustments
from services.points.tables.ledger.holds import hold_parts, holds
from services.points.tables.ledger.transfers import transfer_arrivals, transfers
from services.points.tables.program.programs import earning_rules, program_settings
from services.points.tables.program.rehearsals import rehearsal_counters, rehearsals
from services.points.tables.sales.purchases import purchase_claims, purchase_slots, purchases, return_matches, returns
from services.points.tables.standings import standings

__all__ = [
    "accounts",
    "activities",
    "adjustments",
    "budget_counters",
    "budget_movements",
    "cap_counters",
    "cap_movements",
    "dead_letters",
    "earning_rules",
    "entries",
    "hold_parts",
    "holds",
    "inbox",
    "lot_movements",
    "lots",
    "metadata",
    "outbox",
    "pending_activities",
    "program_settings",
    "purchase_claims",
    "purchase_slots",
    "purchases",
    "qualifying_movements",
    "rehearsal_counters",
    "rehearsals",
    "return_matches",
    "returns",
    "seals",
    "standings",
    "stored_answers",
    "transfer_arrivals",
    "transfers",
]

seals = seals_table(metadata)
stored_answers = stored_answers_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
dead_letters = dead_letters_table(metadata)
