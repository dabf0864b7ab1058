# What a Debian 12 machine needs, by purpose; sourced by run.sh, test.sh and the image. One list, one place.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

packages_build="gcc cmake ninja-build pkg-config protobuf-c-compiler libprotobuf-c-dev libgrpc-dev librdkafka-dev liblmdb-dev
  libyaml-dev libmicrohttpd-dev libdeflate-dev libssl-dev libpcre2-dev libutf8proc-dev libc6-dev"
packages_test="$packages_build check clang libclang-rt-14-dev clang-format protobuf-compiler python3 python3-venv kcat prometheus
  curl file git maven default-jre-headless procps openssl"
packages_peers="$packages_build python3 python3-venv kcat git maven default-jre-headless procps chromium"
# A machine may have these from elsewhere, so what counts is the command: command:package.
commands_build="" commands_run="" commands_test=""
commands_peers="javac:default-jdk-headless node:nodejs npm:npm go:golang-go"
packages_run="libprotobuf-c1 libgrpc29 librdkafka1 liblmdb0 libyaml-0-2 libmicrohttpd12 libdeflate0 libssl3 libpcre2-8-0 libutf8proc2"

say() { echo "$(basename "$0"): $*" >&2; }

# need_packages build|test|peers: installs what is missing; says what, and asks for root where it lacks it.
need_packages() {
  local list="packages_$1" commands="commands_$1" missing=() package pair
  for package in ${!list}; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  for pair in ${!commands}; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo)
    else
      say "these Debian packages are missing: ${missing[*]}"
      say "install them as root: apt-get install ${missing[*]}"
      exit 1
    fi
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local log
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get update && DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    say "the packages could not be installed (whole log: $log)"
    exit 1
  fi
  rm -f "$log"
}

# build_release: quiet unless something is to be done or goes wrong.
build_release() {
  local log=$root/build/release.log
  mkdir -p "$root/build"
  [ -f "$root/build/release/build.ninja" ] || say "building the release binary (about a minute, once)"
  if ! { { [ -f "$root/build/release/build.ninja" ] || cmake -S "$root" --preset release -DFLYWHEEL_TESTS=OFF; } &&
    cmake --build "$root/build/release" --target flywheel; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    say "the build failed (whole log: $log)"
    exit 1
  fi
}
