"""What matching a regular expression may cost.

RE2, which CEL matches with, never goes back over a text, but its work for each character grows with the size of the
program that a pattern compiles to, and a pattern is compiled each time it is matched: counted repetitions, which write
a piece out that many times, make programs of any size from a few characters. So a pattern has to stand in the
condition itself, and the size of its program is bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.points.conditions.limits import CostUnknown

# Instructions that a pattern may compile to, as they are reckoned here.
PROGRAM_MAX = 400
# A class of ASCII characters is one instruction; what may be any character of Unicode is several, byte by byte.
_WIDE = 4

_TOKEN = re.compile(
    r"""
    (?P<repeat>[*+?]|\{(?P<least>\d{0,5})(?P<comma>,)?(?P<most>\d{0,5})\})[?+]?
    |(?P<wide>\\[pP](?:\{[^}]*\}|.)|\\[DWSXC]|\[\^(?:\\.|[^]\\])*\]|\.)
    |(?P<set>\[(?:\[:\w+:\]|\\[pP]\{?|\\.|[^]\\])+\])
    |(?P<open>\((?:\?[^:)]*[:)])?)
    |(?P<close>\))
    |(?P<one>\\.|[\s\S])
    """,
    re.VERBOSE,
)


@dataclass
class _Group:
    done: int = 0
    last: int = 0

    def add(self, size: int) -> None:
        self.done += self.last
        self.last = size

    @property
    def size(self) -> int:
        return self.done + self.last


def program_size(pattern: str) -> int:
    """About how many instructions the pattern compiles to, rather too many than too few.

    Raises CostUnknown for one that is too large, or nested out of order.
    """
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        match token.lastgroup:
            case "open":
                groups.append(_Group())
            case "close":
                if len(groups) == 1:
                    raise CostUnknown("has a pattern with a bracket too many")
                closed = groups.pop()
                groups[-1].add(closed.size + 2)
            case _:
                _piece(groups[-1], token)
        if sum(group.size for group in groups) > PROGRAM_MAX:
            raise CostUnknown(f"has a pattern that repeats too much: more than {PROGRAM_MAX} pieces when written out")
    return sum(group.size for group in groups) * (2 if "(?" in pattern else 1) + 2


def _piece(group: _Group, token: re.Match[str]) -> None:
    if token["repeat"] is not None:
        group.last = max(1, group.last) * _times(token) + 1
    elif token["wide"] is not None:
        group.add(_WIDE)
    elif token["set"] is not None:
        group.add(1 if token["set"].isascii() and "\\" not in token["set"] else _WIDE)
    else:
        group.add(1 if token["one"].isascii() else _WIDE)


def _times(token: re.Match[str]) -> int:
    if token["least"] is None:
        return 1
    most = token["most"] or (token["least"] if not token["comma"] else "")
    return max(1, int(most or 0), int(token["least"] or 0) + 1 if not most else 0)
