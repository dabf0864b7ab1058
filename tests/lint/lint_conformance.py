#!/usr/bin/env python3
"""CONFORMANCE.md: each row names a test that exists, or says why it is not held; and its counts are right."""
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
page = root / "tests/integration/CONFORMANCE.md"
text = page.read_text()
files = {f"/{path.relative_to(root)}": path.read_text() for path in root.glob("tests/**/*") if path.suffix in (".c", ".py")}
named = re.compile(r"`((?:\w+/)*\w+\.(?:c|py))`|(?<=[ (])(\"[^\"]+\"|[a-z]\w+_\w+)(?=[;) |.\n])")


def references(words):
    """(file, test) for each test that is named; a file stands for the tests behind it too."""
    file = None
    for match in named.finditer(words + " "):
        if match[1]:
            file = match[1]
        elif file:
            yield file, match[2]


def text_of(file):
    """The file whose path ends so: the base names of unit tests repeat. Empty unless there is exactly one."""
    found = [path for path in files if path.endswith(f"/{file}")]
    return files[found[0]] if len(found) == 1 else ""


failures = checked = 0
held = partly = 0
for number, line in enumerate(text.splitlines(), 1):
    cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("| ") else []
    is_row = len(cells) == 3 and cells[0] != "what"
    found = list(references(cells[2] if is_row else line))
    checked += is_row + len(found)
    for file, test in found:
        is_there = (f"START_TEST({test})" if file.endswith(".c") else test.strip('"')) in text_of(file)
        if not is_there:
            failures += 1
            print(f"{page.name}:{number}: there is no one file {file} that has {test}")
    if is_row and not found and not cells[2].startswith("not held: "):
        failures += 1
        print(f"{page.name}:{number}: no test, and no reason")
    if is_row:
        partly += cells[2].startswith("in part: ")
        held += bool(found) and not cells[2].startswith(("in part: ", "not held: "))
missing = sum(" | not held: " in line for line in text.splitlines())
counts = f"{held} rows are held, {partly} in part, {missing} not."
checked += 1
if counts not in text:
    failures += 1
    print(f"{page.name}: the counts are: {counts}")
print(f"{checked - failures} passed, {failures} failed")
sys.exit(failures > 0)
