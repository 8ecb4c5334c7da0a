"""Programs: the brands that run a loyalty programme on this deployment."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime

from services.members.domain.commands import CreateProgram


@dataclasses.dataclass(frozen=True)
class Program:
    """A brand. `region` says how its phone numbers without a country code are meant. Never changes once created."""

    program_id: uuid.UUID
    name: str
    currency: str
    region: str
    created_at: datetime


def create(command: CreateProgram, now: datetime) -> Program:
    """The program that the command asks for."""
    return Program(command.program_id, command.name, command.currency, command.region, now)
