"""What is planted of sales that take goods back, for the checker to find."""

from __future__ import annotations

from tests.integration.points.planted import Planted, planted

# By the problem that a question finds.
GOODS_BACK_DEFECTS: dict[str, dict[str, Planted]] = {
    "what was taken back for the goods is not what the rules would have given for them": {
        "one point more": planted(
            "{pen_back}",
            "UPDATE returns SET points_returned = points_returned + 1 WHERE return_id = :pen_back",
        ),
        "of no rule": planted("{pen_back}", "UPDATE returns SET taken_by_rule = '{}' WHERE return_id = :pen_back"),
    },
    "the member's sale takes goods back, and nothing says what became of them": {
        "returns that are gone": planted(
            "{mixed}",
            "UPDATE returns SET valued = NULL, points_returned = 0, "
            "shortfall = 0, within_purchase_id = NULL WHERE within_purchase_id = :mixed",
        ),
    },
    "the receipt says where the goods were bought, and nothing was taken back of that purchase": {
        "a return of another sale": planted(
            "{mixed}/2", "UPDATE returns SET within_purchase_id = :bought WHERE return_id = :book_back"
        ),
    },
    "more goods came back on the receipt of the sale than it takes back": {
        "two books": planted(
            "{mixed}",
            "UPDATE returns SET lines = jsonb_set(lines, '{0,quantity_milli}', '2001') WHERE return_id = :book_back",
        ),
    },
}
