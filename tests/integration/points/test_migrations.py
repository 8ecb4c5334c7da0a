"""The migrations make what the tables say, and may be run again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from kit import migrations
from services.points import check, tables
from tests.fixtures.servers import as_owner
from tests.integration.points.busy import live, started
from tests.integration.points.served import owned

WORD = "points"


def test_the_migrated_database_is_what_the_tables_say(databases: Callable[[str], str]) -> None:
    assert migrations.drift(as_owner(databases(WORD)), WORD) == []


def test_an_empty_database_lacks_everything_and_then_nothing(blank_database: str) -> None:
    assert migrations.pending(blank_database, WORD)
    migrations.upgrade(blank_database, WORD)
    assert migrations.pending(blank_database, WORD) == []
    assert migrations.drift(blank_database, WORD) == []


def test_migrating_a_busy_database_again_changes_nothing(databases: Callable[[str], str]) -> None:
    url = databases(WORD)
    with started(url) as points:
        live(points)
        before = rows(points.engine)

        migrations.upgrade(url, WORD, owner_url=as_owner(url))

        assert rows(points.engine) == before
        assert list(check.check(points.engine)) == []
    assert migrations.drift(as_owner(url), WORD) == []


def rows(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=str)
            for table in tables.metadata.sorted_tables
        }


def test_a_members_tables_lead_their_keys_with_the_member() -> None:
    for table in (
        tables.accounts,
        tables.entries,
        tables.lots,
        tables.lot_movements,
        tables.holds,
        tables.hold_parts,
        tables.adjustments,
        tables.transfers,
        tables.transfer_arrivals,
        tables.standings,
        tables.cap_counters,
        tables.cap_movements,
        tables.qualifying_movements,
        tables.pending_activities,
    ):
        assert next(iter(table.primary_key.columns)).name == "member_id"


REFUSED = {
    "ck_accounts_deficit_not_negative": "UPDATE accounts SET posted = posted + deficit + 1, deficit = -1",
    "ck_accounts_owed_not_negative": "UPDATE accounts SET owed = -1",
    "ck_accounts_lots_not_negative": "UPDATE accounts SET posted = -1, deficit = 0",
    "ck_entries_moves_something": "ALTER TABLE entries DROP CONSTRAINT ck_entries_kind_fits;"
    "UPDATE entries SET amount = 0",
    "ck_entries_kind_fits": "UPDATE entries SET amount = -amount",
    "ck_entries_one_cause": "UPDATE entries SET purchase_id = member_id, return_id = member_id",
    "ck_lots_remaining_within_units": "UPDATE lots SET remaining = units + 1",
    "ck_lots_held_within_remaining": "UPDATE lots SET held = remaining + 1",
    "ck_lots_forgiven_within_lapsed": "UPDATE lots SET forgiven = lapsed + 1, units = units + 10, lapsed = lapsed",
    "ck_lots_expires_after_available": "UPDATE lots SET expires_at = available_at",
    "ck_lots_inactivity_days_positive": "UPDATE lots SET inactivity_days = 0",
    "ck_lots_lapsed_at_its_end": "UPDATE lots SET expires_at = NULL WHERE lapsed > 0",
    "ck_entries_counted_may_count": "UPDATE entries SET counted = true WHERE kind = 'expiry'",
    "ck_entries_inactivity_of_expiry": "UPDATE entries SET inactivity_days = 1 WHERE kind = 'earn'",
    "ck_lot_movements_moves_something": "UPDATE lot_movements SET units = 0",
    "ck_holds_state": "ALTER TABLE holds DROP CONSTRAINT ck_holds_captured_fits;UPDATE holds SET state = 'lost'",
    "ck_holds_open_until_ended": "UPDATE holds SET ended_at = NULL WHERE state = 'captured'",
    "ck_holds_captured_fits": "UPDATE holds SET captured = amount + 1 WHERE state = 'captured'",
    "ck_hold_parts_captured_within_units": "UPDATE hold_parts SET captured = units + 1",
    "ck_standings_status": "UPDATE standings SET status = 'asleep'",
    "ck_returns_shortfall_within_points": "UPDATE returns SET shortfall = points_returned + 1",
    "ck_returns_unmatched_takes_nothing": "UPDATE returns SET points_returned = 1 "
    "WHERE purchase_id IS NULL AND valued IS NULL",
    "ck_returns_valued_within_sale": "UPDATE returns SET within_purchase_id = NULL WHERE valued IS NOT NULL",
    "ck_returns_refunds_restore": "UPDATE returns SET points_restored = 0",
    "ck_purchases_anonymous_earns_nothing": "UPDATE purchases SET points_earned = 1 WHERE member_id IS NULL",
    "ck_earning_rules_state_fits": "UPDATE earning_rules SET effective_from = NULL",
    "ck_cap_counters_used_within_allowed": "UPDATE cap_counters SET used = allowed + 1",
    "ck_cap_counters_scope": "UPDATE cap_counters SET scope = 'store', cashier_id = ''",
    "ck_cap_movements_direction": "UPDATE cap_movements SET units = -units",
    "ck_cap_movements_caused": "UPDATE cap_movements SET cause_id = counter_id",
    "pk_cap_movements": "INSERT INTO cap_movements SELECT * FROM cap_movements",
    "fk_cap_movements_member_id_counter_id_cap_counters": "DELETE FROM cap_counters",
    "ck_budget_counters_used_within_allowed": "UPDATE budget_counters SET used = -1",
    "ck_budget_counters_names_one": "UPDATE budget_counters SET store_id = 'S9'",
    "ck_budget_counters_window_starts": "UPDATE budget_counters SET starts_on = NULL",
    "ck_budget_movements_direction": "UPDATE budget_movements SET units = 0",
    "ck_qualifying_movements_direction": "UPDATE qualifying_movements SET units = 0",
    "ck_qualifying_movements_caused": "UPDATE qualifying_movements SET purchase_id = NULL",
    "ck_qualifying_movements_by_rule_or_by_hand": "UPDATE qualifying_movements SET rule_id = NULL",
    "ck_entries_qualifying_by_hand": "UPDATE entries SET qualifying = true",
    "pk_qualifying_movements": "INSERT INTO qualifying_movements SELECT * FROM qualifying_movements",
    "fk_qualifying_movements_member_id_wallet_accounts": "UPDATE qualifying_movements SET wallet = 'stars'",
    "ck_activities_kind": "UPDATE activities SET kind = 'nap' WHERE kind = 'visit'",
    "ck_activities_events_have_names": "UPDATE activities SET name = ''",
    "ck_activities_points_not_negative": "UPDATE activities SET points_earned = -1",
    "pk_activities": "INSERT INTO activities SELECT * FROM activities",
    "ck_returns_matched_or_waiting": "UPDATE returns SET awaited_purchase_id = purchase_id",
    "ck_return_matches_misfit_takes_nothing": "UPDATE return_matches SET points_returned = 1 WHERE misfit IS NOT NULL",
    "ck_return_matches_shortfall_within_points": "UPDATE return_matches SET shortfall = points_returned + 1",
    "ck_return_matches_anonymous_takes_nothing": "UPDATE return_matches SET member_id = NULL",
    "pk_return_matches": "INSERT INTO return_matches SELECT * FROM return_matches",
    "pk_purchase_slots": "INSERT INTO purchase_slots SELECT * FROM purchase_slots",
    "pk_purchase_claims": "INSERT INTO purchase_claims SELECT * FROM purchase_claims",
}


def test_the_database_itself_refuses_what_the_domain_rules_out(databases: Callable[[str], str]) -> None:
    url = databases(WORD)
    with started(url) as points:
        live(points)
    with owned(url) as engine:
        for constraint, statements in REFUSED.items():
            with pytest.raises(exc.IntegrityError, match=constraint), engine.begin() as connection:
                for statement in statements.split(";"):
                    connection.exec_driver_sql(statement)
