"""The migrations of every service as SQL: readable as a whole, and without long exclusive locks."""

from __future__ import annotations

import re

import pytest

from kit import migrations
from wafa.backends import WORDS

_ALTERED = re.compile(r"^ALTER TABLE (\w+) (?!VALIDATE)", re.MULTILINE)
_INDEXED = re.compile(r"^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)", re.MULTILINE)
_MADE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
_SCANNED = re.compile(r"^ALTER TABLE (\w+) ADD CONSTRAINT (?!.*NOT VALID)", re.MULTILINE)

# A row a rule or a program; and what has come with the same release and is empty when it is run.
SMALL = {"earning_rules", "program_settings", "qualifying_movements"}


@pytest.mark.parametrize("word", WORDS)
def test_they_can_be_read_as_sql(word: str) -> None:
    text = migrations.sql(word)
    assert text.startswith("BEGIN;")
    assert text.rstrip().endswith("COMMIT;")


@pytest.mark.parametrize("word", WORDS)
def test_none_reads_a_table_while_it_keeps_everybody_out(word: str) -> None:
    """A changed table is locked until its revision ends, so an index of it or a look at its rows is the next one's."""
    for revision in migrations.sql(word).split("-- Running upgrade ")[1:]:
        changed = set(_ALTERED.findall(revision)) - set(_MADE.findall(revision)) - SMALL
        assert not changed & {*_INDEXED.findall(revision), *_SCANNED.findall(revision)}, revision.splitlines()[0]
