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
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:  # a client process of HTTP loads no gRPC
    import grpc

# "many": RecordPurchases with `per_call` purchases a call.
# "redeem": redemptions over HTTP, of `reward_ids` in turn.
Way = Literal["http", "grpc", "many", "redeem"]
Ask = Callable[[int], None]

# How long a client that was refused waits before its next request.
REFUSED_PAUSE_S = 0.1

# Until several processes have started and can begin together.
START_UP_S = 4.0


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
    per_call: int = 1
    # The member whose turn is first, and when to begin, by the clock: for several processes side by side.
    first: int = 0
    reward_ids: tuple[str, ...] = ()
    starts_at: float = 0.0
    # What a system of its own shows to `points`, where that asks who calls.
    token: str = ""


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of it; latencies in milliseconds, of the requests that went well. `purchases` counts what they held."""

    requests: int
    purchases: int
    failures: int
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        """Purchases that went well, a second."""
        return self.purchases / self.seconds


@dataclasses.dataclass(frozen=True)
class _Raw:
    """What one process saw."""

    latencies_ms: list[float]
    failures: int
    seconds: float


def run(plan: Plan, *, processes: int = 1) -> Result:
    """Runs the plan in processes of its own, the clients shared among them."""
    starts_at = time.time() + (START_UP_S if processes > 1 else 0)
    step = max(1, len(plan.member_ids) // processes)
    parts = [
        dataclasses.replace(plan, clients=plan.clients // processes, first=number * step, starts_at=starts_at)
        for number in range(processes)
    ]
    with ThreadPoolExecutor(processes) as pool:
        seen = list(pool.map(_run_apart, parts))
    latencies = [latency for each in seen for latency in each.latencies_ms]
    failures, seconds = sum(each.failures for each in seen), max(each.seconds for each in seen)
    return _result(latencies, failures, seconds, plan.per_call)


def _run_apart(plan: Plan) -> _Raw:
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=orjson.dumps(dataclasses.asdict(plan)),
        stdout=subprocess.PIPE,
        check=True,
        timeout=plan.seconds_max + 60,
    )
    return _Raw(**orjson.loads(done.stdout))


def main() -> None:
    """The process."""
    given = orjson.loads(sys.stdin.buffer.read())
    plan = Plan(**given | {"cards": tuple(given["cards"]), "member_ids": tuple(given["member_ids"])})
    sys.stdout.buffer.write(orjson.dumps(dataclasses.asdict(_measure(plan))))


def _measure(plan: Plan) -> _Raw:
    latencies: list[list[float]] = [[] for _ in range(plan.clients)]
    failures = [0] * plan.clients
    connect = {"http": _http_client, "grpc": _grpc_client, "many": _many_client, "redeem": _redeem_client}[plan.way]
    # Broken by a client that cannot connect, so that the others do not wait for it.
    ready = threading.Barrier(plan.clients + 1)
    ends_at = [0.0]

    def client(number: int) -> None:
        try:
            ask = connect(plan)
        except BaseException:
            ready.abort()
            raise
        ready.wait()
        for turn in range(plan.first + number, plan.first + plan.requests_max, plan.clients):
            started = time.perf_counter()
            if started >= ends_at[0]:
                return
            try:
                ask(turn)
            except Exception:
                failures[number] += 1
                time.sleep(REFUSED_PAUSE_S)
            else:
                latencies[number].append((time.perf_counter() - started) * 1_000)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(plan.clients)]
    for thread in threads:
        thread.start()
    time.sleep(max(0.0, plan.starts_at - time.time()))
    started = time.perf_counter()
    ends_at[0] = started + plan.seconds_max
    ready.wait()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    return _Raw([latency for each in latencies for latency in each], sum(failures), round(seconds, 3))


def _result(latencies: Sequence[float], failures: int, seconds: float, per_call: int) -> Result:
    ordered = sorted(latencies) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)

    requests = len(latencies)
    return Result(requests, requests * per_call, failures, seconds, at(0.50), at(0.95), at(0.99))


def receipt(turn: int) -> dict[str, Any]:
    """A new receipt: three lines, one of them a service that does not earn."""
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


def _redeem_client(plan: Plan) -> Ask:
    place = urllib.parse.urlsplit(plan.target)
    connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=30)
    fixed = {"Authorization": f"Bearer {plan.api_key}", "Content-Type": "application/json"}

    def ask(turn: int) -> None:
        path = f"/v1/members/{plan.member_ids[turn % len(plan.member_ids)]}/redemptions"
        body = orjson.dumps({"reward_id": plan.reward_ids[turn % len(plan.reward_ids)]})
        connection.request("POST", path, body, fixed | {"Idempotency-Key": uuid.uuid4().hex})
        with connection.getresponse() as response:
            content = response.read()
        if response.status != 201 or orjson.loads(content)["state"] != "confirmed":
            raise RuntimeError(f"{response.status}: {content[:300]!r}")

    return ask


def _grpc_client(plan: Plan) -> Ask:
    from loyalty.points.v1 import sales_pb2 as pb
    from loyalty.points.v1.sales_pb2_grpc import SalesServiceStub

    from kit import client
    from kit.call import Call

    stub, call, sale = SalesServiceStub(_channel(plan)), Call("bench"), _sales()

    def ask(turn: int) -> None:
        request = pb.RecordPurchaseRequest(
            program_id=plan.program_id,
            request_id=uuid.uuid4().hex,
            member_id=plan.member_ids[turn % len(plan.member_ids)],
            sale=sale(),
        )
        client.invoke(stub.RecordPurchase, request, call=call, deadline_ms=30_000)

    return ask


def _channel(plan: Plan) -> grpc.Channel:
    from kit import client
    from kit.peers.identity import TokenIdentity

    if not plan.token:
        return client.channel(plan.target)
    return client.channel(plan.target, identity=TokenIdentity(plan.token))


def _many_client(plan: Plan) -> Ask:
    from loyalty.points.v1 import sales_pb2 as pb
    from loyalty.points.v1.sales_pb2_grpc import SalesServiceStub

    from kit import client
    from kit.call import Call

    stub, call, sale = SalesServiceStub(_channel(plan)), Call("bench"), _sales()

    def ask(turn: int) -> None:
        buyers = (
            plan.member_ids[(turn * plan.per_call + place) % len(plan.member_ids)] for place in range(plan.per_call)
        )
        items = [pb.PurchaseToRecord(request_id=uuid.uuid4().hex, member_id=buyer, sale=sale()) for buyer in buyers]
        request = pb.RecordPurchasesRequest(program_id=plan.program_id, items=items)
        results = client.invoke(stub.RecordPurchases, request, call=call, deadline_ms=30_000).response.results
        if not all(result.HasField("response") for result in results):
            raise RuntimeError("a purchase was refused")

    return ask


def _sales() -> Callable[[], Any]:
    """Makes sales on new receipts; read from JSON once, since the clients' work counts here."""
    from google.protobuf.json_format import ParseDict
    from loyalty.points.v1 import sales_pb2 as pb

    message = ParseDict(receipt(0), pb.Sale())

    def sale() -> Any:
        # On a connection of its own each client is one thread, and the message is copied into the request.
        message.receipt.receipt_number = uuid.uuid4().hex
        return message

    return sale


if __name__ == "__main__":
    main()
