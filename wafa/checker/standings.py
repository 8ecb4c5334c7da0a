"""What `points` and `rewards` know of members, against what `members` says of them.

    standing_known     every member is known, with the status that they have, and the traits
    standing_true      nothing is known of a member that `members` does not say
    letter_read        no event was given up as unreadable

Events take time, so consumers are behind for a moment. Such a difference is a finding only when it lasts, and no
finding at all while the consumer is not running.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from kit.checking import Finding
from wafa.checker.snapshot import DatabaseSnapshot, side_by_side


@dataclasses.dataclass(frozen=True)
class ListeningService:
    """A service that keeps a projection of members. `every_change`: it counts every change, not only the status'.

    Its rows are of member_id, status, version and traits, the last NULL where it keeps none.
    """

    word: str
    query: str
    every_change: bool


# As text: jsonb has one spelling for what is the same.
TRAITS = "jsonb_build_object('tier', tier, 'segments', segments, 'attributes', attributes)::text"
LISTENERS = (
    ListeningService(
        "points",
        f"SELECT member_id, status, member_version AS version, {TRAITS} AS traits FROM standings ORDER BY member_id",  # noqa: S608 - of our own
        every_change=True,
    ),
    ListeningService(
        "rewards",
        "SELECT member_id, status, version, NULL AS traits FROM member_statuses ORDER BY member_id",
        every_change=False,
    ),
)
MEMBERS = f"SELECT member_id, status, version, {TRAITS} AS traits FROM members ORDER BY member_id"  # noqa: S608 - of our own
LETTERS_TABLE = "SELECT to_regclass('dead_letters') IS NOT NULL AS exists"
LETTERS = "SELECT consumer, event_id, type FROM dead_letters WHERE replayed_at IS NULL ORDER BY consumer, event_id"


@dataclasses.dataclass(frozen=True)
class ProjectionDifference:
    """A finding, and whether time alone may mend it."""

    finding: Finding
    is_behind: bool


def differences(snapshot: DatabaseSnapshot) -> Iterator[ProjectionDifference]:
    """Holds every listener against the register."""
    for listener in LISTENERS:
        yield from _of_listener(snapshot, listener)
        yield from _dead_letters(snapshot, listener.word)


def _of_listener(snapshot: DatabaseSnapshot, listener: ListeningService) -> Iterator[ProjectionDifference]:
    members, known = snapshot.rows("members", MEMBERS), snapshot.rows(listener.word, listener.query)
    for member, standing in side_by_side(members, known, lambda row: row.member_id, lambda row: row.member_id):
        if member is None:
            assert standing is not None  # noqa: S101 - a pair has one of the two
            problem = f"{listener.word} knows a member that the register does not"
            yield ProjectionDifference(Finding("standing_true", str(standing.member_id), problem), is_behind=False)
        elif standing is None:
            problem = f"{listener.word} does not know the member"
            yield ProjectionDifference(Finding("standing_known", str(member.member_id), problem), is_behind=True)
        elif standing.version > member.version or (
            standing.version == member.version and standing.status != member.status
        ):
            problem = f"{listener.word} has {standing.status} at version {standing.version}" + _says(member)
            yield ProjectionDifference(Finding("standing_true", str(member.member_id), problem), is_behind=False)
        elif standing.version == member.version and standing.traits not in (None, member.traits):
            problem = f"{listener.word} has other traits at version {standing.version} than the register"
            yield ProjectionDifference(Finding("standing_true", str(member.member_id), problem), is_behind=False)
        elif standing.status != member.status or (listener.every_change and standing.version != member.version):
            problem = f"{listener.word} has {standing.status} at version {standing.version}" + _says(member)
            yield ProjectionDifference(Finding("standing_known", str(member.member_id), problem), is_behind=True)


def _says(member: object) -> str:
    status, version = getattr(member, "status", ""), getattr(member, "version", "")
    return f", the register {status} at version {version}"


def _dead_letters(snapshot: DatabaseSnapshot, word: str) -> Iterator[ProjectionDifference]:
    (table,) = snapshot.rows(word, LETTERS_TABLE)
    if table.exists:
        for letter in snapshot.rows(word, LETTERS):
            problem = f"{letter.consumer} gave up this {letter.type}"
            yield ProjectionDifference(Finding("letter_read", str(letter.event_id), problem), is_behind=False)
