#!/usr/bin/env python3
"""Who may include whom, by room (a folder): each room sees what stands below it, and which file owns which third-party header.

    python3 tests/lint/lint_includes.py . --picture     counts: rooms, arrows, upward arrows, circles, the floors
"""
import collections
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
# From top to bottom. A room sees the rooms below it, itself, and the folders inside itself; never what stands beside or above.
FLOORS = [
    ["processor/main.c"],
    ["processor/command"],
    ["pipelines/daemon"],
    ["pipelines/run"],
    ["pipelines/commit"],
    ["pipelines/review"],
    ["pipelines/decide"],
    ["pipelines/cohorts"],
    ["pipelines/config"],
    ["processor/receive", "processor/assemble", "processor/score", "processor/review", "processor/emit", "processor/report", "state"],
    ["processor/normalize"],
    ["processor/net"],
    ["processor/otlp"],
    ["processor"],
    ["processor/base"],
]
# Between the verbs there is one edge: the scorer asks for content and attributes of a run only when a measurement needs them.
SEES_NORMALIZE = "processor/score"
# The parts of a command that have more than one file stand below the commands; what all commands share stands below those.
OWNERS = {  # third-party header -> the only files that may name it
    r"grpc/": {"processor/receive/grpc/", "processor/command/send/otlp_client", "processor/command/version"},
    r"librdkafka/": {"processor/receive/kafka/", "processor/receive/dead_letter/topic", "processor/emit/kafka/", "processor/net/brokers",
                     "processor/command/version", "processor/command/check/reach"},
    r"lmdb\.h": {"state/store/store", "processor/command/version"},
    r"yaml\.h": {"pipelines/config/", "processor/command/version"},
    r"microhttpd\.h": {"processor/net/http_head", "processor/receive/http/", "processor/report/http_", "processor/command/version"},
    r"libdeflate\.h": {"processor/base/inflate", "processor/command/version"},
    r"zlib\.h": {"processor/base/inflate"},
    r"openssl/": {"processor/base/digest", "processor/net/tls/", "processor/net/brokers", "processor/command/version"},
    r"pcre2\.h": {"processor/base/regex", "processor/command/version"},
    r"utf8proc\.h": {"processor/base/text/", "processor/command/version"},
    r"protobuf-c/": {"processor/otlp/messages", "processor/command/version"},
    r".*\.pb-c\.h": {"processor/otlp/messages", "processor/emit/record/"},
}
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path):
    """The room that holds the file: the longest that FLOORS names."""
    if path in FLOOR_OF:
        return path
    parts = path.split("/")
    for size in range(min(len(parts) - 1, 2), 0, -1):
        if "/".join(parts[:size]) in FLOOR_OF:
            return "/".join(parts[:size])
    return None


def may_include(name, header):
    source, target = room_of(name), room_of(header)
    if source is None or target is None:
        return False
    if source == target:
        return True
    if source == "state":
        return target == "processor/base"
    if source == "processor/report":
        return target in ("processor/net", "processor/base")
    if target == "processor/normalize" and source.startswith("processor/") and source != "processor/command":
        return source == SEES_NORMALIZE
    if target == "processor/net" and source.startswith("processor/") and source != "processor/command":
        return source in ("processor/receive", "processor/emit")  # who talks to others
    return FLOOR_OF[source] < FLOOR_OF[target]


# Headers that several files of one folder share, beside those called state.h and *_state.h; nobody else sees them.
PRIVATE = {
    "processor/base/masks/scanners.h",
    "processor/score/expression/tree.h",
    *(f"pipelines/config/{name}.h" for name in ("loader", "option", "options", "printer", "rows", "walk")),
}
# The one public header of a folder: its files hold one function or two each, which rows of one table name.
FOLDER_HEADERS = {"processor/score/measure/functions.h"}


def is_private(header):
    return header.endswith(("_state.h", "/state.h")) or header in PRIVATE


def module_of(path):
    """A file and its header are one module; what x_state.h holds is x."""
    return re.sub(r"(_state)?\.[ch]$", "", path)


paths = sorted(path for folder in ("processor", "state", "pipelines") for path in root.glob(f"{folder}/**/*.[ch]"))
failures = checked = 0
arrows = collections.defaultdict(set)  # module -> modules, inside and between rooms


def fail(text):
    global failures
    failures += 1
    print(text)


for path in paths:
    name = str(path.relative_to(root))
    if room_of(name) is None:
        fail(f"{name}: stands in no room that this lint knows")
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if not match:
            continue
        checked += 1
        header = match[2]
        if match[1] == '"' and not header.endswith(".pb-c.h"):
            if not re.match(r"(processor|state|pipelines|tests)/", header):
                fail(f"{name}:{number}: {header}: paths start at the root")
            elif not may_include(name, header):
                fail(f"{name}:{number}: {room_of(name)} may not include {header}")
            elif is_private(header) and pathlib.PurePath(header).parent != pathlib.PurePath(name).parent:
                fail(f"{name}:{number}: {header} is seen inside its folder only")
            if module_of(header) != module_of(name):
                arrows[module_of(name)].add(module_of(header))
        for pattern, files in OWNERS.items():
            if re.match(pattern, header) and not any(name.startswith(owner) for owner in files):
                fail(f"{name}:{number}: {header} belongs to " + ", ".join(sorted(files)))
    if path.suffix == ".h" and "#pragma once" not in path.read_text():
        fail(f"{name}: no #pragma once")

# Each .c has its own header, but where a folder has a private one that says which files share what.
shared = {path.parent for path in paths if is_private(str(path.relative_to(root))) or str(path.relative_to(root)) in FOLDER_HEADERS}
without_header = {"processor/main.c"}
for path in paths:
    name = str(path.relative_to(root))
    if path.suffix == ".c" and not path.with_suffix(".h").exists() and path.parent not in shared and name not in without_header:
        if not name.startswith("processor/command/"):  # a command is declared beside the others, in command.h
            fail(f"{name}: has no header of its own")


def circles(edges):
    """Strongly connected components of more than one member (Tarjan), as sorted lists."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        for other in edges.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on_stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            members = []
            while True:
                member = stack.pop()
                on_stack.discard(member)
                members.append(member)
                if member == node:
                    break
            if len(members) > 1:
                found.append(sorted(members))

    sys.setrecursionlimit(10000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


for members in circles(arrows):
    fail("a circle of includes: " + " <-> ".join(members))

if "--picture" in sys.argv:
    rooms = collections.defaultdict(collections.Counter)
    upward = set()
    for source, targets in arrows.items():
        for target in targets:
            a, b = room_of(source + ".c"), room_of(target + ".h")
            if a and b and a != b:
                rooms[a][b] += 1
                if FLOOR_OF[a] >= FLOOR_OF[b]:
                    upward.add((a, b))
    inside = [room for room in FLOOR_OF if room.startswith("pipelines/") and (root / room).is_dir()]
    print(f"{len(rooms)} rooms see others, by {sum(len(r) for r in rooms.values())} arrows; "
          f"{len(upward)} upward or beside; {len(circles(arrows))} circles of modules")
    print(f"pipelines/: {len(inside)} rooms in sight, "
          f"{sum(1 for a in inside for b in rooms[a] if b in inside)} arrows between them")
    for room in sorted(rooms, key=FLOOR_OF.get):
        files = [path for path in paths if room_of(str(path.relative_to(root))) == room]
        lines = [len(path.read_text().splitlines()) for path in files]
        print(f"  {room}: {len(files)} files, {sum(lines)} lines, largest {max(lines)}; sees " + ", ".join(sorted(rooms[room], key=FLOOR_OF.get)))
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
