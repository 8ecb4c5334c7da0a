"""Members whom `points` and `rewards` know otherwise than `members` does, which owns them.

Where `members` is older, it lacks members and versions that the others know, and would number its next changes as ones
that they have had already, and so pass over. Where another one is older than events are kept for, it is behind for
good. Both end with a change by which the member is restored, at a version beyond all that is known, and its event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wafa.checker.snapshot import DatabaseSnapshot, side_by_side
from wafa.reconciler.plans import MemberAsKnown, Repair, RepairAction

MEMBERS = """
    SELECT member_id, program_id, status, version, tier, segments, attributes FROM members ORDER BY member_id
"""
POINTS = """
    SELECT member_id, program_id, status, member_version AS version, tier, segments, attributes
    FROM standings ORDER BY member_id
"""
# It counts the changes of the status alone.
REWARDS = "SELECT member_id, program_id, status, version FROM member_statuses ORDER BY member_id"


def known_otherwise(snapshot: DatabaseSnapshot) -> Iterator[Repair]:
    """A repair for each member whose status, traits or version are not those that the others know."""
    listeners = side_by_side(snapshot.rows("points", POINTS), snapshot.rows("rewards", REWARDS), _member_id, _member_id)
    pairs = side_by_side(snapshot.rows("members", MEMBERS), listeners, _member_id, _member_id_of_pair)
    for member, others in pairs:
        points, rewards = others or (None, None)
        if member is None:
            yield _recreation(points, rewards)
        elif (found := _difference(member, points, rewards)) is not None:
            known, why = found
            yield Repair(RepairAction.RESTORE_MEMBER, str(member.program_id), str(member.member_id), "", why, known)


def _recreation(points: Any | None, rewards: Any | None) -> Repair:
    latest = _latest(points, rewards)
    why = (
        "members does not know the member, whose profile and identifiers are lost with its database: "
        "they are recreated without, and staff can add identifiers"
    )
    known = _as_known(latest, points)
    return Repair(RepairAction.RESTORE_MEMBER, str(latest.program_id), str(latest.member_id), "", why, known)


def _difference(member: Any, points: Any | None, rewards: Any | None) -> tuple[MemberAsKnown, str] | None:
    """What the member has to be restored to, and why; None where all agree."""
    latest = _latest(points, rewards)
    if latest is not None and latest.version > member.version:
        known = f"the member is {latest.status} at version {latest.version} for others"
        return _as_known(latest, points or member), f"{known}, and {member.status} at version {member.version} here"
    if _agrees_in_points(member, points) and rewards is not None and rewards.status == member.status:
        return None
    why = f"points or rewards does not know that the member is {member.status} at version {member.version}"
    return _as_known(member, member), why


def _agrees_in_points(member: Any, points: Any | None) -> bool:
    return points is not None and (points.version, points.status, _traits(points)) == (
        member.version,
        member.status,
        _traits(member),
    )


def _latest(points: Any | None, rewards: Any | None) -> Any:
    """The row of the listener that knows the later version; `points` counts every change, so it goes first."""
    rows = [row for row in (points, rewards) if row is not None]
    return max(rows, key=lambda row: row.version, default=None)


def _as_known(latest: Any, traits: Any | None) -> MemberAsKnown:
    """The version and the status of one row, with the traits of another: rewards keeps none."""
    return MemberAsKnown(latest.version, latest.status, *(_traits(traits) if traits is not None else ()))


def _traits(row: Any) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
    return row.tier, tuple(row.segments), tuple(sorted(row.attributes.items()))


def _member_id(row: Any) -> Any:
    return row.member_id


def _member_id_of_pair(pair: tuple[Any | None, Any | None]) -> Any:
    points, rewards = pair
    return (points or rewards).member_id  # type: ignore[union-attr]  # a pair has one of the two
