"""The checker's questions to this service's own database. Each finding names rows by their identity.

    voucher_fits_redemption   a voucher is set aside, good, void or cancelled exactly as its redemption says
    code_leads_to_voucher     every voucher is found by its code, and every code leads to a voucher
    voucher_used_as_written   a voucher's uses and reinstatements say what it is, and until when it is good
    stock_adds_up             a reward's movements add up to its stock
    unit_moved_once           a redemption's unit was taken if it says so, and given back if it was cancelled
    count_adds_up             as many redemptions count against a limit as there are, and never more than the limit
    redemption_announced      a settled redemption's version is that of its last event, while events are kept
    name_canonical            names are in the form that names have (`kit.texts`): no caller finds another one
    voucher_journalled        a voucher is what the last of its changes made it, and they are numbered without gaps
    voucher_dated             a voucher ends so long after its issue as its redemption says, and in the order of things
    redemption_dated          a redemption was asked for before it was cancelled and before it changed last
    lease_bounded             no lease lasts longer than LEASE_S_MAX from now
    row_unchanged             what a row says is what the service wrote (kit/row_digests.py)

All questions are asked of one snapshot, so a service that works meanwhile causes no findings. Whether the points were
spent is for a checker that sees the ledger, too; `ledger_claims` gives it the rows to compare.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

import sqlalchemy as sa

from kit import outbox, row_digests, stored_names
from kit.checking import Finding
from kit.questions import STATEMENT_TIMEOUT_MS, ask
from kit.stored_names import StoredNames
from services.rewards import announces, tables

ROWS_AT_A_TIME = 1_000

# No worker takes a redemption for longer. What lies further ahead was written by other means, or by a clock gone wrong.
LEASE_S_MAX = 3_600

KNOWN: dict[str, object] = {
    "aggregate_type": announces.AGGREGATE_TYPE,
    "kept_days": outbox.RETENTION_DAYS,
    "lease_s_max": LEASE_S_MAX,
}

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    *row_digests.questions(tables.metadata),
    (
        "voucher_fits_redemption",
        "the voucher's state does not fit the redemption's",
        """
        SELECT concat_ws('/', redemption.member_id, redemption.redemption_id)
        FROM redemptions AS redemption
        LEFT JOIN vouchers AS voucher USING (member_id, redemption_id)
        WHERE NOT CASE
            WHEN redemption.state IN ('requested', 'held') THEN voucher.state IS NULL
            WHEN redemption.state = 'issued' THEN voucher.state IS NOT DISTINCT FROM 'set_aside'
            WHEN redemption.state = 'confirmed' AND redemption.cancel_reason = ''
                THEN coalesce(voucher.state IN ('issued', 'used'), false)
            WHEN redemption.state = 'confirmed' THEN voucher.state IS NOT DISTINCT FROM 'cancelled'
            ELSE coalesce(voucher.state IN ('void', 'cancelled'), true)
        END
        """,
    ),
    (
        "code_leads_to_voucher",
        "the voucher is not found by its code",
        """
        SELECT concat_ws('/', voucher.member_id, voucher.redemption_id)
        FROM vouchers AS voucher
        JOIN redemptions AS redemption USING (member_id, redemption_id)
        LEFT JOIN voucher_codes AS known ON known.program_id = redemption.program_id AND known.code = voucher.code
        WHERE (known.member_id, known.redemption_id) IS DISTINCT FROM (voucher.member_id, voucher.redemption_id)
        """,
    ),
    (
        "code_leads_to_voucher",
        "the code leads to a voucher that has another one",
        """
        SELECT concat_ws('/', known.member_id, known.redemption_id)
        FROM voucher_codes AS known
        LEFT JOIN vouchers AS voucher USING (member_id, redemption_id)
        WHERE voucher.code IS DISTINCT FROM known.code
        """,
    ),
    (
        "voucher_used_as_written",
        "the uses and reinstatements of the voucher do not make it what it is",
        """
        SELECT concat_ws('/', voucher.member_id, voucher.redemption_id)
        FROM vouchers AS voucher
        LEFT JOIN (
            SELECT member_id, redemption_id, count(*) AS used, max(use.ordinal) AS last_ordinal,
                count(back.ordinal) AS taken_back,
                coalesce(bool_and(back.reinstated_at >= use.used_at), true) AS in_order
            FROM voucher_uses AS use
            LEFT JOIN voucher_reinstatements AS back USING (member_id, redemption_id, ordinal)
            GROUP BY member_id, redemption_id
        ) AS history USING (member_id, redemption_id)
        LEFT JOIN voucher_uses AS last_use
            ON (last_use.member_id, last_use.redemption_id, last_use.ordinal)
                = (voucher.member_id, voucher.redemption_id, voucher.uses)
        WHERE voucher.uses <> coalesce(used, 0)
            OR voucher.uses <> coalesce(last_ordinal, 0)
            OR (voucher.state = 'used')::int <> coalesce(used - taken_back, 0)
            OR NOT coalesce(in_order, true)
            OR (voucher.state = 'used' AND
                (voucher.used_at, used_store_id, used_terminal_id, used_receipt_number) IS DISTINCT FROM
                (last_use.used_at, last_use.store_id, last_use.terminal_id, last_use.receipt_number))
        """,
    ),
    (
        "voucher_used_as_written",
        "a use was not taken back before the next one",
        """
        SELECT concat_ws('/', later.member_id, later.redemption_id, later.ordinal)
        FROM voucher_uses AS later
        LEFT JOIN voucher_reinstatements AS back
            ON (back.member_id, back.redemption_id, back.ordinal)
                = (later.member_id, later.redemption_id, later.ordinal - 1)
        WHERE later.ordinal > 1 AND coalesce(back.reinstated_at > later.used_at, true)
        """,
    ),
    (
        "voucher_used_as_written",
        "the voucher was reinstated without a reason, or by no one",
        """
        SELECT concat_ws('/', member_id, redemption_id, ordinal)
        FROM voucher_reinstatements
        WHERE reason = '' OR (actor = '' AND return_id IS NULL)
        """,
    ),
    (
        "stock_adds_up",
        "the movements do not add up to the stock",
        """
        SELECT concat_ws('/', program_id, reward_id)
        FROM reward_stocks
        FULL JOIN (
            SELECT program_id, reward_id, sum(quantity) AS moved FROM stock_movements GROUP BY program_id, reward_id
        ) AS movements USING (program_id, reward_id)
        WHERE stock IS DISTINCT FROM moved
        """,
    ),
    (
        "unit_moved_once",
        "the movements of its unit are not what the redemption says",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM redemptions
        FULL JOIN (
            SELECT member_id, redemption_id, program_id, reward_id,
                count(*) FILTER (WHERE kind = 'taken') AS taken,
                count(*) FILTER (WHERE kind = 'returned') AS returned
            FROM stock_movements
            WHERE redemption_id IS NOT NULL
            GROUP BY member_id, redemption_id, program_id, reward_id
        ) AS movements USING (member_id, redemption_id, program_id, reward_id)
        WHERE (coalesce(taken, 0), coalesce(returned, 0)) IS DISTINCT FROM
            (is_stock_taken::int, (is_stock_taken AND state = 'cancelled')::int)
        """,
    ),
    (
        "count_adds_up",
        "not as many redemptions of this reward count for the member as there are",
        """
        SELECT concat_ws('/', member_id, program_id, reward_id)
        FROM redemption_counts
        FULL JOIN (
            SELECT member_id, program_id, reward_id, count(*) AS standing
            FROM redemptions
            WHERE state <> 'cancelled'
            GROUP BY member_id, program_id, reward_id
        ) AS redeemed USING (member_id, program_id, reward_id)
        WHERE coalesce(taken, 0) <> coalesce(standing, 0)
        """,
    ),
    (
        "count_adds_up",
        "more redemptions stand than the limit allowed when the last of them was requested",
        """
        SELECT concat_ws('/', member_id, program_id, reward_id)
        FROM redemptions
        WHERE state <> 'cancelled'
        GROUP BY member_id, program_id, reward_id
        HAVING (array_agg(limit_per_member ORDER BY redemption_id DESC))[1] BETWEEN 1 AND count(*) - 1
        """,
    ),
    (
        "redemption_announced",
        "the redemption's version is not that of its last event",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM redemptions
        LEFT JOIN (
            SELECT aggregateid, max(version) AS announced
            FROM outbox
            WHERE aggregatetype = :aggregate_type
            GROUP BY aggregateid
        ) AS told ON told.aggregateid = redemption_id
        WHERE lease_until IS NULL AND updated_at > now() - make_interval(days => :kept_days)
            AND version <> coalesce(announced, 0)
        """,
    ),
)

QUESTIONS += (
    (
        "voucher_journalled",
        "the voucher is not what the last of its changes made it",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM vouchers AS voucher
        FULL JOIN (
            SELECT DISTINCT ON (member_id, redemption_id) *,
                count(*) OVER (PARTITION BY member_id, redemption_id) AS changes
            FROM voucher_changes
            ORDER BY member_id, redemption_id, number DESC
        ) AS last USING (member_id, redemption_id)
        WHERE last.changes IS DISTINCT FROM last.number
            OR (voucher.state, voucher.issued_at, voucher.expires_at, voucher.used_at, voucher.used_store_id,
                voucher.used_terminal_id, voucher.used_receipt_number, voucher.cancelled_at)
            IS DISTINCT FROM (last.state, last.issued_at, last.expires_at, last.used_at, last.used_store_id,
                last.used_terminal_id, last.used_receipt_number, last.cancelled_at)
        """,
    ),
    (
        "voucher_dated",
        "the voucher does not end so long after its issue as its redemption says, or was used or cancelled out of turn",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM vouchers
        JOIN redemptions USING (member_id, redemption_id)
        LEFT JOIN (
            SELECT member_id, redemption_id, sum(extract(epoch FROM reinstated_at - use.used_at)) AS paused_s
            FROM voucher_reinstatements
            JOIN voucher_uses AS use USING (member_id, redemption_id, ordinal)
            GROUP BY member_id, redemption_id
        ) AS pauses USING (member_id, redemption_id)
        WHERE extract(epoch FROM expires_at - issued_at) <> voucher_validity_days * 86400 + coalesce(paused_s, 0)
            OR NOT used_at BETWEEN issued_at AND expires_at OR issued_at < requested_at OR cancelled_at < issued_at
        """,
    ),
    (
        "redemption_dated",
        "the redemption was not asked for before it was cancelled, or changed last before that",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM redemptions
        WHERE updated_at < requested_at OR NOT cancel_requested_at BETWEEN requested_at AND updated_at
        """,
    ),
    (
        "lease_bounded",
        "the lease lasts longer than any worker takes one for",
        """
        SELECT concat_ws('/', member_id, redemption_id)
        FROM redemptions
        WHERE lease_until > now() + make_interval(secs => :lease_s_max)
        """,
    ),
)

_LEDGER_CLAIMS = """
    SELECT program_id, member_id, redemption_id, hold_id, wallet, cost_points, state, cancel_reason
    FROM redemptions
    WHERE hold_id IS NOT NULL
"""


@dataclasses.dataclass(frozen=True)
class LedgerClaim:
    """What `points` must say of a redemption's hold: captured and not reversed if `is_spent`, else nothing spent.

    `is_settled` is false while the redemption is under way; then the hold may be a step ahead of it.
    """

    program_id: uuid.UUID
    member_id: uuid.UUID
    redemption_id: uuid.UUID
    hold_id: uuid.UUID
    wallet: str
    cost_points: int
    is_spent: bool
    is_settled: bool


NAMES = (
    StoredNames(
        "the wallet or the SKU of the reward",
        "SELECT reward_id::text AS subject, '' AS scope, ARRAY[wallet, benefit_sku] AS parts FROM rewards",
    ),
    StoredNames(
        "the redemption's wallet",
        "SELECT concat_ws('/', member_id, redemption_id) AS subject, '' AS scope, ARRAY[wallet] AS parts"
        " FROM redemptions",
    ),
    StoredNames(
        "the store, the terminal or the receipt where the voucher was used",
        "SELECT concat_ws('/', member_id, redemption_id) AS subject, '' AS scope,"
        " ARRAY[used_store_id, used_terminal_id, used_receipt_number] AS parts FROM vouchers",
    ),
    StoredNames(
        "the store, the terminal or the receipt of the use",
        "SELECT concat_ws('/', member_id, redemption_id, ordinal) AS subject, '' AS scope,"
        " ARRAY[store_id, terminal_id, receipt_number] AS parts FROM voucher_uses",
    ),
    StoredNames(
        "the actor of the reinstatement",
        "SELECT concat_ws('/', member_id, redemption_id, ordinal) AS subject, '' AS scope,"
        " ARRAY[actor] AS parts FROM voucher_reinstatements",
    ),
)


def check(engine: sa.Engine) -> Iterator[Finding]:
    """Asks everything of one snapshot."""
    with _snapshot(engine) as connection:
        yield from ask(connection, QUESTIONS, KNOWN | row_digests.given(connection))
        yield from stored_names.findings(connection, NAMES)


def ledger_claims(engine: sa.Engine) -> Iterator[LedgerClaim]:
    """What the ledger must say of every redemption that ever held points, row by row, however many there are."""
    with _snapshot(engine) as connection:
        for row in connection.execute(sa.text(_LEDGER_CLAIMS), execution_options={"yield_per": ROWS_AT_A_TIME}):
            is_spent = row.state == "confirmed" and not row.cancel_reason
            yield LedgerClaim(
                program_id=row.program_id,
                member_id=row.member_id,
                redemption_id=row.redemption_id,
                hold_id=row.hold_id,
                wallet=row.wallet,
                cost_points=row.cost_points,
                is_spent=is_spent,
                is_settled=is_spent or row.state == "cancelled",
            )


def _snapshot(engine: sa.Engine) -> sa.Connection:
    connection = engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"))
    return connection
