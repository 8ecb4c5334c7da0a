"""The settings of `members`, each with its bound and its unit."""

from __future__ import annotations

import dataclasses

from kit.chassis.settings import ServiceSettings
from kit.config import setting, with_default
from kit.suite import entry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(ServiceSettings):
    """Read once when a process starts."""

    master_key: bytes = setting(
        "key that the members' own keys are wrapped with, 32 bytes in base64; without it their data is lost",
        secret=True,
    )
    lookup_pepper: bytes = setting(
        "key of the hashes that identifiers are found by, 32 bytes in base64; can never be changed", secret=True
    )
    master_keys_retired: str = setting(
        "master keys of before, in base64, separated by commas, until every member's key is wrapped with the new one",
        default="",
        secret=True,
    )

    port: int = with_default(ServiceSettings, "port", entry("members").port)
    internal_port: int = with_default(ServiceSettings, "internal_port", entry("members").internal_port)

    @property
    def digest_key(self) -> bytes:
        return self.lookup_pepper
