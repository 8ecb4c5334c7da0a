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
from wafa.backends.postgres import SUPERUSER, PostgresServer

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "postgres" / "create-databases.sh"


def test_each_service_gets_a_database_that_no_other_can_enter(own_backends: Backends) -> None:
    server = own_backends.postgres
    assert server is not None
    programs = find_postgres(account_for_servers()).folder
    if not (programs / "psql").exists():
        pytest.skip(f"the script needs psql, and there is none in {programs}")
    _make_empty(server)
    passwords = {f"{word.upper()}_DATABASE_PASSWORD": f"{word}'s \\password" for word in WORDS}
    settings = server.settings
    environ = {
        "PATH": f"{programs}{os.pathsep}{os.defpath}",
        "POSTGRES_USER": SUPERUSER,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(settings.port),
        "PGPASSWORD": settings.password,
    }
    subprocess.run([SCRIPT], env=environ | passwords, check=True, capture_output=True)
    for word in WORDS:
        for database in (*WORDS, "postgres"):
            assert _enters(server, word, f"{word}'s \\password", database) == (word == database)


def _make_empty(server: PostgresServer) -> None:
    with server.connect() as connection:
        for word in WORDS:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(word)))
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(word)))


def _enters(server: PostgresServer, user: str, password: str, database: str) -> bool:
    port = server.settings.port
    try:
        psycopg.connect(host="127.0.0.1", port=port, user=user, password=password, dbname=database).close()
    except psycopg.OperationalError as error:
        assert "permission denied for database" in str(error)
        return False
    return True
