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
OWNERS = {  # third-party header -> the only files that may name it
    r"grpc/": {"processor/receive/grpc/", "processor/command/send/otlp_client", "processor/command/version"},
    r"librdkafka/": {"processor/receive/kafka/", "processor/receive/dead_letter/topic", "processor/emit/kafka/", "processor/net/brokers",
                     "processor/command/version", "processor/command/check/reach"},
    r"lmdb\.h": {"state/store/store", "processor/command/version"},
    r"yaml\.h": {"pipelines/config/", "processor/command/version"},
    r"microhttpd\.h": {"processor/net/http_", "processor/receive/http/", "processor/report/http_", "processor/command/version"},
    r"libdeflate\.h": {"processor/base/inflate", "processor/command/version"},
    r"zlib\.h": {"processor/base/inflate"},
    r"openssl/": {"processor/base/digest", "processor/net/tls/", "processor/net/brokers", "processor/command/version"},
    r"pcre2\.h": {"processor/base/regex", "processor/command/version"},
    r"utf8proc\.h": {"processor/base/text/", "processor/command/version"},
    r"protobuf-c/": {"processor/otlp/messages", "processor/command/version"},
    r".*\.pb-c\.h": {"processor/otlp/messages", "processor/emit/record/"},
    r"sanitizer/": {"processor/base/"},
}
# C11, POSIX and Linux: anybody's.
SYSTEM = re.compile(r"""(std(align|arg|atomic|bool|def|int|io|lib|noreturn)|assert|ctype|dirent|endian|errno|fcntl|float|fnmatch|ftw|getopt|glob
    |inttypes|limits|locale|malloc|math|netdb|nmmintrin|poll|pthread|sched|semaphore|signal|string|strings|syslog|termios|time|unistd|wchar
    |(arpa|linux|net|netinet|sys)/\w+)\.h$""", re.VERBOSE)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path):
    """The room that holds the file: the longest that FLOORS names."""
    if path in FLOOR_OF:
        return path
    parts = path.split("/")
    for room in ("/".join(parts[:2]), parts[0]):
        if room in FLOOR_OF and (room != "processor" or len(parts) == 2):  # the nouns have no folder of their own
            return room
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


# Headers that several files of one folder share, beside those called state.h and *_state.h; nobody outside of it sees them.
PRIVATE = {
    "processor/base/masks/scanners.h",
    "processor/score/expression/tree.h",
    *(f"pipelines/config/{name}.h" for name in ("loader", "option", "options", "rows", "walk", "print/printer")),
}
# The one public header of a folder: its files hold one function or two each, which rows of one table name.
FOLDER_HEADERS = {"processor/score/measure/functions.h", "processor/command/dataset/dataset.h",
                  "processor/command/gate/report.h"}
COMMANDS = "processor/command/command.h"  # declares all commands, one beside the other


def is_private(header):
    return header.endswith(("_state.h", "/state.h")) or header in PRIVATE


def module_of(path):
    """A file and its header are one module; what x_state.h holds is x."""
    return re.sub(r"(_state)?\.[ch]$", "", path)


def code_of(text):
    """The lines as the compiler reads them: without comments, broken lines joined, numbers kept."""
    text = re.sub(r"(?:[^\n]*\\\n)+[^\n]*", lambda match: match[0].replace("\\\n", "") + "\n" * match[0].count("\\\n"), text)
    blank = lambda match: match[0] if match[0][0] in "\"'" else " " + "\n" * match[0].count("\n")
    return re.sub(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", blank, text, flags=re.S).splitlines()


INCLUDE = re.compile(r"\s*(?:#|%:|\?\?=)\s*(include\w*|import|embed)\b\s*(.*)")
# A function or an object that a .c declares of another file: what a header is for.
FOREIGN = re.compile(r"extern\b|(?!static\b|typedef\b|return\b|else\b)[a-z_][\w ]*[ *]+\w+\([^()]*\);")
FOREIGN_IS_RIGHT = {"pipelines/config/load.c": "default.yaml, which the build makes a .c of"}

paths = sorted(path for folder in ("processor", "state", "pipelines") for path in root.glob(f"{folder}/**/*.[ch]"))
failures = checked = 0
included = collections.defaultdict(set)
arrows = collections.defaultdict(set)  # module -> modules, inside and between rooms


def fail(text):
    global failures
    failures += 1
    print(text)


for path in paths:
    name = str(path.relative_to(root))
    if room_of(name) is None:
        fail(f"{name}: stands in no room that this lint knows")
    for number, line in enumerate(code_of(path.read_text()), 1):
        if path.suffix == ".c" and FOREIGN.match(line) and name not in FOREIGN_IS_RIGHT:
            fail(f"{name}:{number}: declares what a header should: {line}")
        directive = INCLUDE.match(line)
        if not directive:
            continue
        checked += 1
        match = re.fullmatch(r"""(["<])([^">]+)[">]\s*""", directive[2])
        if directive[1] != "include" or not match:
            fail(f"{name}:{number}: only #include with the name of a header: {line.strip()}")
            continue
        header = match[2]
        owners = [files for pattern, files in OWNERS.items() if re.match(pattern, header)]
        for files in owners:
            if not any(name.startswith(owner) for owner in files):
                fail(f"{name}:{number}: {header} belongs to " + ", ".join(sorted(files)))
        if match[1] == "<":
            if not owners and not SYSTEM.match(header):
                fail(f"{name}:{number}: <{header}> is neither the system's nor a library's that has owners here")
        elif not header.endswith(".h") or not set(header.split("/")).isdisjoint({"", ".", ".."}):
            fail(f"{name}:{number}: {header}: a header, by its own path")
        elif not owners:
            if not re.match(r"(processor|state|pipelines)/", header):
                fail(f"{name}:{number}: {header}: paths start at the root, with processor, state or pipelines")
            elif not (root / header).is_file():
                fail(f"{name}:{number}: {header} is not there")
            elif not may_include(name, header):
                fail(f"{name}:{number}: {room_of(name)} may not include {header}")
            elif is_private(header) and pathlib.PurePath(header).parent not in pathlib.PurePath(name).parents:
                fail(f"{name}:{number}: {header} is seen inside its folder only")
            if module_of(header) != module_of(name):
                arrows[module_of(name)].add(module_of(header))
                included[name].add(header)
    if path.suffix == ".h" and "#pragma once" not in path.read_text():
        fail(f"{name}: no #pragma once")

# What is no .c and no .h is compiled all the same when somebody includes it, or CMake finds it.
for folder in ("processor", "state", "pipelines"):
    for path in sorted(root.glob(f"{folder}/**/*")):
        is_asset = path.parent == root / "processor/report/page"
        if path.is_file() and not is_asset and path.suffix not in (".c", ".h", ".md", ".txt", ".yaml", ".pb"):
            fail(f"{path.relative_to(root)}: neither code nor words")

# Each .c has its own header, or is declared in one that several files of its folder share, and sees it.
for path in paths:
    name = str(path.relative_to(root))
    if path.suffix == ".c" and not path.with_suffix(".h").exists() and name != "processor/main.c":
        checked += 1
        beside = {header for header in included[name] if is_private(header) or header in FOLDER_HEADERS
                  if pathlib.PurePath(header).parent == pathlib.PurePath(name).parent}
        if not beside and COMMANDS not in included[name]:
            fail(f"{name}: has no header of its own, nor one that its folder shares")


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
