"""The gate's JUnit report through the schema of Jenkins' xUnit plug-in and through a reader of reports that others wrote, whatever the
texts hold; its numbers are those of the JSON."""
# peer: xmlschema and junitparser

import json, pathlib, random, tempfile

import junitparser
import xmlschema

from flywheel import processes
from flywheel.checks import Checks, arguments
from gate_rows import put_lines, row, row_id

args = arguments()
checks = Checks()
SEED, ROUNDS, ROWS = 20261201, 40, 12
SCHEMA = xmlschema.XMLSchema(str(pathlib.Path(__file__).with_name("junit.xsd")))
ALPHABET = [chr(point) for point in (*range(0, 0x30), *range(0x7f, 0xa1), 0x200b, 0x202e, 0x2066, 0xfdd0, 0xfffd, 0xfffe, 0xffff, 0x1f600, 0xe0001)] + list("<>&'\"]]>`:|")


def text(numbers):
    return "".join(numbers.choice(ALPHABET) for _ in range(numbers.randint(1, 120)))


def round_of(folder, numbers):
    rows = [row(i, text(numbers), intent=numbers.choice(["a", "b"]), must=[["the fee is 2 %"]], failure_mode=text(numbers)) for i in range(ROWS)]
    answers = [{"row_id": row_id(i), "output": numbers.choice([text(numbers) + ".", "Well, the fee is 2 % then."])} for i in range(ROWS)
               for _ in range(numbers.randint(0, 2))]
    put_lines(folder / "rows.jsonl", rows)
    put_lines(folder / "answers.jsonl", answers)
    result = processes.run(args.flywheel, "gate", "-c", folder / "p.yaml", "--dataset", folder / "rows.jsonl", "--candidate", folder / "answers.jsonl",
                           "--cohort", "intent=a", "--cohort", "intent=b", "--min-pass-rate", "0.5", "--texts", numbers.choice(["none", "cut", "full"]),
                           "--missing", numbers.choice(["fail", "insufficient"]), "--report", f"junit={folder}/j.xml,json={folder}/j.json")
    return result, json.loads((folder / "j.json").read_text(encoding="utf-8"))


with tempfile.TemporaryDirectory() as name:
    folder, numbers = pathlib.Path(name), random.Random(SEED)
    (folder / "p.yaml").write_text("rules: [{ name: r, measure: spans, fail_above: 100000 }]\n")
    invalid, unequal, seen = [], [], set()
    for number in range(ROUNDS):
        result, answer = round_of(folder, numbers)
        seen.add(result.returncode)
        invalid += [(number, str(error.reason)) for error in SCHEMA.iter_errors(str(folder / "j.xml"))]
        suites = list(junitparser.JUnitXml.fromfile(str(folder / "j.xml")))
        for suite, wanted in zip(suites, answer["suites"], strict=True):
            is_open = answer["terms"]["missing"] == "insufficient"
            found = suite.name, suite.tests, suite.failures, suite.errors, sum(1 for _ in suite), sum(1 for case in suite if not case.is_passed)
            bad = wanted["failed"] + wanted["missing"]
            if found != (wanted["name"], wanted["rows"], wanted["failed"] + (0 if is_open else wanted["missing"]), wanted["missing"] if is_open else 0,
                         wanted["rows"], bad):
                unequal.append((number, found, wanted))
    checks.equal(f"{ROUNDS} reports of hostile texts hold to the schema (seed {SEED})", invalid[:3], [])
    checks.equal("a reader of JUnit counts what the JSON says", unequal[:3], [])
    checks.check("with every exit code", seen == {0, 1, 3}, seen)
checks.finish()
