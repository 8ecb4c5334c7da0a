"""What has to be started, and started it is: a PostgreSQL, a Valkey, both, or nothing."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wafa.backends import databases
from wafa.backends.accounts import account_for_servers
from wafa.backends.addresses import WORDS, Addresses, database_urls_in, owner_urls_in, redis_url_in
from wafa.backends.errors import BackendError
from wafa.backends.postgres import SUPERUSER, PostgresServer, PostgresSettings
from wafa.backends.process import free_port, is_free
from wafa.backends.state import State
from wafa.backends.valkey import ValkeyServer, ValkeySettings

POSTGRES_PORT = 54329
VALKEY_PORT = 63799
# In the order of `Ports`.
PORT_VARIABLES = {"WAFA_POSTGRES_PORT": POSTGRES_PORT, "WAFA_VALKEY_PORT": VALKEY_PORT}


@dataclass(frozen=True)
class Ports:
    """The ports wanted; another free one is taken, and reported, where another process has the wanted one."""

    postgres: int = POSTGRES_PORT
    valkey: int = VALKEY_PORT

    @classmethod
    def free(cls) -> "Ports":
        return cls(free_port(), free_port())

    @classmethod
    def named(cls, environ: Mapping[str, str]) -> "Ports":
        """The usual ports, or those that the environment names. Raises BackendError for what is no number."""
        try:
            return cls(*(int(environ.get(name) or usual) for name, usual in PORT_VARIABLES.items()))
        except ValueError:
            raise BackendError(f"{' and '.join(PORT_VARIABLES)} are to be numbers of ports.") from None


class Backends(AbstractContextManager["Backends"]):
    """The back ends of one suite while the block runs.

    What `environ` names is used and not touched; what it does not name is started from the folder `state`, which one
    `Backends` at a time can use. Enter it in a thread that lives as long as the block, see `wafa.backends.process`.
    `say` is called with one sentence for each thing that a person should know. Raises BackendError on entering.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        state: Path,
        *,
        durable: bool = True,
        ports: Ports | None = None,
        connections_max: int = 200,
        redis_databases: int = 16,
        role_connections_max: int = databases.CONNECTIONS_MAX,
        say: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        self._given_databases = database_urls_in(environ)
        self._given_owners = owner_urls_in(environ)
        self._given_redis = redis_url_in(environ)
        self._folder = state
        self._durable = durable
        self._ports = ports or Ports.named(environ)
        self._connections_max = connections_max
        self._redis_databases = redis_databases
        self._role_connections_max = role_connections_max
        self._say = say
        self._exits = ExitStack()
        self.postgres: PostgresServer | None = None
        self.valkey: ValkeyServer | None = None
        self.addresses = Addresses({}, "")

    @property
    def database_urls(self) -> dict[str, str]:
        """URLs by word, in SQLAlchemy's style."""
        return dict(self.addresses.database_urls)

    @property
    def owner_urls(self) -> dict[str, str]:
        """The same databases as the roles that own their tables; those who migrate need them."""
        return dict(self.addresses.owner_urls)

    @property
    def redis_url(self) -> str:
        return self.addresses.redis_url

    def __enter__(self) -> "Backends":
        with ExitStack() as exits:
            self._enter(exits)
            self._exits = exits.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exits.close()

    def _enter(self, exits: ExitStack) -> None:
        if self._given_databases and self._given_redis:
            self.addresses = Addresses(self._given_databases, self._given_redis, self._given_owners)
            return
        state = State(self._folder, account_for_servers())
        exits.callback(state.close)
        if state.servers_home != state.folder:
            self._say(
                f"{state.account.name} cannot enter {state.folder}; the servers' data is in {state.servers_home}."
            )
        if self._given_databases:
            urls = databases.DatabaseUrls(self._given_databases, self._given_owners)
        else:
            urls = self._start_postgres(state, exits)
        redis_url = self._given_redis or self._start_valkey(state, exits)
        self.addresses = Addresses(urls.serving, redis_url, urls.owning)
        state.announce(self.addresses)

    def _start_postgres(self, state: State, exits: ExitStack) -> databases.DatabaseUrls:
        passwords = state.passwords([SUPERUSER, *WORDS, *map(databases.owner_of, WORDS)])
        self.postgres = PostgresServer(
            PostgresSettings(
                folder=state.server_folder("postgres"),
                log=state.log("postgres"),
                account=state.account,
                port=self._port(self._ports.postgres, "PostgreSQL"),
                password=passwords[SUPERUSER],
                durable=self._durable,
                connections_max=self._connections_max,
            )
        )
        exits.callback(self.postgres.stop)
        self.postgres.start()
        return databases.provide(self.postgres, passwords, connections_max=self._role_connections_max)

    def _start_valkey(self, state: State, exits: ExitStack) -> str:
        self.valkey = ValkeyServer(
            ValkeySettings(
                folder=state.server_folder("valkey"),
                log=state.log("valkey"),
                account=state.account,
                port=self._port(self._ports.valkey, "Valkey"),
                password=state.passwords(["redis"])["redis"],
                databases=self._redis_databases,
            )
        )
        exits.callback(self.valkey.stop)
        self.valkey.start()
        return self.valkey.url()

    def _port(self, wanted: int, server: str) -> int:
        if is_free(wanted):
            return wanted
        other = free_port()
        self._say(f"Port {wanted} is taken, so {server} listens on {other} this time.")
        return other
