"""The environment of each process: its own settings only, so that a leak discloses little."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import os
from collections.abc import Mapping, Sequence

from kit.suite import entry
from wafa.backends import WORDS, Addresses
from wafa.backends.addresses import REDIS_VARIABLE, database_variable, owner_variable
from wafa.launcher.home import CHECKOUT
from wafa.launcher.ports import GATEWAY, Ports
from wafa.launcher.tokens import hashes_of
from wafa.operator import VARIABLES as OPERATOR_VARIABLES

DIE_WITH_PARENT_VARIABLE = "WAFA_DIE_WITH_PARENT"
ROW_DIGEST_KEY = "_ROW_DIGEST_KEY"


def row_digest_key(word: str, secrets: Mapping[str, str]) -> str:
    """A service's own key for the digests of its rows, in base64, made from a secret that the service is not given."""
    secret = secrets["MEMBERS_LOOKUP_PEPPER"].encode()
    return base64.b64encode(hmac.digest(secret, f"row digests of {word}".encode(), "sha256")).decode()


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the environments are made of. What a person has set stays, except where the suite itself decides."""

    environ: Mapping[str, str]
    addresses: Addresses
    secrets: Mapping[str, str]
    tokens: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    def of_service(self, word: str, ports: Ports) -> dict[str, str]:
        """The environment of a service that serves."""
        upper = word.upper()
        variable = f"{upper}_PEER_TOKENS"
        # Of systems of the person's own; the suite's tokens are of this start.
        named = self.environ.get(variable, "")
        known = {variable: "; ".join(filter(None, [hashes_of(self.tokens), named]))} if self.tokens else {}
        return (
            self.of_command(word)
            | self._token_of(word)
            | known
            | {
                DIE_WITH_PARENT_VARIABLE: str(os.getpid()),
                f"{upper}_PORT": str(ports.services[word]),
                f"{upper}_INTERNAL_PORT": str(ports.internal[word]),
                **{f"{other.upper()}_ADDRESS": ports.address(other) for other in entry(word).calls},
            }
        )

    def of_gateway(self, host: str, ports: Ports) -> dict[str, str]:
        """The environment of the gateway, which knows no database."""
        return (
            self._own(GATEWAY)
            | self._token_of(GATEWAY)
            | {
                DIE_WITH_PARENT_VARIABLE: str(os.getpid()),
                "GATEWAY_HOST": host,
                "GATEWAY_PORT": str(ports.gateway),
                "GATEWAY_INTERNAL_PORT": str(ports.internal[GATEWAY]),
                **{f"GATEWAY_{word.upper()}_ADDRESS": ports.address(word) for word in WORDS if entry(word).has_routes},
            }
        )

    def of_migrations(self, words: Sequence[str]) -> dict[str, str]:
        """The environment of what brings databases forward; it alone knows the roles that own them."""
        owners = {owner_variable(word): url for word, url in self.addresses.owner_urls.items() if word in words}
        return {name: value for word in words for name, value in self.of_command(word).items()} | owners

    def of_command(self, word: str) -> dict[str, str]:
        """The environment of a service that does something once and changes no schema, such as check."""
        return self._own(word) | {
            database_variable(word): self.addresses.database_urls[word],
            **{name: self._secret(word, name) for name in entry(word).secrets},
        }

    def _token_of(self, name: str) -> dict[str, str]:
        return {f"{name.upper()}_TOKEN": self.tokens[name]} if name in self.tokens else {}

    def _secret(self, word: str, name: str) -> str:
        """A kept secret; of row digests the key that the environment names, if only as empty, else one made for it."""
        if not name.endswith(ROW_DIGEST_KEY):
            return self.secrets[name]
        return self.environ[name] if name in self.environ else row_digest_key(word, self.secrets)

    def _own(self, word: str) -> dict[str, str]:
        others = tuple(f"{other.upper()}_" for other in (*WORDS, GATEWAY) if other != word)
        kept_back = {*OPERATOR_VARIABLES, *(owner_variable(each) for each in WORDS)}
        own = {
            name: value for name, value in self.environ.items() if not name.startswith(others) and name not in kept_back
        }
        path = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "protos" / "gen")])
        return own | {"PYTHONPATH": path, REDIS_VARIABLE: self.addresses.redis_url}
