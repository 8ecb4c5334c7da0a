"""The chain of `points` over a busy day: all that it seals, tampered with in every way, dumped and restored."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa

from kit import chain, row_digests
from kit.migrations.grants import grants_of
from services.points import tables
from services.points.chain import FACETS
from tests.fixtures.servers import Lender, as_owner
from tests.fixtures.tampering import AT_ONCE, sealed, unnoticed
from tests.integration.points.busy import live, started
from tests.integration.points.served import opened, owned
from wafa.backends.accounts import account_for_servers
from wafa.backends.binaries import find_postgres

# What is only ever appended and yet has no facet, and what proves it instead.
UNSEALED = {
    "lot_movements": "has no time of its own; the checker adds it up to the entries and the lots",
    "cap_movements": "has no time of its own; the checker asks for the purchase or activity of each",
    "budget_movements": "has no time of its own; the checker asks for the purchase or activity of each",
    "seals": "is the chain",
}


@pytest.fixture(scope="module")
def busy_day(lender: Lender) -> Iterator[str]:
    """The URL of a database in which a busy day was lived and sealed; nobody is connected to it."""
    with lender.database("points") as url:
        with started(url) as points:
            live(points)
            rows = sealed(points.storage.engine, "points", FACETS)
        assert rows.keys() == {facet.name for facet in FACETS}, "every facet is lived"
        yield url


def test_what_is_only_appended_is_sealed_or_there_is_a_reason() -> None:
    appended = {name for name, rights in grants_of("points").items() if rights.is_append_only}
    # A digest says nothing of its own, and is made anew whenever the key turns.
    says = {name: set(table.c.keys()) - {row_digests.COLUMN} for name, table in tables.metadata.tables.items()}
    whole = {facet.table for facet in FACETS if set(facet.columns) == says[facet.table]}
    assert appended - whole == UNSEALED.keys()


def test_whatever_is_tampered_with_is_found(lender: Lender, busy_day: str) -> None:
    with lender.copy(busy_day) as url, owned(url) as owning:
        assert unnoticed(owning, "points", tables.metadata, FACETS) == []


def test_the_role_that_serves_seals_and_verifies_and_changes_no_seal(lender: Lender, busy_day: str) -> None:
    with lender.copy(busy_day) as url, opened(url) as serving:
        assert list(chain.verify(serving, "points")) == []
        for statement in ("UPDATE seals SET number = 7", "DELETE FROM seals", "TRUNCATE seals"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), serving.begin() as connection:
                connection.exec_driver_sql(statement)


def test_a_chain_survives_a_dump_and_a_restore(lender: Lender, busy_day: str, tmp_path: Path) -> None:
    programs = find_postgres(account_for_servers()).folder
    if not (programs / "pg_dump").exists():
        pytest.skip(f"needs pg_dump, and there is none in {programs}")
    dump = tmp_path / "points.dump"
    _run(programs / "pg_dump", as_owner(busy_day), "--format=custom", f"--file={dump}")
    with lender.database("points") as url:
        options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", str(dump))
        _run(programs / "pg_restore", as_owner(url), *options)
        with owned(url) as owning, opened(busy_day) as original:
            assert list(chain.verify(owning, "points")) == []
            assert chain.head(owning, "points") == chain.head(original, "points")
            with owning.begin() as connection:
                connection.execute(sa.update(tables.entries).values(reason="for old times' sake"))
            assert list(chain.verify(owning, "points"))


def test_a_database_of_before_there_were_seals_is_sealed_in_bounded_steps(lender: Lender) -> None:
    with lender.database("points") as url, started(url) as points:
        live(points)
        with points.engine.begin() as connection:
            spread = sa.text(
                "UPDATE entries SET recorded_at = recorded_at - make_interval(days => CAST(10 * version AS int))"
            )
            connection.execute(spread)
        steps = 0
        while chain.seal_next(points.storage.engine, "points", FACETS, AT_ONCE, rows_max=3):
            steps += 1
        assert steps > 3
        assert list(chain.verify(points.storage.engine, "points")) == []


def _run(program: Path, url: str, *options: str) -> None:
    parts = urlsplit(url)
    environ = {
        "PATH": os.defpath,
        "PGHOST": "127.0.0.1",
        "PGPORT": str(parts.port),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
    }
    database = parts.path.removeprefix("/")
    done = subprocess.run(
        [program, f"--dbname={database}", *options], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
