#!/usr/bin/env python3
"""The lints themselves: each rule finds the file that breaks it, also where the breach is dressed up. Each trick is tried in a small tree."""
import pathlib, subprocess, sys, tempfile

lints = pathlib.Path(__file__).parent
HEADER = "/* One. */\n#pragma once\n"
FUNCTION = "static void long_one(void)\n{\n" + "    ;\n" * 80 + "}\n"
# What is right, and every trick is added to.
RIGHT = {
    "processor/base/bytes.h": HEADER + "void bytes_move(void);\n",
    "processor/base/bytes.c": '/* One. */\n#include "processor/base/bytes.h"\n#include <stdio.h>\n',
    "processor/base/c.h": HEADER + "/* So. */\nstruct c *c_create(void);\n",
    "processor/base/c.c": "/* One. */\nstatic void short_one(void)\n{\n    ;\n}\n",
    "processor/emit/emitter.h": HEADER,
    "processor/emit/kafka/relay_state.h": HEADER,
    "pipelines/run/runtime.h": HEADER,
    "processor/command/command.h": HEADER,
    "processor/command/dispatch.h": HEADER,
    "processor/command/dispatch.c": '/* One. */\n    {"run", "runs"},\n',
    "README.md": "Begin with `processor/base/{bytes,c}.h`, in `processor/` and with `flywheel run`.\n",
}


def source(line):
    return {"processor/base/a.h": HEADER, "processor/base/a.c": f"/* One. */\n{line}\n"}


TRICKS = {  # lint: what is tried -> the files that do it
    "lint_includes.py": {
        "upward": source('#include "pipelines/run/runtime.h"'),
        "upward, behind a comment": source('/* so */ #include "pipelines/run/runtime.h"'),
        "upward, with a comment in between": source('# /* so */ include "pipelines/run/runtime.h"'),
        "upward, over two lines": source('#inc\\\nlude "pipelines/run/runtime.h"'),
        "upward, in angle brackets": source("#include <pipelines/run/runtime.h>"),
        "upward, by a way around": source('#include "processor/base/../../pipelines/run/runtime.h"'),
        "upward, by a digraph": source('%:include "pipelines/run/runtime.h"'),
        "upward, by a macro": source('#define UP "pipelines/run/runtime.h"\n#include UP'),
        "upward, as a next one": source('#include_next "pipelines/run/runtime.h"'),
        "beside the file": source('#include "bytes.h"'),
        "a source file": source('#include "processor/base/bytes.c"'),
        "a header of another name": {**source('#include "processor/base/b.inc"'), "processor/base/b.inc": "int one;\n"},
        "a header of the tests": source('#include "tests/support/runs.h"'),
        "a header that is not there": source('#include "processor/base/no.h"'),
        "between verbs": {"processor/score/a.h": HEADER, "processor/score/a.c": '/* One. */\n#include "processor/emit/emitter.h"\n'},
        "a private header": {"processor/emit/a.h": HEADER, "processor/emit/a.c": '/* One. */\n#include "processor/emit/kafka/relay_state.h"\n'},
        "a library of others": source("#include <lmdb.h>"),
        "a library that nobody knows": source("#include <curl/curl.h>"),
        "without a header": {"processor/base/a.c": "/* One. */\n"},
        "without a header, where others share one": {"processor/emit/kafka/a.c": "/* One. */\n"},
        "a declaration in place of a header": source("int runtime_count(void);"),
        "an object in place of a header": source("extern int runtime_count;"),
        "a room that nobody knows": {"processor/more/a.h": HEADER},
        "outside of all rooms": {"pipelines/a.h": HEADER},
        "a circle": {"processor/base/a.h": HEADER + '#include "processor/base/b.h"\n',
                     "processor/base/b.h": HEADER + '#include "processor/base/a.h"\n'},
        "no pragma": {"processor/base/a.h": "/* One. */\n"},
    },
    "lint_names.py": {
        "another name": {"processor/base/a.h": HEADER + "void runtime_start(void);\n"},
        "another name, behind a comment": {"processor/base/a.h": HEADER + "/* so */ void runtime_start(void);\n"},
        "one name twice": {"processor/base/more/bytes.h": HEADER + "int bytes_move(void);\n"},
        "another name, indented": {"processor/base/a.h": HEADER + "  void runtime_start(void);\n"},
        "another name, over two lines": {"processor/base/a.h": HEADER + "struct bytes *\nruntime_start(void);\n"},
        "another name, as the second": {"processor/base/a.h": HEADER + "int a_one(void), runtime_start(void);\n"},
    },
    "lint_sizes.py": {
        "a long file": source("int a;\n" * 501),
        "a long header": {"processor/base/a.h": HEADER + "int a;\n" * 101},
        "a long function": source(FUNCTION),
        "a long function, with a comment at its brace": source(FUNCTION.replace("{\n", "{ /* so */\n")),
        "a long function, with a comment at its end": source(FUNCTION.rstrip() + " /* so */"),
        "a long function, brace beside its name": source(FUNCTION.replace("\n{", " {")),
        "a long function of a header": {"processor/base/a.h": HEADER + FUNCTION},
        "a long test": {"tests/unit/test_a.c": "/* One. */\n" + "int a;\n" * 701},
    },
    "lint_paths.py": {
        "a file that is not there": {"README.md": "Begin with `processor/base/no.h`.\n"},
        "a file that is not there, of several": {"README.md": "Begin with `processor/base/{c,no}.h`.\n"},
        "a folder that is not there": {"processor/base/README.md": "Begin in `no/`.\n"},
        "a script that is not there": {"README.md": "    ./no.sh\n"},
        "a command that is not there": {"README.md": "    flywheel no\n"},
    },
    "lint_style.py": {
        "no first comment": {"processor/base/a.h": "#pragma once\n"},
        "left for later": source("/* TO" "DO */"),
        "a path of one machine": source('/* see /ho' 'me/me/notes */'),
    },
}


def run(lint, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (RIGHT | files).items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, lints / lint, folder, "--partial"], capture_output=True, text=True)


failures = checked = 0
for lint, tricks in TRICKS.items():
    for what, files in {"what is right": {}, **tricks}.items():
        checked += 1
        done = run(lint, files)
        if done.returncode != (what != "what is right") or done.stderr:
            failures += 1
            print(f"{lint}: {what}: exit {done.returncode} {done.stdout}{done.stderr}")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
