#!/usr/bin/env python3
"""Sizes: a .c file is one idea of at most 500 lines, a function at most 70 lines."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
# Larger on purpose, with the reason.
allowed = {
    "processor/normalize/semconv/semconv_table.c": "data: one row an attribute name",
}
failures = checked = 0
for path in sorted([*root.glob("processor/**/*.c"), *root.glob("state/**/*.c"), *root.glob("pipelines/**/*.c")]):
    name, lines = str(path.relative_to(root)), path.read_text().splitlines()
    checked += 1
    if len(lines) > 500 and name not in allowed:
        failures += 1
        print(f"{name}: {len(lines)} lines")
    began = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            began = number
        elif line == "}" and began:
            checked += 1
            if number - began + 1 > 70:
                failures += 1
                print(f"{name}:{began}: a function of {number - began + 1} lines")
            began = None
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
