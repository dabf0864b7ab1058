"""Rows in the forms of other tools, held member by member against a model of each form written here: texts that would do harm if they were
more than text arrive as they were, nobody's name leaves, and what a form has no place for is told."""
import hashlib, json, pathlib

import jsonschema

from flywheel.checks import Checks, arguments
from flywheel.daemon import lines_of
from flywheel.places import root
from form_rows import HOSTILE, LONG, REVIEWER, FormRows, judgement

args = arguments()
checks = Checks()
made = FormRows(args.flywheel)
daemon = made.daemon
rows = {row["row_id"]: row for row in made.rows()}
train = {key: row for key, row in rows.items() if row["split"] == "train"}
checks.check("rows of every kind", {(row["split"], row["expected_kind"]) for row in rows.values()} >=
             {("eval", "answer"), ("eval", "facts"), ("eval", "none"), ("train", "answer"), ("train", "none")} and any("history" in row for row in rows.values()))
written = json.dumps(list(rows.values()), ensure_ascii=False)
checks.check("hostile texts are in them", all(json.dumps(text, ensure_ascii=False)[1:-1] in written for text in HOSTILE))

# --- a model of each form ---

EXPECTED = ["expected_response", "expected_kind", "expected_until", "checks"]
ELSEWHERE = ["schema", "action", "audit", "input", "history", "contexts", *EXPECTED]
some = lambda row, names: {name: row[name] for name in names if name in row}
inputs = lambda row: some(row, ["input", "history", "contexts"])
metadata = lambda row: {name: value for name, value in row.items() if name not in ELSEWHERE}
turns = lambda row: [{"role": turn["role"], "content": turn["text"]} for turn in row.get("history", [])] + [{"role": "user", "content": row["input"]}]
paragraphs = lambda row: "\n\n".join(context["text"] for context in row["contexts"])


def cell(value):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    mark = f" [cut: it has {len(text)} characters]"
    return text if len(text) <= 65535 else text[:65535 - len(mark)] + mark


def columns(row):
    names = ["row_id", "dataset_version", "split", "input", "history", "contexts", "output", *EXPECTED[:3], "checks", "failure_mode", "severity", "labels", "verdict",
             "machine_verdict", "reviewer_status", "agreement", "comment", "cohort"]
    values = {**{name: row.get(name, "") for name in names}, "contexts": paragraphs(row), "trace_id": row["source"]["trace_id"], "record_id": row["source"]["record_id"]}
    return [{"column_name": name, "value": cell(value)} for name, value in values.items()]


def region(name, kind, value):
    return {"from_name": name, "to_name": "output", "type": kind, "value": value}


def regions(row):
    yield region("verdict", "choices", {"choices": [row["verdict"]]})
    if row["labels"]:
        yield region("labels", "choices", {"choices": row["labels"]})
    if "expected_response" in row:
        yield region("expected_response", "textarea", {"text": [row["expected_response"]]})


MODELS = {
    "langfuse": lambda row: {"id": row["row_id"], "datasetName": row["dataset"], "input": inputs(row),
                             **({"expectedOutput": row["expected_response"]} if "expected_response" in row else {}),
                             "metadata": {**metadata(row), **some(row, EXPECTED[1:])}, "sourceTraceId": row["source"]["trace_id"],
                             "sourceObservationId": row["source"]["root_span_id"]},
    "langsmith": lambda row: {"id": row["row_id"], "inputs": inputs(row), "outputs": some(row, EXPECTED), "metadata": metadata(row), "split": row["split"]},
    "phoenix": lambda row: {"id": row["row_id"], "input": inputs(row), "output": some(row, EXPECTED), "metadata": metadata(row), "splits": row["split"],
                            "span_id": row["source"]["root_span_id"]},
    "futureagi": lambda row: {"id": row["row_id"], "cells": columns(row)},
    "label-studio": lambda row: {"data": {"row_id": row["row_id"], "record_id": row["source"]["record_id"], "input": row["input"], "history": row.get("history", []),
                                          "contexts": [{"id": "", **context} for context in row["contexts"]], "output": row["output"], "steps": []},
                                 "meta": {**metadata(row), **some(row, EXPECTED[1:])},
                                 "predictions": [{"model_version": "flywheel", "result": list(regions(row))}]},
    "openai-evals": lambda row: {"item": {"row_id": row["row_id"], "input": row["input"], "expected_response": row.get("expected_response", ""),
                                          "context": paragraphs(row), "failure_mode": row.get("failure_mode", ""), "must_include": row["checks"]["must_include"],
                                          "must_not_include": row["checks"]["must_not_include"], "messages": turns(row)}},
    "messages": lambda row: {"messages": [*turns(row), {"role": "assistant", "content": row["expected_response"]}]},
}
for form, model in MODELS.items():
    given = [row for row in (train if form == "messages" else rows).values() if form != "messages" or "expected_response" in row]
    lines = made.lines(form)
    wrong = [(found, wanted) for found, wanted in zip(lines, map(model, given)) if found != wanted]
    checks.check(f"{form}: a line for each row, as the model has it", len(lines) == len(given) > 3 and not wrong, wrong[:1])
    checks.check(f"{form}: nobody's name", REVIEWER not in json.dumps(lines))

# --- what the command says and writes beside ---

long = [line["cells"] for line in made.lines("futureagi") if any(cell["value"].startswith(LONG[:100]) for cell in line["cells"])]
checks.equal("a text too long for a cell is cut and says so", [len(cell["value"]) for cells in long for cell in cells if "[cut: it has" in cell["value"]], [65535])
checks.check("and is whole elsewhere", any(line["inputs"]["contexts"][0]["text"] == LONG for line in made.lines("langsmith")))

first, second = daemon.directory / "first.jsonl", daemon.directory / "second.jsonl"
for path in (first, second):
    checks.equal("export to a file", made.export("--format", "openai-evals", "-o", path).returncode, 0)
manifest = json.loads(pathlib.Path(f"{first}.manifest.json").read_text(encoding="utf-8"))
checks.check("again gives the same bytes", first.read_bytes() == second.read_bytes())
checks.equal("the manifest says of what", (manifest["format"], manifest["rows"], manifest["sha256"], manifest["untrusted"]),
             ("openai-evals", len(rows), hashlib.sha256(first.read_bytes()).hexdigest(), ["item"]))
schema = json.loads(pathlib.Path(f"{first}.item_schema.json").read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
strict = {**schema, "additionalProperties": False}
mistakes = [error.message for line in lines_of(first.read_text(encoding="utf-8")) for error in jsonschema.Draft202012Validator(strict).iter_errors(json.loads(line)["item"])]
checks.equal("items are what item_schema.json says", mistakes, [])
made.export("--format", "langfuse", "-o", daemon.directory / "third.jsonl")
checks.equal("a form without one writes none", sorted(path.name for path in daemon.directory.glob("third.jsonl*")), ["third.jsonl", "third.jsonl.manifest.json"])

trained = made.export("--format", "messages", "--split", "train", "-o", first)
without = sum("expected_response" not in row for row in train.values())
checks.check("rows without an answer are left out, and told", without > 0 and f"{without} row" in trained.stderr and "left out" in trained.stderr, trained.stderr)
checks.equal("also in the manifest", json.loads(pathlib.Path(f"{first}.manifest.json").read_text(encoding="utf-8"))["left_out"], without)
for words in ([], ["--split", "eval"]):
    refused = made.export("--format", "messages", *words)
    checks.check(f"messages {' '.join(words)}: eval rows are never trained on", refused.returncode == 2 and "--split train" in refused.stderr and not refused.stdout)
refused = made.export("--format", "opik")
checks.check("a form that is not there: which are", refused.returncode == 2 and all(form in refused.stderr for form in ["jsonl", *MODELS]) and not refused.stdout, refused.stderr)
checks.equal("no rows are an empty list", json.loads(made.export("--format", "label-studio", "--cohort", "intent=nothing").stdout), [])
few = made.lines("phoenix", "--cohort", "intent=wire limit")
checks.equal("a filter", [line["metadata"]["cohort"]["intent"] for line in few], ["wire limit"])
refused = made.export("--format", "langfuse", "-o", daemon.directory / "nowhere" / "rows.jsonl")
checks.check("a file that can't be written", refused.returncode == 74 and "can't be written" in refused.stderr, refused.stderr)

made.judge({**judgement(0, made.records[0]), "status": "withdrawn"})
daemon.wait(lambda: len(made.rows()) == len(rows) - 1)
told = made.export("--format", "langfuse")
checks.check("a row that left is no line, and what to do there is told", len(lines_of(told.stdout)) == len(rows) - 1 and "1 row that left" in told.stderr
             and "ARCHIVED" in told.stderr, told.stderr)
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
exports = lambda: sum(json.loads(line)["action"] == "dataset.exported" for line in lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout))
before = exports()
quiet = made.export("--format", "langsmith", "-o", first)
checks.check("an export is in the audit trail", quiet.returncode == 0 and exports() == before + 1, quiet.stderr)
checks.check("state check", daemon.check_state())
daemon.remove()

# --- whose review it was, when that is asked for ---

named = FormRows(args.flywheel, dataset=", export_reviewers: pseudonym")
validator = jsonschema.Draft202012Validator(json.loads((root / "proto/row.schema.json").read_text(encoding="utf-8")))
rows = named.rows()
checks.equal("rows are valid", [error.message for row in rows for error in validator.iter_errors(row)], [])
checks.check("one pseudonym for one person", len({tuple(row["reviewed_by"]) for row in rows}) == 1 and len(rows[0]["reviewed_by"]) == 1, rows[0].get("reviewed_by"))
checks.equal("that other tools get as well", [line["metadata"]["reviewed_by"] for line in named.lines("langsmith")], [row["reviewed_by"] for row in rows])
checks.check("and never a name", REVIEWER not in json.dumps(rows))
named.daemon.stop()
named.daemon.remove()
checks.finish()
