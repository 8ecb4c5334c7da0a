"""The settings of `rewards`, each with its bound and its unit."""

from __future__ import annotations

import dataclasses

from kit.chassis.settings import DigestSettings, ListenerSettings, ServiceSettings
from kit.config import setting, with_default
from kit.suite import entry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(DigestSettings, ListenerSettings):
    """Read once when a process starts."""

    points_address: str = setting(
        "address of `points`, host:port or a gRPC target",
        default=entry("points").local_address,
        variable="POINTS_ADDRESS",
    )
    points_deadline_ms: int = setting("milliseconds that a call of `points` may take, tries and all", default=2_000)

    port: int = with_default(ServiceSettings, "port", entry("rewards").port)
    internal_port: int = with_default(ServiceSettings, "internal_port", entry("rewards").internal_port)

    reward_places_max: int = setting(
        "redemptions of one reward that are worked on at the same time; more are refused at once", default=8
    )
    redemption_lease_s: int = setting(
        "seconds after the last step until a redemption counts as abandoned and a sweeper goes on with it", default=15
    )
    redemption_stuck_s: int = setting(
        "seconds under way after which a redemption counts as stuck, in metrics and log", default=600
    )
    sweep_interval_ms: int = setting("milliseconds between two looks for abandoned redemptions", default=1_000)
    sweep_batch_max: int = setting("abandoned redemptions that one look goes on with", default=50)

    consumer_batch_max: int = setting("events of others handled in one go", default=100)
