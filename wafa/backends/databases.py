"""One database and two roles for each service, and no way from one service's roles into another's database.

The first role, called like the service, serves: it may do what the service's migrations let it. The second owns the
database and its tables, and only migrations log in as it.
"""

from dataclasses import dataclass

from psycopg import Connection, sql

from wafa.backends.addresses import WORDS
from wafa.backends.postgres import PostgresServer

# Three services of at most sixty, with their owners, keep room for the superuser within the server's two hundred.
CONNECTIONS_MAX = 60
OWNER_CONNECTIONS_MAX = 4
NO_LIMIT = -1


def provide_role(connection: "Connection[tuple[object, ...]]", name: str, password: str, connections_max: int) -> None:
    """Makes a role that may log in and nothing else, or gives an existing one this password again.

    The server receives a SCRAM verifier, never the password, so that no log of statements can hold it.
    """
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    statement = sql.SQL(
        "{verb} ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT {limit} PASSWORD {verifier}"
    )
    connection.execute(
        statement.format(
            verb=sql.SQL("ALTER" if known else "CREATE"),
            name=sql.Identifier(name),
            limit=sql.Literal(connections_max),
            verifier=sql.Literal(verifier),
        )
    )


def owner_of(word: str) -> str:
    """The role that owns the service's tables."""
    return f"{word}_owner"


def provide_database(connection: "Connection[tuple[object, ...]]", name: str, owner: str) -> None:
    """Makes a database of the owner when there is none, and closes it to every other role."""
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if not known:
        make = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(owner)))
    close_to_others(connection, name)


def let_in(connection: "Connection[tuple[object, ...]]", database: str, role: str) -> None:
    """Lets a role connect to a database. A clone does not inherit this from its template either."""
    grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
    connection.execute(grant.format(sql.Identifier(database), sql.Identifier(role)))


def serves_as_owner(connection: "Connection[tuple[object, ...]]", word: str) -> bool:
    """Whether the service's database is one of before there were owners: the role that serves owns it."""
    owns = "SELECT 1 FROM pg_database WHERE datname = %s AND datdba = CAST(%s AS regrole)"
    return connection.execute(owns, (word, word)).fetchone() is not None


def give_to_owner(server: PostgresServer, word: str) -> None:
    """Gives a database and all that is in it from the role that serves to the owner; one statement, all or nothing."""
    reassign = sql.SQL("REASSIGN OWNED BY {} TO {}")
    with server.connect(word) as connection:
        connection.execute(reassign.format(sql.Identifier(word), sql.Identifier(owner_of(word))))


def close_to_others(connection: "Connection[tuple[object, ...]]", database: str) -> None:
    """Lets only the owner and the superuser connect. A clone does not inherit this from its template."""
    revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
    connection.execute(revoke.format(sql.Identifier(database)))


@dataclass(frozen=True)
class DatabaseUrls:
    """The ways into the databases, by word: as those who serve and as those who own."""

    serving: dict[str, str]
    owning: dict[str, str]


def provide(
    server: PostgresServer, passwords: dict[str, str], *, connections_max: int = CONNECTIONS_MAX
) -> DatabaseUrls:
    """Makes what is missing of two roles and a database for each of `WORDS`; `passwords` has those of the roles.

    May be repeated, and after a crash anywhere in between: each step looks at what is there.
    """
    owners_max = NO_LIMIT if connections_max == NO_LIMIT else OWNER_CONNECTIONS_MAX
    with server.connect() as connection:
        for shared in ("postgres", "template1"):
            close_to_others(connection, shared)
        for word in WORDS:
            provide_role(connection, word, passwords[word], connections_max)
            provide_role(connection, owner_of(word), passwords[owner_of(word)], owners_max)
            provide_database(connection, word, owner_of(word))
            if serves_as_owner(connection, word):
                give_to_owner(server, word)
            let_in(connection, word, word)
    return DatabaseUrls(
        {word: server.url(word, passwords[word], word) for word in WORDS},
        {word: server.url(owner_of(word), passwords[owner_of(word)], word) for word in WORDS},
    )
