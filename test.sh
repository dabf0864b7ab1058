#!/usr/bin/env bash
# Everything that CI runs: installs what is missing, builds, and runs every test, a real broker and real SDKs included.
#   ./test.sh          all of it
#   ./test.sh quick    unit, property, fuzz-seed and lint tests under ASan and UBSan
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=docker/dependencies.sh
. docker/dependencies.sh

mode=${1:-all}
case $mode in all | quick) ;; *) echo "usage: ./test.sh [quick]" >&2; exit 2 ;; esac
started=$SECONDS
passed=0
failed=0

# step NAME COMMAND...: its output goes to a log, shown when it fails.
step() {
  local name=$1 log=build/test-logs/$1.log began=$SECONDS
  shift
  mkdir -p build/test-logs
  if "$@" >"$log" 2>&1; then
    passed=$((passed + 1))
    echo "ok    $name ($((SECONDS - began)) s)$(summary "$log")"
  else
    failed=$((failed + 1))
    echo "FAIL  $name ($((SECONDS - began)) s), the end of $log:"
    tail -n 60 "$log"
  fi
}

# The last line that counts something.
summary() {
  grep -E '[0-9]+ passed|tests passed|% tests' "$1" | tail -n 1 | sed 's/^ */: /' || true
}

# The Python packages of the integration tests, pinned, in an environment of their own.
python_environment() {
  local venv=build/venv
  [ -x $venv/bin/python ] || python3 -m venv $venv
  cmp -s tests/integration/requirements.txt $venv/requirements.txt && return 0
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/integration/requirements.txt
  cp tests/integration/requirements.txt $venv/requirements.txt
}

dev_tests() {
  cmake --preset dev >/dev/null && cmake --build --preset dev && ctest --preset dev -j 2
}

tsan_tests() {
  cmake --preset tsan >/dev/null && cmake --build --preset tsan && ctest --preset tsan -j 2
}

python_test() {
  PYTHONPATH=tests/integration build/venv/bin/python "$@"
}

need_packages test
echo "test.sh: $mode; logs in build/test-logs"
step dev dev_tests
if [ "$mode" = all ]; then
  step python-environment python_environment
  step release build_release
  step descriptors python_test tests/lint/descriptors.py
  for test in tests/integration/test_*.py tests/fault/test_*.py; do
    [ -e "$test" ] || continue
    step "$(basename "$test" .py)" python_test "$test" --flywheel build/release/flywheel
  done
  step tsan tsan_tests
fi
echo "$passed passed, $failed failed"
echo "test.sh: $([ $failed -eq 0 ] && echo "all well" || echo "FAILED") after $((SECONDS - started)) s"
[ $failed -eq 0 ]
