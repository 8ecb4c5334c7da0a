"""The application: one route, one transaction."""

from __future__ import annotations

import hashlib
import os
import uuid
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from bench.plain.tables import Account, Answer, ApiKey, Entry, Lot, Member, Outbox, Purchase, Rule


class LineIn(BaseModel):
    """A line of a receipt."""

    line_id: str
    sku: str
    category: str
    quantity_milli: int
    unit_price_minor: int
    discount_minor: int
    amount_minor: int


class ReceiptIn(BaseModel):
    """A receipt's key."""

    source: str
    store_id: str
    terminal_id: str
    business_day: str
    receipt_number: str


class IdentifierIn(BaseModel):
    """How the member is named."""

    kind: str
    value: str


class MemberIn(BaseModel):
    """Who buys."""

    identifier: IdentifierIn


class PurchaseIn(BaseModel):
    """A purchase."""

    receipt: ReceiptIn
    occurred_at: datetime
    currency: str
    lines: list[LineIn]
    member: MemberIn


def create_app() -> Flask:
    """Makes the application."""
    app = Flask("plain")
    engine = sa.create_engine(os.environ["PLAIN_DATABASE_URL"], pool_size=16, max_overflow=0)

    @app.post("/v1/purchases")
    def record_purchase() -> Response:
        purchase = PurchaseIn.model_validate_json(request.data)
        with Session(engine) as session, session.begin():
            answer = _record(session, purchase)
        return Response(orjson.dumps(answer), 201, content_type="application/json")

    return app


def _record(session: Session, purchase: PurchaseIn) -> dict[str, Any]:
    secret = request.headers["Authorization"].removeprefix("Bearer ")
    caller = session.get_one(ApiKey, hashlib.sha256(secret.encode()).digest())
    fingerprint, key = hashlib.sha256(request.data).digest(), request.headers["Idempotency-Key"]
    stored = session.get(Answer, (caller.program_id, caller.key_id, key))
    if stored is not None:
        if stored.fingerprint != fingerprint:
            raise ValueError("this key came with another request")
        return stored.answer
    receipt = purchase.receipt.model_dump()
    found = session.scalar(sa.select(Purchase).filter_by(program_id=caller.program_id, **receipt))
    if found is not None:
        raise ValueError("this receipt is recorded")
    member = session.scalars(
        sa.select(Member).filter_by(program_id=caller.program_id, card=purchase.member.identifier.value)
    ).one()
    if member.status != "active":
        raise ValueError("this member does not earn")
    rules = session.scalars(sa.select(Rule).filter_by(program_id=caller.program_id)).all()
    account = session.get_one(Account, member.member_id, with_for_update=True)
    answer = _post(session, caller, purchase, receipt, member, rules[0], account)
    session.add(
        Answer(program_id=caller.program_id, caller=caller.key_id, key=key, fingerprint=fingerprint, answer=answer)
    )
    return answer


def _post(
    session: Session,
    caller: ApiKey,
    purchase: PurchaseIn,
    receipt: dict[str, str],
    member: Member,
    rule: Rule,
    account: Account,
) -> dict[str, Any]:
    counted = [line for line in purchase.lines if line.category not in rule.excluded["categories"]]
    eligible = sum(line.amount_minor for line in counted)
    points = eligible * rule.points // rule.per_amount_minor
    why = {
        "rule": rule.name,
        "eligible_amount_minor": eligible,
        "lines": [{"line_id": line.line_id, "counted": line in counted} for line in purchase.lines],
    }
    account.balance, account.version = account.balance + points, account.version + 1
    recorded = Purchase(
        purchase_id=uuid.uuid4(),
        program_id=caller.program_id,
        member_id=member.member_id,
        sale=purchase.model_dump(mode="json"),
        points=points,
        **receipt,
    )
    session.add(recorded)
    session.add(
        Entry(
            member_id=member.member_id,
            version=account.version,
            amount=points,
            balance_after=account.balance,
            purchase_id=recorded.purchase_id,
            why=why,
        )
    )
    session.add(Lot(member_id=member.member_id, units=points, remaining=points, available_at=purchase.occurred_at))
    session.add(Outbox(kind="points.earned", payload={"member_id": str(member.member_id), "points": points}))
    return {
        "purchase_id": str(recorded.purchase_id),
        "points_earned": points,
        "earnings": [why],
        "account": {"balance": account.balance, "version": account.version},
    }
