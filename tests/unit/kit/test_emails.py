"""The one form of an e-mail address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.texts.emails import canonical


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ibrahim@example.com", "İBRAHİM@EXAMPLE.COM"),
        ("ibrahim@example.com", "I\u0307brahim@example.com"),
        ("ibrahim@istanbul.example", "ibrahim@İSTANBUL.example"),
        ("ann@example.com", "ann\u200e@example.com"),
        ("ann@example.com", "\ufeffa\xadnn@exam\u200dple.com\u200f"),
        ("ann@example.com", "ＡＮＮ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
        ("ann@example.com", "𝐚𝐧𝐧@𝖾xample.com"),
        ("ann@example.com", "ann@example.com."),
        ("ann@example.com", "ann@example。com"),
        ("ann7@example.com", "ann۷@example.com"),
        ("ann-lee@example.com", "ann\u2010lee@example.com"),
        ("josé@example.com", "JOSE\u0301@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@bücher.example", "ann@XN--BCHER-KVA.example"),
        ("ann@bücher.example", "Ann@BU\u0308CHER.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("иван@пример.рф", "ИВАН@xn--e1afmkfd.xn--p1ai"),
        ("νίκος@παράδειγμα.example", "ΝΊΚΟΣ@ΠΑΡΆΔΕΙΓΜΑ.example"),
        ("آمنہ@example.org", "آمنه@example.org"),
        ("علی@example.org", "علي@example.org"),
        ("日本@例え.jp", "日本@xn--r8jz45g.jp"),
    ],
)
def test_addresses_that_look_the_same_are_the_same(one: str, other: str) -> None:
    assert canonical(one) == canonical(other) is not None


@pytest.mark.parametrize(
    "text",
    [
        "ıbrahim@example.com",
        "аnn@example.com",
        "\u0430\u0440\u0435@example.com",
        "ann@ex\u0430mple.com",
        "ann@xn--80ak6aa92e.com",
        "ann@xn--exmple-4nf.com",
        "αnn@example.com",
        "ɑnn@example.com",
        "ᴀnn@example.com",
        "ꭺnn@example.com",
        "a\u0301\u0301nn@example.com",
        "ann★@example.com",
        "ann’@example.com",
        '"ann"@example.com',
        "Ann <ann@example.com>",
        "ann(home)@example.com",
        "ann@xn--a.com",
        "ann@xn--ann-.com",
        "ann@exa mple.com",
        "ann@example..com",
        "ann@example.com..",
        "ann@-",
        "ann@[127.0.0.1]",
        "ann@example",
        "ann",
        "@example.com",
        "",
    ],
)
def test_what_passes_for_another_address_or_is_none_is_refused(text: str) -> None:
    assert canonical(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.nn@x.org", "ann@x.org"), ("ann+a@x.org", "ann@x.org"), ("josé@x.org", "jose@x.org"), ("ß@x.org", "ss@x.org")],
)
def test_addresses_that_look_different_are_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert canonical(one) and canonical(other)


@given(
    st.text(st.sampled_from("aAiIİıIßẞςΣж\u0430Оo0۰@..-_x n\u0307\u0301é\u200dي۔。xn--"), max_size=14),
    st.text(max_size=6),
)
def test_the_one_form_is_its_own(drawn: str, more: str) -> None:
    for text in (drawn, f"{drawn}@{more}.com", f"{more}@{drawn}.example"):
        once = canonical(text)
        assert once is None or canonical(once) == once
