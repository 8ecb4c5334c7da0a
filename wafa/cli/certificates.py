"""`wafa certificates`: what processes show each other, where no authority of yours signs for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.peers import GATEWAY, OPERATOR
from wafa.backends import WORDS
from wafa.certificates import DAYS, CertificateAuthority
from wafa.screen import Screen

PEERS = (*WORDS, GATEWAY, OPERATOR)


def certificates(
    folder: Annotated[Path, typer.Argument(help="Where they go; an authority that is there already signs again.")],
    name: Annotated[list[str] | None, typer.Option(help="Only for this peer, such as a system of yours.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3_650, help="For how long they are good.")] = DAYS,
) -> None:
    """Make or renew the certificates by which services know who calls. Running processes take renewed ones up."""
    authority = CertificateAuthority(folder)
    peers = tuple(name or PEERS)
    for peer in peers:
        authority.issue(peer, days=days)
    screen = Screen()
    screen.line(f"Wrote {', '.join(peers)} to {folder}, good for {days} days.")
    screen.line(f"Keep {folder / 'ca.key'} secret: with it anyone can issue a certificate for any of them.")
