#!/usr/bin/env python3
"""An exported function (one that a header declares) bears the name of its module or of its folder: who reads a call knows the file.

    processor/base/queue.h               queue_push              the module
    processor/net/tls/front.h            tls_front_create        folder and module
    pipelines/commit/writer_counters.h   writer_counters_add     the module, or its first word
    pipelines/decide/shard_state.h       spill_step              of a private header: a .c file of its folder

Singular and plural are the same word (cohorts.h: cohort_add)."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
# Header:prefix of the functions that are called otherwise, and why.
ALLOWED = {
    "processor/base/bytes.h:buffer_": "bytes, and the buffer that gathers them",
    "processor/base/bytes.h:hex_": "bytes as text",
    "processor/base/inflate.h:inflater_": "who inflates",
    "processor/base/inflate.h:deflate_": "the way back, for those who send",
    "processor/otlp/span_fields.h:scope_": "a field of what a span stands under",
    "processor/otlp/span_fields.h:log_": "a field of what stands beside a span",
    "processor/score/expression/tree.h:token_": "what the tree is read from",
    "processor/trajectory.h:close_trigger_name": "of the enum that stands there",
    "processor/verdict.h:outcome_name": "of the enum that stands there",
    "pipelines/commit/contribution.h:binding_": "what a contribution is bound to",
    "pipelines/decide/summary.h:record_id_": "a field of the summary",
    "pipelines/review/session.h:code_": "the one-time code that a session begins with",
    "state/store/schema.h:key_": "the parts of a key, in a chain",
}
ATTRIBUTE = re.compile(r"\b(?:PRINTF_LIKE|__attribute__)\(+[^)]*\)+ ?|\b(?:MUST_CHECK|_Noreturn|extern) ")


def singular(word):
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def words(name):
    return [singular(word) for word in name.split("_")]


def functions(text):
    """(line number, name) of what is declared; `static inline` and function types are nobody's names."""
    blank = lambda match: "\n" * match[0].count("\n")
    text = re.sub(r"/\*.*?\*/|//[^\n]*|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.S | re.M)
    while re.search(r"\{[^{}]*\}", text):  # bodies and fields
        text = re.sub(r"\{[^{}]*\}(?=\s*;?)", lambda match: ";" + blank(match), text)
    at = 0
    for statement in re.split(r"(?<=;)", text):
        declared = ATTRIBUTE.sub("", statement.lstrip() + " ")
        if not declared.startswith(("static", "typedef")):
            flat, depth = "", 0  # what stands within brackets is left out
            for letter in declared:
                depth -= letter == ")"
                flat += letter if depth == 0 else ""
                depth += letter == "("
            begin = text.count("\n", 0, at + len(statement) - len(statement.lstrip())) + 1
            for match in re.finditer(r"(\w+)\s*\(", flat):
                yield begin, match[1]
        at += len(statement)


def holds(called, name):
    return any(called[at:at + len(name)] == name for at in range(len(called)))


def bears(function, header):
    """A name of the file or of its folders stands in the function's, or begins as it does."""
    names = [*header.parts[1:-1], header.stem.removesuffix("_state")]
    if header.stem.endswith("state"):
        names += [path.stem for path in (root / header).parent.glob("*.c")]
    called = words(function)
    return any(holds(called, words(name)) or called[0] == words(name)[0] for name in names)


failures = checked = 0
used = set()
declared_in = {}
for path in sorted(path for folder in ("processor", "state", "pipelines") for path in root.glob(f"{folder}/**/*.h")):
    name = path.relative_to(root)
    for number, function in functions(path.read_text()):
        checked += 1
        other = declared_in.setdefault(function, name)
        if other != name:  # in a program of archives the linker takes either, and says nothing
            failures += 1
            print(f"{name}:{number}: {function} is declared by {other} too")
        if bears(function, name):
            continue
        key = next((key for key in ALLOWED if f"{name}:{function}".startswith(key)), None)
        if key:
            used.add(key)
            continue
        failures += 1
        print(f"{name}:{number}: {function} bears neither its module's name nor its folder's")
for key in (ALLOWED.keys() - used) if "--partial" not in sys.argv else ():
    failures += 1
    print(f"tests/lint/lint_names.py: the exception {key} is needed no more")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
