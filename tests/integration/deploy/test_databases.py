"""The script that the postgres container runs on an empty volume, run against a real server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from wafa.backends import WORDS, Backends
from wafa.backends.accounts import account_for_servers
from wafa.backends.binaries import find_postgres
from wafa.backends.databases import owner_of
from wafa.backends.postgres import SUPERUSER, PostgresServer

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "create-databases.sh"


def test_each_service_gets_a_database_that_no_other_can_enter(own_backends: Backends) -> None:
    server = own_backends.postgres
    assert server is not None
    programs = find_postgres(account_for_servers()).folder
    if not (programs / "psql").exists():
        pytest.skip(f"the script needs psql, and there is none in {programs}")
    _make_empty(server)
    roles = [*WORDS, *map(owner_of, WORDS)]
    passwords = {f"{role.upper()}_DATABASE_PASSWORD": f"{role}'s \\password" for role in roles}
    settings = server.settings
    environ = {
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "POSTGRES_USER": SUPERUSER,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(settings.port),
        "PGPASSWORD": settings.password,
    }
    subprocess.run([SCRIPT], env=environ | passwords, check=True, capture_output=True)
    for role in roles:
        for database in (*WORDS, "postgres"):
            assert _enters(server, role, f"{role}'s \\password", database) == (role in {database, owner_of(database)})
    with server.connect() as connection:
        owners = connection.execute("SELECT datname, pg_get_userbyid(datdba) FROM pg_database").fetchall()
    assert {(word, owner_of(word)) for word in WORDS} <= set(owners)


def _make_empty(server: PostgresServer) -> None:
    with server.connect() as connection:
        for word in WORDS:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(word)))
            for role in (word, owner_of(word)):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _enters(server: PostgresServer, user: str, password: str, database: str) -> bool:
    port = server.settings.port
    try:
        psycopg.connect(host="127.0.0.1", port=port, user=user, password=password, dbname=database).close()
    except psycopg.OperationalError as error:
        assert "permission denied for database" in str(error)
        return False
    return True
