"""What is planted of points that lapse for inactivity, for the checker to find."""

from __future__ import annotations

from tests.integration.points.planted import Planted, planted

# By the problem that a question finds.
INACTIVITY_DEFECTS: dict[str, dict[str, Planted]] = {
    "the account was not last active when its entries say": {
        "a time that was moved on": planted(
            "{erum}/points",
            "UPDATE accounts SET active_at = active_at + interval '1 second' WHERE member_id = :erum",
        ),
        "a time that was forgotten": planted(
            "{erum}/points", "UPDATE accounts SET active_at = NULL WHERE member_id = :erum"
        ),
        "an entry that is said not to have counted": planted(
            "{erum}/points", "UPDATE entries SET counted = false WHERE member_id = :erum AND version > :lapsing"
        ),
    },
    "the points did not lapse when and why their lot ended": {
        "another time": planted(
            "{erum}/points/{lapsing}",
            "UPDATE entries SET occurred_at = occurred_at - interval '1 hour' WHERE member_id = :erum"
            " AND version = :lapsing",
        ),
        "another reason": planted(
            "{erum}/points/{lapsing}",
            "UPDATE entries SET inactivity_days = NULL WHERE member_id = :erum AND version = :lapsing",
        ),
        "a lot that has not ended": planted(
            "{carla}/points/3",
            "UPDATE lots SET expires_at = expires_at + interval '1 year' WHERE member_id = :carla",
        ),
    },
    "the lot did not end so long after what activity there had been": {
        "put off by what came later": planted(
            "{erum}/{ended}", "UPDATE lots SET expires_at = expires_at + interval '5 hours' WHERE lot_id = :ended"
        ),
        "before its time": planted(
            "{erum}/{ended}", "UPDATE lots SET expires_at = expires_at - interval '1 hour' WHERE lot_id = :ended"
        ),
        "for activity that is said not to have counted": planted(
            "{erum}/{ended}",
            "UPDATE lots SET available_at = available_at - interval '1 hour' WHERE lot_id = :ended",
            "UPDATE entries SET counted = false WHERE member_id = :erum",
        ),
    },
    "activity came too late for the lot and yet revived it": {
        "points that were due and lived on": planted(
            "{erum}/{ended}",
            "UPDATE lots SET expires_at = expires_at + interval '1 day' WHERE lot_id = :ended",
            "UPDATE entries SET recorded_at = recorded_at + interval '1 hour' WHERE member_id = :erum"
            " AND version > :lapsing",
        ),
        "points that were due and have no end": planted(
            "{erum}/{ended}",
            "ALTER TABLE lots DROP CONSTRAINT ck_lots_lapsed_at_its_end",
            "UPDATE lots SET expires_at = NULL WHERE lot_id = :ended",
            "UPDATE entries SET recorded_at = recorded_at + interval '1 hour' WHERE member_id = :erum"
            " AND version > :lapsing",
        ),
    },
    "a lot of the account may end before anybody looks": {
        "nobody ever looks": planted(
            "{erum}/points", "UPDATE accounts SET inactivity_due_at = NULL WHERE member_id = :erum"
        ),
        "somebody looks too late": planted(
            "{erum}/points",
            "UPDATE accounts SET inactivity_due_at = inactivity_due_at + interval '1 day' WHERE member_id = :erum",
        ),
    },
}
