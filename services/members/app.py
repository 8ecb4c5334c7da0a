"""The composition root: what makes `members` differ from another service; `kit.chassis` makes a process of it."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable

import sqlalchemy as sa

from kit.chassis.app import Parts, Service, relay
from kit.checking import Finding
from kit.config import ConfigError
from services.members import announces, check, handlers, jobs, peers, tables
from services.members.config import Config
from services.members.ports import Publish
from services.members.rpc import MembersServicer
from services.members.sealing import KEY_BYTES, MasterKeys, Pepper
from services.members.storage import Storage

# Of one answer of Redis to what is published within a request.
PUBLISH_TIMEOUT_S = 0.25


def storage_of(engine: sa.Engine, config: Config) -> Storage:
    """The storage, or ConfigError where a key is none."""
    return Storage(engine, master_keys_of(config), pepper_of(config))


def parts(config: Config, storage: Storage) -> Parts:
    """The servicer, and the timed work that is its own."""
    rewrap = functools.partial(jobs.rewrap_data_keys, storage, limit=config.jobs_batch_max)
    return Parts([servicer(storage, _publisher(config, storage.engine))], jobs={"rewrap-data-keys": rewrap})


def servicer(storage: Storage, publish: Publish = lambda: None) -> MembersServicer:
    """The servicer with its handlers."""
    return MembersServicer(
        handlers.MemberHandlers(storage),
        handlers.IdentifierHandlers(storage, publish),
        handlers.ProgramHandlers(storage),
        handlers.ApiKeyHandlers(storage, publish),
    )


def master_keys_of(config: Config) -> MasterKeys:
    """The master keys, or ConfigError."""
    try:
        retired = [base64.b64decode(text, validate=True) for text in config.master_keys_retired.split(",") if text]
        return MasterKeys(config.master_key, retired)
    except ValueError as error:
        variables = "MEMBERS_MASTER_KEY and each of MEMBERS_MASTER_KEYS_RETIRED"
        raise ConfigError(f"{variables} must be {KEY_BYTES} bytes in base64") from error


def pepper_of(config: Config) -> Pepper:
    """The pepper, or ConfigError."""
    try:
        return Pepper(config.lookup_pepper)
    except ValueError as error:
        raise ConfigError(f"MEMBERS_LOOKUP_PEPPER must be {KEY_BYTES} bytes in base64") from error


def findings(engine: sa.Engine, config: Config) -> Iterable[Finding]:
    """What the checker finds in the service's database."""
    return check.check(engine, master_keys_of(config), pepper_of(config))


def _publisher(config: Config, engine: sa.Engine) -> Publish:
    """Publishes within a request: a Redis that is slow may cost it little."""
    publishing = relay(engine, tables.metadata, announces.STREAM, config, answer_timeout_s=PUBLISH_TIMEOUT_S)
    return publishing.publish_if_possible


SERVICE = Service(
    word="members",
    config=Config,
    metadata=tables.metadata,
    stream=announces.STREAM,
    peers=peers.PEERS,
    storage=storage_of,
    parts=parts,
    check=findings,
)
