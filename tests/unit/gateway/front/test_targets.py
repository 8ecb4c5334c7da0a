"""Each path has one spelling."""

from __future__ import annotations

import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.config import Config
from gateway.front import targets
from gateway.refusals import RouteNotFound

MEMBER = "/v1/members/2d9f7a52-54a5-4e35-8b9c-1f2a3b4c5d6e"
ROUTES = sorted({rule.rule.replace("<", "").replace(">", "") for rule in create_app(Config()).url_map.iter_rules()})


@pytest.mark.parametrize("path", [*ROUTES, "/", MEMBER, f"{MEMBER}/entries", "/v1/vouchers/AB%20C%C3%A9"])
def test_the_spelling_of_a_route_is_accepted(path: str) -> None:
    for target in (path, f"{path}?a=%2F//./..;b", f"http://gateway{path}"):
        targets.refuse_other_spellings(target)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/members%2Fresolve",
        "/v1/members%2fresolve",
        "/v1%5Cmembers",
        "/v1%5cmembers",
        "/v1\\members",
        "//v1/members",
        "/v1//members",
        "/v1/./members",
        "/v1/x/../members",
        "/v1/%2e%2e/members",
        "/v1/members/.",
        "/v1/members/..",
        "/v1/members;a=b",
        "/v1;/members",
        "/v1/members%3Ba",
        "/v1/%6Dembers",
        "/v1/earning-rules%3Aimport",
        "/v1/members%00",
        "/v1/members%252Fresolve",
        "/v1/members%",
        "/v1/members%zz",
        "v1/members",
        "*",
        "",
        "/v1/members#a",
        "/v1/m embers",
        "/v1/mémbers",
        "http://gateway//v1/members",
    ],
)
def test_another_spelling_is_refused(path: str) -> None:
    if path:
        with pytest.raises(RouteNotFound):
            targets.refuse_other_spellings(path)


@given(st.sampled_from(ROUTES), st.data())
def test_no_other_spelling_of_a_route_decodes_to_it(route: str, data: st.DataObject) -> None:
    """Whatever part of a route is escaped, or gets an empty part, a dot or a parameter, it is refused."""
    at = data.draw(st.integers(0, len(route) - 1))
    lower = data.draw(st.booleans())
    escaped = f"%{ord(route[at]):02x}" if lower else f"%{ord(route[at]):02X}"
    added = data.draw(st.sampled_from(["/", "/.", "/..", ";x", "/.;", "%2f", "%5c"]))
    spellings = [f"{route[:at]}{escaped}{route[at + 1 :]}"]
    if route[at] == "/" and len(route) > 1:
        spellings.append(f"{route[:at]}{added}{route[at:]}")
    for spelling in spellings:
        with pytest.raises(RouteNotFound):
            targets.refuse_other_spellings(spelling)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_a_path_that_is_accepted_has_the_parts_that_a_filter_sees(text: str) -> None:
    path = f"/v1/{urllib.parse.quote(text, safe='')}/x"
    try:
        targets.refuse_other_spellings(path)
    except RouteNotFound:
        return
    assert targets.decoded(path).count("/") == path.count("/") == 3
