"""Seals over a shelf of jars: what they cover, what they find, and that they stay one chain."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from kit import database
from kit.chain import ChainHead, Facet, SealTimes, head, part, seal_all, seal_next, sealer, seals_table, verify, whole
from tests.fixtures.waiting import wait_until, waiting_for_locks

SERVICE = "pantry"
AT_ONCE = SealTimes(after_s=0, span_s=0)

metadata = database.metadata()
seals = seals_table(metadata)
jars = sa.Table(
    "jars",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("mark", sa.LargeBinary, nullable=False),
    sa.Column("tags", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("recipe", postgresql.JSONB, nullable=False),
    sa.Column("best_before", sa.Date),
    sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    sa.Column("opened_by", sa.Text),
)
FACETS = (
    part(jars, "stored", "stored_at", "label", "mark", "tags", "recipe", "best_before"),
    part(jars, "opened", "opened_at", "opened_by"),
)
LONG_AGO = "now() - make_interval(hours => 1000 - n)"
STORE = (
    "INSERT INTO jars (id, label, mark, tags, recipe, best_before, stored_at)"
    " SELECT n, 'مربّہ ' || n, sha256(CAST(n AS text)::bytea), ARRAY['sweet', NULL, 'a,\"b'],"
    " jsonb_build_object('sugar', n, 'fruit', jsonb_build_array('plum', 1.50)), DATE '2027-01-01' + n,"
    " now() - make_interval(hours => 1000 - n) FROM generate_series({first}, {last}) AS n"
)


class Shelf:
    """A database with jars and their seals."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        metadata.create_all(engine)

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def store(self, first: int, last: int) -> None:
        """Jars that were stored an hour apart, long ago."""
        self.run(STORE.format(first=first, last=last))

    def store_now(self, first: int, last: int) -> None:
        self.run(STORE.format(first=first, last=last).replace(LONG_AGO, "clock_timestamp()"))

    def seal(self, facets: tuple[Facet, ...] = FACETS, *, rows_max: int = 10_000) -> None:
        while seal_next(self.engine, SERVICE, facets, AT_ONCE, rows_max=rows_max):
            pass

    def found(self) -> list[str]:
        return [f"{each.check} {each.subject}: {each.problem}" for each in verify(self.engine, SERVICE)]

    def seals(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(seals)).scalar_one()

    def head(self) -> ChainHead:
        found = head(self.engine, SERVICE)
        assert found is not None
        return found


@pytest.fixture
def shelf(engine: sa.Engine) -> Shelf:
    return Shelf(engine)


@pytest.fixture
def sealed(shelf: Shelf) -> Shelf:
    """Ninety jars under several seals, some of them opened."""
    shelf.store(1, 90)
    shelf.run("UPDATE jars SET opened_at = stored_at + interval '90 minutes', opened_by = 'Amina' WHERE mod(id, 7) = 0")
    shelf.seal(rows_max=30)
    assert shelf.seals() > 3
    assert shelf.found() == []
    return shelf


# ---- what is sealed


def test_where_nothing_is_recorded_nothing_is_sealed(shelf: Shelf) -> None:
    shelf.seal()
    assert (shelf.seals(), head(shelf.engine, SERVICE)) == (0, None)
    assert shelf.found() == []


def test_seals_cover_every_row_once(sealed: Shelf) -> None:
    assert dict(sealed.head().rows) == {"jars stored": 90, "jars opened": 12}


def test_a_seal_ends_far_enough_back(shelf: Shelf) -> None:
    shelf.store(1, 3)
    shelf.run("UPDATE jars SET stored_at = now() - interval '40 s' WHERE id = 3")
    seal_all(shelf.engine, SERVICE, FACETS, SealTimes(after_s=60, span_s=900))
    assert shelf.head().rows["jars stored"] == 2
    seal_all(shelf.engine, SERVICE, FACETS, AT_ONCE)
    assert shelf.head().rows["jars stored"] == 3
    assert shelf.found() == []


def test_a_span_that_is_too_short_waits_for_more(shelf: Shelf) -> None:
    shelf.store(1, 3)
    shelf.seal()
    shelf.run("UPDATE jars SET opened_at = now()")
    assert not seal_next(shelf.engine, SERVICE, FACETS, SealTimes(after_s=0, span_s=900))
    assert shelf.seals() == 1


def test_what_an_open_transaction_may_still_record_is_not_sealed(shelf: Shelf) -> None:
    shelf.store(1, 2)
    with shelf.engine.begin() as till:
        till.exec_driver_sql("UPDATE jars SET opened_at = clock_timestamp() WHERE id = 1")
        shelf.run("UPDATE jars SET opened_at = clock_timestamp() WHERE id = 2")
        shelf.seal()
        assert "jars opened" not in shelf.head().rows
    shelf.seal()
    assert shelf.head().rows["jars opened"] == 2
    assert shelf.found() == []


def test_an_idle_year_takes_no_seal_and_the_next_one_covers_it(sealed: Shelf) -> None:
    before = sealed.seals()
    sealed.seal()
    assert sealed.seals() == before
    sealed.store_now(500, 500)
    sealed.seal()
    assert sealed.seals() == before + 1
    # In the gap between the two spans nothing may appear either.
    sealed.run(STORE.format(first=990, last=990))
    assert len(sealed.found()) == 1


# ---- what is found


CHANGED = {
    "label": "'other'",
    "mark": "sha256('x')",
    "tags": "ARRAY['sweet', 'NULL', 'a,\"b']",
    "recipe": "jsonb_set(recipe, '{fruit,1}', '1.5')",
    "best_before": "NULL",
    "stored_at": "stored_at + interval '1 microsecond'",
    "id": "1000 + id",
}
TAMPERED = {
    **{f"a changed {name}": f"UPDATE jars SET {name} = {value} WHERE id = 40" for name, value in CHANGED.items()},  # noqa: S608 - words of the tests
    "a deleted row": "DELETE FROM jars WHERE id = 40",
    "all deleted": "DELETE FROM jars",
    "a row that was added": STORE.format(first=40, last=40).replace("SELECT n,", "SELECT 5000,"),
    "a row before the first": STORE.format(first=-100_000, last=-100_000),
    "a row that was dated back": "UPDATE jars SET stored_at = stored_at - interval '30 hours' WHERE id = 80",
    "a row that was dated into what is not sealed": "UPDATE jars SET stored_at = now() + interval '1 h' WHERE id = 80",
    "two rows that changed places": "UPDATE jars SET label = CASE id WHEN 40 THEN 'مربّہ 41' ELSE 'مربّہ 40' END"
    " WHERE id IN (40, 41)",
    "a jar that was opened by another": "UPDATE jars SET opened_by = 'Bilal' WHERE id = 42",
    "a jar that is closed again": "UPDATE jars SET opened_at = NULL, opened_by = NULL WHERE id = 42",
    "a jar that was opened then after all": "UPDATE jars SET opened_at = stored_at WHERE id = 43",
}


@pytest.mark.parametrize("statement", TAMPERED.values(), ids=TAMPERED.keys())
def test_what_is_tampered_with_is_found(sealed: Shelf, statement: str) -> None:
    sealed.run(statement)
    found = sealed.found()
    assert found
    assert all(each.startswith("sealed_as_found jars ") for each in found)


def test_what_is_not_sealed_may_change(sealed: Shelf) -> None:
    sealed.run("UPDATE jars SET opened_by = 'nobody yet' WHERE opened_at IS NULL")
    assert sealed.found() == []


FORGED = {
    "a seal that is gone": ("DELETE FROM seals WHERE number = 2", "the seal before it is gone"),
    "the first seal gone": ("DELETE FROM seals WHERE number = 1", "the seal before it is gone"),
    "another content": (
        "UPDATE seals SET contents = jsonb_set(contents, '{jars stored,rows}', '7') WHERE number = 2",
        "its hash does not follow from it",
    ),
    "another end": (
        "UPDATE seals SET covered_until = covered_until + interval '1 s' WHERE number = 2",
        "its hash does not follow from it",
    ),
    "another hash": ("UPDATE seals SET hash = sha256('x') WHERE number = 2", "its hash does not follow from it"),
    "another shape": ("UPDATE seals SET shape = '{}' WHERE number = 1", "its hash does not follow from it"),
    "two that changed places": (
        "UPDATE seals SET (covered_until, sealed_at, contents, hash) = (SELECT covered_until, sealed_at, contents, hash"
        " FROM seals AS other WHERE other.number = 5 - seals.number) WHERE number IN (2, 3)",
        "its hash does not follow from it",
    ),
}


@pytest.mark.parametrize(("statement", "problem"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_chain_is_found(sealed: Shelf, statement: str, problem: str) -> None:
    sealed.run(statement)
    assert [each for each in sealed.found() if each.startswith("chain_whole") and each.endswith(problem)]


def test_a_chain_of_another_service_is_none(sealed: Shelf) -> None:
    found = list(verify(sealed.engine, "larder"))
    assert {each.problem for each in found} == {"its hash does not follow from it"}


def test_a_chain_never_forks(sealed: Shelf) -> None:
    twin = (
        "INSERT INTO seals SELECT number + 1, previous_hash, hash, covered_until, sealed_at, shape, contents"
        " FROM seals ORDER BY number DESC LIMIT 1"
    )
    with pytest.raises(sa.exc.IntegrityError, match="uq_seals_previous_hash"):
        sealed.run(twin)


# ---- over time


def test_a_column_that_a_release_adds_breaks_no_seal(sealed: Shelf) -> None:
    sealed.run("ALTER TABLE jars ADD COLUMN lid text, ADD COLUMN glass boolean NOT NULL DEFAULT true")
    assert sealed.found() == []
    wider = (dataclasses.replace(FACETS[0], columns=(*FACETS[0].columns, "lid", "glass")), FACETS[1])
    sealed.store_now(91, 99)
    sealed.seal(wider)
    assert sealed.found() == []
    assert sealed.head().rows["jars stored"] == 99
    sealed.run("UPDATE jars SET lid = 'red' WHERE id = 50")
    assert sealed.found() == []
    sealed.run("UPDATE jars SET lid = 'red' WHERE id = 95")
    assert len(sealed.found()) == 1


def test_a_facet_that_a_release_adds_covers_what_was_there_before(sealed: Shelf) -> None:
    sealed.run(
        "CREATE TABLE lids (id bigint PRIMARY KEY, made_at timestamptz NOT NULL)",
        "INSERT INTO lids SELECT n, now() - make_interval(days => 100 - n) FROM generate_series(1, 9) AS n",
    )
    lids = whole(sa.Table("lids", sa.MetaData(), sa.Column("id"), sa.Column("made_at")), "made_at")
    sealed.store_now(91, 91)
    sealed.seal((*FACETS, lids))
    assert sealed.head().rows["lids"] == 9
    assert sealed.found() == []
    sealed.run("DELETE FROM lids WHERE id = 3")
    assert len(sealed.found()) == 1


def test_a_sealed_column_that_is_gone_is_a_finding_and_no_crash(sealed: Shelf) -> None:
    sealed.run("ALTER TABLE jars DROP COLUMN label")
    found = sealed.found()
    assert [each for each in found if "what was sealed cannot be read" in each]


def test_the_session_changes_no_digest(sealed: Shelf) -> None:
    name = sealed.engine.url.database
    sealed.run(
        f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Karachi'",
        f"ALTER DATABASE \"{name}\" SET datestyle = 'SQL, DMY'",
        f"ALTER DATABASE \"{name}\" SET bytea_output = 'escape'",
    )
    sealed.engine.dispose()
    assert sealed.found() == []


# ---- several at once


@pytest.fixture
def sealing(shelf: Shelf) -> Iterator[threading.Event]:
    """Four sealers at work on the shelf until told to stop."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            seal_next(shelf.engine, SERVICE, FACETS, AT_ONCE, rows_max=5)

    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(work) for _ in range(4)]
        try:
            yield stop
        finally:
            stop.set()
        for each in made:
            each.result()


def test_several_seal_beside_the_traffic_and_every_row_is_sealed_once(shelf: Shelf, sealing: threading.Event) -> None:
    for number in range(60):
        shelf.store_now(number, number)
    sealing.set()
    seal_all(shelf.engine, SERVICE, FACETS, AT_ONCE)
    assert shelf.head().rows == {"jars stored": 60}
    assert shelf.found() == []


def test_two_that_seal_the_same_take_one_number(shelf: Shelf) -> None:
    """Without the lock that lets one in at a time, the second finds the number taken and writes nothing."""
    shelf.store(1, 50)

    def seal(connection: sa.Connection) -> bool:
        return sealer.append_seal(connection, SERVICE, FACETS, AT_ONCE, 10_000)

    def seal_too() -> bool:
        with shelf.engine.begin() as connection:
            return seal(connection)

    with ThreadPoolExecutor(1) as pool, shelf.engine.begin() as first:
        seal(first)
        second = pool.submit(seal_too)
        wait_until(lambda: waiting_for_locks(shelf.engine) == 1, what="the second waits for the number")
        first.commit()
        with pytest.raises(sa.exc.IntegrityError, match=r"pk_seals|uq_seals_previous_hash"):
            second.result()
    assert (shelf.seals(), shelf.found()) == (1, [])
