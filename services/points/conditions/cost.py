"""What a condition may cost at most, in steps, reckoned from its syntax tree and from how long the facts may be.

A step is the work for one node of the tree on small values: a tenth of a microsecond on a machine of 2026, rather more
than less. It is no time: the same condition costs the same everywhere, so that a rule that was saved stays one that may
be. Every node is counted as if it were reached, every walk as if it went through the longest list, every text as if it
were as long as its field allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.points.conditions.limits import CostUnknown
from services.points.conditions.patterns import program_size
from services.points.conditions.tree import Constant, FunctionCall, Items, Member, Name, Node, Walk, parts
from services.points.domain.earning.conditions import SIZES, Size

# The way into CEL and back.
ASK_STEPS = 30
NODE_STEPS = 1
# Characters that are compared, copied or searched in one step.
CHARACTERS_A_STEP = 20
# Adding to a list copies what is there already.
COPY_STEPS = 2
# Of calendars: a zone is looked for by its name.
ZONE_STEPS = 200
# A pattern is compiled for each match, and then meets each character with all of its program.
PATTERN_STEPS = 40
INSTRUCTION_STEPS = 15
INSTRUCTIONS_A_STEP = 5
# Beyond, numbers only get longer.
STEPS_MAX = 10**15


@dataclass(frozen=True)
class Bound:
    """The most that a value can be: characters of a text or items of a list or map, and the most that an item can."""

    size: int = 1
    item: Bound | None = None
    key: Bound | None = None

    @property
    def weight(self) -> int:
        """Characters and items in all."""
        each = 0 if self.item is None else self.item.weight + (0 if self.key is None else self.key.weight)
        return min(STEPS_MAX, self.size * (1 + each) if each else self.size)


SCALAR = Bound()


def steps_of(tree: Node) -> int:
    """The most steps that an answer can cost. Raises CostUnknown."""
    return min(STEPS_MAX, ASK_STEPS + _Reckoning({}).cost(tree)[0])


def walks_of(tree: Node) -> int:
    """How many walks through lists there are."""
    return isinstance(tree, Walk) + sum(map(walks_of, parts(tree)))


@dataclass(frozen=True)
class _Reckoning:
    """Reckons within the variables that walks have bound. Each method gives the steps, and what the value can be."""

    bound: Mapping[str, Bound]

    def cost(self, node: Node) -> tuple[int, Bound]:
        match node:
            case Constant(text):
                return NODE_STEPS, SCALAR if text is None else Bound(len(text.decode(errors="replace")))
            case Name(name):
                return NODE_STEPS, self.bound.get(name) or _bound_of(SIZES.get(name))
            case Member(operand, _, tested):
                steps, value = self.cost(operand)
                return steps + NODE_STEPS, SCALAR if tested else value.item or SCALAR
            case Items():
                return self._items(node)
            case Walk():
                return self._walk(node)
            case FunctionCall():
                return self._call(node)

    def _items(self, node: Items) -> tuple[int, Bound]:
        steps, values = self._all(node.items)
        keys, items = (values[::2], values[1::2]) if node.is_map else ([], values)
        bound = Bound(len(items), _most(items), _most(keys) if node.is_map else None)
        return steps + NODE_STEPS + COPY_STEPS * len(node.items), bound

    def _walk(self, node: Walk) -> tuple[int, Bound]:
        steps, through = self.cost(node.through)
        first_steps, first = self.cost(node.first)
        item = (through.key if through.key is not None else through.item) or SCALAR
        # What is collected after one step tells how it grows; then the steps are reckoned with all of it.
        _, once = self._with({node.variable: item, node.collected: first}).cost(node.step)
        collected = Bound(first.size + (once.size - first.size) * through.size, once.item or first.item)
        inside = self._with({node.variable: item, node.collected: collected})
        each = inside.cost(node.goes_on)[0] + inside.cost(node.step)[0]
        result_steps, result = inside.cost(node.result)
        return steps + first_steps + through.size * each + result_steps + NODE_STEPS, result

    def _call(self, node: FunctionCall) -> tuple[int, Bound]:
        steps, values = self._all(node.arguments)
        reckon = _FUNCTIONS.get(node.function)
        if reckon is None:
            raise CostUnknown(f"uses {node.function}, whose cost is not known")
        if node.function == "matches":
            return steps + _matching(node, values[0]), SCALAR
        own, value = reckon(values)
        return min(STEPS_MAX, steps + NODE_STEPS + own), value

    def _all(self, nodes: tuple[Node, ...]) -> tuple[int, list[Bound]]:
        reckoned = [self.cost(node) for node in nodes]
        return sum(steps for steps, _ in reckoned), [value for _, value in reckoned]

    def _with(self, more: Mapping[str, Bound]) -> _Reckoning:
        return _Reckoning({**self.bound, **more})


# ---- Functions: what each costs beside its arguments, and what it gives ----------------------------------------------


def _plain(values: list[Bound]) -> tuple[int, Bound]:
    return 0, SCALAR


def _reading(values: list[Bound]) -> tuple[int, Bound]:
    """Compares, or reads from end to end."""
    return sum(_text(value.weight) for value in values), SCALAR


def _searching(values: list[Bound]) -> tuple[int, Bound]:
    """At its worst each character is the beginning of what is looked for."""
    sizes = [value.size for value in values]
    return _text(sizes[0] * max(1, sizes[-1])), SCALAR


def _finding(values: list[Bound]) -> tuple[int, Bound]:
    """An item among others is compared with each of them; a name in a map is looked up."""
    item, among = values
    if among.key is not None:
        return _text(item.weight), SCALAR
    return among.size * (1 + _text(item.weight)) + _text(among.weight), SCALAR


def _adding(values: list[Bound]) -> tuple[int, Bound]:
    one, other = values
    if one.item is None and other.item is None and one.size == other.size == 1:
        return 0, SCALAR
    size = min(STEPS_MAX, one.size + other.size)
    items = [each.item for each in values if each.item is not None]
    # The empty list that a walk begins with has no items to tell it from a text; copied items cost more.
    return COPY_STEPS * size if items else _text(size), Bound(size, _most(items) if items else None)


def _choosing(values: list[Bound]) -> tuple[int, Bound]:
    return 0, _most(values[1:]) or SCALAR


def _taking(values: list[Bound]) -> tuple[int, Bound]:
    return _text(values[1].weight), values[0].item or SCALAR


def _writing(values: list[Bound]) -> tuple[int, Bound]:
    """A text of it: a number and an instant have few characters."""
    return _text(values[0].size), Bound(max(40, values[0].size))


def _same(values: list[Bound]) -> tuple[int, Bound]:
    return 0, values[0]


def _dating(values: list[Bound]) -> tuple[int, Bound]:
    return ZONE_STEPS + _text(sum(value.weight for value in values)), SCALAR


def _matching(node: FunctionCall, text: Bound) -> int:
    pattern = node.arguments[1]
    if not isinstance(pattern, Constant) or pattern.text is None:
        raise CostUnknown("matches a pattern that does not stand in it as a text")
    size = program_size(pattern.text.decode(errors="replace"))
    return PATTERN_STEPS + INSTRUCTION_STEPS * size + text.size * size // INSTRUCTIONS_A_STEP


_FUNCTIONS = {
    **dict.fromkeys(("_&&_", "_||_", "!_", "-_", "_-_", "_*_", "_/_", "_%_", "@not_strictly_false"), _plain),
    **dict.fromkeys(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "startsWith", "endsWith", "size"), _reading),
    **dict.fromkeys(("int", "uint", "double", "bool", "type"), _reading),
    **dict.fromkeys(("timestamp", "duration"), _dating),
    **dict.fromkeys(
        (
            "getFullYear",
            "getMonth",
            "getDate",
            "getDayOfMonth",
            "getDayOfWeek",
            "getDayOfYear",
            "getHours",
            "getMinutes",
            "getSeconds",
            "getMilliseconds",
        ),
        _dating,
    ),
    "contains": _searching,
    "matches": _plain,
    "@in": _finding,
    "_in_": _finding,
    "in": _finding,
    "_+_": _adding,
    "_?_:_": _choosing,
    "_[_]": _taking,
    "string": _writing,
    "bytes": _same,
    "dyn": _same,
}


def _text(characters: int) -> int:
    return min(STEPS_MAX, characters // CHARACTERS_A_STEP + 1)


def _most(values: list[Bound]) -> Bound | None:
    """What can be any of these."""
    if not values:
        return None
    items = [value.item for value in values if value.item is not None]
    keys = [value.key for value in values if value.key is not None]
    return Bound(max(value.size for value in values), _most(items), _most(keys))


def _bound_of(size: Size | None) -> Bound:
    if size is None:
        return SCALAR
    item = None if size.item_length is None else Bound(size.item_length)
    return Bound(size.length, item, None if size.name_length is None else Bound(size.name_length))
