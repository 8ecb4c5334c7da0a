"""Rows that say something else than the service wrote and that fit everything else: only their digests tell."""

from __future__ import annotations

from kit.row_digests import PROBLEM
from tests.integration.points.planted import Planted, planted

_RULE, _SETTINGS = "earning_rules/{program}/{rule}/1", "program_settings/{program}"

DIGEST_DEFECTS: dict[str, dict[str, Planted]] = {
    PROBLEM: {
        "an active rule that was edited in place": planted(
            _RULE,
            "UPDATE earning_rules SET terms = jsonb_set(terms, '{points}', '100') WHERE rule_id = :rule",
        ),
        "an active rule that applies from another day on": planted(
            _RULE, "UPDATE earning_rules SET effective_from = effective_from - interval '1 year' WHERE rule_id = :rule"
        ),
        "a policy that lets accounts go below zero": planted(
            _SETTINGS, "UPDATE program_settings SET shortfall = 'negative' WHERE program_id = :program"
        ),
        "a policy that lets one person adjust anything": planted(
            _SETTINGS, "UPDATE program_settings SET adjustment_limit = 1000000 WHERE program_id = :program"
        ),
        "an answer of another request": planted(
            "stored_answers/{program}/till-1/%",
            "UPDATE stored_answers SET answer = other.answer FROM stored_answers AS other "
            "WHERE stored_answers.operation = 'RecordPurchase' AND other.operation = 'RecordPurchase' "
            "AND stored_answers.request_id < other.request_id AND stored_answers.program_id = :program",
        ),
        "a sale whose price was changed after the fact": planted(
            "purchases/{bought}",
            "UPDATE purchases SET sale = jsonb_set(sale, '{lines,0,amount_minor}', '9999') WHERE purchase_id = :bought",
        ),
    },
}
