"""Texts that people wrote are left out of copies."""

from __future__ import annotations

import dataclasses

from kit.free_text import without_free_text
from kit.texts import FREE_TEXT


@dataclasses.dataclass(frozen=True)
class Slip:
    number: int
    words: str = dataclasses.field(default="", metadata=FREE_TEXT)


@dataclasses.dataclass(frozen=True)
class Drawer:
    name: str
    slip: Slip | None
    slips: tuple[Slip, ...] = ()


@dataclasses.dataclass(frozen=True)
class Tag:
    name: str


def test_a_marked_text_is_removed_at_any_depth() -> None:
    drawer = Drawer("top", Slip(1, "sorry"), (Slip(2, "tea"), Slip(3)))
    assert without_free_text(drawer) == Drawer("top", Slip(1), (Slip(2), Slip(3)))
    assert drawer.slip == Slip(1, "sorry")
    assert without_free_text(Drawer("top", None)) == Drawer("top", None)


def test_what_has_no_marked_text_is_not_even_copied() -> None:
    tag = Tag("tea")
    assert without_free_text(tag) is tag
    assert without_free_text("tea") == "tea"
