#!/usr/bin/env bash
# Sets up what is missing, builds the release binary if needed, and runs `flywheel ARGS` (`run` when there are none).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=docker/dependencies.sh
. docker/dependencies.sh
caller=$OLDPWD

need_packages build
build_release
cd "${caller:-$PWD}"
[ $# -gt 0 ] || set -- run
exec "$root/build/release/flywheel" "$@"
