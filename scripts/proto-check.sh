#!/bin/sh
# Lints the protos and compares them with those of a commit, HEAD unless another is named: proto-check.sh [commit].
#
# buf comes from npm. Neither running nor testing Wafa needs it.
set -eu
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null; then
    echo 'proto-check needs node with npm (Debian, Ubuntu: apt install npm; macOS: brew install node)' >&2
    exit 1
fi
if [ ! -x node_modules/.bin/buf ] || [ package-lock.json -nt node_modules ]; then
    # Not `npm ci`: the lock holds the binaries of the platforms it was made for, and npm finds those of another itself.
    npm install --no-save --silent --ignore-scripts
fi
buf=node_modules/.bin/buf

$buf lint
$buf breaking --against ".git#ref=$(git rev-parse "${1:-HEAD}")"
