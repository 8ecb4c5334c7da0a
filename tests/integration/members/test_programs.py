"""Creating and listing programs."""

from __future__ import annotations

import pytest

from tests.factories.members import Caller, new_id, refused


def test_a_program_is_as_it_was_asked_for(caller: Caller) -> None:
    program_id = new_id()
    program = caller.create_program(program_id, name="بازار", currency="PKR", region="PK").response.program
    assert (program.program_id, program.name, program.currency, program.region) == (program_id, "بازار", "PKR", "PK")
    assert program.created_at.seconds > 0
    assert list(caller.list_programs().programs) == [program]


def test_an_id_is_taken_once(caller: Caller) -> None:
    program_id = caller.program()
    with refused("PROGRAM_EXISTS", program_id=program_id):
        caller.create_program(program_id)


@pytest.mark.parametrize(
    ("field", "given"),
    [("name", ""), ("name", "n" * 101), ("currency", "XYZ"), ("currency", "pkr"), ("region", "PAK"), ("region", "ZZ")],
)
def test_a_malformed_program_is_refused_by_its_field(caller: Caller, field: str, given: str) -> None:
    with refused("INVALID_FIELD", field=field):
        caller.create_program(**{field: given})


def test_programs_are_listed_by_name_page_by_page(caller: Caller) -> None:
    for name in ("Cedar", "Acorn", "Birch", "Acorn", "Dogwood"):
        caller.create_program(name=name)
    names, token, pages = [], "", 0
    while pages == 0 or token:
        page = caller.list_programs(page_size=2, page_token=token)
        names += [program.name for program in page.programs]
        token, pages = page.next_page_token, pages + 1
    assert (names, pages) == (["Acorn", "Acorn", "Birch", "Cedar", "Dogwood"], 3)


@pytest.mark.parametrize(
    "token", ["?", "WyJhIl0", "WyJhIiwiYiJd", "WyJcdTAwMDAiLCI5YjFkZWI0ZC0zYjdkLTRiYWQtOWJkZC0yYjBkN2IzZGNiNmQiXQ"]
)
def test_a_token_that_was_made_up_is_refused(caller: Caller, token: str) -> None:
    with refused("INVALID_FIELD", field="page_token"):
        caller.list_programs(page_token=token)


def test_a_page_has_two_hundred_programs_at_most(caller: Caller) -> None:
    with refused("INVALID_FIELD", field="page_size"):
        caller.list_programs(page_size=201)
