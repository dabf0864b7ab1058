#!/usr/bin/env python3
"""Who may include whom: the layers of the README, and which file owns which third-party header."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
verbs = {"receive", "assemble", "normalize", "score", "emit", "report"}
owners = {  # third-party header -> the only files that may name it
    r"grpc/": {"processor/receive/grpc_", "processor/command/otlp_client", "processor/command/version"},
    r"librdkafka/": {"processor/receive/kafka_", "processor/emit/kafka_", "processor/command/version", "processor/command/reach"},
    r"lmdb\.h": {"state/store", "processor/command/version"},
    r"yaml\.h": {"pipelines/config", "processor/command/version"},
    r"microhttpd\.h": {"processor/receive/http_", "processor/report/http_", "processor/command/version"},
    r"libdeflate\.h": {"processor/base/inflate", "processor/command/version"},
    r"zlib\.h": {"processor/base/inflate"},
    r"openssl/": {"processor/base/digest", "processor/receive/tls", "processor/command/version"},
    r"pcre2\.h": {"processor/base/regex", "processor/command/version"},
    r"utf8proc\.h": {"processor/base/text", "processor/command/version"},
    r"protobuf-c/": {"processor/otlp/messages", "processor/command/version"},
    r".*\.pb-c\.h": {"processor/otlp/messages", "processor/emit/review_record"},
}


def layer(path):
    parts = path.split("/")
    if parts[0] == "processor":
        return parts[1] if len(parts) > 2 else "nouns"
    return parts[0]


def may_include(name, source, header, target):
    # The scorer asks for content and attributes of a run only when a measurement needs them: the one edge between verbs.
    if source == "score" and header == "processor/normalize/normalize.h":
        return True
    if name == "processor/main.c":
        return target == "command"
    if source == target or target == "base":
        return True
    if source == "base":
        return False
    if source == "nouns":
        return False
    if source == "otlp":
        return target == "nouns"
    if source in verbs:
        return target in ({"otlp", "nouns"} if source != "report" else set())
    if source == "state":
        return False
    if source == "pipelines":
        return target in verbs | {"otlp", "nouns", "state"}
    return True  # command


failures = checked = 0
for path in sorted([*root.glob("processor/**/*.[ch]"), *root.glob("state/**/*.[ch]"), *root.glob("pipelines/**/*.[ch]")]):
    name = str(path.relative_to(root))
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not match:
            continue
        checked += 1
        header = match[2]
        wrong = None
        if match[1] == '"' and not header.endswith(".pb-c.h"):
            if not re.match(r"(processor|state|pipelines|tests)/", header):
                wrong = "paths start at the root"
            elif not may_include(name, layer(name), header, layer(header)):
                wrong = f"{layer(name)} may not include {layer(header)}"
        for pattern, files in owners.items():
            if re.match(pattern, header) and not any(name.startswith(owner) for owner in files):
                wrong = "this third-party header belongs to " + ", ".join(sorted(files))
        if wrong:
            failures += 1
            print(f"{name}:{number}: {header}: {wrong}")
    if path.suffix == ".h" and "#pragma once" not in path.read_text():
        failures += 1
        print(f"{name}: no #pragma once")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
