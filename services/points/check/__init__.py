"""The checker's questions to this service's own database. Each finding names rows by their identity.

    contra_balanced           C1  the accounts of a program hold what was issued, less spent and expired, ± adjusted
    liability_whole           C1  a wallet's lots, less what accounts are below zero, are what its contra accounts say
    liability_past            C1  it was so after every entry; so what is owed can be told of any day
    movement_of_entry         C1  a movement belongs to an entry, which says when it was
    recorded_in_order         C1  entries are recorded in their sequence, so that cuts in time are cuts in the sequence
    account_folds             C2  an account is the fold of its entries
    versions_contiguous       C3  entries are numbered 1 to the account's version, each balance follows from the last
    available_not_negative    C4  accounts are below zero only where the program's policy lets returns do that
    hold_ends_once            C6  a captured hold has its one spend, of what was captured, and gave back its reversals
    hold_parts_whole          C6  what a hold set aside, lot by lot, is its amount
    entry_announced           C8  every entry of the days that events are kept for has its event, and none is made up
    adjustment_posted_once    an approved adjustment has its one entry, which has the same of it; nothing else has one
    transfer_balanced         C1  what has left senders is what has come to recipients and what is on its way
    transfer_legs             a transfer has the entries of how far it is, each of its amount, and no others
    adjustment_by_two         what one person asked for, another approved
    lots_fold                 C9  what remains of a lot is the fold of its movements
    lots_hold_the_balance     C9  what remains in an account's lots, less its deficit, is its balance
    activity_noted            an account was active last when its entries say that count as activity
    lapsed_at_its_end         points lapsed when and why their lot ended
    inactivity_ends           a lot ended so long after the last activity, and one that may end is looked at in time
    lots_held                 C9  what is held of a lot is what open holds set aside of it
    purchase_earned           what a purchase gave is what its entries gave; what a return took is what it says
    activity_earned           what an activity gave is what its entries gave, and those are its member's
    earned_by_one             what was earned was earned by a purchase or by an activity, and so are its units
    earner_told_once          of what a purchase or an activity earned, the first tells of the member's traits, for all
    activity_once             a member enrols once and has one birthday a year
    activity_waits            what waits to be recorded is of members that are known
    counter_folds             C11 what is used of a limit in a window is the fold of its movements
    limit_counted             C11 the movements of a purchase are what is left of its earnings; of an activity, these
    counter_within_limit      C11 a counter is beyond no limit that a version of the rule ever had, and not below zero
    qualifying_counted        what counts towards tiers is what earnings say, less what returns took of them
    qualifying_not_negative   of no purchase less than nothing counts
    return_meets_purchase     a return that waited is judged with its purchase, and with no other
    return_refunded       C6  points that came back with goods are in the entries that gave them back, each told once
    goods_taken_back          what a sale takes back came back of a purchase, or took what the goods would have earned
    return_within_purchase    no more of a line has come back than was bought
    name_canonical            names are in the form that names have (`kit.texts`): no caller finds another one
    name_collides             no two names of one scope, such as receipts, are one in that form
    program_one               an account's rows all belong to the account's program
    receipt_identifies        purchases and returns have the ids that programs and receipts make, also of one another
    sale_told, earnings_told  a purchase says what its sale and its earnings say, an activity what its earnings do
    counter_identifies        a counter has the id that its rule, limit and window make
    movement_identifies       what counts towards tiers has the id that its cause makes
    lot_credited              a lot is one credit, on the terms of the earning, adjustment or transfer that gave it
    credited_as_earned        what a member was credited is what their purchase or activity earned, and when
    owed_folds                what is owed is what returns were due, less what was taken, forgiven and recovered
    return_told               a return says what it took, of whose purchase, in which currency
    lots_lapsed               what lapsed of a lot is what its expiries took
    hold_moved                what a hold spent and gave back, and when, is what entries say, lot by lot
    rule_told                 what earnings say of the version of a rule that gave them is what it says
    transfer_dated            a transfer's times are those of its entries, and its parts what left the lots
    lease_bounded             no lease lasts longer than LEASE_S_MAX from now
    row_unchanged             what a row says is what the service wrote (kit/row_digests.py)

All questions are asked of one snapshot, so a service that works meanwhile causes no findings.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from kit import outbox, row_digests, stored_names
from kit.checking import Finding
from kit.questions import STATEMENT_TIMEOUT_MS, ask
from services.points import tables
from services.points.check import identities, leases, names
from services.points.check.earning import activities, limits, qualifying
from services.points.check.ledger import accounts as ledger
from services.points.check.ledger import adjustments, crediting, debts, inactivity, transfers
from services.points.check.ledger import holds as holding
from services.points.check.sales import purchases as sales

# Two processes stamp the entries of one account before they queue for it. No transaction lives as long as this.
RECORDING_S_MAX = 600

KNOWN: dict[str, object] = {
    "kept_days": outbox.RETENTION_DAYS,
    "recording_s_max": RECORDING_S_MAX,
    "lease_s_max": leases.LEASE_S_MAX,
}

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    *row_digests.questions(tables.metadata),
    *identities.QUESTIONS,
    *crediting.QUESTIONS,
    *debts.QUESTIONS,
    *holding.QUESTIONS,
    *leases.QUESTIONS,
    *limits.QUESTIONS,
    *adjustments.QUESTIONS,
    *transfers.QUESTIONS,
    *activities.QUESTIONS,
    *inactivity.QUESTIONS,
    *ledger.QUESTIONS,
    *sales.QUESTIONS,
    *qualifying.QUESTIONS,
    (
        "rule_versions_apart",
        "versions of the rule have different keys",
        """
        SELECT concat_ws('/', program_id, rule_id)
        FROM earning_rules
        GROUP BY program_id, rule_id
        HAVING count(DISTINCT key) > 1
        """,
    ),
    (
        "rule_versions_apart",
        "two versions of the rule are effective at the same time",
        """
        SELECT DISTINCT concat_ws('/', one.program_id, one.rule_id)
        FROM earning_rules AS one
        JOIN earning_rules AS other USING (program_id, rule_id)
        WHERE one.version < other.version
            AND greatest(one.effective_from, other.effective_from)
                < least(one.effective_until, other.effective_until, 'infinity')
            AND one.effective_from < coalesce(one.effective_until, 'infinity')
            AND other.effective_from < coalesce(other.effective_until, 'infinity')
        """,
    ),
    (
        "program_one",
        "a row of the account belongs to another program",
        """
        SELECT DISTINCT concat_ws('/', member_id, wallet)
        FROM accounts
        WHERE EXISTS (SELECT FROM entries WHERE entries.member_id = accounts.member_id
                      AND entries.wallet = accounts.wallet AND entries.program_id <> accounts.program_id)
            OR EXISTS (SELECT FROM lots WHERE lots.member_id = accounts.member_id
                       AND lots.wallet = accounts.wallet AND lots.program_id <> accounts.program_id)
            OR EXISTS (SELECT FROM adjustments AS own WHERE own.member_id = accounts.member_id
                       AND own.wallet = accounts.wallet AND own.program_id <> accounts.program_id)
            OR EXISTS (SELECT FROM transfers AS own WHERE own.member_id = accounts.member_id
                       AND own.wallet = accounts.wallet AND own.program_id <> accounts.program_id)
            OR EXISTS (SELECT FROM holds WHERE holds.member_id = accounts.member_id
                       AND holds.wallet = accounts.wallet AND holds.program_id <> accounts.program_id)
        """,
    ),
)


def check(engine: sa.Engine) -> Iterator[Finding]:
    """Asks every question of one snapshot of the database."""
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        yield from ask(connection, QUESTIONS, KNOWN | row_digests.given(connection))
        yield from names.approved_by_a_namesake(connection)
        yield from stored_names.findings(connection, names.NAMES)
