"""suite.toml: what a line may say, and what the reader reports of one that is not allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.suite import SuiteFileError, entry, read, suite

GATEWAY = "[gateway]\nport = 1\ninternal_port = 2\n"
SERVICE = """
[services.{word}]
about = "Keeps jars."
port = {port}
internal_port = {internal_port}
secrets = []
calls = {calls}
listens_to = []
exposes = ["loyalty.jars.v1.JarsService"]
has_routes = false
"""


def written(folder: Path, *services: str) -> Path:
    file = folder / "suite.toml"
    file.write_text(GATEWAY + "".join(services))
    return file


def service(word: str = "jars", *, port: int = 3, calls: str = "[]") -> str:
    return SERVICE.format(word=word, port=port, internal_port=port + 100, calls=calls)


def test_services_stand_in_the_order_of_their_start(tmp_path: Path) -> None:
    found = read(written(tmp_path, service("shelves"), service("jars", port=4, calls='["shelves"]')))
    assert found.words == ("shelves", "jars")
    assert (found.services["jars"].prefix, found.services["jars"].local_address) == ("JARS", "127.0.0.1:4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (service().replace("secrets = []\n", ""), "services.jars lacks or need not have: secrets"),
        (service() + "color = 1\n", "services.jars lacks or need not have: color"),
        (service(calls='["spoons"]'), "services.jars.calls names spoons"),
        (service(calls='["jars"]'), "services.jars.calls names jars"),
        (service(port=2), "several processes listen on 2"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SuiteFileError, match=said):
        read(written(tmp_path, text))


def test_a_service_is_called_only_once_it_has_started() -> None:
    for position, word in enumerate(suite().words):
        assert set(entry(word).calls) <= set(suite().words[:position])
