"""How much of everything one client may have, read from the settings."""

from __future__ import annotations

import dataclasses
import resource

from gateway.config import Config

# The rate of a body is judged after this long, so that a pause at its beginning is forgiven.
BODY_GRACE_S = 3.0
# How long a connection that ends stays open for its peer to read the last answer.
LINGER_S = 2.0
# Files that a process needs beside its connections: logs, channels, the event loop, metrics.
FILES_BESIDE = 256
# What one address may hold of the memory for bodies: one part in so many.
BODY_SHARE = 4


@dataclasses.dataclass(frozen=True)
class HttpBounds:
    """The bounds of one process; times in seconds, sizes in bytes."""

    connections_max: int
    connections_per_address_max: int
    head_bytes_max: int
    head_deadline_s: float
    idle_s: float
    body_bytes_max: int
    body_unasked_bytes_max: int
    bodies_bytes_max: int
    body_deadline_s: float
    body_bytes_per_s_min: int
    answer_deadline_s: float


def bounds_of(config: Config) -> HttpBounds:
    """The bounds that the settings ask for."""
    return HttpBounds(
        connections_max=connections_within(config.connections_max),
        connections_per_address_max=config.connections_per_address_max,
        head_bytes_max=config.head_bytes_max,
        head_deadline_s=config.head_deadline_s,
        idle_s=config.idle_s,
        body_bytes_max=max(config.body_bytes_max, config.upload_bytes_max),
        body_unasked_bytes_max=config.body_unasked_bytes_max,
        bodies_bytes_max=config.bodies_bytes_max,
        body_deadline_s=config.body_deadline_s,
        body_bytes_per_s_min=config.body_bytes_per_s_min,
        answer_deadline_s=config.answer_deadline_s,
    )


def connections_within(wanted: int) -> int:
    """As many connections as are wanted, or fewer where the system lets the process open fewer files.

    A process that runs out of files accepts nobody; one that knows how many it has lets idle connections make room.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - FILES_BESIDE))
