"""One role and one database for each service, and no way from one service's role into another's database."""

from psycopg import Connection, sql

from wafa.backends.postgres import PostgresServer

# Three services of at most sixty leave room for the superuser within the server's two hundred.
CONNECTIONS_MAX = 60
NO_LIMIT = -1


def provide_role(connection: "Connection[tuple[object, ...]]", name: str, password: str, connections_max: int) -> None:
    """Makes a role that may log in and nothing else, or gives an existing one this password again.

    The server is told a SCRAM verifier, never the password, so that no log of statements can hold it.
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


def provide_database(connection: "Connection[tuple[object, ...]]", name: str, owner: str) -> None:
    """Makes a database of the owner when there is none, and closes it to every other role."""
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
    if not known:
        make = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(make.format(sql.Identifier(name), sql.Identifier(owner)))
    close_to_others(connection, name)


def close_to_others(connection: "Connection[tuple[object, ...]]", database: str) -> None:
    """Leaves the right to connect with the owner and the superuser. A clone does not inherit this from its template."""
    revoke = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
    connection.execute(revoke.format(sql.Identifier(database)))


def provide(
    server: PostgresServer, passwords: dict[str, str], *, connections_max: int = CONNECTIONS_MAX
) -> dict[str, str]:
    """Makes what is missing of a role and a database for each word, and returns their URLs by word.

    May be repeated, and after a crash anywhere in between: each step looks at what is there.
    """
    with server.connect() as connection:
        for shared in ("postgres", "template1"):
            close_to_others(connection, shared)
        for word, password in passwords.items():
            provide_role(connection, word, password, connections_max)
            provide_database(connection, word, word)
    return {word: server.url(word, password, word) for word, password in passwords.items()}
