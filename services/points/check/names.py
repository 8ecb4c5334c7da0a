"""Where names stand in the ledger, and people who approve in another one's name."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from kit.checking import Finding
from kit.stored_names import StoredNames
from kit.texts.lookalikes import likeness

ROWS_AT_A_TIME = 1_000

_RULE_NAMES = (
    "excluded_skus", "excluded_categories", "excluded_brands", "included_skus", "included_categories",
    "included_brands",
)  # fmt: skip

NAMES = (
    StoredNames(
        "the receipt of the purchase",
        """
        SELECT purchase_id::text AS subject, concat_ws('/', program_id, business_day) AS scope,
            ARRAY[source, store_id, terminal_id, receipt_number] AS parts
        FROM purchases
        """,
        unique=True,
    ),
    StoredNames(
        "the line's id",
        """
        SELECT purchase_id::text AS subject, purchase_id::text AS scope, ARRAY[line ->> 'line_id'] AS parts
        FROM purchases, jsonb_array_elements(sale -> 'lines') AS line
        """,
        unique=True,
    ),
    StoredNames(
        "the SKU, category or brand of a line, or the cashier",
        """
        SELECT purchase_id::text AS subject, '' AS scope,
            ARRAY[line ->> 'sku', line ->> 'category', line ->> 'brand', sale ->> 'cashier_id'] AS parts
        FROM purchases, jsonb_array_elements(sale -> 'lines') AS line
        """,
    ),
    StoredNames(
        "the receipt of the return",
        """
        SELECT return_id::text AS subject, concat_ws('/', program_id, business_day) AS scope,
            ARRAY[source, store_id, terminal_id, receipt_number] AS parts
        FROM returns
        """,
        unique=True,
    ),
    StoredNames(
        "the receipt or a line that the return names, or the cashier",
        """
        SELECT return_id::text AS subject, '' AS scope,
            ARRAY[original_source, original_store_id, original_terminal_id, original_receipt_number, cashier_id]
            || ARRAY(SELECT line ->> 'line_id' FROM jsonb_array_elements(lines) AS line) AS parts
        FROM returns
        """,
    ),
    StoredNames(
        "the activity's source and key",
        """
        SELECT activity_id::text AS subject, concat_ws('/', program_id, kind) AS scope,
            ARRAY[source, activity_key] AS parts
        FROM activities
        """,
        unique=True,
    ),
    StoredNames(
        "the store, the cashier or an attribute of the activity",
        """
        SELECT activity_id::text AS subject, '' AS scope, ARRAY[store_id, cashier_id]
            || ARRAY(SELECT concat_ws('', own.key, ' ', own.value)
                     FROM jsonb_each_text(attributes) AS own WHERE own.value <> '') AS parts
        FROM activities
        """,
    ),
    StoredNames(
        "the account's wallet",
        """
        SELECT concat_ws('/', member_id, wallet) AS subject, concat_ws('/', program_id, member_id) AS scope,
            ARRAY[wallet] AS parts
        FROM accounts
        """,
        unique=True,
    ),
    StoredNames(
        "a name of who decided the adjustment",
        """
        SELECT concat_ws('/', member_id, wallet, version) AS subject, '' AS scope, ARRAY[actor, approved_by] AS parts
        FROM entries
        WHERE kind = 'adjustment'
        """,
    ),
    StoredNames(
        "a name of who requested the adjustment or decided it",
        """
        SELECT concat_ws('/', member_id, adjustment_id) AS subject, '' AS scope,
            ARRAY[requested_by, decided_by] AS parts
        FROM adjustments
        """,
    ),
    StoredNames(
        "the hold's reference",
        "SELECT concat_ws('/', member_id, hold_id) AS subject, '' AS scope, ARRAY[reference] AS parts FROM holds",
    ),
    StoredNames(
        "a name in the rule's terms",
        f"""
        SELECT concat_ws('/', program_id, rule_id, version) AS subject, '' AS scope,
            ARRAY[terms ->> 'wallet', terms ->> 'stacking_group', terms ->> 'condition']
            || ARRAY(SELECT jsonb_array_elements_text(named.value) FROM jsonb_each(terms) AS named
                     WHERE named.key IN {_RULE_NAMES} AND jsonb_typeof(named.value) = 'array')
            || ARRAY(SELECT each ->> 'tier' FROM jsonb_array_elements(
                     coalesce(nullif(terms -> 'expiry_by_tier', 'null'), '[]')) AS each) AS parts
        FROM earning_rules
        """,  # noqa: S608 - of our own words
    ),
    StoredNames(
        "a wallet of the program's policy",
        "SELECT program_id::text AS subject, '' AS scope, unspendable_wallets AS parts FROM program_settings",
    ),
    StoredNames(
        "a trait of the member",
        """
        SELECT member_id::text AS subject, '' AS scope, ARRAY[tier] || segments
            || ARRAY(SELECT own.value FROM jsonb_each_text(attributes) AS own) AS parts
        FROM standings
        """,
    ),
)


def approved_by_a_namesake(connection: sa.Connection) -> Iterator[Finding]:
    """Approvals in a name that passes for the requester's: what SQL cannot compare."""
    approvals = sa.text(
        "SELECT concat_ws('/', member_id, adjustment_id) AS subject, requested_by, decided_by FROM adjustments"
        " WHERE state = 'approved'"
    )
    for row in connection.execute(approvals, execution_options={"yield_per": ROWS_AT_A_TIME}):
        if likeness(row.requested_by) == likeness(row.decided_by):
            yield Finding("adjustment_by_two", row.subject, "the adjustment was approved by whoever asked for it")
