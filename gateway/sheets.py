"""Answers as CSV, for those who ask for it: RFC 4180 in UTF-8, with a byte order mark and a header row.

Without the mark a spreadsheet takes UTF-8 for the code page of its machine, and every name that is not English turns
into symbols; names, reasons and sentences may be in any script whatever language was asked for. Readers of CSV that are
programs have a name for it, such as `utf-8-sig`.

A spreadsheet takes a cell that begins with a sign such as "=" for a formula and runs it, and texts in the ledger come
from tills and from people. Such texts get an apostrophe in front, by which a spreadsheet knows a text (OWASP, "CSV
Injection"). Numbers, times and ids are ours and stay as they are, so that a column of amounts can be added up.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from flask import Response, request

from gateway.replies import JSON_TYPE

CSV_TYPE = "text/csv"
BYTE_ORDER_MARK = "\ufeff"

# The signs that begin a formula, as they are typed and as East Asian keyboards type them, and what some readers skip.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")

Cell = str | int | bool | datetime | None


def wanted(format_asked: Literal["", "json", "csv"]) -> bool:
    """Whether the answer shall be CSV: by the query, and where that is silent by `Accept`."""
    if format_asked:
        return format_asked == "csv"
    return request.accept_mimetypes.best_match([JSON_TYPE, CSV_TYPE], JSON_TYPE) == CSV_TYPE


def sheet(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The table as an attachment."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    response = Response(text.getvalue(), content_type=f"{CSV_TYPE}; charset=utf-8; header=present")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Vary"] = "Accept"
    return response


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat().replace("+00:00", "Z")
        case bool():
            return str(cell).lower()
        case int():
            return str(cell)
        case _:
            # White space in front does not stop a spreadsheet from seeing the sign behind it.
            return f"'{cell}" if cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA) else cell
