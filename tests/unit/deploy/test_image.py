"""The image: small, locked, not root; and its health check."""

from __future__ import annotations

import http.server
import importlib.util
import re
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.unit.deploy.reading import DEPLOY, ROOT, SERVICES

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
INSTRUCTIONS = [
    line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")
]


def test_the_image_holds_what_the_lock_names_and_nothing_else() -> None:
    (install,) = (line for line in INSTRUCTIONS if "pip install" in line)
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-cache-dir"} <= set(install.split())
    assert "requirements.lock" in install


def test_the_image_runs_as_an_unprivileged_user() -> None:
    (user,) = (line.split()[1] for line in INSTRUCTIONS if line.startswith("USER"))
    assert all(part.isdecimal() and int(part) > 0 for part in user.split(":"))
    after = INSTRUCTIONS[INSTRUCTIONS.index(f"USER {user}") :]
    assert not any(line.startswith(("RUN", "COPY", "ADD")) for line in after)


def test_the_image_names_no_address_and_no_secret() -> None:
    assert "://" not in DOCKERFILE
    assert not re.search(r"(?i)password|secret|token|_key", "\n".join(INSTRUCTIONS))


def test_the_image_begins_with_slim_python_of_the_floor_or_newer() -> None:
    (version,) = re.findall(r"^ARG PYTHON_VERSION=3\.(\d+)$", DOCKERFILE, re.MULTILINE)
    assert int(version) >= 11
    assert all("-slim" in line for line in INSTRUCTIONS if line.startswith("FROM"))


def test_the_image_gets_the_process_as_its_command() -> None:
    assert 'ENTRYPOINT ["python", "-m"]' in INSTRUCTIONS
    for word in SERVICES:
        assert (ROOT / "services" / word / "__main__.py").exists()


def test_everything_copied_is_there_and_passes_the_ignore_file() -> None:
    sources = [
        source
        for line in INSTRUCTIONS
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    allowed = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    assert set(sources) == allowed
    assert all((ROOT / source).exists() for source in sources)


def test_the_image_exposes_the_ports_of_every_process() -> None:
    (exposed,) = (line.split()[1:] for line in INSTRUCTIONS if line.startswith("EXPOSE"))
    ranges = [(int(first), int(last or first)) for first, _, last in (text.partition("-") for text in exposed)]
    in_env = set(re.findall(r"_PORT=(\d+)", "".join(file.read_text() for file in (DEPLOY / "env").glob("*.env"))))
    assert all(any(first <= int(port) <= last for first, last in ranges) for port in in_env)


# ---- the health check


@pytest.fixture(scope="module")
def healthcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", DEPLOY / "healthcheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=[200, 503])
def answering(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """A port whose /readyz answers with the status beside it."""
    status: int = request.param

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1], status
        server.shutdown()
        thread.join()


def test_a_container_is_healthy_when_its_process_is_ready(healthcheck: ModuleType, answering: tuple[int, int]) -> None:
    port, status = answering
    assert healthcheck.is_ready(port) == (status == 200)


def test_a_container_whose_process_is_silent_is_not_healthy(healthcheck: ModuleType) -> None:
    assert healthcheck.is_ready(1) is False


def test_the_internal_port_is_the_one_that_the_environment_names(healthcheck: ModuleType) -> None:
    assert healthcheck.internal_port({"POINTS_INTERNAL_PORT": "9082", "POINTS_PORT": "50052"}) == 9082
    with pytest.raises(SystemExit, match="not 2"):
        healthcheck.internal_port({"POINTS_INTERNAL_PORT": "1", "MEMBERS_INTERNAL_PORT": "2"})
    with pytest.raises(SystemExit, match="not 0"):
        healthcheck.internal_port({})
