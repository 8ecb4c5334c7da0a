"""The program's rules as a document, JSON or YAML."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from flask import Response, request
from loyalty.points.v1 import program_pb2 as pb

from gateway import yamls
from gateway.context import request_context
from gateway.contract import route
from gateway.replies import JSON_TYPE, reply
from gateway.routes.points.base import blueprint
from gateway.suite import read, suite, write
from gateway.wire.points.documents import (
    ExportQuery,
    ImportedRules,
    ImportQuery,
    RuleDiff,
    RuleDocument,
    TwoDocuments,
    changes_of,
    document_of,
    imported_of,
)

YAML_HEAD = "The earning rules of a program; the schema RuleDocument in /openapi.json tells every field."


@route(blueprint, responses={HTTPStatus.OK: RuleDocument})
def export_earning_rules(query: ExportQuery) -> Response:
    """Export the rules as a document, as they are once all that is scheduled has begun"""
    request = pb.ExportEarningRulesRequest(program_id=request_context().program_id, drafts=query.drafts)
    return _written(document_of(read(suite().clients.points.program.ExportEarningRules, request).rules), query.format)


@route(blueprint, responses={HTTPStatus.OK: RuleDiff})
def diff_earning_rules(body: TwoDocuments) -> Response:
    """Compare two documents, or one with the rules as they are; nothing is written"""
    request = pb.DiffEarningRulesRequest(
        program_id=request_context().program_id,
        before=None if body.before is None else pb.RuleDocument(rules=body.before.definitions()),
        after=pb.RuleDocument(rules=body.after.definitions()),
    )
    return reply(RuleDiff(changes=changes_of(read(suite().clients.points.program.DiffEarningRules, request).changes)))


@route(blueprint, responses={HTTPStatus.OK: ImportedRules})
def import_earning_rules(query: ImportQuery, body: RuleDocument) -> Response:
    """Write a draft for each rule that differs from its newest version, all or none; with `dry_run` only tell"""
    request = pb.ImportEarningRulesRequest(
        program_id=request_context().program_id,
        request_id=request_context().idempotency_key,
        rules=body.definitions(),
        dry_run=query.dry_run,
    )
    answered = write(suite().clients.points.program.ImportEarningRules, request)
    return reply(imported_of(answered.response, dry_run=query.dry_run), replayed=answered.replayed)


def _written(document: dict[str, Any], format_asked: str) -> Response:
    best = request.accept_mimetypes.best_match([JSON_TYPE, yamls.YAML_TYPE], JSON_TYPE)
    as_yaml = format_asked == "yaml" or (not format_asked and best == yamls.YAML_TYPE)
    if as_yaml:
        response = Response(yamls.written(document, head=YAML_HEAD), content_type=yamls.YAML_TYPE)
    else:
        response = Response(orjson.dumps(document, option=orjson.OPT_INDENT_2), content_type=JSON_TYPE)
    response.headers["Vary"] = "Accept"
    return response
