"""What a replay came to, as a person would like to read it: every receipt accounted for."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from wafa.demo.tally import Tally, percentiles_ms
from wafa.screen import Screen

Row = tuple[str, int | str, str]


def show_tally(screen: Screen, tally: Tally, duration_s: float) -> None:
    """Prints it."""
    screen.title("Receipts")
    screen.show(_table(_receipts(tally)))
    for reason, count, first in tally.refusals():
        screen.line(Text.assemble((f"refused {count} × {reason}", "warn"), f"  {first.receipt}: {first.detail}"), 4)
    screen.line(_sum(tally), 4)
    screen.title("Members and points")
    screen.show(_table(_points(tally)))
    for reason, count in tally.redemptions_refused.most_common():
        screen.line(Text(f"redemptions refused: {count} × {reason}", "warn"), 4)
    screen.title("Speed", "of one client on this machine")
    screen.show(_table(_speed(tally, duration_s)))
    screen.out.print()
    screen.line(_news(tally))


def _receipts(tally: Tally) -> Iterable[Row]:
    yield "read", tally.receipts, f"with {tally.lines:,} lines"
    yield "  sales to members", tally.sales, ""
    yield "  anonymous sales", tally.anonymous_sales, "earn when a member claims them"
    yield "  returns, matched", tally.returns_matched, "each line names the purchase it brings back"
    yield "  returns, partly", tally.returns_partly_matched, "some lines do"
    yield "  returns, unmatched", tally.returns_unmatched, "recorded, and take no points"
    yield "  refused", len(tally.refused), ""


def _sum(tally: Tally) -> Text:
    posted, refused = tally.posted, len(tally.refused)
    equation = f"{tally.receipts:,} read = {posted:,} posted + {refused:,} refused"
    if tally.adds_up:
        return Text.assemble(("✓ ", "good"), equation)
    return Text(f"✗ {equation} does not add up", "bad")


def _points(tally: Tally) -> Iterable[Row]:
    yield "members", tally.members, ""
    yield "points earned", tally.points_earned, ""
    yield "points clawed back", tally.points_clawed_back, "by returns" + _owed(tally)
    yield "points spent", tally.points_spent, f"on {tally.redemptions:,} redemptions, {tally.vouchers_used:,} used"
    yield "points given back", tally.points_given_back, f"by {tally.redemptions_cancelled:,} redemptions undone"


def _owed(tally: Tally) -> str:
    return f"; {tally.points_owed:,} more are owed, they were spent already" if tally.points_owed else ""


def _speed(tally: Tally, duration_s: float) -> Iterable[Row]:
    p50, p95, p99 = percentiles_ms(tally.durations_s, 50, 95, 99)
    rate = len(tally.durations_s) / duration_s if duration_s else 0.0
    yield "requests", tally.writes, f"in {duration_s:,.1f} s: {rate:,.0f} a second"
    yield "latency", f"{p50:.0f} ms", f"median; 95 % under {p95:.0f} ms, 99 % under {p99:.0f} ms"
    if tally.repeats:
        yield "asked again", tally.repeats, "after a full house or a lost answer"


def _news(tally: Tally) -> Text:
    if tally.changed_nothing:
        return Text("These receipts had all been sent before: every answer was a replay, and nothing has changed.")
    if tally.replays:
        return Text(f"{tally.replays:,} of {tally.writes:,} requests had been sent before and changed nothing.")
    return Text("Run it again: the same receipts change nothing.")


def _table(rows: Iterable[Row]) -> Table:
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(min_width=20)
    table.add_column(justify="right", style="number", min_width=9)
    table.add_column(style="quiet")
    for name, count, more in rows:
        table.add_row(name, f"{count:,}" if isinstance(count, int) else count, more)
    return table
