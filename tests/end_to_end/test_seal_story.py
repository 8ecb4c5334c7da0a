"""An auditor's year: chains are sealed, their heads kept elsewhere, and what is done to the books afterwards found."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fixtures.servers import Lender, as_owner, plain
from tests.fixtures.suite import MASTER_KEY, PEPPER, Suite, running, sale
from wafa.backends import WORDS

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


@pytest.fixture
def suite(lender: Lender) -> Iterator[Suite]:
    """A suite of its own, since something is done to its books."""
    with running(lender) as found:
        yield found


def check(suite: Suite, *options: str) -> tuple[int, dict[str, Any]]:
    """What `wafa check` answers; all that has been recorded may be sealed at once."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", os.pathsep.join(sys.path)),
        "MEMBERS_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
        "MEMBERS_LOOKUP_PEPPER": base64.b64encode(PEPPER).decode(),
        "REDIS_URL": suite.redis_url,
        **{f"{word.upper()}_DATABASE_URL": suite.database_urls[word] for word in WORDS},
        **{f"{word.upper()}_SEAL_AFTER_S": "0" for word in WORDS},
        # The suite of tests digests its rows without a key.
        **{f"{word.upper()}_ROW_DIGEST_KEY": "" for word in WORDS if word != "members"},
    }
    command = [sys.executable, "-m", "wafa", "check", "--json", *options]
    done = subprocess.run(
        command, env=environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def as_owner_of(suite: Suite, word: str, *statements: str) -> None:
    with psycopg.connect(plain(as_owner(suite.database_urls[word])), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_a_head_that_was_kept_proves_the_books_until_somebody_changes_them(suite: Suite, tmp_path: Path) -> None:
    program = suite.new_program()
    program.rule()
    member_id = program.member()["member_id"]
    program.till.post("/v1/purchases", sale(6_000, member_id=member_id)).expect(201)
    kept = tmp_path / "heads.json"

    code, proof = check(suite, "--seal", "--to", str(kept))
    assert (code, proof["findings"]) == (0, [])
    assert json.loads(kept.read_text()) == {"heads": proof["heads"]}
    heads = {head["service"]: head for head in proof["heads"]}
    assert heads["points"]["rows"]["entries"] == 1
    assert heads["members"]["rows"]["api_keys granted"] >= 1

    program.till.post("/v1/purchases", sale(2_000, member_id=member_id)).expect(201)
    code, proof = check(suite, "--seal", "--against", str(kept))
    assert (code, proof["findings"]) == (0, [])
    assert {head["service"]: head["number"] for head in proof["heads"]}["points"] == heads["points"]["number"] + 1

    # An end of the chain that is cut off, and one that is made anew, are chains of their own: only the head tells.
    as_owner_of(suite, "points", "DELETE FROM seals")
    code, proof = check(suite, "--against", str(kept))
    assert (code, {finding["check"] for finding in proof["findings"]}) == (1, {"head_kept"})
    code, proof = check(suite, "--seal", "--against", str(kept))
    assert {finding["problem"].partition(" that")[0] for finding in proof["findings"]} == {"the seal"}
    assert check(suite)[0] == 0

    as_owner_of(suite, "members", "UPDATE api_keys SET role = 'admin' WHERE role = 'till'")
    code, proof = check(suite)
    assert code == 1
    assert ("members", "sealed_as_found") in {(each["area"], each["check"]) for each in proof["findings"]}
    # What does not hold is not kept.
    never = tmp_path / "never.json"
    assert check(suite, "--to", str(never))[0] == 1
    assert not never.exists()


@pytest.mark.parametrize("content", ["", "{}", '{"heads": []}', '{"heads": [{"service": "points"}]}', "[1]"])
def test_a_file_that_holds_no_heads_is_refused_in_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "heads.json"
    file.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "wafa", "check", "--against", str(file)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode not in (0, 1) or "holds no heads" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert "holds no heads of seals" in (done.stderr + done.stdout).replace("\n", " ")
