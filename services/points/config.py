"""The settings of `points`, each with its bound and its unit."""

from __future__ import annotations

import dataclasses

from kit.chassis.settings import DigestSettings, ListenerSettings, ServiceSettings
from kit.config import setting, with_default
from kit.suite import entry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(DigestSettings, ListenerSettings):
    """Read once when a process starts."""

    members_address: str = setting(
        "where `members` listens, host:port", default=entry("members").local_address, variable="MEMBERS_ADDRESS"
    )
    members_deadline_ms: int = setting("milliseconds that a question to `members` may take", default=1_000)

    port: int = with_default(ServiceSettings, "port", entry("points").port)
    internal_port: int = with_default(ServiceSettings, "internal_port", entry("points").internal_port)
    threads_max: int = setting("requests that are worked on at the same time; most wait for the writer", default=128)
    concurrent_rpcs_max: int = with_default(ServiceSettings, "concurrent_rpcs_max", 512)
    connections_max: int = with_default(ServiceSettings, "connections_max", 20)
    consumer_interval_ms: int = with_default(ListenerSettings, "consumer_interval_ms", 200)

    batch_max: int = setting("operations written in one transaction; 1 gives each its own", default=128)
    queue_max: int = setting("operations that may wait to be written; more are refused at once", default=2_000)
    queue_wait_ms: int = setting("milliseconds that an operation may wait to be written", default=1_000)
    evaluation_steps_max: int = setting(
        "steps that judging one receipt may cost, ten million of them about a second at the worst; rules that could"
        " make the greatest receipt cost more are not activated, and a receipt that could is refused",
        default=50_000_000,
    )
    programs_cached_max: int = setting("programs whose earning rules a process keeps at hand", default=1_000)

    transfer_stuck_s: int = setting(
        "seconds on its way after which a transfer between members counts as stuck, in metrics and log", default=600
    )

    enrolments_interval_ms: int = setting("milliseconds between two looks for enrolments to record", default=1_000)

    rehearsals_interval_ms: int = setting("milliseconds between two looks for rules to rehearse", default=1_000)
    rehearsals_page_max: int = setting("past purchases that one round of a rehearsal judges", default=500)
