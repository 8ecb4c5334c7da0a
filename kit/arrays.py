"""Rows out of parallel arrays: one parameter a column, so that a statement is the same for any number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql


def array_of(identities: Iterable[UUID]) -> sa.ColumnElement[Any]:
    """The identities as one parameter, to compare a column with any of them."""
    return sa.literal(list(identities), postgresql.ARRAY(sa.Uuid))


def unnested(
    kinds: Mapping[str, sa.types.TypeEngine[Any]], columns: Mapping[str, Sequence[object]]
) -> sa.TableValuedAlias:
    """Rows out of parallel arrays, a parameter a column: the statement is the same for any number of rows."""
    arrays = (sa.literal(values, postgresql.ARRAY(kinds[name])) for name, values in columns.items())
    return (
        sa.func.unnest(*arrays)
        .table_valued(*(sa.column(name, kinds[name]) for name in columns), name="given")
        .render_derived()
    )
