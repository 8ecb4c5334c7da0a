"""Where the back ends are, in the words of the environment that services read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kit import suite
from wafa.backends.errors import BackendError

WORDS = suite.suite().words
REDIS_VARIABLE = "REDIS_URL"


@dataclass(frozen=True)
class Addresses:
    """URLs with passwords: `database_urls` by word, in SQLAlchemy's style, and `redis_url`.

    `owner_urls` lead to the same databases as the roles that own their tables, and are for those alone who migrate.
    """

    database_urls: Mapping[str, str]
    redis_url: str
    owner_urls: Mapping[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """The environment variables with the addresses of the databases and of Redis."""
        urls = {database_variable(word): url for word, url in self.database_urls.items()}
        owners = {owner_variable(word): url for word, url in self.owner_urls.items()}
        return urls | owners | {REDIS_VARIABLE: self.redis_url}


def database_variable(word: str) -> str:
    return f"{word.upper()}_DATABASE_URL"


def owner_variable(word: str) -> str:
    return f"{word.upper()}_OWNER_DATABASE_URL"


def owner_urls_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The ways of the owners into the databases, by word, as far as the environment names any."""
    urls = {word: environ.get(owner_variable(word), "").strip() for word in WORDS}
    return {word: with_driver(url) for word, url in urls.items() if url}


def database_urls_in(environ: Mapping[str, str]) -> dict[str, str]:
    """The databases that the environment names, by word; empty when it names none.

    Raises BackendError when it names some but not all: half of a suite on one machine and half on another is far more
    likely a forgotten variable than intended.
    """
    urls = {word: environ.get(database_variable(word), "").strip() for word in WORDS}
    missing = [database_variable(word) for word, url in urls.items() if not url]
    if len(missing) == len(WORDS):
        return {}
    if missing:
        present = [database_variable(word) for word, url in urls.items() if url]
        raise BackendError(
            f"{' and '.join(present)} is set but {' and '.join(missing)} is not: "
            "set all of them to use your own PostgreSQL, or none to have one started."
        )
    return {word: with_driver(url) for word, url in urls.items()}


def redis_url_in(environ: Mapping[str, str]) -> str:
    """The Redis that the environment names, or nothing."""
    return environ.get(REDIS_VARIABLE, "").strip()


def with_driver(url: str) -> str:
    """A PostgreSQL URL as SQLAlchemy wants it, from the plain styles that hosting services hand out."""
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            return f"postgresql+psycopg://{url.removeprefix(plain)}"
    return url
