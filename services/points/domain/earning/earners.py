"""Who earns, as far as conditions may ask."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Earner:
    """What was known of a member when something was judged; all empty where nothing was. No personal data."""

    status: str = ""
    tier: str = ""
    segments: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict)


NOBODY = Earner()
