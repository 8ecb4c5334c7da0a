"""Tokens by which the processes of one run know each other: new with each start, and known to them only."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from kit.peers import GATEWAY, OPERATOR
from kit.peers.identity import hash_of
from wafa.backends import WORDS

TOKEN_BYTES = 32


def new_tokens() -> dict[str, str]:
    """A token for each peer of the suite, by its name."""
    return {name: secrets.token_urlsafe(TOKEN_BYTES) for name in (*WORDS, GATEWAY, OPERATOR)}


def hashes_of(tokens: Mapping[str, str]) -> str:
    """What those who are called know of the tokens, as `*_PEER_TOKENS` says it."""
    return "; ".join(f"{name}: {hash_of(token)}" for name, token in tokens.items())
