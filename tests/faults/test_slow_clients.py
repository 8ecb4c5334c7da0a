"""Clients that are slow, silent or gone before their answer cost the tills nothing, and leave no half of a sale."""

from __future__ import annotations

import functools
import json
import uuid
from contextlib import ExitStack

from tests.fixtures.books import rows
from tests.fixtures.deployment import Deployment
from tests.fixtures.suite import Answer, Program, sale
from tests.fixtures.tills import insist, together
from tests.fixtures.wire import request, wires

BODIES_SLOW = 32
CONNECTIONS_IDLE = 300
SALES = 20
TILLS = 4
PURCHASES = "SELECT receipt_number FROM purchases WHERE program_id = %s"


def posted(api_key: str, body: bytes, sent: int) -> bytes:
    """A sale that announces its whole body and sends so many bytes of it."""
    headers = {"Authorization": f"Bearer {api_key}", "Idempotency_Key": str(uuid.uuid4())}
    return request("POST", "/v1/purchases", body[:sent], length=len(body), Content_Type="application/json", **headers)


def sell(program: Program, member_id: str) -> list[Answer]:
    """What so many tills are answered, none of whom asks twice."""

    def till(_: int) -> list[Answer]:
        return [program.till.post("/v1/purchases", sale(member_id=member_id)) for _ in range(SALES)]

    return [answer for answers in together(TILLS, till) for answer in answers]


def test_half_sent_sales_and_idle_connections_cost_the_tills_nothing(deployment: Deployment, program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    half = [json.dumps(sale(member_id=member_id)).encode() for _ in range(BODIES_SLOW)]
    with ExitStack() as exits:
        slow = exits.enter_context(wires(deployment.suite, BODIES_SLOW, address="127.0.0.2"))
        for number, (connection, body) in enumerate(zip(slow, half, strict=True)):
            connection.send(posted(program.till.api_key, body, 1 if number % 2 else len(body) - 1))
        for number in range(CONNECTIONS_IDLE // 100):
            exits.enter_context(wires(deployment.suite, 100, address=f"127.0.1.{number + 1}"))
        answers = sell(program, member_id)
        assert [answer.status for answer in answers] == [201] * (TILLS * SALES)
        for connection in slow:
            connection.problem(408, "REQUEST_TOO_SLOW")
    assert len(rows(deployment.suite, "points", PURCHASES, program.program_id)) == len(answers)
    deployment.expect_books_to_agree()


def test_a_till_that_hangs_up_before_its_answer_sells_once(deployment: Deployment, program: Program) -> None:
    program.rule()
    member_id = program.member()["member_id"]
    bodies = [sale(member_id=member_id) for _ in range(SALES)]
    for body in bodies:
        content = json.dumps(body).encode()
        with wires(deployment.suite, 1) as (connection,):
            connection.send(posted(program.till.api_key, content, len(content)))
    for body in bodies:
        answer = insist(functools.partial(program.till.post, "/v1/purchases", body))
        assert answer.status in {200, 201}
    numbers = [number for (number,) in rows(deployment.suite, "points", PURCHASES, program.program_id)]
    assert sorted(numbers) == sorted(body["receipt"]["receipt_number"] for body in bodies)
    deployment.expect_books_to_agree()
