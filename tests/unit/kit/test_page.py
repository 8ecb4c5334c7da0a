import pytest

from kit.errors import Invalid
from kit.page import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, PageRequest, page_of, page_request

JARS = [("apple", 1), ("quince", 2), ("quince", 3)]


def key(jar: tuple[str, int]) -> tuple[str, ...]:
    return jar[0], str(jar[1])


def test_a_page_leads_to_the_next_and_the_last_to_none() -> None:
    first = page_of(JARS, PageRequest(size=2), key)
    second = page_request(2, first.next_token, key_parts=2)

    assert first.items == (("apple", 1), ("quince", 2))
    assert second == PageRequest(size=2, after=("quince", "2"))
    assert page_of(JARS[2:], second, key).next_token == ""


def test_a_full_last_page_has_no_next() -> None:
    assert page_of(JARS, PageRequest(size=3), key).next_token == ""


def test_an_empty_list_is_one_empty_page() -> None:
    assert page_of([], PageRequest(size=3), key).items == ()


def test_pages_have_a_size() -> None:
    assert page_request(0, "", key_parts=1).size == PAGE_SIZE_DEFAULT
    assert page_request(PAGE_SIZE_MAX, "", key_parts=1).size == PAGE_SIZE_MAX
    for size in (-1, PAGE_SIZE_MAX + 1):
        with pytest.raises(Invalid, match="page_size"):
            page_request(size, "", key_parts=1)


@pytest.mark.parametrize("token", ["!", "a", "e30", "W10", "WzFd", "bnVsbA", "ü", "WyJhIiwiYiJd"])
def test_tokens_that_no_list_gave_are_refused(token: str) -> None:
    with pytest.raises(Invalid, match="page_token"):
        page_request(1, token, key_parts=1)
