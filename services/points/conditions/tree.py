"""The syntax tree of a compiled condition.

CEL gives a compiled expression as a serialised `cel.expr.CheckedExpr`, of which no Python package has the messages.
What is needed of it is read here field by field; the numbers are those of CEL's published protos, which never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from google.protobuf.empty_pb2 import Empty
from google.protobuf.unknown_fields import UnknownFieldSet

# A field of a message: a number where the wire has one, else the bytes of a text or of a message.
_Fields: TypeAlias = dict[int, list[int | bytes]]


@dataclass(frozen=True)
class Constant:
    """A literal; `text` is that of a text, in UTF-8, and absent for a number and the like."""

    text: bytes | None


@dataclass(frozen=True)
class Name:
    """A variable: a fact, or what a walk through a list binds."""

    name: str


@dataclass(frozen=True)
class Member:
    """The value of a map under a name that is written with a dot."""

    operand: Node
    name: str
    tested: bool


@dataclass(frozen=True)
class FunctionCall:
    """A function or an operator with its arguments, the one in front of the dot first."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Items:
    """A list that is written out, or a map, whose keys and values then stand in turns."""

    items: tuple[Node, ...]
    is_map: bool = False


@dataclass(frozen=True)
class Walk:
    """A macro over a list or a map: `all`, `exists`, `exists_one`, `map`, `filter`."""

    variable: str
    through: Node
    collected: str
    first: Node
    goes_on: Node
    step: Node
    result: Node


Node: TypeAlias = Constant | Name | Member | FunctionCall | Items | Walk


def parts(tree: Node) -> tuple[Node, ...]:
    """The nodes right under this one."""
    match tree:
        case Member(operand):
            return (operand,)
        case FunctionCall(_, arguments):
            return arguments
        case Items(items):
            return items
        case Walk():
            return tree.through, tree.first, tree.goes_on, tree.step, tree.result
    return ()


@dataclass
class _Reader:
    names: dict[int, str] = field(default_factory=dict)

    def node(self, raw: bytes) -> Node:
        """The node that a serialised Expr is."""
        fields = _fields(raw)
        # A name with dots is parsed as members of members, and found by the check to be one variable.
        named = self.names.get(_number(fields, 2), "")
        if named and 6 not in fields:
            return Name(named)
        return next(build(self, _fields(_bytes(fields, kind))) for kind, build in _BUILD.items() if kind in fields)

    def constant(self, fields: _Fields) -> Node:
        return Constant(next((_bytes(fields, kind) for kind in (6, 7) if kind in fields), None))

    def identifier(self, fields: _Fields) -> Node:
        return Name(_text(fields, 1))

    def member(self, fields: _Fields) -> Node:
        return Member(self.node(_bytes(fields, 1)), _text(fields, 2), bool(_number(fields, 3)))

    def call(self, fields: _Fields) -> Node:
        return FunctionCall(_text(fields, 2), (*self._nodes(fields, 1), *self._nodes(fields, 3)))

    def items(self, fields: _Fields) -> Node:
        return Items(tuple(self._nodes(fields, 1)))

    def struct(self, fields: _Fields) -> Node:
        entries = [_fields(raw) for raw in fields.get(2, ()) if isinstance(raw, bytes)]
        pairs = [(*self._nodes(entry, 3), *self._nodes(entry, 4)) for entry in entries]
        return Items(tuple(node for pair in pairs for node in pair), is_map=True)

    def walk(self, fields: _Fields) -> Node:
        through, first, goes_on, step, result = (self.node(_bytes(fields, number)) for number in (2, 4, 5, 6, 7))
        return Walk(_text(fields, 1), through, _text(fields, 3), first, goes_on, step, result)

    def _nodes(self, fields: _Fields, number: int) -> Iterator[Node]:
        return (self.node(raw) for raw in fields.get(number, ()) if isinstance(raw, bytes))


_BUILD = {
    3: _Reader.constant,
    4: _Reader.identifier,
    5: _Reader.member,
    6: _Reader.call,
    7: _Reader.items,
    8: _Reader.struct,
    9: _Reader.walk,
}


def read(serialised: bytes) -> Node:
    """The tree of what `Expression.serialize` gave."""
    checked = _fields(_bytes(_fields(serialised), 2))
    names = {}
    for raw in checked.get(2, ()):
        if isinstance(raw, bytes):
            entry = _fields(raw)
            names[_number(entry, 1)] = _text(_fields(_bytes(entry, 2)), 1)
    return _Reader(names).node(_bytes(checked, 4))


def _fields(raw: bytes) -> _Fields:
    found: _Fields = {}
    unknown = UnknownFieldSet(Empty.FromString(raw))
    for index in range(len(unknown)):
        found.setdefault(unknown[index].field_number, []).append(unknown[index].data)
    return found


def _bytes(fields: _Fields, number: int) -> bytes:
    value = fields.get(number, [b""])[-1]
    return value if isinstance(value, bytes) else b""


def _number(fields: _Fields, number: int) -> int:
    value = fields.get(number, [0])[-1]
    return value if isinstance(value, int) else 0


def _text(fields: _Fields, number: int) -> str:
    return _bytes(fields, number).decode()
