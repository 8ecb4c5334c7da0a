"""How the command line shows services who it is: as `operator`, by its own certificate or token.

`WAFA_TLS_CERTIFICATE`, `WAFA_TLS_KEY` and `WAFA_TLS_CA` name the files of a certificate, `WAFA_TOKEN` is a token. Where
neither is set, the token is read that the running suite has written to the state folder, for users who may read the
folder.
"""

from __future__ import annotations

from collections.abc import Mapping

from kit.config import read
from kit.peers.identity import NO_IDENTITY, Identity, TokenIdentity
from kit.peers.settings import IdentitySettings, identity_of
from wafa.launcher.home import Home, Whereabouts, state_folder

PREFIX = "WAFA"
VARIABLES = ("WAFA_TLS_CERTIFICATE", "WAFA_TLS_KEY", "WAFA_TLS_CA", "WAFA_TOKEN")


def operator_identity(environ: Mapping[str, str]) -> Identity:
    """What the environment names, else what the running suite has left. Raises ConfigError."""
    named = identity_of(read(IdentitySettings, PREFIX, environ))
    where = Home(state_folder(environ)).running() if named is NO_IDENTITY else None
    return identity_at(where) if where else named


def identity_at(where: Whereabouts) -> Identity:
    """That of the operator of a running suite."""
    return TokenIdentity(where.operator_token) if where.operator_token else NO_IDENTITY
