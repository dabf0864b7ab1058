#!/usr/bin/env python3
"""Sizes: a .c file is one idea of at most 500 lines, a header has at most 100, a function at most 70. A test file is one subject."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
TEST_LINES = 700
# Larger on purpose: at most so many lines, with the reason.
ALLOWED = {
    "processor/normalize/semconv/semconv_table.c": (3000, "data: one row an attribute name"),
    "processor/normalize/semconv/semconv_table.h": (140, "data: one constant an idea of the vocabulary"),
    "processor/agent_run.h": (125, "one noun, with its parts"),
    "processor/base/bytes.h": (110, "the smallest words, used everywhere"),
    "processor/review/result.h": (110, "one noun, as its schema has it"),
    "processor/receive/grpc/state.h": (110, "one struct that a folder shares, with who owns what"),
    "processor/receive/kafka/state.h": (125, "the same"),
    "pipelines/commit/state.h": (115, "the same"),
    "pipelines/run/state.h": (130, "the same"),
    "pipelines/decide/shard_state.h": (125, "the same"),
    "pipelines/decide/effects.h": (155, "all that a shard may do, in one list"),
    "pipelines/config/config.h": (115, "the whole pipeline file, field by field"),
    "pipelines/config/rows.h": (125, "one macro a kind of option"),
    "state/store/store.h": (130, "transactions with their fates, in one place"),
    "tests/unit/processor/emit/record/test_record.c": (930, "the record, field by field"),
    "tests/unit/processor/normalize/semconv/test_semconv.c": (910, "one run a convention"),
    "tests/unit/processor/otlp/test_wire_gate.c": (720, "one message a rule of the gate"),
    "tests/unit/processor/receive/grpc/test_receiver.c": (1050, "one call a rule of the protocol"),
}
FUNCTION_LINES = 70
END = re.compile(r"\}\s*(?:/[/*].*)?$")
BEGIN = re.compile(r"(?:[\w].*\))?\s*\{\s*(?:/[/*].*)?$")


def most(path):
    return TEST_LINES if path.parts[0] == "tests" else 100 if path.suffix == ".h" else 500


failures = checked = 0
used = set()
for path in sorted(path for folder in ("processor", "state", "pipelines", "tests") for path in root.glob(f"{folder}/**/*.[ch]")):
    relative = path.relative_to(root)
    name, lines = str(relative), path.read_text().splitlines()
    checked += 1
    if len(lines) > most(relative):
        used.add(name)
        if len(lines) > ALLOWED.get(name, (0,))[0]:
            failures += 1
            print(f"{name}: {len(lines)} lines, at most {ALLOWED.get(name, (most(relative),))[0]}")
    began = None
    for number, line in enumerate(lines, 1):
        if began is None and not line.startswith((" ", "\t")) and BEGIN.match(line):
            began = number
        elif END.match(line) and began:
            checked += 1
            if number - began + 1 > FUNCTION_LINES:
                failures += 1
                print(f"{name}:{began}: a function of {number - began + 1} lines, at most {FUNCTION_LINES}")
            began = None
for name in (ALLOWED.keys() - used) if "--partial" not in sys.argv else ():
    failures += 1
    print(f"tests/lint/lint_sizes.py: {name} needs no leave any more")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
