"""The outbox table against a real database."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kit import outbox
from tests.integration.kit.stage import Stage, event, outbox_table

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def age(stage: Stage, days: int) -> None:
    """Makes everything in the outbox so old."""
    shift = timedelta(days=days)
    with stage.engine.begin() as connection:
        connection.execute(
            sa.update(outbox_table).values(
                published_at=outbox_table.c.published_at - shift, occurred_at=outbox_table.c.occurred_at - shift
            )
        )


def test_an_event_is_stored_as_it_is(stage: Stage) -> None:
    told = event(version=7)
    stage.append(told)
    with stage.engine.connect() as connection:
        row = connection.execute(sa.select(outbox_table)).one()
    assert (row.id, row.aggregatetype, row.aggregateid, row.type) == (told.id, "jar", told.aggregate_id, "jar.opened")
    assert (row.version, row.program_id, row.payload) == (7, told.program_id, told.payload)
    assert (row.occurred_at, row.published_at) == (told.occurred_at, None)


def test_many_events_are_one_statement(stage: Stage) -> None:
    statements: list[str] = []
    sa.event.listen(stage.engine, "before_cursor_execute", lambda *seen: statements.append(seen[2]))
    stage.announce(300)
    stage.append()
    assert len(statements) == 1
    assert stage.waiting() == 300


def test_an_event_lives_and_dies_with_its_transaction(stage: Stage) -> None:
    with pytest.raises(LookupError), stage.engine.begin() as connection:
        outbox.append(connection, outbox_table, [event()])
        raise LookupError
    assert stage.waiting() == 0


def test_pruning_takes_old_published_events_alone_and_not_too_many(stage: Stage) -> None:
    stage.announce(5)
    stage.settle(stage.relay())
    stage.announce(2)
    age(stage, days=8)
    before = datetime.now(UTC) - timedelta(days=outbox.RETENTION_DAYS)
    pruned = []
    for _ in range(3):
        with stage.engine.begin() as connection:
            pruned.append(outbox.prune(connection, outbox_table, before, limit=4))
    assert pruned == [4, 1, 0]
    assert stage.waiting() == 2


def test_republishing_has_everything_kept_sent_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.outbox.table.REPUBLISH_BATCH", 4)
    stage.announce(10)
    stage.settle(stage.relay())
    assert outbox.republish(stage.engine, outbox_table, ALWAYS) == 10
    stage.settle(stage.relay())
    assert len(stage.entries()) == 20


def test_republishing_leaves_alone_what_consumers_may_have_forgotten(stage: Stage) -> None:
    stage.announce(3)
    stage.settle(stage.relay())
    age(stage, days=outbox.RETENTION_DAYS)
    assert outbox.republish(stage.engine, outbox_table, ALWAYS) == 0
