"""The checker finds what is planted, names the row, and finds nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kit.checking import FINDINGS_MAX, Finding, bounded
from services.points import check, tables
from services.points.domain.program.policy import Shortfall
from tests.factories import points as make
from tests.fixtures.servers import Lender
from tests.integration.points.activity_defects import ACTIVITY_DEFECTS
from tests.integration.points.busy import buy, live, spend, started
from tests.integration.points.conftest import TILL, Points
from tests.integration.points.derived_defects import DERIVED_DEFECTS
from tests.integration.points.digest_defects import DIGEST_DEFECTS
from tests.integration.points.goods_back_defects import GOODS_BACK_DEFECTS
from tests.integration.points.inactivity_defects import INACTIVITY_DEFECTS
from tests.integration.points.planted import AMINA, ANY_KIND, BILAL, Planted, planted
from tests.integration.points.planting import BusyDay, named, plant
from tests.integration.points.served import opened

# By the problem that a question finds: a question that stands here with no defect, or not at all, fails below.
DEFECTS: dict[str, dict[str, Planted]] = {
    **INACTIVITY_DEFECTS,
    **DIGEST_DEFECTS,
    **DERIVED_DEFECTS,
    "the accounts of this program do not add up to what their contra accounts say": {
        "a point from nowhere": planted(
            "{program}", "UPDATE accounts SET posted = posted + 1 WHERE member_id = :amina"
        ),
        "an entry without its other side": planted(
            "{program}", ANY_KIND, "UPDATE entries SET contra = 'lost' WHERE member_id = :amina AND version = 1"
        ),
        "entries of a program without accounts": planted(
            "{amina}", "UPDATE entries SET program_id = member_id WHERE member_id = :amina"
        ),
    },
    "the lots of this wallet, less what accounts are below zero, are not what its contra accounts say": {
        "a unit that is gone": planted(
            "{program}/points", "UPDATE lots SET remaining = remaining - 1 WHERE lot_id = :lot"
        ),
        "a deficit that grew": planted(
            "{program}/points", "UPDATE accounts SET deficit = deficit + 1 WHERE member_id = :bilal"
        ),
        "an entry without its other side": planted(
            "{program}/points", ANY_KIND, "UPDATE entries SET contra = 'lost' WHERE member_id = :amina AND version = 1"
        ),
        "a lot of another program": planted(
            "{bought}/points", "UPDATE lots SET program_id = :bought WHERE lot_id = :lot"
        ),
    },
    "after this entry the lots held less than the balance": {
        "a credit that came into a lot later than it was told": planted(
            AMINA + "/1",
            "UPDATE lot_movements SET entry_version = 6 WHERE lot_id = :lot AND units > 0 AND entry_version = 1",
        ),
        "a credit that came into no lot": planted(
            AMINA + "/1", "DELETE FROM lot_movements WHERE lot_id = :lot AND units > 0 AND entry_version = 1"
        ),
    },
    "the movement of the lot belongs to no entry": {
        "an entry that was never made": planted(
            "{amina}/{claimed}",
            "INSERT INTO lot_movements (member_id, movement_id, wallet, entry_version, lot_id, units) "
            "VALUES (:amina, :claimed, 'points', 99, :lot, 1)",
        ),
        "an entry of another wallet": planted(
            "{amina}/{claimed}",
            "INSERT INTO lot_movements (member_id, movement_id, wallet, entry_version, lot_id, units) "
            "VALUES (:amina, :claimed, 'stars', 1, :lot, 1)",
        ),
    },
    "the entry was recorded long before the one that it follows": {
        "an entry that was dated back": planted(
            AMINA + "/2",
            "UPDATE entries SET recorded_at = recorded_at - interval '1 day' WHERE member_id = :amina AND version = 2",
        ),
        "an entry that was dated on": planted(
            AMINA + "/2",
            "UPDATE entries SET recorded_at = recorded_at + interval '1 day' WHERE member_id = :amina AND version = 1",
        ),
    },
    "the account's balance is not the sum of its entries": {
        "a point from nowhere": planted(AMINA, "UPDATE accounts SET posted = posted + 1 WHERE member_id = :amina"),
        "points moved between members without an entry": planted(
            AMINA,
            "UPDATE accounts SET posted = posted - 1 WHERE member_id = :amina",
            "UPDATE accounts SET posted = posted + 1 WHERE member_id = :bilal",
        ),
        "a balance without any entry": planted(
            "{program}/points",
            "INSERT INTO accounts (member_id, wallet, program_id, posted) VALUES (:program, 'points', :program, 5)",
        ),
        "an entry that is gone": planted(AMINA, "DELETE FROM entries WHERE member_id = :amina AND version = 2"),
    },
    "the entry does not follow from the one before it": {
        "an entry that is gone": planted(AMINA + "/3", "DELETE FROM entries WHERE member_id = :amina AND version = 2"),
        "the first entry is gone": planted(
            AMINA + "/2", "DELETE FROM entries WHERE member_id = :amina AND version = 1"
        ),
        "a balance that does not follow": planted(
            AMINA + "/2",
            "UPDATE entries SET balance_after = balance_after + 1 WHERE member_id = :amina AND version = 2",
        ),
        "an amount that was changed": planted(
            AMINA + "/1", "UPDATE entries SET amount = amount + 1 WHERE member_id = :amina AND version = 1"
        ),
    },
    "the account's version is not that of its last entry": {
        "a version without an entry": planted(
            AMINA, "UPDATE accounts SET version = version + 1 WHERE member_id = :amina"
        ),
        "the last entry is gone": planted(AMINA, "DELETE FROM entries WHERE member_id = :amina AND version = 7"),
        "all entries are gone": planted(AMINA, "DELETE FROM entries WHERE member_id = :amina"),
    },
    "the account has a deficit though every return took what it took from lots": {
        "below zero without a cause": planted(
            AMINA, "UPDATE accounts SET posted = posted - 1000, deficit = 1000 WHERE member_id = :amina"
        ),
        "below zero by an adjustment": planted(
            BILAL, ANY_KIND, "UPDATE entries SET kind = 'adjustment' WHERE member_id = :bilal AND kind = 'return'"
        ),
    },
    "the account has a deficit or owes points while lots have free units that should make up for it": {
        "points owed that could be paid": planted(AMINA, "UPDATE accounts SET owed = 1 WHERE member_id = :amina"),
        "a free unit that nobody counted": planted(BILAL, "UPDATE lots SET remaining = 1 WHERE member_id = :bilal"),
    },
    "the hold's state, its captured amount and its entries disagree": {
        "captured and never spent": planted(
            "{amina}/{captured}", "DELETE FROM entries WHERE member_id = :amina AND hold_id = :captured"
        ),
        "spent more than was captured": planted(
            "{amina}/{captured}", "UPDATE holds SET captured = captured - 1 WHERE hold_id = :captured"
        ),
        "spent and yet released": planted(
            "{amina}/{captured}",
            "UPDATE holds SET state = 'released', captured = 0, captured_version = NULL WHERE hold_id = :captured",
        ),
        "spent and still open": planted(
            "{amina}/{captured}",
            "UPDATE holds SET state = 'open', ended_at = NULL, captured = 0, captured_version = NULL "
            "WHERE hold_id = :captured",
        ),
        "spent twice": planted(
            "{amina}/{captured}",
            "UPDATE entries SET hold_id = :captured WHERE hold_id = :reversed AND kind = 'spend'",
        ),
        "spent in two halves": planted(
            "{amina}/{captured}",
            "UPDATE entries SET amount = -14 WHERE hold_id = :captured",
            "UPDATE entries SET hold_id = :captured, amount = -1 WHERE hold_id = :reversed AND kind = 'spend'",
        ),
        "restored and not said to be": planted(
            "{amina}/{reversed}", "UPDATE holds SET reversed_at = NULL WHERE hold_id = :reversed"
        ),
        "said to be restored and not": planted(
            "{amina}/{captured}", "UPDATE holds SET reversed_at = now() WHERE hold_id = :captured"
        ),
        "restored in part and not said to be": planted(
            "{dina}/{restored}", "UPDATE holds SET reversed = 0 WHERE hold_id = :restored"
        ),
        "restored in the end and not said to be": planted(
            "{dina}/{restored}",
            "UPDATE entries SET amount = 4 WHERE hold_id = :restored AND kind = 'reversal'",
            "UPDATE hold_parts SET reversed = captured WHERE hold_id = :restored",
            "UPDATE holds SET reversed = captured WHERE hold_id = :restored",
        ),
        "restored less than was said": planted(
            "{amina}/{reversed}", "UPDATE entries SET amount = 4 WHERE hold_id = :reversed AND kind = 'reversal'"
        ),
    },
    "the entry spends or restores a hold that is not there": {
        "a hold that is gone": planted(AMINA + "/3", "DELETE FROM holds WHERE hold_id = :captured"),
        "a hold of somebody else": planted(
            AMINA + "/3", "UPDATE holds SET member_id = :carla WHERE hold_id = :captured"
        ),
    },
    "the hold's parts do not add up to it": {
        "a part too big": planted("{amina}/{open}", "UPDATE hold_parts SET units = units + 1 WHERE hold_id = :open"),
        "a part that did not come back": planted(
            "{dina}/{restored}", "UPDATE hold_parts SET reversed = 0 WHERE hold_id = :restored"
        ),
        "no parts": planted("{amina}/{open}", "DELETE FROM hold_parts WHERE hold_id = :open"),
        "parts that were not spent": planted(
            "{amina}/{captured}", "UPDATE hold_parts SET captured = 0 WHERE hold_id = :captured AND ordinal = 0"
        ),
    },
    "the entry has no event in the outbox, or one that tells another amount": {
        "no event": planted(AMINA + "/2", "DELETE FROM outbox WHERE aggregateid = :amina AND version = 2"),
        "another amount": planted(
            AMINA + "/2",
            "UPDATE outbox SET payload = jsonb_set(payload, '{amount}', '99') "
            "WHERE aggregateid = :amina AND version = 2",
        ),
        "another wallet": planted(
            AMINA + "/2",
            "UPDATE outbox SET payload = jsonb_set(payload, '{wallet}', '\"stars\"') "
            "WHERE aggregateid = :amina AND version = 2",
        ),
        "somebody else's event": planted(
            AMINA + "/2", "UPDATE outbox SET aggregateid = :program WHERE aggregateid = :amina AND version = 2"
        ),
    },
    "the event tells of an entry that is not there": {
        "an event that was made up": planted(
            "{claimed}",
            "INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, program_id, payload, occurred_at) "
            "SELECT :claimed, aggregatetype, aggregateid, type, 99, program_id, payload, occurred_at "
            "FROM outbox WHERE aggregateid = :amina AND version = 2",
        ),
        "an entry that is gone": planted(
            "{claimed}",
            "UPDATE outbox SET id = :claimed WHERE aggregateid = :amina AND version = 2",
            "DELETE FROM entries WHERE member_id = :amina AND version = 2",
        ),
    },
    "what remains of the lot is not the sum of its movements": {
        "a movement that was changed": planted(
            "{amina}/{lot}", "UPDATE lot_movements SET units = units + 1 WHERE lot_id = :lot AND units > 0"
        ),
        "no movements": planted("{amina}/{lot}", "DELETE FROM lot_movements WHERE lot_id = :lot"),
        "a unit from nowhere": planted(
            "{amina}/{lot}", "UPDATE lots SET remaining = remaining + 1 WHERE lot_id = :lot"
        ),
    },
    "what remains in the account's lots, less its deficit, is not its balance": {
        "a unit that is gone": planted(AMINA, "UPDATE lots SET remaining = remaining - 1 WHERE lot_id = :lot"),
        "a deficit that grew": planted(BILAL, "UPDATE accounts SET deficit = deficit + 1 WHERE member_id = :bilal"),
        "a lot that is gone": planted(AMINA, "DELETE FROM lots WHERE lot_id = :lot"),
    },
    "what is held of the lot is not what open holds set aside of it": {
        "a unit that nobody holds": planted("{amina}/{lot}", "UPDATE lots SET held = held + 1 WHERE lot_id = :lot"),
        "units held that are free": planted("{amina}/{lot}", "UPDATE lots SET held = 0 WHERE lot_id = :lot"),
        "a hold that ended and freed nothing": planted(
            "{amina}/{lot}", "UPDATE holds SET state = 'released', ended_at = now() WHERE hold_id = :open"
        ),
        "a hold that came back to life": planted(
            "{amina}/{lot}",
            "UPDATE holds SET state = 'open', ended_at = NULL WHERE member_id = :amina AND state = 'released'",
        ),
    },
    "the entries of the purchase do not give what it says": {
        "a purchase that says more": planted(
            "{bought}", "UPDATE purchases SET points_earned = points_earned + 1 WHERE purchase_id = :bought"
        ),
        "a claim that says more": planted(
            "{claimed}", "UPDATE purchase_claims SET points_earned = points_earned + 1 WHERE purchase_id = :claimed"
        ),
        "an earn that is gone": planted(
            "{bought}", "DELETE FROM entries WHERE purchase_id = :bought AND kind = 'earn'"
        ),
        "a purchase that earned twice": planted(
            "{claimed}",
            "UPDATE entries SET purchase_id = :claimed WHERE purchase_id = :bought",
        ),
    },
    "the entries of the return take more than it says": {
        "a return that says less": planted(
            "{brought_back}", "UPDATE returns SET points_returned = 9 WHERE return_id = :brought_back"
        ),
        "a match that says less": planted(
            "{waited}", "UPDATE return_matches SET points_returned = 4 WHERE return_id = :waited"
        ),
        "an entry that takes more": planted(
            "{brought_back}", "UPDATE entries SET amount = amount - 1 WHERE return_id = :brought_back"
        ),
    },
    "what is used of the limit is not the sum of what moved it": {
        "a use that nothing moved": planted(
            "{amina}/{cap}", "UPDATE cap_counters SET used = 31 WHERE counter_id = :cap"
        ),
        "a budget that was set back": planted(
            "{program}/{budget}", "UPDATE budget_counters SET used = 0 WHERE counter_id = :budget"
        ),
        "a movement that is gone": planted(
            "{amina}/{cap}",
            "DELETE FROM cap_movements WHERE member_id = :amina AND counter_id = :cap AND cause_id = :brought_back",
        ),
    },
    "what the purchase moved of a limit is not what is left of its earnings": {
        "a use that was not counted": planted(
            "{bought}",
            "DELETE FROM budget_movements WHERE purchase_id = :bought AND counter_id = :budget",
            "UPDATE budget_counters SET used = used - 1 WHERE counter_id = :budget",
        ),
        "a return that gave too little back": planted(
            "{bought}",
            "UPDATE cap_movements SET units = -9 WHERE counter_id = :cap AND cause_id = :brought_back",
            "UPDATE cap_counters SET used = used + 1 WHERE member_id = :amina AND counter_id = :cap",
        ),
        "a use of another day": planted(
            "{bought}",
            "UPDATE cap_counters SET starts_on = starts_on - 1 WHERE member_id = :amina AND counter_id = :cap",
        ),
        "a use of another store": planted(
            "{bought}", "UPDATE budget_counters SET store_id = 'S9' WHERE program_id = :program AND scope = 'store'"
        ),
        "an earning that tells of no limit": planted(
            "{bought}",
            "UPDATE purchases SET earnings = jsonb_set(earnings, '{0,explanation,limits}', '[]') "
            "WHERE purchase_id = :bought",
        ),
        "a use by a purchase that is not there": planted(
            "{amina}",
            "INSERT INTO budget_movements (program_id, counter_id, cause_id, purchase_id, units) "
            "VALUES (:program, :budget, :amina, :amina, 1)",
        ),
    },
    **ACTIVITY_DEFECTS,
    **GOODS_BACK_DEFECTS,
    "more is used than any version of the rule allowed, or less than nothing": {
        "a limit that was exceeded": planted(
            "{amina}/{cap}", "UPDATE cap_counters SET used = 101, allowed = 101 WHERE counter_id = :cap"
        ),
        "a budget of a rule that has none": planted(
            "{program}/{budget}", "UPDATE earning_rules SET terms = terms - 'limits' WHERE program_id = :program"
        ),
        "less than nothing": planted(
            "{program}/{budget}",
            "ALTER TABLE budget_counters DROP CONSTRAINT ck_budget_counters_used_within_allowed",
            "UPDATE budget_counters SET used = -1 WHERE counter_id = :budget",
        ),
    },
    "what was transferred is not what has arrived, come back, and is on its way": {
        "a side that is gone": planted(
            "{program}/points", "DELETE FROM entries WHERE transfer_id = :transferred AND kind = 'transfer_in'"
        ),
        "points that got lost on the way": planted(
            "{program}/points",
            "UPDATE transfers SET state = 'sent', ended_at = NULL, lease_until = now() "
            "WHERE transfer_id = :transferred",
            "DELETE FROM transfer_arrivals WHERE transfer_id = :transferred",
        ),
    },
    "the entries of the transfer are not those of how far it is": {
        "done and never arrived": planted(
            "{carla}/{transferred}", "DELETE FROM transfer_arrivals WHERE transfer_id = :transferred"
        ),
        "arrived without an entry": planted(
            "{carla}/{transferred}",
            "DELETE FROM entries WHERE transfer_id = :transferred AND kind = 'transfer_in'",
        ),
        "less arrived than was sent": planted(
            "{carla}/{transferred}",
            "UPDATE entries SET amount = amount - 1 WHERE transfer_id = :transferred AND kind = 'transfer_in'",
        ),
        "done and come back, too": planted(
            "{carla}/{transferred}",
            "UPDATE transfers SET state = 'returned', returned_version = 1 WHERE transfer_id = :transferred",
        ),
    },
    "what left the sender's lots is not the transfer's amount": {
        "another amount": planted(
            "{carla}/{transferred}", "UPDATE transfers SET amount = amount + 1 WHERE transfer_id = :transferred"
        ),
    },
    "the entry is of a transfer that is not there": {
        "a transfer that is gone": planted(AMINA + "/{got}", "DELETE FROM transfers WHERE transfer_id = :transferred"),
        "a transfer to somebody else": planted(
            AMINA + "/{got}", "UPDATE transfers SET recipient_id = :bilal WHERE transfer_id = :transferred"
        ),
    },
    "the adjustment was approved and has not its entry, or has one without an approval": {
        "an entry that is gone": planted("{carla}/{approved}", "DELETE FROM entries WHERE adjustment_id = :approved"),
        "another amount": planted(
            "{carla}/{approved}", "UPDATE entries SET amount = amount + 1 WHERE adjustment_id = :approved"
        ),
        "another entry": planted(
            "{carla}/{approved}",
            "UPDATE adjustments SET entry_version = entry_version - 1 WHERE adjustment_id = :approved",
        ),
        "another word on whether it counts": planted(
            "{carla}/{approved}", "UPDATE adjustments SET qualifying = false WHERE adjustment_id = :approved"
        ),
        "somebody else's name": planted(
            "{carla}/{approved}", "UPDATE entries SET approved_by = 'Chandni' WHERE adjustment_id = :approved"
        ),
        "posted without an approval": planted(
            "{carla}/{approved}",
            "UPDATE adjustments SET state = 'expired', decided_by = '', decided_at = NULL, entry_version = NULL "
            "WHERE adjustment_id = :approved",
        ),
    },
    "the entry posts an adjustment that nobody asked for": {
        "an adjustment that is gone": planted(
            "{carla}/points/{posting}", "DELETE FROM adjustments WHERE adjustment_id = :approved"
        ),
        "an adjustment of somebody else": planted(
            "{carla}/points/{posting}", "UPDATE adjustments SET member_id = :amina WHERE adjustment_id = :approved"
        ),
    },
    "the adjustment was approved by whoever asked for it": {
        "the same person": planted(
            "{carla}/{approved}",
            "ALTER TABLE adjustments DROP CONSTRAINT ck_adjustments_state_fits",
            "UPDATE adjustments SET decided_by = upper(requested_by) WHERE adjustment_id = :approved",
        ),
        "the same person with a space more": planted(
            "{carla}/{approved}",
            "ALTER TABLE adjustments DROP CONSTRAINT ck_adjustments_state_fits",
            "UPDATE adjustments SET decided_by = ' ' || requested_by || ' ' WHERE adjustment_id = :approved",
        ),
        "the same key": planted(
            "{carla}/{approved}",
            "ALTER TABLE adjustments DROP CONSTRAINT ck_adjustments_state_fits",
            "UPDATE adjustments SET decided_caller = requested_caller WHERE adjustment_id = :approved",
        ),
    },
    "what counts of the earning is not what it gave when the purchase occurred": {
        "a unit from nowhere": planted(
            "{amina}/{bought}/{rule}",
            "UPDATE qualifying_movements SET units = 41 WHERE purchase_id = :bought AND return_id IS NULL",
        ),
        "an earning that never counted": planted(
            "{carla}/{claimed}/{rule}", "DELETE FROM qualifying_movements WHERE purchase_id = :claimed"
        ),
        "an earning that counted twice": planted(
            "{amina}/{bought}/{rule}",
            "INSERT INTO qualifying_movements SELECT member_id, purchase_id, program_id, wallet, units, occurred_at,"
            " purchase_id, rule_id, return_id, recorded_at FROM qualifying_movements"
            " WHERE purchase_id = :bought AND return_id IS NULL",
        ),
        "an earning of another day": planted(
            "{amina}/{bought}/{rule}",
            "UPDATE qualifying_movements SET occurred_at = occurred_at - interval '1 day'"
            " WHERE purchase_id = :bought AND return_id IS NULL",
        ),
        "an earning that does not qualify": planted(
            "{amina}/{bought}/{rule}",
            "UPDATE purchases SET earnings = jsonb_set(earnings, '{0,qualifying}', 'false')"
            " WHERE purchase_id = :bought",
        ),
        "an earning that tells of nothing": planted(
            "{amina}/{bought}/{rule}",
            "UPDATE purchases SET earnings = jsonb_set(earnings, '{0}', (earnings->0) - 'qualifying')"
            " WHERE purchase_id = :bought",
        ),
        "units of another program": planted(
            "{amina}/{bought}/{rule}",
            "UPDATE qualifying_movements SET program_id = :bought WHERE purchase_id = :bought AND return_id IS NULL",
        ),
        "units of another purchase": planted(
            "{amina}/{claimed}/{rule}",
            "UPDATE qualifying_movements SET purchase_id = :claimed WHERE purchase_id = :bought AND return_id IS NULL",
        ),
    },
    "what no longer counts of the earning is not what the return took of it": {
        "a return that took too little": planted(
            "{amina}/{brought_back}/{rule}",
            "UPDATE qualifying_movements SET units = -9 WHERE return_id = :brought_back",
        ),
        "a return that took nothing": planted(
            "{amina}/{brought_back}/{rule}", "DELETE FROM qualifying_movements WHERE return_id = :brought_back"
        ),
        "a return that took twice": planted(
            "{dina}/{waited}/{rule}",
            "INSERT INTO qualifying_movements SELECT member_id, return_id, program_id, wallet, units, occurred_at,"
            " purchase_id, rule_id, return_id, recorded_at FROM qualifying_movements WHERE return_id = :waited",
        ),
        "a return that had waited and took nothing": planted(
            "{dina}/{waited}/{rule}", "DELETE FROM qualifying_movements WHERE return_id = :waited"
        ),
        "the day on which goods came back": planted(
            "{amina}/{brought_back}/{rule}",
            "UPDATE qualifying_movements SET occurred_at = occurred_at + interval '1 day'"
            " WHERE return_id = :brought_back",
        ),
        "a return that took nothing of it": planted(
            "{amina}/{brought_back}/{rule}", "UPDATE returns SET taken_by_rule = '{}' WHERE return_id = :brought_back"
        ),
        "a return that is not there": planted(
            "{amina}/{amina}/{rule}",
            "UPDATE qualifying_movements SET return_id = :amina WHERE return_id = :brought_back",
        ),
    },
    "what counts of the adjustment by hand is not what it gave or took": {
        "units that nobody gave": planted(
            "{carla}/points/{posting}", "UPDATE qualifying_movements SET units = 10 WHERE entry_version = :posting"
        ),
        "units that never counted": planted(
            "{carla}/points/{posting}", "DELETE FROM qualifying_movements WHERE entry_version = :posting"
        ),
        "units of the day on which they were asked for": planted(
            "{carla}/points/{posting}",
            "UPDATE qualifying_movements SET occurred_at = occurred_at - interval '1 day'"
            " WHERE entry_version = :posting",
        ),
        "an adjustment that was not to count": planted(
            "{carla}/points/{posting}", "UPDATE entries SET qualifying = false WHERE adjustment_id = :approved"
        ),
        "an adjustment that is not there": planted(
            "{carla}/points/99", "UPDATE qualifying_movements SET entry_version = 99 WHERE entry_version = :posting"
        ),
    },
    "less than nothing counts of what the rule gave for the purchase": {
        "a return that took more than there was": planted(
            "{amina}/{bought}/{rule}", "UPDATE qualifying_movements SET units = -41 WHERE return_id = :brought_back"
        ),
        "a return of nothing": planted(
            "{dina}/{late}/{rule}",
            "DELETE FROM qualifying_movements WHERE purchase_id = :late AND return_id IS NULL",
        ),
    },
    "what the return gave back to the member is not what entries gave back": {
        "a point more than the entry": planted(
            "{refunded}", "UPDATE returns SET points_restored = points_restored + 1 WHERE return_id = :refunded"
        ),
        "an entry of something else": planted(
            "{refunded}",
            "UPDATE returns SET refunds = jsonb_set(refunds, '{0,version}', '1') WHERE return_id = :refunded",
        ),
        "a refund that nobody noted": planted(
            "{refunded}", "UPDATE returns SET refunds = '[]' WHERE return_id = :refunded"
        ),
    },
    "more than one return says that it gave back what the entry did": {
        "a return that boasts of another one's refund": planted(
            "{dina}/points/6",
            "UPDATE returns SET (member_id, points_restored, refunds) ="
            " (SELECT member_id, points_restored, refunds FROM returns WHERE return_id = :refunded)"
            " WHERE return_id = :waited",
        ),
    },
    "more of the line has come back than was bought": {
        "too much in one return": planted(
            "{bought}/1",
            "UPDATE returns SET lines = jsonb_set(lines, '{0,quantity_milli}', '4001') WHERE purchase_id = :bought",
        ),
        "too much in two returns": planted(
            "{bought}/1",
            "UPDATE returns SET purchase_id = :bought, "
            "lines = jsonb_set(lines, '{0,quantity_milli}', '3001') WHERE member_id = :bilal",
        ),
        "too much in a return that had waited": planted(
            "{late}/1", "UPDATE return_matches SET misfit = NULL WHERE purchase_id = :late"
        ),
        "a line that was never bought": planted(
            "{bought}/9",
            "UPDATE returns SET lines = jsonb_set(lines, '{0,line_id}', '\"9\"') WHERE purchase_id = :bought",
        ),
    },
    "versions of the rule have different keys": {
        "a version that was given another": planted(
            "{program}/{rule}",
            "INSERT INTO earning_rules (program_id, rule_id, version, key, state, name, terms, created_at)"
            " SELECT program_id, rule_id, 99, 'other', 'draft', name, terms, created_at FROM earning_rules"
            " WHERE rule_id = :rule",
        ),
    },
    "two versions of the rule are effective at the same time": {
        "a version that began again": planted(
            "{program}/{rule}",
            "INSERT INTO earning_rules (program_id, rule_id, version, state, name, terms, created_at, activated_at,"
            " ended_at, effective_from, effective_until) SELECT program_id, rule_id, 99, 'ended', name, terms,"
            " created_at, now(), now(), effective_from, effective_from + interval '1 minute' FROM earning_rules"
            " WHERE rule_id = :rule",
        ),
    },
    "the return waits for a purchase that is recorded": {
        "a return that was passed by": planted("{waited}", "DELETE FROM return_matches WHERE return_id = :waited"),
        "a return that came later and did not look": planted(
            "{brought_back}",
            "UPDATE returns SET awaited_purchase_id = :bought, purchase_id = NULL, points_returned = 0, shortfall = 0 "
            "WHERE return_id = :brought_back",
        ),
    },
    "the return is matched with a purchase that it did not wait for": {
        "another purchase": planted(
            "{waited}", "UPDATE return_matches SET purchase_id = :bought WHERE return_id = :waited"
        ),
        "a return that had found its purchase": planted(
            "{brought_back}",
            "INSERT INTO return_matches SELECT :brought_back, purchase_id, member_id, misfit, 0, 0, '{}', matched_at "
            "FROM return_matches WHERE return_id = :waited",
        ),
    },
    "nobody holds the slot of the purchase that the return waits for": {
        "a slot that is gone": planted("{waited}", "DELETE FROM purchase_slots WHERE purchase_id = :late"),
    },
    "a row of the account belongs to another program": {
        "an entry": planted(AMINA, "UPDATE entries SET program_id = :bought WHERE member_id = :amina AND version = 2"),
        "a lot": planted(AMINA, "UPDATE lots SET program_id = :bought WHERE lot_id = :lot"),
        "a hold": planted(AMINA, "UPDATE holds SET program_id = :bought WHERE hold_id = :open"),
    },
}

# The question of the digests is put to many tables.
CASES = [
    pytest.param(name, problem, defect, id=f"{name}-{what}".replace(" ", "_"))
    for name, problem in dict.fromkeys((name, problem) for name, problem, _ in check.QUESTIONS)
    for what, defect in DEFECTS.get(problem, {}).items()
]


@pytest.fixture
def points(databases: Callable[[str], str]) -> Iterator[Points]:
    """The service, without a look in the end at whether all is well."""
    with started(databases("points")) as found:
        yield found


@pytest.fixture(scope="module")
def busy_day(lender: Lender) -> Iterator[BusyDay]:
    """Lived once: each defect is planted in a copy."""
    with lender.database("points") as url:
        with started(url) as points:
            names = named(points, live(points))
            assert findings(points) == []
        yield BusyDay(url, names)


def findings(points: Points) -> list[Finding]:
    return list(check.check(points.engine))


def test_every_question_has_its_defects() -> None:
    assert {problem for _, problem, _ in check.QUESTIONS} == DEFECTS.keys()
    assert all(DEFECTS.values())


@pytest.mark.parametrize(("name", "problem", "defect"), CASES)
def test_a_planted_defect_is_found_and_its_row_named(
    lender: Lender, busy_day: BusyDay, name: str, problem: str, defect: Planted
) -> None:
    with lender.copy(busy_day.url) as url, opened(url) as source:
        plant(source, defect, busy_day.names)
        found = list(check.check(source))
    subject = defect.subject.format(**busy_day.names)
    assert any((each.check, each.problem) == (name, problem) and fits(subject, each.subject) for each in found)


def fits(subject: str, found: str) -> bool:
    """Whether a row's name is the one that was meant, or begins as one does that ends in %."""
    return found.startswith(subject[:-1]) if subject.endswith("%") else found == subject


def test_of_thousands_of_defects_no_more_are_read_than_a_report_tells(lender: Lender, busy_day: BusyDay) -> None:
    with lender.copy(busy_day.url) as url, opened(url) as source:
        with source.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, program_id, payload, "
                    "occurred_at) SELECT gen_random_uuid(), aggregatetype, aggregateid, type, 1000 + n, program_id, "
                    "payload, occurred_at FROM outbox, generate_series(1, 3000) AS n "
                    "WHERE aggregateid = :amina AND version = 2"
                ),
                {"amina": busy_day.names["amina"]},
            )
        found = list(check.check(source))
    made_up = [each for each in found if each.problem == "the event tells of an entry that is not there"]
    assert len(made_up) == FINDINGS_MAX + 1
    assert list(bounded(made_up))[-1].check == "findings_max"


def test_nothing_is_found_after_a_busy_day(points: Points) -> None:
    live(points)
    assert findings(points) == []
    # What is empty is easily well.
    with points.engine.connect() as connection:
        empty = [
            table.name
            for table in tables.metadata.sorted_tables
            if not connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        ]
    assert sorted(empty) == ["dead_letters", "inbox", "pending_activities", "rehearsal_counters", "rehearsals", "seals"]


def test_nothing_is_found_while_what_is_missing_is_held(points: Points) -> None:
    points.policy(Shortfall.NEGATIVE)
    points.rule()
    member_id, sale = points.member(), make.a_sale()
    points.purchases.record_purchase(TILL, make.record_purchase(member_id, sale)).unwrap()
    points.holds.place_hold(TILL, make.place_hold(member_id, 10)).unwrap()
    points.returns.record_return(TILL, make.record_return(sale.receipt, ("1", 1000))).unwrap()
    assert points.account(member_id).available == -10
    assert findings(points) == []


def test_nothing_is_found_in_an_empty_database(points: Points) -> None:
    assert findings(points) == []


def test_events_that_were_pruned_are_not_missed(points: Points) -> None:
    points.clock.advance(days=-30)
    points.rule(starts_at=make.LONG_AGO)
    buy(points, points.member(), 1000)
    with points.engine.begin() as connection:
        connection.execute(sa.delete(tables.outbox))
    assert findings(points) == []


def test_a_service_that_works_meanwhile_causes_no_findings(points: Points) -> None:
    points.rule()
    members = [points.member() for _ in range(2)]

    def work(number: int) -> None:
        for _ in range(10):
            buy(points, members[number], 1000)
            spend(points, members[number], 7)

    with ThreadPoolExecutor(2) as pool:
        working = [pool.submit(work, number) for number in range(2)]
        looks = 0
        while not all(each.done() for each in working):
            assert findings(points) == []
            looks += 1
        for each in working:
            each.result()
    assert looks
    assert findings(points) == []
