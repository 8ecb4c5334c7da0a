"""Defects of activities that the checker must find, for `test_check.py`."""

from __future__ import annotations

from tests.integration.points.planted import ANY_KIND, Planted, planted

ACTIVITY_DEFECTS: dict[str, dict[str, Planted]] = {
    "the entries of the activity do not give what it says": {
        "an activity that says more": planted(
            "{visited}", "UPDATE activities SET points_earned = 51 WHERE activity_id = :visited"
        ),
        "an entry that is gone": planted("{visited}", "DELETE FROM entries WHERE activity_id = :visited"),
    },
    "the entry is of an activity that is not there, or is another member's": {
        "an activity that is gone": planted("{ehsan}/points/1", "DELETE FROM activities WHERE activity_id = :visited"),
        "an activity of another": planted(
            "{ehsan}/points/1", "UPDATE activities SET member_id = :amina WHERE activity_id = :visited"
        ),
    },
    "the entry was earned by neither a purchase nor an activity, or by both": {
        "neither": planted(
            "{ehsan}/points/1", ANY_KIND, "UPDATE entries SET activity_id = NULL WHERE activity_id = :visited"
        ),
        "both": planted(
            "{ehsan}/points/1",
            ANY_KIND,
            "ALTER TABLE entries DROP CONSTRAINT ck_entries_one_cause",
            "UPDATE entries SET purchase_id = :bought WHERE activity_id = :visited",
        ),
    },
    "what the entry brought did not come into a lot of the same purchase or activity": {
        "a lot of nobody": planted(
            "{ehsan}/points/1", "UPDATE lots SET activity_id = NULL WHERE activity_id = :visited"
        ),
        "a lot of another activity": planted(
            "{ehsan}/points/1", "UPDATE lots SET activity_id = :birthday WHERE activity_id = :visited"
        ),
    },
    "another earning than the first tells whom the rules saw": {
        "segments, of a purchase": planted(
            "{bought}",
            "UPDATE purchases SET earnings = earnings || jsonb_build_array(jsonb_set(earnings->0, "
            "'{explanation,member_segments}', '[\"vip\"]')) WHERE purchase_id = :bought",
        ),
        "attributes, of a claim": planted(
            "{claimed}",
            "UPDATE purchase_claims SET earnings = earnings || jsonb_build_array(jsonb_set(earnings->0, "
            "'{explanation,member_attributes}', jsonb_build_object('shoe_size', 38))) WHERE purchase_id = :claimed",
        ),
        "segments, of an activity": planted(
            "{visited}",
            "UPDATE activities SET earnings = earnings || jsonb_build_array(jsonb_set(earnings->0, "
            "'{explanation,member_segments}', '[\"vip\"]')) WHERE activity_id = :visited",
        ),
    },
    "the member has enrolled, or had a birthday in the same year, before": {
        "two birthdays": planted(
            "{ehsan}/birthday",
            "UPDATE activities SET (occurred_at, local_year) = "
            "(SELECT occurred_at, local_year FROM activities WHERE activity_id = :birthday) "
            "WHERE member_id = :ehsan AND kind = 'birthday'",
        ),
        "a visit that was an enrolment": planted(
            "{ehsan}/enrolment", "UPDATE activities SET kind = 'enrolment' WHERE kind = 'visit'"
        ),
    },
    "what counts of what the rule gave for the activity is not that": {
        "units that count more than once": planted(
            "{ehsan}/{visited}/{visits}",
            "UPDATE qualifying_movements SET units = units + 1 WHERE activity_id = :visited",
        ),
        "units that do not count": planted(
            "{ehsan}/{visited}/{visits}", "DELETE FROM qualifying_movements WHERE activity_id = :visited"
        ),
        "units of another day": planted(
            "{ehsan}/{visited}/{visits}",
            "UPDATE qualifying_movements SET occurred_at = occurred_at - interval '1 day' WHERE activity_id = :visited",
        ),
    },
    "the activity that waits to be recorded is of nobody whom `members` has told of": {
        "a stranger": planted(
            "{visited}/enrolment",
            "INSERT INTO pending_activities (member_id, kind, program_id, occurred_at) "
            "VALUES (:visited, 'enrolment', :program, now())",
        ),
        "a member of another program": planted(
            "{ehsan}/enrolment",
            "INSERT INTO pending_activities (member_id, kind, program_id, occurred_at) "
            "VALUES (:ehsan, 'enrolment', :visited, now())",
        ),
    },
    "what the activity moved of a limit is not what it earned": {
        "a use that was not counted": planted(
            "{visited}",
            "UPDATE cap_counters SET used = used - 50 WHERE member_id = :ehsan",
            "DELETE FROM cap_movements WHERE activity_id = :visited",
        ),
        "a use of another store": planted(
            "{visited}",
            "UPDATE budget_counters SET store_id = 'S9' WHERE counter_id IN "
            "(SELECT counter_id FROM budget_movements WHERE activity_id = :visited)",
        ),
        "an activity that is gone": planted("{visited}", "DELETE FROM activities WHERE activity_id = :visited"),
    },
}
