"""Lay out a new service from scripts/service_template: `new_service.py WORD "One sentence about it."`

Writes the folder of the service, its contract, its integration test, its env file and its lines in suite.toml, all of
them complete: the service keeps notes, migrates, serves and is checked. What is left for people to write is listed in
CONTRIBUTING.md. Names that stand in the template: $word, $Word, $WORD, $port, $internal_port.
"""

from __future__ import annotations

import argparse
import re
import string
import sys
from pathlib import Path

from kit.suite import FILE, suite

ROOT = Path(__file__).resolve().parent.parent

TEMPLATE = Path(__file__).with_name("service_template")
SUFFIX = ".tmpl"

ENTRY = string.Template("""
[services.$word]
about = "$about"
port = $port
internal_port = $internal_port
secrets = ["${WORD}_ROW_DIGEST_KEY"]
calls = []
listens_to = []
exposes = ["loyalty.$word.v1.${Word}Service"]
has_routes = false
""")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("word", help="one word of small letters; it is the folder, the database, the proto package")
    parser.add_argument("about", help="one sentence, which `--help` shows")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[a-z]+", arguments.word) or '"' in arguments.about:
        sys.exit("the word is of small letters alone, and the sentence has no quotation marks")
    if arguments.word in suite().words:
        sys.exit(f"there is a service {arguments.word} already")
    names = names_of(arguments.word)
    for file in lay_out(names):
        sys.stdout.write(f"{file}\n")
    FILE.write_text(FILE.read_text() + ENTRY.substitute(names, about=arguments.about))


def names_of(word: str) -> dict[str, str]:
    """What the template's names stand for; the ports are the next ones."""
    entries = suite().services.values()
    return {
        "word": word,
        "Word": word.capitalize(),
        "WORD": word.upper(),
        "port": str(max(each.port for each in entries) + 1),
        "internal_port": str(max(each.internal_port for each in entries) + 1),
    }


def lay_out(names: dict[str, str]) -> list[Path]:
    """Writes every file of the template below the checkout; gives their paths in it."""
    made = []
    for source in sorted(TEMPLATE.rglob(f"*{SUFFIX}")):
        path = Path(str(source.relative_to(TEMPLATE)).removesuffix(SUFFIX).replace("WORD", names["word"]))
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(string.Template(source.read_text()).substitute(names))
        made.append(path)
    return made


if __name__ == "__main__":
    main()
