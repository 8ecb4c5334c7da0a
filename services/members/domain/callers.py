"""Callers: who holds an API key."""

from __future__ import annotations

import enum


class CallerRole(enum.Enum):
    """What kind of caller a key belongs to; what each may do is the gateway's to say."""

    TILL = "till"
    APP = "app"
    STAFF = "staff"
    ADMIN = "admin"
