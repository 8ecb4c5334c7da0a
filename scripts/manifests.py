"""Write the manifests of deploy/ from suite.toml: `manifests.py`, or `manifests.py --check` to say whether they are.

A template in deploy/templates makes the file of its name at its place in deploy/; `service.yaml.j2` makes one for each
service, called by its word. Jinja comes with Flask.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import jinja2

from kit.suite import SuiteFile, suite

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
TEMPLATES = DEPLOY / "templates"
OF_EACH_SERVICE = "service.yaml.j2"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when a file is out of date")
    check = parser.parse_args().check
    stale = {file: text for file, text in manifests(suite()) if not file.exists() or file.read_text() != text}
    if check and stale:
        names = ", ".join(str(file.relative_to(DEPLOY)) for file in stale)
        sys.exit(f"deploy/ is out of date ({names}); `make manifests` mends it")
    for file, text in stale.items():
        file.write_text(text)


def manifests(found: SuiteFile) -> Iterator[tuple[Path, str]]:
    """The files and what they must hold."""
    # YAML and nothing that a browser shows; an undefined name is an error.
    environment = jinja2.Environment(  # noqa: S701 - see above
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    known = {"services": list(found.services.values()), "callers": callers(found)}
    for source in sorted(TEMPLATES.rglob("*.j2")):
        template = environment.get_template(source.relative_to(TEMPLATES).as_posix())
        target = DEPLOY / source.relative_to(TEMPLATES).with_suffix("")
        if source.name != OF_EACH_SERVICE:
            yield target, template.render(known)
            continue
        for service in found.services.values():
            yield target.with_name(f"{service.word}.yaml"), template.render(known, service=service)


def callers(found: SuiteFile) -> dict[str, list[str]]:
    """Who calls each service over gRPC."""
    return {
        word: (["gateway"] if each.has_routes else [])
        + [other.word for other in found.services.values() if word in other.calls]
        for word, each in found.services.items()
    }


if __name__ == "__main__":
    main()
