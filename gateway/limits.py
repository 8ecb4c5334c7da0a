"""How many requests a key may make in a second, counted in Redis for all processes or in memory for each its own.

Purchases that come many in one call are counted besides, one by one and at the same rate, over a window that has room
for such calls. They are counted apart, so that a till that sends its backlog can go on selling.

Look-ups of identifiers are counted apart, too, by the minute: whoever holds a key could else try all phone numbers of a
city in a night. What a process remembers costs nothing, so a busy till is not slowed down.

Counting never fails a request: while Redis is away, each process counts for itself.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

import redis
import structlog
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from gateway.config import Config
from gateway.context import Caller
from gateway.policy import Role
from gateway.refusals import RateLimited
from kit.bounds import PURCHASES_MAX

_log = structlog.get_logger()

Counted = TypeVar("Counted")

REDIS_PAUSE_S = 5.0
# However low the rate, so many calls with as many purchases as one may have fit into a window.
UPLOADS_MIN = 2


@dataclasses.dataclass(frozen=True)
class RateLimitStatus:
    """Where a key stands after a request, by the policy of this name; `unit` is what is counted."""

    policy: str
    unit: str
    allowed: bool
    limit: int
    window_s: int
    remaining: int
    reset_s: int

    @property
    def headers(self) -> dict[str, str]:
        """The fields of draft-ietf-httpapi-ratelimit-headers."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={self.window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_s}',
        }

    def beside(self, other: Mapping[str, str]) -> dict[str, str]:
        """The same fields, after those of another policy."""
        return {name: f"{other[name]}, {text}" if name in other else text for name, text in self.headers.items()}

    def require(self) -> None:
        """Refuses the request that was one too many."""
        if not self.allowed:
            raise RateLimited(
                f"more than {self.limit} {self.unit} in {self.window_s} s",
                retry_after_ms=1_000 * max(1, self.reset_s),
                limit=self.limit,
                window_s=self.window_s,
            )


class Limits:
    """Counts requests, and what they cost besides, by caller: a key that replaces another has no new allowance."""

    def __init__(
        self,
        per_second: Mapping[str, int],
        lookups_per_minute: Mapping[str, int],
        shared: RedisStorage | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._items = {role: RateLimitItemPerSecond(amount, namespace=role) for role, amount in per_second.items()}
        self._uploads = {role: _for_uploads(amount, role) for role, amount in per_second.items()}
        self._lookups = {role: _for_lookups(amount, role) for role, amount in lookups_per_minute.items()}
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(shared) if shared is not None else None
        self._now = now
        self._shared_from = 0.0

    def count(self, caller: Caller) -> RateLimitStatus:
        """Counts one request of the caller and tells where it stands."""
        return self._status(self._items[caller.role], caller, "requests", 1)

    def count_purchases(self, caller: Caller, many: int) -> RateLimitStatus:
        """Counts so many purchases of one call, all or none, and tells where the caller stands."""
        return self._status(self._uploads[caller.role], caller, "purchases", many)

    def refused_lookups(self, caller: Caller, many: int) -> RateLimitStatus | None:
        """Counts so many look-ups of identifiers, all or none; where the caller stands, if they are too many.

        A sale waits for it: what is allowed costs one trip to Redis and tells no more.
        """
        item = self._lookups[caller.role]
        if self._with(lambda limiter: limiter.hit(item, caller.caller_id, cost=many)):
            return None
        return self._status(item, caller, "look-ups of identifiers", many)

    def _status(self, item: RateLimitItem, caller: Caller, unit: str, cost: int) -> RateLimitStatus:
        allowed, remaining, reset_s = self._with(lambda limiter: _counted(limiter, item, caller.caller_id, cost))
        return RateLimitStatus(item.namespace, unit, allowed, item.amount, item.get_expiry(), remaining, reset_s)

    def _with(self, count: Callable[[SlidingWindowCounterRateLimiter], Counted]) -> Counted:
        """Counts in Redis, or in memory while that is away."""
        if self._shared is not None and self._now() >= self._shared_from:
            try:
                return count(self._shared)
            except redis.RedisError as error:
                self._shared_from = self._now() + REDIS_PAUSE_S
                _log.warning("rate_limits_without_redis", error=type(error).__name__, pause_s=REDIS_PAUSE_S)
        return count(self._own)


def limits_of(config: Config) -> Limits:
    """The counters that the settings ask for. Nothing is connected before the first request."""
    per_second = {
        Role.TILL.value: config.till_requests_per_s,
        Role.APP.value: config.app_requests_per_s,
        Role.STAFF.value: config.staff_requests_per_s,
        Role.ADMIN.value: config.admin_requests_per_s,
    }
    lookups_per_minute = {
        Role.TILL.value: config.till_lookups_per_min,
        Role.APP.value: config.app_lookups_per_min,
        Role.STAFF.value: config.staff_lookups_per_min,
        Role.ADMIN.value: config.admin_lookups_per_min,
    }
    return Limits(per_second, lookups_per_minute, _shared_storage(config))


def _shared_storage(config: Config) -> RedisStorage | None:
    if not config.redis_url:
        return None
    timeout_s = config.redis_timeout_ms / 1_000
    return RedisStorage(
        config.redis_url,
        key_prefix="wafa:gateway:limits",
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )


def _for_uploads(per_second: int, role: str) -> RateLimitItem:
    window_s = math.ceil(UPLOADS_MIN * PURCHASES_MAX / per_second)
    return RateLimitItemPerSecond(per_second * window_s, window_s, namespace=f"{role}-purchases")


def _for_lookups(per_minute: int, role: str) -> RateLimitItem:
    return RateLimitItemPerMinute(per_minute, namespace=f"{role}-lookups")


def _counted(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, key: str, cost: int
) -> tuple[bool, int, int]:
    allowed = limiter.hit(item, key, cost=cost)
    stats = limiter.get_window_stats(item, key)
    reset_s = max(0, math.ceil(stats.reset_time - time.time()))
    return allowed, max(0, stats.remaining), reset_s
