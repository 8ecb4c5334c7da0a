"""Defects that fit everything but what is derived a second time: a subject of % names any row."""

from __future__ import annotations

from tests.integration.points.planted import AMINA, Planted, planted

DERIVED_DEFECTS: dict[str, dict[str, Planted]] = {
    "the purchase or the return has not the id that its program and receipt make": {
        "a purchase of another day": planted(
            "{bought}", "UPDATE purchases SET business_day = business_day - 1 WHERE purchase_id = :bought"
        ),
        "a purchase of another brand": planted(
            "{bought}", "UPDATE purchases SET program_id = :amina WHERE purchase_id = :bought"
        ),
        "a return of another store": planted(
            "{brought_back}", "UPDATE returns SET store_id = 'S99' WHERE return_id = :brought_back"
        ),
    },
    "the return names another receipt of its purchase than the purchase has": {
        "a return of another receipt": planted(
            "{brought_back}", "UPDATE returns SET original_receipt_number = 'x' WHERE return_id = :brought_back"
        ),
        "a return that was given to another purchase": planted(
            "{brought_back}", "UPDATE returns SET purchase_id = :claimed WHERE return_id = :brought_back"
        ),
    },
    "the purchase says something else than the sale that it keeps": {
        "a purchase in another currency": planted(
            "{bought}", "UPDATE purchases SET currency = 'PKR' WHERE purchase_id = :bought"
        ),
        "a purchase of more money": planted(
            "{bought}", "UPDATE purchases SET total_minor = total_minor * 10 WHERE purchase_id = :bought"
        ),
    },
    "the points of the purchase, its claim or the activity are not those of its earnings": {
        "points added to what one rule gave": planted(
            "{bought}",
            "UPDATE purchases SET earnings = jsonb_set(earnings, '{0,points}', '999') WHERE purchase_id = :bought",
        ),
        "an activity that gave more": planted(
            "{visited}",
            "UPDATE activities SET points_earned = points_earned + 1 WHERE activity_id = :visited",
        ),
    },
    "the counter has not the id that its rule, limit and window make": {
        "a window that was shifted": planted(
            "{amina}/{cap}",
            "UPDATE cap_counters SET starts_on = starts_on - 30 WHERE member_id = :amina AND counter_id = :cap",
        ),
        "a budget that counts for another rule": planted(
            "{program}/{budget}", "UPDATE budget_counters SET rule_id = :amina WHERE counter_id = :budget"
        ),
    },
    "what counts towards tiers has not the id that its cause makes": {
        "a movement that may be made again": planted(
            "{carla}/%",
            "UPDATE qualifying_movements SET movement_id = gen_random_uuid() WHERE purchase_id = :claimed",
        ),
    },
    "the lot is not one credit, of its amount and on the terms of what gave it": {
        "a lot that ends ten years later": planted(
            "{amina}/{lot}", "UPDATE lots SET expires_at = available_at + interval '10 years' WHERE lot_id = :lot"
        ),
        "a lot that may be spent before its time": planted(
            "{amina}/{lot}", "UPDATE lots SET available_at = available_at - interval '14 days' WHERE lot_id = :lot"
        ),
        "a lot of another rule": planted("{amina}/{lot}", "UPDATE lots SET rule_id = :amina WHERE lot_id = :lot"),
        "a lot of another purchase": planted(
            "{amina}/{lot}", "UPDATE lots SET purchase_id = :claimed WHERE lot_id = :lot"
        ),
        "a lot that was bigger once": planted("{amina}/{lot}", "UPDATE lots SET units = units + 5 WHERE lot_id = :lot"),
    },
    "the lot of transferred points has other terms than those that they were sent with": {
        "points that last longer since they were given away": planted(
            "{amina}/%",
            "UPDATE lots SET expires_at = available_at + interval '20 years' WHERE member_id = :amina AND lot_id IN "
            "(SELECT lot_id FROM lot_movements WHERE member_id = :amina AND entry_version = :got AND units > 0)",
        ),
    },
    "the entry is not what the purchase or the activity says that its member earned": {
        "a purchase that belongs to another member": planted(
            AMINA + "/1",
            "UPDATE purchases SET member_id = :bilal, "
            "account_after = jsonb_set(account_after, '{member_id}', to_jsonb(CAST(:bilal AS text))) "
            "WHERE purchase_id = :bought",
        ),
        "a claim by another member": planted(
            "{carla}/points/1", "UPDATE purchase_claims SET member_id = :dina WHERE purchase_id = :claimed"
        ),
        "a credit of another day": planted(
            AMINA + "/1",
            "UPDATE entries SET occurred_at = occurred_at - interval '1 day' WHERE member_id = :amina AND version = 1",
        ),
        "an explanation that was rewritten": planted(
            AMINA + "/1",
            "UPDATE entries SET earning = jsonb_set(earning, '{rule_name}', '\"Gift\"') "
            "WHERE member_id = :amina AND version = 1",
        ),
    },
    "the purchase or the activity was answered with another member's account": {
        "an answer about somebody else": planted(
            "{bought}",
            "UPDATE purchases SET account_after = jsonb_set(account_after, '{member_id}', "
            "to_jsonb(CAST(:bilal AS text))) WHERE purchase_id = :bought",
        ),
    },
    "earnings say something else of the rule's version than it says, or there is none": {
        "an active rule that gives twice as much": planted(
            "{program}/{rule}/1",
            "UPDATE earning_rules SET terms = jsonb_set(terms, '{per_amount_minor}', '50') WHERE rule_id = :rule",
        ),
        "a rule that is gone": planted("{program}/{rule}/1", "DELETE FROM earning_rules WHERE rule_id = :rule"),
        "a rule of another name": planted(
            "{program}/{rule}/1", "UPDATE earning_rules SET name = 'Other' WHERE rule_id = :rule"
        ),
    },
    "the account does not owe what returns were due, less what was taken, forgiven and recovered": {
        "owed points that were raised": planted(
            "{bilal}/points", "UPDATE accounts SET owed = owed + 50 WHERE member_id = :bilal"
        ),
        "points that were forgiven by hand": planted(
            "{carla}/points",
            "UPDATE lots SET forgiven = forgiven + 1 WHERE member_id = :carla AND lapsed > forgiven",
        ),
    },
    "the return's points are not those that it says it took by rule": {
        "a return that says more": planted(
            "{brought_back}", "UPDATE returns SET points_returned = 11 WHERE return_id = :brought_back"
        ),
    },
    "the return is in another currency than its purchase, or of another member or program": {
        "a return of another member's goods": planted(
            "{brought_back}", "UPDATE returns SET member_id = :bilal WHERE return_id = :brought_back"
        ),
    },
    "the return's entries are another member's, or of another time, or it is not there": {
        "a return of yesterday": planted(
            "{brought_back}",
            "UPDATE returns SET recorded_at = recorded_at - interval '1 day' WHERE return_id = :brought_back",
        ),
    },
    "the member owes, or has made up for, more than returns say was missing": {
        "a shortfall that was struck out": planted(
            "{carla}", "UPDATE returns SET shortfall = 0 WHERE member_id = :carla"
        ),
    },
    "what lapsed of the lot is not what its expiries took": {
        "a lot of which nothing lapsed": planted("{erum}/{ended}", "UPDATE lots SET lapsed = 0 WHERE lot_id = :ended"),
    },
    "the hold did not end when and as the entry that spent it says": {
        "a hold that ended later": planted(
            "{amina}/{captured}", "UPDATE holds SET ended_at = ended_at + interval '1 hour' WHERE hold_id = :captured"
        ),
        "a hold that another entry spent": planted(
            "{amina}/{captured}", "UPDATE holds SET captured_version = 1 WHERE hold_id = :captured"
        ),
    },
    "the hold was not given back when its last reversal was made": {
        "a hold that was given back another time": planted(
            "{amina}/{reversed}",
            "UPDATE holds SET reversed_at = reversed_at + interval '1 day' WHERE hold_id = :reversed",
        ),
        "a reversal of another entry": planted(
            "{amina}/{reversed}",
            "UPDATE entries SET corrects_version = 1 WHERE hold_id = :reversed AND kind = 'reversal'",
        ),
    },
    "the part of the hold is not what entries took from its lot and gave back": {
        "a part of another lot": planted(
            "{amina}/{captured}/%",
            "UPDATE hold_parts SET lot_id = :amina WHERE hold_id = :captured",
        ),
    },
    "the transfer's times are not those of its entries": {
        "a transfer that counts for another day": planted(
            "{carla}/{transferred}", "UPDATE transfers SET sent_on = sent_on - 1 WHERE transfer_id = :transferred"
        ),
        "a transfer for another reason": planted(
            "{carla}/{transferred}", "UPDATE transfers SET reason = 'loan' WHERE transfer_id = :transferred"
        ),
    },
    "the transfer did not arrive when its entry says, in its program": {
        "an arrival of another time": planted(
            "{amina}/{transferred}",
            "UPDATE transfer_arrivals SET arrived_at = arrived_at - interval '1 day' WHERE transfer_id = :transferred",
        ),
    },
    "the part of the transfer is not what left its lot": {
        "a transfer from another lot": planted(
            "{carla}/{transferred}",
            "UPDATE transfers SET parts = jsonb_set(parts, '{0,lot_id}', to_jsonb(CAST(:lot AS text))) "
            "WHERE transfer_id = :transferred",
        ),
    },
    "the lease lasts longer than any worker takes one for": {
        "a transfer that is parked for ten years": planted(
            "transfers/{carla}/{transferred}",
            "UPDATE transfers SET state = 'sent', ended_at = NULL, lease_until = now() + interval '10 years' "
            "WHERE transfer_id = :transferred",
        ),
    },
}
