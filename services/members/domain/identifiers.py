"""Identifiers: what a member is found by, and the one form each is kept in.

However an identifier is written, it is one: what is compared, hashed and sealed is the canonical form, and what would
pass for another is refused. Values are personal data and show in no repr.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

from kit import texts
from kit.errors import Invalid
from kit.texts import emails
from kit.texts.lookalikes import is_unmistakable

VALUE_LENGTH_MAX = 254
IDENTIFIERS_MAX = 20

# Gives a phone number in E.164, or nothing if there can be no such number.
ReadPhone = Callable[[str], str | None]

# Cards are printed in groups of digits, and typed in with what stands between them, or without.
_BETWEEN_DIGITS = re.compile("(?<=[0-9])-(?=[0-9])")
# Six digits and more, and letters among them that pass for digits.
_LETTER_FOR_DIGIT = re.compile("(?=.*[OoIl])(?=(?:[^0-9]*[0-9]){6})[0-9OoIl-]+")


class IdentifierKind(enum.Enum):
    """The kinds of identifiers a member is found by."""

    CARD = "card"
    PHONE = "phone"
    EMAIL = "email"
    EXTERNAL_ID = "external_id"


@dataclasses.dataclass(frozen=True)
class NewIdentifier:
    """An identifier: as a caller gave it, or in canonical form once `canonical` has read it."""

    kind: IdentifierKind
    value: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Identifier:
    """An identifier that a member has, in canonical form."""

    identifier_id: uuid.UUID
    kind: IdentifierKind
    value: str = dataclasses.field(repr=False)
    added_at: datetime

    @property
    def masked_value(self) -> str:
        """What may be shown to a stranger."""
        return mask(self.kind, self.value)

    def names(self, other: NewIdentifier) -> bool:
        """Whether `other`, in canonical form, is this identifier."""
        return (self.kind, self.value) == (other.kind, other.value)


def canonical(given: NewIdentifier, field: str, read_phone: ReadPhone) -> NewIdentifier:
    """The identifier in the form it is kept in; `field` is its path in the request."""
    readers = {
        IdentifierKind.PHONE: read_phone,
        IdentifierKind.EMAIL: emails.canonical,
        IdentifierKind.CARD: _read_card,
    }
    value = readers.get(given.kind, _read_as_is)(given.value)
    if not value:
        raise Invalid(f"{field}.value", f"is not {_NAMES[given.kind]}")
    if len(value) > VALUE_LENGTH_MAX:
        raise Invalid(f"{field}.value", f"must have at most {VALUE_LENGTH_MAX} characters")
    return NewIdentifier(given.kind, value)


def all_canonical(given: Sequence[NewIdentifier], field: str, read_phone: ReadPhone) -> tuple[NewIdentifier, ...]:
    """All in canonical form; two that turn out to be the same are refused."""
    found: dict[NewIdentifier, str] = {}
    for index, one in enumerate(given):
        path = f"{field}[{index}]"
        first = found.setdefault(canonical(one, path, read_phone), path)
        if first != path:
            raise Invalid(path, f"is the same identifier as {first}")
    return tuple(found)


def mask(kind: IdentifierKind, value: str) -> str:
    """Enough for the owner to recognise it, too little for others to use it."""
    if kind is IdentifierKind.EMAIL:
        name, _, domain = value.rpartition("@")
        return f"{name[:1]}•••@{domain}"
    # A short value would be given away by its last four.
    return f"•••• {value[-4:]}" if len(value) >= 8 else "••••"


def _read_card(text: str) -> str | None:
    """Its letters as they are, large and small, without the spaces between its groups."""
    value = _BETWEEN_DIGITS.sub("", (_read_as_is(text) or "").replace(" ", ""))
    return None if _LETTER_FOR_DIGIT.fullmatch(value) else value


def _read_as_is(text: str) -> str | None:
    value = texts.bare(text)
    return value if is_unmistakable(value) else None


_NAMES = {
    IdentifierKind.CARD: "a card number of plain digits and letters of one script",
    IdentifierKind.PHONE: "a phone number that can exist in its country",
    IdentifierKind.EMAIL: "an e-mail address, or passes for another",
    IdentifierKind.EXTERNAL_ID: "an external id of plain digits and letters of one script",
}
