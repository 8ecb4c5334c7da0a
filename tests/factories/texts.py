"""Texts for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from kit import texts

# Some characters have a canonical form of three.
NAMES = (
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=16)
    .filter(texts.is_fit)
    .map(texts.name)
    .filter(bool)
)
