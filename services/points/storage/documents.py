"""Domain values as JSON in a column and back: what an auditor reads, and what only ever is read whole."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from services.points.domain.earning.earnings import Earning
from services.points.domain.earning.terms import EarningTerms
from services.points.domain.ledger.accounts import AccountView
from services.points.domain.ledger.transfers import TransferPolicy
from services.points.domain.program.rehearsals import Comparison, RehearsalPlan
from services.points.domain.sales.refunds import Refunded
from services.points.domain.sales.returns import ReturnLine
from services.points.domain.sales.sale import Sale

Document = TypeVar("Document")

sale_document = TypeAdapter(Sale)
earnings_document = TypeAdapter(tuple[Earning, ...])
earning_document = TypeAdapter(Earning)
terms_document = TypeAdapter(EarningTerms)
account_document = TypeAdapter(AccountView)
transfer_policy_document = TypeAdapter(TransferPolicy)
taken_document = TypeAdapter(dict[UUID, int])
return_lines_document = TypeAdapter(tuple[ReturnLine, ...])
refunds_document = TypeAdapter(tuple[Refunded, ...])
plan_document = TypeAdapter(RehearsalPlan)
comparison_document = TypeAdapter(Comparison)


def dump(document: TypeAdapter[Document], value: Document) -> str:
    """The value as JSON text."""
    return document.dump_json(value).decode()


def load(document: TypeAdapter[Document], stored: object) -> Document:
    """The value that the JSON column `stored`, as the driver gives it, holds."""
    return document.validate_python(stored, strict=False)
