"""Every column has a proof, or a reason why it needs none; and what a proof names is asked."""

from __future__ import annotations

import importlib

import pytest
import sqlalchemy as sa

from kit import row_digests
from kit.proofs import Proofs
from tests.tidy.tree import SERVICES

# Asked in Python, of what is sealed.
ASKED_BESIDE = {"members": {"seal_opens", "lookup_matches"}}


def tables_of(word: str) -> list[sa.Table]:
    metadata: sa.MetaData = importlib.import_module(f"services.{word}.tables").metadata
    return metadata.sorted_tables


def proofs_of(word: str) -> Proofs:
    proofs: Proofs = importlib.import_module(f"services.{word}.check.proofs").PROOFS
    return proofs


@pytest.mark.parametrize("word", SERVICES)
def test_every_column_has_a_proof_or_a_reason_and_no_other_has(word: str) -> None:
    listed = {f"{table}.{column}" for table, columns in proofs_of(word).items() for column in columns}
    there = {str(column) for table in tables_of(word) for column in table.columns if column.name != row_digests.COLUMN}
    assert there - listed == set(), f"say in services/{word}/check/proofs.py what proves these columns"
    assert listed - there == set(), f"services/{word}/check/proofs.py names columns that are gone"


@pytest.mark.parametrize("word", SERVICES)
def test_what_a_proof_names_is_asked(word: str) -> None:
    questions = importlib.import_module(f"services.{word}.check").QUESTIONS
    asked = {name for name, _, _ in questions} | ASKED_BESIDE.get(word, set())
    named = {name for columns in proofs_of(word).values() for proof in columns.values() for name in proof.questions}
    assert named <= asked


@pytest.mark.parametrize("word", SERVICES)
def test_a_column_without_questions_says_why(word: str) -> None:
    for table, columns in proofs_of(word).items():
        for column, proof in columns.items():
            assert proof.questions or proof.because, f"{table}.{column}"


@pytest.mark.parametrize("word", SERVICES)
def test_a_column_without_a_digest_has_an_invariant_or_decides_nothing(word: str) -> None:
    borne = {"inbox", "dead_letters", "rehearsal_counters", "seals", "outbox.published_at", "rehearsals.attempts"}
    for table in tables_of(word):
        for column in table.columns:
            if not row_digests.is_digested(column) and column.name != row_digests.COLUMN:
                proof = proofs_of(word)[table.name][column.name]
                assert proof.questions or {table.name, str(column)} & borne, str(column)
