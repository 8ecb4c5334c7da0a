"""Many purchases in one call."""

from __future__ import annotations

import time
from collections import Counter
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response
from loyalty.points.v1 import sales_pb2 as pb
from pydantic import ValidationError

from gateway import checks
from gateway.context import request_context
from gateway.contract import route
from gateway.errors import body_of_accident
from gateway.openapi import Problem, problem_within
from gateway.replies import reply
from gateway.routes.points.base import blueprint
from gateway.suite import count_lookups, suite, write
from gateway.wire.members import NewIdentifier
from gateway.wire.points.receipts import UploadAnswer, UploadResult, account_or_none, purchase_of
from gateway.wire.points.sales import ByMemberId, MemberReference, PurchaseToRecord, ReceiptKey, UploadBody
from kit import ids, status
from kit.client import ServiceFailed, ServiceTimeout, ServiceUnavailable
from kit.errors import Kind, Refusal

_log = structlog.get_logger()

_AWAY_KINDS = frozenset({Kind.UNAVAILABLE, Kind.EXHAUSTED, Kind.ABORTED})


@route(blueprint, responses={HTTPStatus.OK: UploadAnswer})
def record_purchases(body: UploadBody) -> Response:
    """Record up to 500 purchases that could not be sent when they happened, each on its own merits"""
    _count(len(body.purchases))
    lookup, keys = _Lookup(), _Keys()
    wishes = [_wish(item, lookup, keys) for item in body.purchases]
    results = iter(_recorded([wish for wish in wishes if isinstance(wish, pb.PurchaseToRecord)]))
    answers = [_refused(wish) if isinstance(wish, Refusal) else next(results) for wish in wishes]
    return reply(UploadAnswer(results=answers), replayed=all(result.replayed for result in answers))


def _count(many: int) -> None:
    """Refuses more purchases than the caller may send for now, though they come in few requests."""
    rate_limit = suite().limits.count_purchases(request_context().known_caller, many)
    request_context().limit_headers = rate_limit.beside(request_context().limit_headers)
    rate_limit.require()


def _wish(item: Any, lookup: _Lookup, keys: _Keys) -> pb.PurchaseToRecord | Refusal:
    """The item for `points`, or what keeps it from being sent there."""
    try:
        purchase = PurchaseToRecord.model_validate(item)
        member_id = lookup.member_id(purchase.member)
    except ValidationError as error:
        return checks.refusal_of(error)
    except Refusal as refusal:
        return refusal
    key = purchase.idempotency_key or keys.of(purchase.receipt)
    return pb.PurchaseToRecord(request_id=key, member_id=member_id, sale=purchase.to_proto())


def _recorded(items: list[pb.PurchaseToRecord]) -> list[UploadResult]:
    if not items:
        return []
    request = pb.RecordPurchasesRequest(program_id=request_context().program_id, items=items)
    answered = write(suite().clients.points.sales.RecordPurchases, request)
    return [_result(result) for result in answered.response.results]


def _result(result: pb.RecordPurchaseResult) -> UploadResult:
    if result.HasField("response"):
        return UploadResult(
            status=HTTPStatus.CREATED,
            replayed=result.replayed,
            purchase=purchase_of(result.response.purchase),
            account=account_or_none(result.response),
        )
    refusal = status.refusal_in(result.error)
    if refusal is not None:
        return _refused(refusal, replayed=result.replayed)
    _log.error("purchase_failed", error=result.error.message, correlation_id=request_context().request_id)
    return UploadResult(
        status=HTTPStatus.INTERNAL_SERVER_ERROR, replayed=False, problem=Problem.model_validate(body_of_accident())
    )


def _refused(refusal: Refusal, *, replayed: bool = False) -> UploadResult:
    problem = problem_within(refusal)
    return UploadResult(status=problem.status, replayed=replayed, problem=problem)


class _Keys:
    """Names purchases that have no keys of their own, by the call's key and their receipts.

    The same call again, after a lost answer, has the same keys again, also if it lists the purchases in another order.
    """

    def __init__(self) -> None:
        self._copies: Counter[ReceiptKey] = Counter()

    def of(self, receipt: ReceiptKey) -> str:
        """The key of the next purchase with this receipt."""
        copy = self._copies[receipt]
        self._copies[receipt] += 1
        parts = (str(part) for part in receipt.model_dump().values())
        return str(ids.derived_id("upload", request_context().idempotency_key, *parts, str(copy)))


class _Lookup:
    """Finds the members of one call: each identifier is asked for once, for a bounded time, while `members` is there.

    What is remembered from earlier calls serves in any case.
    """

    def __init__(self) -> None:
        self._found: dict[NewIdentifier, str | Refusal] = {}
        self._ends_at = time.monotonic() + suite().config.upload_lookup_ms / 1_000
        self._away: Refusal | None = None

    def member_id(self, reference: MemberReference | None) -> str:
        """The member meant, empty for an anonymous sale; raises the refusal that the lookup met."""
        if reference is None:
            return ""
        if isinstance(reference, ByMemberId):
            return reference.member_id
        if reference.identifier not in self._found:
            self._found[reference.identifier] = self._look_up(reference.identifier)
        found = self._found[reference.identifier]
        if isinstance(found, Refusal):
            raise found
        return found

    def _look_up(self, identifier: NewIdentifier) -> str | Refusal:
        if self._away is None and time.monotonic() >= self._ends_at:
            self._away = _not_looked_up()
        wanted, program_id = identifier.to_proto(), request_context().program_id
        if self._away is not None:
            return suite().resolver.remembered(program_id, wanted) or self._away
        try:
            return suite().resolver.member_id(program_id, wanted, request_context().call, before_asking=count_lookups)
        except ServiceFailed:
            self._away = ServiceUnavailable("members cannot be looked up now, try again")
            return self._away
        except Refusal as refusal:
            if refusal.kind not in _AWAY_KINDS:
                return refusal
            # A time-out would say that the outcome is unknown, and nothing of the purchase has been sent yet.
            self._away = _not_looked_up() if isinstance(refusal, ServiceTimeout) else refusal
            return self._away


def _not_looked_up() -> Refusal:
    return ServiceUnavailable("the member could not be looked up in time, and nothing was recorded; try again")
