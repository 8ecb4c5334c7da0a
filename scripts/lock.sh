#!/bin/sh
# Compiles the hashed locks from pyproject.toml. Options go to uv, such as --upgrade.
#
# A lock must not say from which index it was made, so that every index and mirror serves it.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    .venv/bin/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file "$output" "$@" >/dev/null
}

# The largest first; the others take its versions, so that the three agree.
compile requirements-dev.lock pyproject.toml --extra run --extra dev "$@"
compile requirements-run.lock pyproject.toml --extra run --constraint requirements-dev.lock
compile requirements.lock pyproject.toml --constraint requirements-dev.lock
echo uv | compile requirements-uv.lock - --constraint requirements-dev.lock

if grep -n '://' requirements*.lock; then
    echo 'a lock names an address; remove it and find out how it came there' >&2
    exit 1
fi
