"""Where a process listens."""

from __future__ import annotations


class PortTakenError(Exception):
    """The process cannot listen where it should, most often because another does."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"cannot listen on {address_of(host, port)}; does another process?")


def address_of(host: str, port: int) -> str:
    """Host and port as one word; IPv6 hosts get their brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
