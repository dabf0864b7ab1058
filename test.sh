#!/usr/bin/env bash
# The tests: installs what is missing, builds, runs. ./test.sh --help says what each mode holds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=docker/dependencies.sh
. docker/dependencies.sh

help() {
  cat <<'TEXT'
usage: ./test.sh [quick | peers | --help]

  ./test.sh          unit, property, fuzz-seed and lint tests under ASan and UBSan, the threads under TSan, and the release binary from
                     outside, on a real broker, under faults and attacks
  ./test.sh peers    the rest: what needs programs of others, in their languages (Go, Java, Node) or from their registries, each
                     marked "# peer: what" in its file: SDKs, the Collector, other implementations of what is computed
  ./test.sh quick    unit, property, fuzz-seed and lint tests alone

CI runs the first two. Programs that drive the binary run two at a time (FLYWHEEL_TEST_JOBS), with ports and directories of their own, and
each time that is printed is of that program alone. Of a step that fails first the lines that say what failed are shown, then the end of
its log; logs are in build/test-logs. FLYWHEEL_PATIENCE stretches all waits of those programs (here 2), CK_TIMEOUT_MULTIPLIER those
of the others.
TEXT
}

mode=${1:-all}
case $mode in
  all | quick | peers) ;;
  -h | --help | help) help; exit 0 ;;
  *) help >&2; exit 2 ;;
esac
started=$SECONDS
logs=build/test-logs
jobs_max=${FLYWHEEL_TEST_JOBS:-2}
running=0
passed=0
failed=0
mkdir -p $logs
rm -f $logs/*.failed
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

# What says what failed, in the words of the checks, lints, Check, CTest, compilers, sanitizers and Python.
failures() {
  grep -E '^(FAIL|WRONG)|^[A-Za-z_][A-Za-z_0-9./-]*\.[a-z]+(:[0-9]+)?: |\(Failed\)|\(Timeout\)|\(SEGFAULT\)|Subprocess aborted|:[0-9]+:[FE]:|Sanitizer: |runtime error: |error: |^([A-Za-z_]+\.)*[A-Za-z]+(Error|Exception|Exit)\b' "$1" |
    cut -c1-400 | head -n 40 || true
}

# The last line that counts something.
summary() {
  grep -E '[0-9]+ passed|tests passed|% tests' "$1" | tail -n 1 | sed 's/^ */: /' || true
}

# run_step NAME COMMAND...: its output goes to a log; what is told comes in one piece.
run_step() {
  local name=$1 log=$logs/$1.log began=$SECONDS
  shift
  if ("$@") >"$log" 2>&1; then
    echo "ok    $name ($((SECONDS - began)) s)$(summary "$log")"
    return 0
  fi
  failures "$log" >$logs/"$name".failed
  echo "FAIL  $name ($((SECONDS - began)) s)$(summary "$log")
$(sed 's/^/      /' $logs/"$name".failed)
      the end of $log:
$(tail -n 60 "$log" | cut -c1-1000)"
  return 1
}

count() {
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

step() {
  count run_step "$@"
}

# Beside others, as many as may run at a time. A command in the background would not hear an interrupt.
step_beside() {
  [ $running -lt "$jobs_max" ] || await_one
  { trap - INT EXIT; run_step "$@"; } &
  running=$((running + 1))
}

await_one() {
  count wait -n
  running=$((running - 1))
}

await_all() {
  while [ $running -gt 0 ]; do await_one; done
}

# The Python packages of the integration tests, pinned, in an environment of their own; what only peers need is added to it by peers.
python_environment() {
  local venv=build/venv file=tests/integration/requirements$1.txt
  [ -x $venv/bin/python ] || python3 -m venv $venv
  cmp -s "$file" "$venv/requirements$1.txt" && return 0
  $venv/bin/pip install --quiet --disable-pip-version-check -r "$file"
  cp "$file" "$venv/requirements$1.txt"
}

dev_tests() {
  cmake --preset dev >/dev/null && cmake --build --preset dev && ctest --preset dev -j 2
}

# Only what runs is built: <kind>/<path> of a test is target <path>, with _ for /.
tsan_tests() {
  cmake --preset tsan >/dev/null || return 1
  local targets
  targets=$(ctest --preset tsan -N | sed -nE 's,^ *Test +#[0-9]+: (unit|property|fuzz)/,,p' | tr / _)
  [ -n "$targets" ] || return 1
  # shellcheck disable=SC2086 # a word each
  cmake --build --preset tsan --target $targets && ctest --preset tsan -j 2
}

python_test() {
  FLYWHEEL_PATIENCE=${FLYWHEEL_PATIENCE:-2} PYTHONPATH=tests/integration exec build/venv/bin/python "$@"
}

# python_tests FILE...: each against the release binary.
python_tests() {
  local test
  for test in "$@"; do
    step_beside "$(basename "$test" .py)" python_test "$test" --flywheel build/release/flywheel
  done
  await_all
}

# What python_test needs; without it nothing that follows could say anything.
prepare() {
  step python-environment python_environment ""
  step release build_release
}

PEER='^# peer: '
programs=(tests/fault/test_*.py tests/integration/test_*.py) # the longest first
mapfile -t with_peers < <(grep -lE "$PEER" "${programs[@]}")
mapfile -t alone < <(grep -LE "$PEER" "${programs[@]}")

echo "test.sh: $mode; logs in $logs"
case $mode in
  quick)
    need_packages test
    step dev dev_tests
    ;;
  all)
    need_packages test
    step dev dev_tests
    prepare
    step_beside descriptors python_test tests/lint/descriptors.py
    python_tests "${alone[@]}"
    step tsan tsan_tests
    echo "left to ./test.sh peers: $(basename -as .py "${with_peers[@]}" | paste -sd ' ')"
    ;;
  peers)
    need_packages peers
    prepare
    step python-environment-peers python_environment -peers
    step python-environments-of-vendors python_test tests/integration/flywheel/vendor.py
    python_tests "${with_peers[@]}"
    ;;
esac
for file in "$logs"/*.failed; do
  [ ! -e "$file" ] || sed "s/^/$(basename "$file" .failed): /" "$file" | head -n 10
done
echo "$passed passed, $failed failed"
echo "test.sh: $mode: $([ $failed -eq 0 ] && echo "all well" || echo "FAILED") after $((SECONDS - started)) s"
[ $failed -eq 0 ]
