"""From a judged run to a row: over the API of a running daemon, into the files of the exporters, and back out of the store by commands;
what the trail says of it, and that it is found out when somebody changes it."""
import hashlib, json, pathlib, time, urllib.error, urllib.request

from flywheel import metrics, processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import field, request, span
from flywheel.places import root
from flywheel.waiting import patiently

import jsonschema

args = arguments()
checks = Checks()
SCHEMAS = {name: json.loads((root / f"proto/{name}.schema.json").read_text(encoding="utf-8")) for name in ("row", "audit")}
RUNS = 6
QUESTIONS = ["What is the payoff amount of my loan 4711?", "How do I block a card that was stolen from me?", "Which fee applies when I pay early?",
             "Where is the branch that is next to my home?", "Why was my transfer of last week refused?", "When does my savings plan end this year?"]


def body(first, count, **more):
    """Runs whose tool failed, and that answered all the same."""
    now, spans = time.time_ns(), []
    for trace in range(first, first + count):
        ids = trace.to_bytes(16, "big"), trace.to_bytes(8, "big")
        spans.append(span(*ids, b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=QUESTIONS[(trace - 1) % len(QUESTIONS)],
                          output__value=f"no fee applies to case {trace}", **more))
        spans.append(span(ids[0], (1000 + trace).to_bytes(8, "big"), ids[1], "look_up", now - 10**8, now, gen_ai__operation__name="execute_tool") + field(15, field(3, 2)))
    return request(spans)


def call(path, token, document):
    """The status and the answer."""
    asked = urllib.request.Request(f"http://127.0.0.1:{daemon.review_port}{path}", json.dumps(document).encode(),
                                   {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})})
    try:
        with urllib.request.urlopen(asked, timeout=patiently(30)) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def session(name, role):
    added = daemon.run("reviewer", "add", name, "--role", role, "--file", reviewers)
    return added.stdout.split()[-1]


def dataset(*words):
    return daemon.run("dataset", *words, "-c", daemon.config)


def judge(record, **more):
    return call("/api/v1/results", sessions["asha"], {"schema": "flywheel.result/v1", "record_id": record["record_id"], "status": "completed", "verdict": "fail", **more})


def mistakes(kind, lines):
    """Of schema, and of the order of keys."""
    validator = jsonschema.Draft202012Validator(SCHEMAS[kind])
    for line in lines:
        found = json.loads(line)
        yield from (f"{error.json_path}: {error.message}" for error in validator.iter_errors(found))
        if [key for key in SCHEMAS[kind]["properties"] if key in found] != list(found):
            yield f"keys are not in order: {list(found)}"


daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n")
reviewers, rows, trail = daemon.directory / "reviewers", daemon.directory / "rows.jsonl", daemon.directory / "audit.jsonl"
daemon.write(review=f", reviewers_file: {reviewers}, queues: {{ '*': {{ reviewers: 1, overlap: 0 }} }}", results="exporters: [file/rows], audit: [file/audit]",
             exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: {rows} }}, file/audit: {{ path: {trail} }}")
tokens = {name: session(name, role) for name, role in {"asha": "reviewer", "lee": "adjudicator", "root": "admin"}.items()}
daemon.start()
sessions = {name: call("/api/v1/session", None, {"token": token})[1]["session"] for name, token in tokens.items()}
daemon.send(body(1, RUNS))
daemon.wait(lambda: daemon.line_count() == RUNS)
records = daemon.records()

answers = [judge(record, failure_mode="unsupported_claim", labels=["unsupported_claim"], must_not_include=[["no fee applies"]], must_include=[["a fee of 2 percent"]],
                 expected_response="There is a fee of 2 percent.")
           for record in records[:3]]
checks.equal("each is answered when it is durable", [(code, answer["outcome"]) for code, answer in answers], [(200, "accepted")] * 3)
checks.check("a row for each leaves", daemon.wait(lambda: rows.exists() and len(lines_of(rows.read_text())) == 3))
lines = lines_of(rows.read_text())
checks.equal("rows are valid", list(mistakes("row", lines)), [])
checks.equal("they test for a regression", {(row["split"], row["regression"], row["expected_kind"], row["failure_mode"]) for row in map(json.loads, lines)},
             {("eval", True, "facts", "unsupported_claim")})

listed = dataset("list")
checks.check("list says version, snapshot and rows", listed.stdout.startswith("v3 ") and "3 rows, 3 eval, 0 train, 3 regression" in listed.stdout
             and listed.stdout.count("regression (warn)  unsupported_claim") == 3, listed.stdout + listed.stderr)
row_id = json.loads(lines[0])["row_id"]
checks.equal("show prints the row as it left", dataset("show", row_id[:8]).stdout, lines[0] + "\n")

judge(records[0], status="withdrawn", verdict=None)
checks.check("a withdrawn result takes the row out", daemon.wait(lambda: len(lines_of(rows.read_text())) == 4))
last = json.loads(lines_of(rows.read_text())[-1])
checks.equal("with a tombstone", (last["row_id"], last["action"]), (row_id, "retire"))
checks.equal("rows are valid, tombstones too", list(mistakes("row", lines_of(rows.read_text()))), [])
compared = dataset("diff", "3", "4")
checks.equal("diff names it", (compared.returncode, compared.stdout.split()[:2]), (1, ["-", row_id]))

first, second = daemon.directory / "first.jsonl", daemon.directory / "second.jsonl"
checks.equal("export of an old version", dataset("export", "--version", "3", "-o", first).returncode, 0)
checks.equal("and again", dataset("export", "--version", "3", "-o", second).returncode, 0)
checks.check("gives the same bytes", first.read_bytes() == second.read_bytes() and first.read_bytes() == ("\n".join(sorted(lines, key=lambda line: json.loads(line)["row_id"])) + "\n").encode())
manifest = json.loads(pathlib.Path(f"{first}.manifest.json").read_text())
checks.equal("the manifest says of what", (manifest["version"], manifest["rows"], manifest["sha256"]), (3, 3, hashlib.sha256(first.read_bytes()).hexdigest()))
checks.equal("a format that is not there", dataset("export", "--format", "parquet").returncode, 2)
checks.equal("an option that the action does not know", dataset("list", "--split", "eval").returncode, 2)
checks.equal("no row is trained on", dataset("export", "--split", "train").stdout, "")

trained = daemon.directory / "train.jsonl"
trained.write_text("\n".join(json.dumps(line) for line in [
    {"messages": [{"role": "user", "content": "Hello, how do I block a card that was stolen from me?"}, {"role": "assistant", "content": "Call us."}]},
    {"prompt": "Tell me a story about a horse", "completion": "Once upon a time"}]) + "\n")
checked = dataset("check", trained)
checks.check("a training line that asks what is evaluated is told", checked.returncode == 1 and ":1: question meets eval row" in checked.stdout and ":2:" not in checked.stdout,
             checked.stdout + checked.stderr)

code, tagged = call("/api/v1/dataset/tag", sessions["lee"], {"tag": "golden", "version": 3})
checks.check("a version has a name", code == 200 and dataset("list", "--version", "golden").stdout.startswith("v3 "), tagged)
refused = dataset("tag", "4", "other")
checks.check("a command without a token changes nothing", refused.returncode in (75, 77), (refused.returncode, refused.stderr))
token = daemon.directory / "token"
token.write_text(tokens["lee"] + "\n")
endpoint = ("--endpoint", f"http://127.0.0.1:{daemon.review_port}", "--token-file", token)
asked = dataset("tag", "4", "by-command", *endpoint)
checks.check("with one it asks the daemon", asked.returncode == 0 and "tags by-command" in dataset("list").stdout, asked.stderr)
asked = dataset("tag", "3", "by-command", *endpoint)
checks.check("whose refusal it tells", asked.returncode == 1 and "stays there" in asked.stderr, (asked.returncode, asked.stderr))
asked = dataset("erase", "--trace", "0" * 32, *endpoint)
checks.equal("what the token may not", asked.returncode, 77)
exports = lambda: sum(entry["action"] == "dataset.exported" for entry in map(json.loads, lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout)))
before = exports()
asked = dataset("export", "-o", first, *endpoint)
checks.check("beside a daemon the trail knows of an export", asked.returncode == 0 and "not in the audit trail" not in asked.stderr and exports() == before + 1,
             asked.stderr)
checks.equal("of no version there is none", call("/api/v1/dataset/exported", sessions["lee"], {"version": 999, "sha256": "0" * 64})[0], 404)
checks.equal("nor without a digest", call("/api/v1/dataset/exported", sessions["lee"], {"version": 1, "sha256": "0"})[0], 422)
judge(records[2], failure_mode="unsupported_claim", labels=["unsupported_claim"], must_not_include=[["no fee applies"]], must_include=[["a fee of 2 percent"]],
      expected_response="There is a fee of 2 percent.", expected_until="2020-01-31")
daemon.wait(lambda: len(lines_of(rows.read_text())) == 5)
stale = lines_of(dataset("list", "--stale").stdout)
checks.equal("list --stale names what has passed its day", [line.split()[0] for line in stale[1:]], [json.loads(lines[2])["row_id"]])
checks.equal("and list marks it among the others", [line.split()[0] for line in lines_of(dataset("list").stdout)[1:] if "  stale  " in line], [json.loads(lines[2])["row_id"]])
asked = dataset("retire", "ffffffff", *endpoint)
checks.check("an unknown row", asked.returncode == 1 and "404" in asked.stderr, (asked.returncode, asked.stderr))

values = daemon.metrics()
checks.equal("metrics", (metrics.total(values, "flywheel_dataset_version"), metrics.by_label(values, "flywheel_dataset_rows", "split")["eval"]), (5, 2))

checks.check("each exporter has delivered of late", all(value > time.time() - 600 for value in
             metrics.by_label(daemon.metrics(), "flywheel_export_last_success_timestamp_seconds", "exporter").values()))
verified = daemon.run("audit", "verify", daemon.state)
checks.check("the trail is whole, and rows are followed", verified.returncode == 0 and "2 rows followed" in verified.stdout, verified.stdout + verified.stderr)
checks.check("it leaves", daemon.wait(lambda: trail.exists() and sum('"kind":"entry"' in line for line in lines_of(trail.read_text())) >= metrics.total(daemon.metrics(), "flywheel_audit_sequence")))
checks.equal("its lines are valid", list(mistakes("audit", lines_of(trail.read_text()))), [])
checks.equal("what left is whole", daemon.run("audit", "verify", trail).returncode, 0)
checks.check("no text of a run is in it", "applies" not in trail.read_text() and "asha" not in trail.read_text())
checkpoint = daemon.directory / "checkpoint"
checkpoint.write_text(daemon.run("audit", "checkpoint", "-c", daemon.config).stdout)
changed = daemon.directory / "changed.jsonl"
entries = [json.loads(line) for line in lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout)]
entries[4]["role"] = "admin"
changed.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
found = daemon.run("audit", "verify", changed)
checks.check("a changed entry is named", found.returncode == 1 and f"broken at {entries[4]['sequence']}" in found.stdout, found.stdout + found.stderr)
changed.write_text("".join(json.dumps(entry) + "\n" for entry in entries[:4] + entries[5:]))
checks.equal("a missing one too", daemon.run("audit", "verify", changed).returncode, 1)
checks.equal("what is no trail", daemon.run("audit", "verify", trained).returncode, 74)
checks.equal("a checkpoint kept elsewhere is met", daemon.run("audit", "verify", daemon.state, "--checkpoint", checkpoint).returncode, 0)

trace = records[1]["trajectory_id"]
code, erased = call("/api/v1/dataset/erase", sessions["root"], {"trace_id": trace})
checks.check("a run is erased", code == 200 and erased["rows"] == 1, (code, erased))
checks.equal("nobody but an admin may", call("/api/v1/dataset/erase", sessions["lee"], {"trace_id": trace})[0], 403)
daemon.send(body(2, 1, late="yes"))
daemon.send(body(RUNS + 1, 1))
checks.check("late spans of it make no record", daemon.wait(lambda: daemon.line_count() > RUNS) and daemon.settle()
             and [record["trajectory_id"] for record in daemon.records()[RUNS:]] == [f"{RUNS + 1:032x}"], daemon.line_count())
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
verified = daemon.run("audit", "verify", daemon.state, "--checkpoint", checkpoint)
checks.check("the trail is whole after it", verified.returncode == 0, verified.stdout + verified.stderr)
checks.equal("tag, without a daemon", dataset("tag", "3", "other").returncode, 0)
checks.equal("state compact", daemon.run("state", "compact", daemon.state).returncode, 0)
checks.check("its question is nowhere in the file", QUESTIONS[1].encode() not in (daemon.state / "data.mdb").read_bytes())
checks.check("that of another is", QUESTIONS[2].encode() in (daemon.state / "data.mdb").read_bytes())
checks.check("state check", daemon.check_state())

# An old backup takes the place of the state: what was given away since is not given away again.
backup = daemon.directory / "backup"
checks.equal("state backup", daemon.run("state", "backup", daemon.state, backup).returncode, 0)
daemon.start()
for record in records[3:5]:
    judge(record, failure_mode="unsupported_claim", labels=["unsupported_claim"], must_not_include=[["no fee applies"]])
left = lambda: [json.loads(line) for line in lines_of(trail.read_text())]
daemon.wait(lambda: max(json.loads(line)["dataset_version"] for line in lines_of(rows.read_text())) >= 8)
lost_trace = records[3]["trajectory_id"]
call("/api/v1/dataset/erase", sessions["root"], {"trace_id": lost_trace})
daemon.wait(lambda: any(line["kind"] == "entry" and line["action"] == "dataset.erased" and line["sequence"] > 20 for line in left()) and daemon.is_settled())
daemon.stop()
highest, version = max(line["sequence"] for line in left()), max(json.loads(line)["dataset_version"] for line in lines_of(rows.read_text()))
before = trail.read_text()
(daemon.state / "data.mdb").write_bytes((backup / "data.mdb").read_bytes())
(daemon.state / "lock.mdb").unlink(missing_ok=True)
daemon.start()
judge(records[4], failure_mode="unsupported_claim", labels=["unsupported_claim"], must_not_include=[["no fee applies"]])
daemon.wait(lambda: max(line["sequence"] for line in left()) > highest + 1 and max(json.loads(line)["dataset_version"] for line in lines_of(rows.read_text())) > version)
restored = [line for line in left() if line["kind"] == "entry" and line["action"] == "audit.restored"]
checks.equal("the trail goes on above what is out", [line["sequence"] for line in restored], [highest + 1])
checks.check("what had left stays as it was", trail.read_text().startswith(before))
checks.equal("and what left in both lives is whole", daemon.run("audit", "verify", trail).returncode, 0)
checks.equal("the state too", daemon.run("audit", "verify", daemon.state).returncode, 0)
code, again = judge(records[3], failure_mode="unsupported_claim", labels=["unsupported_claim"], must_not_include=[["no fee applies"]])
checks.check("what was erased since is erased again", dataset("list").stdout.count(QUESTIONS[3]) == 0, (code, again))
daemon.stop()
checks.check("state check, after it", daemon.check_state())
daemon.remove()
checks.finish()
