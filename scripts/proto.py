"""Write protos/gen from protos/loyalty: `proto.py`, or `proto.py --check` to say whether it is up to date.

The generated code is committed, so that neither running nor deploying Wafa needs a generator. A folder of protos/gen
is a namespace package (no __init__.py): it mirrors the proto packages, and imports need no patching.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "protos"
GENERATED = SOURCES / "gen"
THIRD_PARTY = SOURCES / "third_party"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when protos/gen is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="wafa-proto-") as folder:
        fresh = Path(folder)
        generate(fresh)
        stale = differences(fresh, GENERATED)
        if check and stale:
            listing = "".join(f"  {name}\n" for name in stale)
            sys.exit(f"protos/gen is out of date; `make proto` mends it:\n{listing}")
        if stale:
            replace(fresh, GENERATED)
    sys.stdout.write(f"protos/gen: {len(stale)} file(s) {'differ' if check else 'written or removed'}\n")


def generate(folder: Path) -> None:
    """Runs protoc over every .proto of ours, and those that no package brings, into the folder, which must exist."""
    sources = _files_of("loyalty", SOURCES) + _files_of("buf", THIRD_PARTY)
    # protoc looks for its plugins on PATH, where a make target does not put the environment's bin.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    command = [
        *(sys.executable, "-m", "grpc_tools.protoc"),
        *_sources_and_libraries(),
        f"--python_out={folder}",
        f"--grpc_python_out={folder}",
        f"--mypy_out=quiet:{folder}",
        # Wafa is synchronous throughout, so a stub typed for asyncio too would only widen every type.
        f"--mypy_grpc_out=quiet,only_sync:{folder}",
        *sources,
    ]
    if not sources or subprocess.run(command, env=os.environ | {"PATH": path}, check=False).returncode != 0:
        sys.exit("protoc could not read protos/loyalty; its reasons stand above")


def descriptors() -> FileDescriptorSet:
    """Every .proto of ours with its comments, which the generated code has not."""
    sources = _files_of("loyalty", SOURCES)
    with tempfile.TemporaryDirectory(prefix="wafa-proto-") as folder:
        found = Path(folder) / "descriptors"
        options = ["--include_source_info", f"--descriptor_set_out={found}"]
        command = [sys.executable, "-m", "grpc_tools.protoc", *_sources_and_libraries(), *options, *sources]
        subprocess.run(command, check=True)
        return FileDescriptorSet.FromString(found.read_bytes())


def _sources_and_libraries() -> list[str]:
    libraries = distribution("googleapis-common-protos").locate_file("")
    return [f"--proto_path={SOURCES}", f"--proto_path={libraries}", f"--proto_path={THIRD_PARTY}"]


def _files_of(package: str, folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in (folder / package).rglob("*.proto"))


def differences(fresh: Path, committed: Path) -> list[str]:
    """Names of files that are missing, superfluous or different, sorted."""
    names = files(fresh) | files(committed)
    return sorted(name for name in names if not same(fresh / name, committed / name))


def same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


def files(folder: Path) -> set[str]:
    """Paths below the folder, without the files that Python itself writes there."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def replace(fresh: Path, committed: Path) -> None:
    shutil.rmtree(committed, ignore_errors=True)
    shutil.copytree(fresh, committed)


if __name__ == "__main__":
    main()
