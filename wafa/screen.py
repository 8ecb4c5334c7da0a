"""What a person sees: one place for colours, widths and marks.

At a terminal there are colours and a spinner. Elsewhere (a pipe, a log, CI) the same lines come plain, and a hundred
columns wide. What is meant to be copied is never broken into lines.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text
from rich.theme import Theme

WIDTH = 100

_THEME = Theme(
    {
        "good": "green",
        "bad": "bold red",
        "warn": "yellow",
        "quiet": "dim",
        "name": "bold",
        "number": "cyan",
        "copy": "cyan",
        # Rich's own colours of table headings are loud.
        "table.header": "bold",
    }
)


class Screen:
    """Standard output for what was asked for, standard error for what went wrong."""

    def __init__(self, out: Console | None = None, err: Console | None = None) -> None:
        self.out = out or _console(sys.stdout)
        self.err = err or _console(sys.stderr)

    def title(self, text: str, more: str = "") -> None:
        """A heading with an empty line above it."""
        self.out.print()
        self.out.print(Text.assemble((text, "name"), (f"  {more}" if more else "", "quiet")))

    def show(self, what: RenderableType, indent: int = 2) -> None:
        """Anything that rich can draw, a little to the right."""
        self.out.print(Padding(what, (0, 0, 0, indent), expand=False))

    def line(self, text: str | Text = "", indent: int = 2) -> None:
        """One line of text, broken where the screen ends."""
        self.show(Text(text) if isinstance(text, str) else text, indent)

    def copyable(self, text: str, indent: int = 2) -> None:
        """Text to be copied as it is: never broken, never shortened."""
        for each in text.splitlines():
            self.out.print(Text(" " * indent + each, style="copy"), soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Something worth knowing that stops nothing."""
        self.err.print(Text.assemble(("! ", "warn"), sentence), soft_wrap=True)

    def fail(self, sentence: str, last_lines: tuple[str, ...] = ()) -> None:
        """Why it did not work, and what a program said last."""
        self.quote(last_lines)
        self.err.print(Text.assemble(("✗ ", "bad"), sentence), soft_wrap=True)

    def quote(self, lines: tuple[str, ...]) -> None:
        """What a program said."""
        for each in lines:
            self.err.print(Text(f"  │ {each}", style="quiet"), soft_wrap=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[ScreenStep]:
        """One step of something longer: a spinner while it lasts, a line with its time once it is done."""
        step = ScreenStep()
        began = time.monotonic()
        waiting = self.out.status(Text(name)) if self.out.is_terminal else contextlib.nullcontext()
        with waiting:
            yield step
        took = f"{time.monotonic() - began:5.1f} s"
        self.out.print(Text.assemble(("  ✓ ", "good"), f"{name:<24}", (took, "quiet"), f"  {step.note}".rstrip()))

    def progress(self) -> Progress:
        """A bar, invisible where there is no terminal."""
        return Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.out,
            transient=True,
            disable=not self.out.is_terminal,
        )


class ScreenStep:
    """A step under way; what `note` holds at its end stands beside its time."""

    def __init__(self) -> None:
        self.note = ""


def _console(stream: object) -> Console:
    if isinstance(stream, io.TextIOWrapper):
        # A terminal that cannot show a mark shows a question mark and no traceback.
        stream.reconfigure(errors="replace")
    console = Console(file=stream, theme=_THEME, highlight=False)  # type: ignore[arg-type]  # anything that has `write`
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console
