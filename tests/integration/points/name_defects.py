"""Names in another form than names have, for `test_stored_names.py`: by the place that `check.names` finds them in."""

from __future__ import annotations

from tests.integration.points.planted import AMINA, Planted, planted

NAME_DEFECTS: dict[str, list[Planted]] = {
    "the receipt of the purchase": [
        planted("{bought}", "UPDATE purchases SET store_id = 'Cafe' || chr(769) WHERE purchase_id = :bought"),
        planted("{claimed}", "UPDATE purchases SET receipt_number = '7' || chr(8203) WHERE purchase_id = :claimed"),
    ],
    "the line's id": [
        planted(
            "{bought}",
            "UPDATE purchases SET sale = jsonb_set(sale, '{lines,0,line_id}', to_jsonb('7' || chr(8203)))"
            " WHERE purchase_id = :bought",
        )
    ],
    "the SKU, category or brand of a line, or the cashier": [
        planted(
            "{claimed}",
            "UPDATE purchases SET sale = jsonb_set(sale, '{lines,0,category}', to_jsonb('Cafe' || chr(769)))"
            " WHERE purchase_id = :claimed",
        )
    ],
    "the receipt of the return": [
        planted("{brought_back}", "UPDATE returns SET terminal_id = 'High  Street' WHERE return_id = :brought_back")
    ],
    "the receipt or a line that the return names, or the cashier": [
        planted("{waited}", "UPDATE returns SET original_store_id = 'Cafe' || chr(769) WHERE return_id = :waited"),
        planted(
            "{brought_back}",
            "UPDATE returns SET lines = jsonb_set(lines, '{0,line_id}', to_jsonb('7' || chr(8203)))"
            " WHERE return_id = :brought_back",
        ),
    ],
    "the activity's source and key": [
        planted("{visited}", "UPDATE activities SET activity_key = '7' || chr(8203) WHERE activity_id = :visited")
    ],
    "the store, the cashier or an attribute of the activity": [
        planted(
            "{visited}",
            "UPDATE activities SET attributes = jsonb_build_object('room', 'Cafe' || chr(769))"
            " WHERE activity_id = :visited",
        )
    ],
    "the account's wallet": [
        planted(
            "{amina}/points ",
            'INSERT INTO accounts SELECT (jsonb_populate_record(accounts, \'{"wallet": "points "}\')).* FROM accounts'
            " WHERE member_id = :amina AND wallet = 'points'",
        )
    ],
    "a name of who decided the adjustment": [
        planted(AMINA + "/2", "UPDATE entries SET actor = 'High  Street' WHERE member_id = :amina AND version = 2")
    ],
    "a name of who requested the adjustment or decided it": [
        planted(
            "{carla}/{approved}",
            "UPDATE adjustments SET decided_by = 'Cafe' || chr(769) WHERE adjustment_id = :approved",
        )
    ],
    "the hold's reference": [
        planted("{amina}/{open}", "UPDATE holds SET reference = '7' || chr(8203) WHERE hold_id = :open"),
    ],
    "a name in the rule's terms": [
        planted(
            "{program}/{rule}/1",
            "UPDATE earning_rules"
            " SET terms = terms || jsonb_build_object('excluded_skus', jsonb_build_array('Cafe' || chr(769)))"
            " WHERE rule_id = :rule AND version = 1",
        ),
    ],
    "a wallet of the program's policy": [
        planted("{program}", "UPDATE program_settings SET unspendable_wallets = ARRAY['Cafe' || chr(769)]"),
    ],
    "a trait of the member": [
        planted("{amina}", "UPDATE standings SET segments = ARRAY['old', 'Cafe' || chr(769)] WHERE member_id = :amina"),
    ],
}

COLLISIONS = planted(
    "{bought}",
    "UPDATE purchases SET (source, store_id, terminal_id, business_day, receipt_number) ="
    " ('pos', 'Cafe' || chr(769), 't', '2026-03-02', '7') WHERE purchase_id = :bought",
    "UPDATE purchases SET (source, store_id, terminal_id, business_day, receipt_number) ="
    " ('pos', 'Caf' || chr(233), 't', '2026-03-02', '7') WHERE purchase_id = :claimed",
)
NAMESAKES = [
    # An invisible mark, a letter of another script, a space without a break.
    "UPDATE adjustments SET decided_by = requested_by || chr(8203) WHERE adjustment_id = :approved",
    "UPDATE adjustments SET decided_by = replace(requested_by, 'A', chr(1040)) WHERE adjustment_id = :approved",
    "UPDATE adjustments SET decided_by = requested_by || chr(160) WHERE adjustment_id = :approved",
]
