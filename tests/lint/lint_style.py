#!/usr/bin/env python3
"""Habits: nothing is left for later, no path of one machine, a first comment in each C file, scripts that run."""
import os, pathlib, re, subprocess, sys

root = pathlib.Path(sys.argv[1])
later = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
machine = re.compile(r"(?<![\w.])/(home|Users|root|work)/[\w.-]+")
folders = ("processor/", "state/", "pipelines/", "proto/review", "tests/", "docker/", ".ci/")

try:
    listed = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
except (OSError, subprocess.CalledProcessError):  # a source archive
    listed = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()]
names = [n for n in listed if (n.startswith(folders) or "/" not in n) and not n.startswith(("tests/data/", "tests/fuzz/seeds/"))]

checked = failures = 0
for name in sorted(filter(None, names)):
    path = root / name
    if not path.is_file():
        continue
    raw = path.read_bytes()
    if b"\0" in raw:
        continue
    text = raw.decode("utf-8", "replace")
    checked += 1
    bad = [f"{name}:{i}: {what}" for i, line in enumerate(text.split("\n"), 1)
           for pattern, what in ((later, "left for later"), (machine, "a path of one machine")) if pattern.search(line)]
    if name.endswith((".c", ".h")) and not text.startswith(("/*", "//")):
        bad.append(f"{name}:1: no first comment")
    if raw.startswith(b"#!") and not os.access(path, os.X_OK) and not name.endswith(".py"):
        bad.append(f"{name}: a script that is not executable")
    for line in bad:
        print(line)
    failures += bool(bad)
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
