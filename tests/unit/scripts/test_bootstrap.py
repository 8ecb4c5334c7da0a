import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import bootstrap

ENSUREPIP = "The virtual environment was not created successfully because ensurepip is not available."


def command_that(said: str, returncode: int = 0) -> Callable[[list[str]], subprocess.CompletedProcess[str]]:
    return lambda command: subprocess.CompletedProcess(command, returncode, stdout=said, stderr="")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks and an environment that need not work."""
    locks = {kind: tmp_path / f"requirements-{kind}.lock" for kind in ("run", "dev")}
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", tmp_path / ".venv" / "python")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(bootstrap, "UV_LOCK", tmp_path / "requirements-uv.lock")
    monkeypatch.setattr(bootstrap, "LOCKS", locks)
    for lock in (bootstrap.UV_LOCK, *locks.values()):
        lock.write_text(lock.name)
    bootstrap.VENV.mkdir()
    bootstrap.VENV_PYTHON.touch()
    return tmp_path


def stamp(kind: str) -> None:
    bootstrap.STAMP.write_text(json.dumps({"kind": kind, "digest": bootstrap.digest(kind)}))


def test_an_environment_without_a_stamp_is_not_ready(checkout: Path) -> None:
    assert not bootstrap.is_ready("run")
    bootstrap.STAMP.write_text("{")
    assert not bootstrap.is_ready("run")


def test_an_environment_for_development_also_serves_run(checkout: Path) -> None:
    stamp("dev")
    assert bootstrap.is_ready("dev")
    assert bootstrap.is_ready("run")
    stamp("run")
    assert bootstrap.is_ready("run")
    assert not bootstrap.is_ready("dev")


@pytest.mark.parametrize("changed", ["requirements-uv.lock", "requirements-dev.lock"])
def test_a_changed_lock_makes_the_environment_stale(checkout: Path, changed: str) -> None:
    stamp("dev")
    (checkout / changed).write_text("something newer")
    assert not bootstrap.is_ready("dev")
    assert not bootstrap.is_ready("run")


def test_an_environment_whose_python_has_gone_is_not_ready(checkout: Path) -> None:
    stamp("run")
    bootstrap.VENV_PYTHON.unlink()
    assert not bootstrap.is_ready("run")


def test_an_old_python_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 12))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer and this is 3\.10: .* PYTHON="):
        bootstrap.main(["run"])


def test_a_python_without_ensurepip_is_refused_with_a_remedy(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "run_quietly", command_that(ENSUREPIP, returncode=1))
    with pytest.raises(SystemExit, match=r"(?s)ensurepip is not available.*`apt install python3\.\d+-venv`"):
        bootstrap.make_venv()
    assert not bootstrap.VENV.exists()


def test_pips_environment_counts_more_than_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = "\n".join(
        [
            ":env:.index-url='https://env/simple'",
            "global.cert='/global.pem'",
            "global.index-url='https://global/simple'",
            "install.index-url='https://install/simple'",
            "install.trusted-host='a.example\\nb.example'",
            "freeze.timeout='10'",
        ]
    )
    monkeypatch.setattr(bootstrap, "run_quietly", command_that(listing))
    assert bootstrap.pip_settings() == {
        "cert": "/global.pem",
        "index-url": "https://env/simple",
        "trusted-host": "a.example\nb.example",
    }


def test_uv_gets_the_settings_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "SSL_CERT_FILE", "UV_INSECURE_HOST", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    passed = bootstrap.uv_environ(
        {
            "index-url": "https://mirror/simple",
            "extra-index-url": "https://one/simple\nhttps://two/simple",
            "find-links": "/wheels /more",
            "cert": "/cert.pem",
            "trusted-host": "mirror",
            "no-index": "false",
        }
    )
    assert (
        passed.items()
        >= {
            "UV_DEFAULT_INDEX": "https://mirror/simple",
            "UV_INDEX": "https://one/simple https://two/simple",
            "UV_FIND_LINKS": "/wheels,/more",
            "SSL_CERT_FILE": "/cert.pem",
            "UV_INSECURE_HOST": "mirror",
        }.items()
    )
    assert "UV_NO_INDEX" not in passed


def test_a_setting_of_uv_itself_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine/simple")
    assert "UV_DEFAULT_INDEX" not in bootstrap.uv_environ({"index-url": "https://mirror/simple"})


def test_a_child_sees_no_packages_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    assert not {"PYTHONPATH", "PIP_USER"} & bootstrap.clean_environ().keys()
