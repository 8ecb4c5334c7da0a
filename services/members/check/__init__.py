"""The checker's questions to this service's own database. Each finding names rows by their identity, never by content.

    identifier_claimed        every identifier of a member is looked up under that member, and no other is
    member_findable           every member who has not left has an identifier, and none has too many; who was recreated
                              after a restore has none until one is added
    versions_contiguous       a member's changes are numbered from 1 to the version, and the last one gave the status;
                              only one by which the member was restored leaves numbers out
    program_known             members and API keys belong to programs that exist
    change_announced          every change of the days that events are kept for has its event, and no event is without
    key_change_announced      every API key made or revoked in those days has its event, and no event is without
    caller_kept               keys of one caller are of one program and one role
    traits_kept               a member's traits are those that the last change of them gave, in the one form they have
    traits_announced          the last event of a member has their present traits
    seal_opens                everything sealed opens, for the place where it lies
    lookup_matches            every identifier hashes to what it is looked up by
    identifier_canonical      every identifier is in the form that callers' are read into, and so is found by them
    identifier_collides       no identifier would be another member's in that form
    name_canonical            names are in the form that names have (`kit.texts`): no caller finds another one
    change_dated              a member's times are those of the first and the last change, which follow one another
    row_unchanged             what a row says is what the service wrote (kit/row_digests.py)

All questions are asked of one snapshot, so a service that works meanwhile causes no findings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from kit import outbox, row_digests, stored_names
from kit.checking import Finding
from kit.questions import STATEMENT_TIMEOUT_MS, ask
from services.members import announces, tables
from services.members.check import names
from services.members.domain.identifiers import IDENTIFIERS_MAX
from services.members.sealing import BrokenSealError, DataKey, MasterKeys, Pepper, UnknownMasterKeyError, WrappedKey
from services.members.storage import sealed

ROWS_AT_A_TIME = 1_000

KNOWN: dict[str, object] = {
    "aggregate_type": announces.AGGREGATE_TYPE,
    "api_key_type": announces.API_KEY_TYPE,
    "identifiers_max": IDENTIFIERS_MAX,
    "kept_days": outbox.RETENTION_DAYS,
}

UNREADABLE = (BrokenSealError, UnknownMasterKeyError, ValueError)

QUESTIONS: tuple[tuple[str, str, str], ...] = (
    *row_digests.questions(tables.metadata),
    (
        "identifier_claimed",
        "the look-up table does not say that this identifier is the member's",
        """
        SELECT concat_ws('/', own.member_id, own.identifier_id)
        FROM member_identifiers AS own
        LEFT JOIN identifiers AS claim USING (program_id, kind, lookup_hash)
        WHERE (claim.member_id, claim.identifier_id) IS DISTINCT FROM (own.member_id, own.identifier_id)
        """,
    ),
    (
        "identifier_claimed",
        "the look-up table gives the member an identifier that they do not have",
        """
        SELECT concat_ws('/', claim.member_id, claim.identifier_id)
        FROM identifiers AS claim
        LEFT JOIN member_identifiers AS own USING (member_id, identifier_id)
        WHERE (own.program_id, own.kind, own.lookup_hash)
            IS DISTINCT FROM (claim.program_id, claim.kind, claim.lookup_hash)
        """,
    ),
    (
        "member_findable",
        "the member has no identifier and has not left",
        """
        SELECT member_id
        FROM members
        WHERE status <> 'terminated'
            AND NOT EXISTS (SELECT FROM member_identifiers AS own WHERE own.member_id = members.member_id)
            AND EXISTS (SELECT FROM member_changes AS change WHERE change.member_id = members.member_id
                        AND change.kind IN ('enrolled', 'identifier_added'))
        """,
    ),
    (
        "member_findable",
        "the member has more identifiers than a member may have",
        """
        SELECT member_id FROM member_identifiers GROUP BY member_id HAVING count(*) > :identifiers_max
        """,
    ),
    (
        "versions_contiguous",
        "the member's version is not the number of their last change, their changes leave one out, or their status is"
        " not that of the last one",
        """
        SELECT member_id
        FROM members
        LEFT JOIN (
            SELECT member_id, max(version) AS last,
                bool_and(version = previous + 1 OR (kind = 'restored' AND version > previous)) AS contiguous
            FROM (
                SELECT member_id, version, kind,
                    lag(version, 1, 0::bigint) OVER (PARTITION BY member_id ORDER BY version) AS previous
                FROM member_changes
            ) AS steps
            GROUP BY member_id
        ) AS life USING (member_id)
        LEFT JOIN member_changes AS latest USING (member_id, version)
        WHERE (life.contiguous, life.last, latest.status)
            IS DISTINCT FROM (true, members.version, members.status)
        """,
    ),
    (
        "change_dated",
        "the member's times are not those of their first and last change, or changes do not follow one another",
        """
        SELECT member_id
        FROM members
        LEFT JOIN (
            SELECT member_id, (array_agg(changed_at ORDER BY version))[1] AS first_at, max(changed_at) AS last_at,
                bool_or(changed_at < changed_before) AS backwards
            FROM (
                SELECT member_id, version, changed_at,
                    lag(changed_at) OVER (PARTITION BY member_id ORDER BY version) AS changed_before
                FROM member_changes
            ) AS walked
            GROUP BY member_id
        ) AS life USING (member_id)
        WHERE (enrolled_at, updated_at) IS DISTINCT FROM (first_at, last_at) OR backwards
        """,
    ),
    (
        "change_dated",
        "the identifier was not added when the member was changed",
        """
        SELECT concat_ws('/', member_id, identifier_id)
        FROM member_identifiers AS own
        WHERE NOT EXISTS (
            SELECT FROM member_changes AS change
            WHERE change.member_id = own.member_id AND change.changed_at >= own.added_at
                AND change.kind IN ('enrolled', 'identifier_added')
        )
        """,
    ),
    (
        "program_known",
        "the program of this member does not exist, or is not that of their identifiers and changes",
        """
        SELECT member_id
        FROM members
        WHERE NOT EXISTS (SELECT FROM programs WHERE programs.program_id = members.program_id)
            OR EXISTS (SELECT FROM member_identifiers AS own
                       WHERE own.member_id = members.member_id AND own.program_id <> members.program_id)
            OR EXISTS (SELECT FROM member_changes AS change
                       WHERE change.member_id = members.member_id AND change.program_id <> members.program_id)
        """,
    ),
    (
        "program_known",
        "the program of this API key does not exist",
        """
        SELECT api_key_id
        FROM api_keys
        WHERE NOT EXISTS (SELECT FROM programs WHERE programs.program_id = api_keys.program_id)
        """,
    ),
    (
        "change_announced",
        "the change has no event in the outbox, or one that tells another status",
        """
        SELECT concat_ws('/', change.member_id, change.version)
        FROM member_changes AS change
        LEFT JOIN outbox ON outbox.aggregateid = change.member_id AND outbox.version = change.version
            AND outbox.aggregatetype = :aggregate_type
        WHERE change.changed_at > now() - make_interval(days => :kept_days)
            AND (outbox.program_id, outbox.payload ->> 'status') IS DISTINCT FROM (change.program_id, change.status)
        """,
    ),
    (
        "change_announced",
        "the outbox tells of a change that there was not",
        """
        SELECT concat_ws('/', outbox.aggregateid, outbox.version)
        FROM outbox
        LEFT JOIN member_changes AS change ON change.member_id = outbox.aggregateid AND change.version = outbox.version
        WHERE outbox.aggregatetype = :aggregate_type AND change.member_id IS NULL
        """,
    ),
    (
        "key_change_announced",
        "the API key was made or revoked in the days that events are kept for, and has no event of it",
        """
        SELECT api_key_id
        FROM api_keys
        CROSS JOIN LATERAL (VALUES (1, created_at), (2, revoked_at)) AS change (version, at)
        WHERE caller_id IS NOT NULL
            AND change.at > now() - make_interval(days => :kept_days)
            AND NOT EXISTS (SELECT FROM outbox WHERE outbox.aggregateid = api_key_id
                            AND outbox.aggregatetype = :api_key_type AND outbox.version = change.version
                            AND outbox.program_id = api_keys.program_id)
        """,
    ),
    (
        "key_change_announced",
        "the outbox tells of an API key that there is not, or of a revocation that there was not",
        """
        SELECT concat_ws('/', outbox.aggregateid, outbox.version)
        FROM outbox
        LEFT JOIN api_keys ON api_key_id = outbox.aggregateid
        WHERE outbox.aggregatetype = :api_key_type
            AND (api_key_id IS NULL OR (outbox.version = 2 AND revoked_at IS NULL)
                 OR outbox.type <> CASE outbox.version WHEN 1 THEN 'api_key.created' ELSE 'api_key.revoked' END)
        """,
    ),
    (
        "caller_kept",
        "the API key's caller is not named by a first key of the same program and role",
        """
        SELECT api_keys.api_key_id
        FROM api_keys
        LEFT JOIN api_keys AS first ON first.api_key_id = api_keys.caller_id
        WHERE api_keys.caller_id IS NOT NULL
            AND (first.program_id, first.role, coalesce(first.caller_id, first.api_key_id))
                IS DISTINCT FROM (api_keys.program_id, api_keys.role, api_keys.caller_id)
        """,
    ),
    (
        "traits_kept",
        "the member's traits are not those that the last change of them gave",
        """
        SELECT member_id
        FROM members
        LEFT JOIN LATERAL (
            SELECT traits FROM member_changes AS change
            WHERE change.member_id = members.member_id AND change.kind IN ('traits_changed', 'restored')
            ORDER BY version DESC
            LIMIT 1
        ) AS latest ON true
        WHERE jsonb_build_object('tier', tier, 'segments', segments, 'attributes', attributes)
            <> coalesce(latest.traits, '{"tier": "", "segments": [], "attributes": {}}')
        """,
    ),
    (
        "traits_kept",
        "the member's segments are not in order, each once",
        """
        SELECT member_id
        FROM members
        WHERE segments <> ARRAY(SELECT DISTINCT each COLLATE "C" FROM unnest(segments) AS each ORDER BY 1)
        """,
    ),
    (
        "traits_announced",
        "the last event of the member tells other traits",
        """
        SELECT members.member_id
        FROM members
        JOIN outbox ON outbox.aggregateid = members.member_id AND outbox.version = members.version
            AND outbox.aggregatetype = :aggregate_type
        WHERE (coalesce(payload ->> 'tier', ''), coalesce(payload -> 'segments', '[]'),
               coalesce(payload -> 'attributes', '{}')) <> (tier, to_jsonb(segments), attributes)
        """,
    ),
)


def check(engine: sa.Engine, master_keys: MasterKeys, pepper: Pepper) -> Iterator[Finding]:
    """Asks everything of one snapshot; what is sealed is read row by row, however many there are."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.execute(sa.text(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"))
        yield from ask(connection, QUESTIONS, KNOWN | row_digests.given(connection))
        yield from stored_names.findings(connection, names.NAMES)
        yield from check_sealed(connection, master_keys, pepper)


def check_sealed(connection: sa.Connection, master_keys: MasterKeys, pepper: Pepper) -> Iterator[Finding]:
    """Opens all that is sealed, row by row."""
    yield from _profiles(connection, master_keys)
    yield from _identifiers(connection, master_keys, pepper)
    yield from _reasons(connection, master_keys)
    yield from _answers(connection, master_keys)


def _streamed(connection: sa.Connection, statement: sa.Executable) -> sa.Result[Any]:
    return connection.execute(statement, execution_options={"yield_per": ROWS_AT_A_TIME})


def _profiles(connection: sa.Connection, master_keys: MasterKeys) -> Iterator[Finding]:
    for row in _streamed(connection, sa.select(tables.members)):
        try:
            sealed.profile(_key(master_keys, row), row)
        except UNREADABLE as error:
            yield Finding("seal_opens", str(row.member_id), _unreadable("members", error))


def _identifiers(connection: sa.Connection, master_keys: MasterKeys, pepper: Pepper) -> Iterator[Finding]:
    own, regions = tables.member_identifiers, names.regions(connection)
    for row in _streamed(connection, _with_key(own)):
        subject = f"{row.member_id}/{row.identifier_id}"
        try:
            found = sealed.identifier(_key(master_keys, row), row)
        except UNREADABLE as error:
            yield Finding("seal_opens", subject, _unreadable("member_identifiers", error))
            continue
        if pepper.lookup_hash(row.program_id, row.kind, found.value) != row.lookup_hash:
            yield Finding("lookup_matches", subject, "the identifier is not what it is looked up by")
        yield from names.of_identifier(connection, row, found, pepper, regions.get(row.program_id, ""))


def _reasons(connection: sa.Connection, master_keys: MasterKeys) -> Iterator[Finding]:
    changes = tables.member_changes
    for row in _streamed(connection, _with_key(changes).where(changes.c.reason.is_not(None))):
        try:
            sealed.opened_reason(_key(master_keys, row), row)
        except UNREADABLE as error:
            yield Finding("seal_opens", f"{row.member_id}/{row.version}", _unreadable("member_changes", error))


def _answers(connection: sa.Connection, master_keys: MasterKeys) -> Iterator[Finding]:
    for row in _streamed(connection, sa.select(tables.stored_answers)):
        try:
            master_keys.open(row.answer)
        except UNREADABLE as error:
            yield Finding("seal_opens", f"{row.operation}/{row.request_id}", _unreadable("stored_answers", error))


def _with_key(table: sa.Table) -> sa.Select[Any]:
    """The rows of a member's table, each with the member's key."""
    members = tables.members
    return sa.select(table, members.c.master_key_id, members.c.data_key).join(
        members, members.c.member_id == table.c.member_id
    )


def _key(master_keys: MasterKeys, row: sa.Row[Any]) -> DataKey:
    return master_keys.open_data_key(row.member_id, WrappedKey(row.master_key_id, row.data_key))


def _unreadable(table: str, error: Exception) -> str:
    # What is not ours may quote the very text that it could not read.
    said = str(error) if isinstance(error, BrokenSealError | UnknownMasterKeyError) else "holds what cannot be read"
    return f"{table}: {said}"
