"""The load: clients in a process of their own, each with one connection and one request at a time.

`python -m bench.load` reads a `Plan` as JSON from standard input and writes a `Result` as JSON to standard output. So
the clients' work never competes with a server's for one interpreter.
"""

from __future__ import annotations

import dataclasses
import http.client
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

Way = Literal["http", "grpc"]
Ask = Callable[[int], None]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What the clients do: purchases of three lines by members taken in turn, until one of the two bounds is met."""

    way: Way
    target: str
    api_key: str
    program_id: str
    cards: tuple[str, ...]
    member_ids: tuple[str, ...]
    clients: int
    requests_max: int
    seconds_max: float


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of it; latencies in milliseconds, of the requests that went well."""

    requests: int
    failures: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Requests that went well, a second."""
        return self.requests / self.seconds


def run(plan: Plan) -> Result:
    """Runs the plan in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=orjson.dumps(dataclasses.asdict(plan)),
        stdout=subprocess.PIPE,
        check=True,
        timeout=plan.seconds_max + 60,
    )
    return Result(**orjson.loads(done.stdout))


def main() -> None:
    """The process."""
    given = orjson.loads(sys.stdin.buffer.read())
    plan = Plan(**given | {"cards": tuple(given["cards"]), "member_ids": tuple(given["member_ids"])})
    sys.stdout.buffer.write(orjson.dumps(dataclasses.asdict(_measure(plan))))


def _measure(plan: Plan) -> Result:
    latencies: list[list[float]] = [[] for _ in range(plan.clients)]
    failures = [0] * plan.clients
    connect = _http_client if plan.way == "http" else _grpc_client
    ready = threading.Barrier(plan.clients + 1)
    ends_at = [0.0]

    def client(number: int) -> None:
        ask = connect(plan)
        ready.wait()
        for turn in range(number, plan.requests_max, plan.clients):
            started = time.perf_counter()
            if started >= ends_at[0]:
                return
            try:
                ask(turn)
            except Exception:
                failures[number] += 1
            else:
                latencies[number].append((time.perf_counter() - started) * 1_000)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(plan.clients)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    ends_at[0] = started + plan.seconds_max
    ready.wait()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    return _result([latency for each in latencies for latency in each], sum(failures), seconds)


def _result(latencies: Sequence[float], failures: int, seconds: float) -> Result:
    ordered = sorted(latencies) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)

    return Result(len(latencies), failures, round(seconds, 3), at(0.50), at(0.95), at(0.99))


def receipt(turn: int) -> dict[str, Any]:
    """A receipt that nobody has seen: three lines, one of them a service that does not earn."""
    now = datetime.now(UTC)
    cheap, dear = 100 + turn % 900, 1_000 + turn % 4_000
    return {
        "receipt": {
            "source": "bench",
            "store_id": "S1",
            "terminal_id": "T1",
            "business_day": now.date().isoformat(),
            "receipt_number": uuid.uuid4().hex,
        },
        "occurred_at": now.isoformat().replace("+00:00", "Z"),
        "currency": "GBP",
        "lines": [
            _line("1", "TEA", "food", 2, cheap),
            _line("2", "MUG", "home", 1, dear),
            _line("3", "POST", "service", 1, 495),
        ],
    }


def _line(line_id: str, sku: str, category: str, pieces: int, price_minor: int) -> dict[str, Any]:
    return {
        "line_id": line_id,
        "sku": sku,
        "category": category,
        "quantity_milli": pieces * 1_000,
        "unit_price_minor": price_minor,
        "discount_minor": 0,
        "amount_minor": pieces * price_minor,
    }


def _http_client(plan: Plan) -> Ask:
    place = urllib.parse.urlsplit(plan.target)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=30)
    fixed = {"Authorization": f"Bearer {plan.api_key}", "Content-Type": "application/json"}

    def ask(turn: int) -> None:
        card = plan.cards[turn % len(plan.cards)]
        body = orjson.dumps(receipt(turn) | {"member": {"identifier": {"kind": "card", "value": card}}})
        connection.request("POST", "/v1/purchases", body, fixed | {"Idempotency-Key": uuid.uuid4().hex})
        with connection.getresponse() as response:
            content = response.read()
        if response.status != 201:
            raise RuntimeError(f"{response.status}: {content[:300]!r}")

    return ask


def _grpc_client(plan: Plan) -> Ask:
    from google.protobuf.json_format import ParseDict
    from loyalty.points.v1 import points_pb2 as pb
    from loyalty.points.v1.points_pb2_grpc import PointsServiceStub

    from kit import client
    from kit.call import Call

    stub = PointsServiceStub(client.channel(plan.target))
    call = Call("bench")

    def ask(turn: int) -> None:
        request = pb.RecordPurchaseRequest(
            program_id=plan.program_id,
            request_id=uuid.uuid4().hex,
            member_id=plan.member_ids[turn % len(plan.member_ids)],
            sale=ParseDict(receipt(turn), pb.Sale()),
        )
        client.invoke(stub.RecordPurchase, request, call=call, deadline_ms=30_000)

    return ask


if __name__ == "__main__":
    main()
