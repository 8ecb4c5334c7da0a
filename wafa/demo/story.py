"""One customer's day at the shop, printed live: every line is a request to the gateway and its answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from wafa.demo import wire
from wafa.demo.programme import Programme
from wafa.demo.receipts import GOODS, SERVICE
from wafa.gateway_client import Answer, GatewayClient, GatewayError
from wafa.screen import Screen

# What she buys: what it is, its article, category, pieces and the price of one in pence.
BASKET = (
    ("Dinner service, cream", "48138", GOODS, 1, 16_900),
    ("Lantern, white metal", "71053", GOODS, 2, 3_390),
    ("Mug, white", "21071", GOODS, 4, 925),
    ("Postage", "POST", SERVICE, 1, 495),
)


class Story:
    """The story on a screen. Raises GatewayError when a request is refused that should not be."""

    def __init__(self, screen: Screen, url: str, programme: Programme) -> None:
        self._screen = screen
        self._programme = programme
        self._till = GatewayClient(url, programme.keys["till"])
        self._app = GatewayClient(url, programme.keys["app"])
        # Each telling is about another member and another receipt, so that it shows the suite of today.
        self._token = secrets.token_hex(4)
        self._step = 0

    def run(self) -> None:
        """Sends the requests of the story and prints them with their answers."""
        self._screen.title("A short story, through the gateway")
        with self._till, self._app:
            member_id = self._enrol()
            points = self._buy(member_id)
            self._redeem(member_id, points)
            self._look_back(member_id)

    # ---- chapters

    def _enrol(self) -> str:
        card = wire.card_number(str(secrets.randbelow(10**10)))
        body = {"identifiers": [{"kind": "card", "value": card}], "profile": {"given_name": "Amna", "language": "en"}}
        answer = self._ask("Amna joins at the till and is given a card.", "/v1/members", body, "enrol")
        self._tell(f"card {answer.body['identifiers'][0]['masked_value']}")
        return str(answer.body["member_id"])

    def _buy(self, member_id: str) -> int:
        body = {"member": {"member_id": member_id}, **_sale(self._token, _lines())}
        total = sum(line["amount_minor"] for line in body["lines"])
        answer = self._ask(f"She buys for {_pounds(total)}.", "/v1/purchases", body, "sale")
        earning = answer.body["purchase"]["earnings"][0]
        self._screen.show(_basket(earning), indent=5)
        self._tell(earning["explanation"]["sentence"])
        again = self._ask("The line drops; the till sends the receipt again.", "/v1/purchases", body, "sale")
        points = int(again.body["account"]["available"])
        self._tell(f"the same answer, marked as a replay: {_points(points)}, not {2 * points}")
        return points

    def _redeem(self, member_id: str, points: int) -> None:
        affordable = [reward for reward in self._programme.rewards if reward.cost_points <= points]
        if not affordable:
            raise GatewayError(f"Amna has {points} points, and no reward of the demo costs so little.")
        reward = affordable[0]
        path = f"/v1/members/{member_id}/redemptions"
        sentence = f"She takes “{reward.name}” in the app."
        answer = self._ask(sentence, path, {"reward_id": reward.reward_id}, "redeem", gateway=self._app)
        code = answer.body["voucher"]["code"]
        until = answer.body["voucher"]["expires_at"][:10]
        self._tell(f"for {_points(reward.cost_points)}: voucher {code}, good until {until}")
        where = {"store_id": "high-street", "terminal_id": "till-1"}
        self._ask("The till accepts the voucher,", f"/v1/vouchers/{code}/use", where, "use")
        refused = self._ask(
            "and does not accept it a second time.", f"/v1/vouchers/{code}/use", where, "use-again", refused=True
        )
        self._tell(f"{refused.reason}: {refused.detail}")

    def _look_back(self, member_id: str) -> None:
        path = f"/v1/members/{member_id}/entries"
        answer = self._app.get(path)
        self._number("Every point can be explained.", "GET", "/v1/members/…/entries", answer)
        self._screen.show(_entries(answer.body["items"]), indent=5)

    # ---- telling

    def _ask(
        self,
        sentence: str,
        path: str,
        body: object,
        key: str,
        *,
        gateway: GatewayClient | None = None,
        refused: bool = False,
    ) -> Answer:
        answer = (gateway or self._till).post(path, body, f"story-{self._token}-{key}")
        if answer.ok is refused:
            raise GatewayError(f"POST {path} answered {answer.status} {answer.reason}: {answer.detail}.")
        self._number(sentence, "POST", _short(path), answer)
        return answer

    def _number(self, sentence: str, method: str, path: str, answer: Answer) -> None:
        self._step += 1
        row = Table.grid(padding=(0, 2), expand=True)
        row.add_column(justify="right", width=2, style="number")
        row.add_column(ratio=1)
        row.add_column(justify="right", style="quiet", no_wrap=True)
        call = f"{method} {path}  {answer.status}  {answer.duration_s * 1_000:4.0f} ms"
        row.add_row(str(self._step), sentence, call)
        self._screen.out.print()
        self._screen.out.print(row)

    def _tell(self, text: str) -> None:
        self._screen.line(Text.assemble(("→ ", "good"), text), indent=4)


def example_purchase(card: str) -> dict[str, Any]:
    """A small sale to the owner of a card, to ask the gateway about."""
    member = {"member": {"identifier": {"kind": "card", "value": card}}}
    return member | _sale("example", _lines()[1:2])


def _sale(number: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    now = datetime.now(UTC)
    receipt = {
        "source": "story",
        "store_id": "high-street",
        "terminal_id": "till-1",
        "business_day": now.date().isoformat(),
        "receipt_number": number,
    }
    return {"receipt": receipt, "occurred_at": wire.instant(now), "currency": wire.CURRENCY, "lines": lines}


def _lines() -> list[dict[str, Any]]:
    return [
        {
            "line_id": str(place),
            "sku": sku,
            "category": category,
            "quantity_milli": pieces * 1_000,
            "unit_price_minor": price,
            "amount_minor": pieces * price,
        }
        for place, (_, sku, category, pieces, price) in enumerate(BASKET, start=1)
    ]


def _basket(earning: dict[str, Any]) -> Table:
    verdicts = {
        "counted": Text("counts", style="good"),
        "category_excluded": Text("does not count: its category is left out", style="warn"),
        "sku_excluded": Text("does not count: the article is left out", style="warn"),
    }
    table = _table("", ">", "")
    for (name, _, _, pieces, _), line in zip(BASKET, earning["explanation"]["lines"], strict=True):
        table.add_row(f"{pieces} × {name}", _pounds(line["amount_minor"]), verdicts[line["verdict"]])
    return table


def _entries(entries: Sequence[dict[str, Any]]) -> Table:
    table = _table(">", ">", "")
    for entry in entries:
        table.add_row(f"{entry['amount']:+}", f"= {entry['balance_after']}", entry["sentence"])
    return table


def _table(*columns: str) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    for column in columns:
        table.add_column(justify="right" if column == ">" else "left")
    return table


def _short(path: str) -> str:
    """A path without the ids in it, which would push everything else off the screen."""
    return "/".join("…" if len(part) >= 14 else part for part in path.split("/"))


def _points(count: int) -> str:
    return f"{count:,} point{'' if count == 1 else 's'}"


def _pounds(minor: int) -> str:
    return f"£{minor / 100:,.2f}"
