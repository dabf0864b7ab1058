"""flywheel gate --dataset: a candidate's answers against approved rows. Exit codes, the JSON against its schema and against McNemar's test by
hand, JUnit and Markdown of hostile texts, and that answers in lines and spans of an agent come to the same."""
import json, math, os, pathlib, re, subprocess, tempfile, time, uuid, xml.etree.ElementTree as ElementTree

import jsonschema

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import field, request, span
from flywheel.places import root
from flywheel.review import sign_in
from flywheel.waiting import wait_for
from gate_rows import otlp, put_lines, retired, row, row_id, score_event

args = arguments()
checks = Checks()
folder = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-gate-"))
SCHEMA = json.loads((root / "proto/dataset_gate.schema.json").read_text(encoding="utf-8"))
CONFIG = """
rules:
  - { name: ungrounded, measure: [score.Groundedness, groundedness.lexical], fail_below: 0.5 }
  - { name: wrong_tool, measure: [score.ToolSelectionAccuracy, tool_selection.accuracy], fail_below: 0.5 }
  - { name: many_spans, measure: spans, fail_above: 1 }
"""
(folder / "pipeline.yaml").write_text(CONFIG)
PAYOFF = "intent=mortgage payoff"
GOOD, BAD = "A 2 % fee is due in the first three years.", "Good news: no prepayment fee applies."


def gate(*words, config="pipeline.yaml", environment=None, stdin=None):
    """(exit code, standard output, standard error)."""
    command = [args.flywheel, "gate", "-c", str(folder / config), *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, input=stdin, env={**os.environ, **(environment or {})}, cwd=folder, timeout=120)
    return result.returncode, result.stdout, result.stderr


def document(*words, **more):
    code, out, error = gate(*words, "--format", "json", **more)
    found = json.loads(out) if out else {}
    if found:
        jsonschema.validate(found, SCHEMA, cls=jsonschema.Draft202012Validator)
        checks.equal(f"the exit code is the document's ({found['outcome']})", found["exit_code"], code)
    return code, found, error


def payoff_rows(count):
    return [row(i, f"Is there a fee when I pay off loan {i}?", must=[["2 % fee"]], must_not=[["no prepayment fee applies"]]) for i in range(count)]


def answers(rows, bad):
    return [{"row_id": r["row_id"], "output": BAD if i < bad else GOOD} for i, r in enumerate(rows)]


def the_share_decides():
    rows = payoff_rows(50) + [row(100, "Where is my card?", "card", expected="Your card arrives within five working days.")]
    put_lines(folder / "rows.jsonl", rows)
    for bad, wanted in ((5, 1), (4, 0), (3, 0)):
        put_lines(folder / "candidate.jsonl", answers(rows, bad))
        code, found, _ = document("--dataset", "rows.jsonl", "--candidate", "candidate.jsonl", "--cohort", PAYOFF, "--min-pass-rate", 0.92)
        suite = found["suites"][0]
        checks.equal(f"mortgage payoff, {50 - bad} of 50 against 0.92", (code, suite["rows"], suite["passed"], suite["pass_rate"]),
                     (wanted, 50, 50 - bad, (50 - bad) / 50))
    checks.equal("a rule that does not count in a gate (spans) failed no row", [rule["name"] for rule in found["ruleset"]["rules"]],
                 ["ungrounded", "wrong_tool"])
    failed = [r for r in found["rows"] if r["outcome"] == "failed" and r["cohort"] == {"intent": "mortgage payoff"}]
    checks.equal("each failed row says what it was", {(f["failures"][0]["check"], f["failures"][0]["expected"], f["failures"][0]["seen"]) for f in failed},
                 {("must_not_include", "no prepayment fee applies", "no prepayment fee applies")})
    code, found, _ = document("--dataset", "rows.jsonl", "--candidate", "candidate.jsonl", "--cohort", PAYOFF, "--min-pass-rate", 0.92, "--judge", "population")
    suite = found["suites"][0]
    checks.equal("47 of 50 stand for more: insufficient", (code, suite["reason"], round(suite["low"], 3), round(suite["high"], 3)), (3, "undecided", 0.838, 0.979))
    checks.check("and says about how many rows would decide it", suite["needed"] > 50, suite["needed"])
    code, found, _ = document("--dataset", "rows.jsonl", "--candidate", "candidate.jsonl", "--cohort", PAYOFF, "--cohort", "intent=card", "--cohort",
                              "intent=nobody", "--min-pass-rate", 0.92)
    checks.equal("each cohort is a suite; one without rows is insufficient, never passed",
                 (code, [(s["name"], s["outcome"], s["rows"]) for s in found["suites"]]),
                 (1, [(PAYOFF, "pass", 50), ("intent=card", "fail", 1), ("intent=nobody", "insufficient", 0)]))


def repeats_and_missing():
    rows = put_lines(folder / "few.jsonl", payoff_rows(4))
    good = [{"row_id": row_id(i), "output": GOOD} for i in range(4)]
    twice = [{"row_id": row_id(0), "output": BAD}, {"row_id": row_id(0), "output": GOOD}]
    put_lines(folder / "repeated.jsonl", good + twice)
    for repeats, passed in (("all", 3), ("any", 4), ("2", 1), ("3", 0)):
        _, found, _ = document("--dataset", rows, "--candidate", "repeated.jsonl", "--min-pass-rate", 0.5, "--repeats", repeats)
        checks.equal(f"--repeats {repeats}", (found["suites"][0]["passed"], found["suites"][0]["flaky"]), (passed, 1))
    checks.equal("the flaky row is named", [r["row_id"] for r in found["rows"] if r["is_flaky"]], [row_id(0)])
    put_lines(folder / "lacking.jsonl", good[:3])
    code, found, _ = document("--dataset", rows, "--candidate", "lacking.jsonl", "--min-pass-rate", 0.8)
    checks.equal("a row without a run fails", (code, found["suites"][0]["missing"], found["suites"][0]["pass_rate"]), (1, 1, 0.75))
    code, found, _ = document("--dataset", rows, "--candidate", "lacking.jsonl", "--min-pass-rate", 0.8, "--missing", "insufficient")
    checks.equal("--missing insufficient", (code, found["suites"][0]["reason"]), (3, "rows_missing"))
    put_lines(folder / "hopeless.jsonl", [{"row_id": row_id(i), "output": BAD} for i in range(3)])
    code, _, _ = document("--dataset", rows, "--candidate", "hopeless.jsonl", "--min-pass-rate", 0.8, "--missing", "insufficient")
    checks.equal("what the missing row could not save fails all the same", code, 1)
    stray = [{"row_id": row_id(77), "output": GOOD}, {"row_id": row_id(1), "output": GOOD, "snapshot": "0123456789abcdef"}]
    put_lines(folder / "stray.jsonl", good[:1] + good[2:] + stray)
    code, found, _ = document("--dataset", rows, "--candidate", "stray.jsonl", "--min-pass-rate", 1)
    checks.equal("an answer to an unknown row and one for another snapshot are named",
                 (code, found["candidate"]["unknown_rows"]["first"], found["candidate"]["other_snapshots"]["first"]), (0, [row_id(77)], ["0123456789abcdef"]))
    put_lines(folder / "broken.jsonl", good[:3] + [{"row_id": row_id(3), "error": "the tool timed out"}])
    _, found, _ = document("--dataset", rows, "--candidate", "broken.jsonl", "--min-pass-rate", 1)
    checks.equal("a run that broke does not pass", [r["outcome"] for r in found["rows"] if r["row_id"] == row_id(3)], ["failed"])


def rows_that_do_not_count():
    rows = payoff_rows(3)
    held = {**row(20), "split": "held"}
    stale = row(21, must_not=[["no prepayment fee applies"]], expected_until="2020-01-31")
    old = {**rows[0], "input": "an older question", "checks": {**rows[0]["checks"], "must_include": [["something else"]]}}
    newer = {**rows[0], "row_revision": 3}
    put_lines(folder / "log.jsonl", [newer, old, rows[1], rows[2], held, stale, row(22, must=[["x"]]), retired(22)])
    put_lines(folder / "log-answers.jsonl", [{"row_id": row_id(i), "output": GOOD} for i in range(3)] + [{"row_id": row_id(21), "output": BAD}])
    code, found, _ = document("--dataset", "log.jsonl", "--candidate", "log-answers.jsonl", "--min-pass-rate", 1)
    data = found["dataset"]
    checks.equal("held, stale and retired rows are told and block nothing; the newest revision counts",
                 (code, data["live"], data["held"], data["stale"], data["retired"], data["superseded"], found["candidate"]["idle_rows"]["count"]),
                 (0, 3, 1, 1, 1, 2, 1))
    (folder / "train.jsonl").write_text(json.dumps({**row(30), "split": "train"}) + "\n")
    code, out, error = gate("--dataset", "train.jsonl", "--candidate", "log-answers.jsonl", "--min-pass-rate", 0.5)
    checks.check("rows to train on are refused", code == 2 and out == "" and "train" in error and error.count("\n") == 1, (code, error))


def severity_and_baseline():
    rows = payoff_rows(20)
    for critical in (0, 1):
        rows[critical]["severity"] = "critical"
    put_lines(folder / "critical.jsonl", rows)
    put_lines(folder / "one.jsonl", answers(rows, 1))
    for allowed, wanted in ((0, 1), (1, 0)):
        code, found, _ = document("--dataset", "critical.jsonl", "--candidate", "one.jsonl", "--min-pass-rate", 0.9, "--critical", allowed)
        checks.equal(f"one failed critical row, {allowed} allowed", (code, found["suites"][0]["critical_failed"]), (wanted, 1))
    put_lines(folder / "before.jsonl", [{"row_id": r["row_id"], "output": BAD if i in (2, 3) else GOOD} for i, r in enumerate(rows)])
    put_lines(folder / "after.jsonl", [{"row_id": r["row_id"], "output": BAD if 4 <= i < 11 else GOOD} for i, r in enumerate(rows)])
    code, found, _ = document("--dataset", "critical.jsonl", "--candidate", "after.jsonl", "--baseline-candidate", "before.jsonl", "--min-pass-rate", 0.5)
    pairs = found["suites"][0]["baseline"]
    two_sided = min(1, 2 * sum(math.comb(9, k) for k in range(7, 10)) / 2**9)
    checks.equal("newly failing, newly passing, both, neither", (pairs["newly_failing"], pairs["newly_passing"], pairs["both"], pairs["neither"]), (7, 2, 11, 0))
    checks.check("McNemar is the exact binomial", abs(pairs["mcnemar"]["p"] - two_sided) < 1e-12 and abs(pairs["mcnemar"]["p_worse"] - two_sided / 2) < 1e-12,
                 pairs["mcnemar"])
    checks.check("the lift is the paired difference, within its interval", abs(pairs["lift"]["difference"] + 0.25) < 1e-12
                 and pairs["lift"]["low"] < -0.25 < pairs["lift"]["high"], pairs["lift"])
    checks.equal("a worse candidate above the target passes: its critical rows do", code, 0)
    code, found, _ = document("--dataset", "critical.jsonl", "--candidate", "one.jsonl", "--baseline-candidate", "before.jsonl", "--min-pass-rate", 0.5,
                              "--critical", 5)
    checks.equal("a critical row that fails anew blocks", (code, found["suites"][0]["reason"]), (1, "critical_newly_failing"))


def lines_and_spans_agree():
    rows = [*payoff_rows(6), row(40, "What do I owe?", required=["lookup_payoff"]), row(41, "What do I owe?", forbidden=["transfer"]),
            row(42, "Where is my card?", expected="Your card arrives within five working days.")]
    put_lines(folder / "mixed.jsonl", rows)
    said = [{"row_id": row_id(i), "output": BAD if i % 2 else GOOD} for i in range(6)]
    said[0]["scores"] = {"Groundedness": 0.2}
    said[2]["scores"] = {"Groundedness": 0.9}
    said[4]["contexts"] = ["Our branch opens at nine and closes at five.", "Bring an identity card."]
    said += [{"row_id": row_id(40), "output": "You owe 400.", "tool_calls": ["lookup_payoff"]}, {"row_id": row_id(41), "output": "Done.", "tool_calls": ["transfer"]},
             {"row_id": row_id(42), "output": "It is lost."}]
    put_lines(folder / "lines.jsonl", said)
    (folder / "spans").mkdir()
    (folder / "spans/one.pb").write_bytes(otlp(said[:5], {r["row_id"]: r["input"] for r in rows}))
    (folder / "spans/two.pb").write_bytes(otlp(said, {r["row_id"]: r["input"] for r in rows}))
    (folder / "spans/one.pb").unlink()
    found = {}
    for name in ("lines.jsonl", "spans"):
        _, answer, error = document("--dataset", "mixed.jsonl", "--candidate", name, "--min-pass-rate", 0.5)
        found[name] = [(r["row_id"], r["outcome"], [f.get("check", f.get("rule")) for f in r.get("failures", [])]) for r in answer["rows"]], answer["ruleset"]
    checks.equal("lines and spans come to the same, row by row and rule by rule", found["lines.jsonl"], found["spans"])
    faults = {identity: what for identity, _, what in found["lines.jsonl"][0]}
    checks.equal("an imported score fails its row by the rule", faults[row_id(0)], ["ungrounded"])
    checks.equal("documents that say something else, likewise", faults[row_id(4)], ["ungrounded"])
    checks.equal("tools", (faults[row_id(40)], faults[row_id(41)]), ([], ["forbidden_tool"]))
    checks.equal("and an answer without the expected words", faults[row_id(42)], ["ground_truth"])
    (folder / "all.yaml").write_text(CONFIG.replace("fail_above: 1 }", "fail_above: 1, gate: true }").replace("fail_below: 0.5 }", "fail_below: 0.5, gate: false }", 1))
    _, answer, _ = document("--dataset", "mixed.jsonl", "--candidate", "lines.jsonl", "--min-pass-rate", 0.5, config="all.yaml")
    outcomes = {r["row_id"]: [f.get("check", f.get("rule")) for f in r.get("failures", [])] for r in answer["rows"]}
    checks.equal("rules[].gate says which rules count", (outcomes[row_id(0)], outcomes[row_id(40)]), ([], ["many_spans"]))
    code, answer, _ = document("--dataset", "-", "--candidate", "lines.jsonl", "--min-pass-rate", 0.1, stdin=(folder / "mixed.jsonl").read_text())
    checks.equal("rows from standard input", (code, answer["dataset"]["live"]), (0, 9))


HOSTILE = ("<script>alert(1)</script> & \"quoted\" ``` fence ```` `one`\n::error::owned\n::set-output name=x::y\r\x07\x1b[31m red \u202e turned "
           "\u200b zero ]]> \ufffe | pipe no prepayment fee applies")


def hostile_texts():
    rows = [row(50, HOSTILE, must=[["2 % fee"]], failure_mode="a`b``c\n::error::mode <b>")]
    put_lines(folder / "hostile.jsonl", rows)
    put_lines(folder / "hostile-answers.jsonl", [{"row_id": row_id(50), "output": HOSTILE}, {"row_id": "::error::x\n\u202e", "output": "y"}])
    summary = folder / "summary.md"
    summary.write_text("# before\n")
    reports = f"junit={folder}/j.xml,json={folder}/j.json,markdown={summary}"
    code, out, _ = gate("--dataset", "hostile.jsonl", "--candidate", "hostile-answers.jsonl", "--min-pass-rate", 1, "--texts", "full", "--report", reports,
                        environment={"GITHUB_STEP_SUMMARY": str(summary)})
    markdown, junit = summary.read_text(encoding="utf-8"), (folder / "j.xml").read_text(encoding="utf-8")
    checks.equal("a failed row blocks", code, 1)
    checks.check("the summary of the job is appended to", markdown.startswith("# before\n") and "Release gate" in markdown)
    for name, text in (("terminal", out), ("markdown", markdown), ("junit", junit)):
        lines = text.split("\n")
        checks.check(f"{name}: no line is a command to the runner", not [line for line in lines if line.lstrip().startswith("::")])
        hidden = re.findall("[\u202e\u200b\x07\x1b\ufffe\r]", text)
        checks.check(f"{name}: nothing hidden is left", not hidden, hidden)
        checks.check(f"{name}: what was hidden is seen", "\u2039U+202E\u203a" in text)
    outside = re.sub(r"(`+) .*? \1(?!`)", "", markdown)
    checks.check("markdown: texts stand in code spans", "script" not in outside and "fence" not in outside and "mode <b>" not in outside)
    tree = ElementTree.fromstring(junit)
    case = tree.find("testsuite/testcase")
    checks.equal("junit: suite is the cohort, case the row", (tree.find("testsuite").get("name"), case.get("name"), case.find("failure").get("type")),
                 ("all rows", row_id(50), "must_include"))
    checks.check("junit: the message is check, expected, seen", re.match("must_include: .*expected: 2 % fee; seen: <script>", case.find("failure").get("message"), re.S))
    checks.check("junit: what XML can't hold is U+FFFD", "\ufffd" in junit)
    written = json.loads((folder / "j.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, SCHEMA, cls=jsonschema.Draft202012Validator)
    code, out, _ = gate("--dataset", "hostile.jsonl", "--candidate", "hostile-answers.jsonl", "--min-pass-rate", 1, "--texts", "none", "--report", "markdown=-")
    checks.check("--texts none tells no text, and - is standard output", "script" not in out and "fee" not in out and out.startswith("## "), out[:200])
    put_lines(folder / "long-answers.jsonl", [{"row_id": row_id(50), "output": "word " * 500 + "mail asha@example.com"}])
    _, found, _ = document("--dataset", "hostile.jsonl", "--candidate", "long-answers.jsonl", "--min-pass-rate", 1)
    checks.equal("texts are cut at 200 characters", len(found["rows"][0]["failures"][0]["seen"]), 201)
    _, found, _ = document("--dataset", "hostile.jsonl", "--candidate", "long-answers.jsonl", "--min-pass-rate", 1, "--texts", "full")
    checks.check("and masked", "asha" not in found["rows"][0]["failures"][0]["seen"] and "[EMAIL]" in found["rows"][0]["failures"][0]["seen"])


def faults_are_one_sentence():
    put_lines(folder / "ok.jsonl", payoff_rows(1))
    put_lines(folder / "ok-answers.jsonl", [{"row_id": row_id(0), "output": GOOD}])
    (folder / "bad-json.jsonl").write_text('{"row_id": \n')
    (folder / "no-row.jsonl").write_text('{"messages": []}\n')
    put_lines(folder / "no-output.jsonl", [{"row_id": row_id(0)}])
    put_lines(folder / "bad-scores.jsonl", [{"row_id": row_id(0), "output": "x", "scores": [1]}])
    put_lines(folder / "two-sets.jsonl", [row(0), {**row(1), "dataset": "other"}])
    put_lines(folder / "nameless.jsonl", [{"output": "x"}])
    put_lines(folder / "grave.jsonl", [{**row(0), "severity": "Critical"}])
    (folder / "junk.pb").write_bytes(b"\xff\xff\xff")
    asked = ("--min-pass-rate", 0.5)
    cases = [
        (("--dataset", "nowhere.jsonl", "--candidate", "ok-answers.jsonl", *asked), 2, "nowhere.jsonl"),
        (("--dataset", "bad-json.jsonl", "--candidate", "ok-answers.jsonl", *asked), 2, "bad-json.jsonl:1"),
        (("--dataset", "no-row.jsonl", "--candidate", "ok-answers.jsonl", *asked), 2, "no-row.jsonl:1"),
        (("--dataset", "two-sets.jsonl", "--candidate", "ok-answers.jsonl", *asked), 2, "two-sets.jsonl:2"),
        (("--dataset", "ok.jsonl", "--candidate", "no-output.jsonl", *asked), 2, "no output"),
        (("--dataset", "ok.jsonl", "--candidate", "bad-scores.jsonl", *asked), 2, "scores"),
        (("--dataset", "ok.jsonl", "--candidate", "bad-json.jsonl", *asked), 2, "bad-json.jsonl:1"),
        (("--dataset", "ok.jsonl", "--candidate", "junk.pb", *asked), 2, "junk.pb"),
        (("--dataset", "ok.jsonl", "--candidate", "nowhere", *asked), 2, "nowhere"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl"), 2, "--min-pass-rate"),
        (("--dataset", "ok.jsonl", *asked), 2, "--candidate"),
        (("--dataset", "-", "--candidate", "-", *asked), 2, "standard input"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--repeats", "0"), 2, "--repeats"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--judge", "me"), 2, "--judge"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--cohort", "intent"), 2, "--cohort"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--report", "html=x"), 2, "--report"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--report", "junit=same,json=same"), 2, "same can't be two reports"),
        (("--dataset", "ok.jsonl", "--candidate", "nameless.jsonl", *asked), 2, "nameless.jsonl:1: this is no answer of a candidate: it has no row_id"),
        (("--dataset", "grave.jsonl", "--candidate", "ok-answers.jsonl", *asked), 2, "grave.jsonl:1:"),
        (("--dataset", folder, "--candidate", "ok-answers.jsonl", *asked), 74, "Is a directory"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--report", f"junit={folder}/no/such/j.xml"), 74, "no/such/j.xml"),
        (("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--window", "1h"), 2, "--window"),
    ]
    for words, wanted, named in cases:
        code, out, error = gate(*words)
        checks.check(f"{' '.join(map(str, words[1:]))[:90]}", (code, out, error.count("\n")) == (wanted, "", 1) and named in error, (code, out, error))
    code, _, _ = gate("--dataset", "ok.jsonl", "--candidate", "ok-answers.jsonl", *asked, "--report", f"json={folder}/first.json,junit={folder}/no/such/j.xml")
    checks.check("reports are written all or none", code == 74 and not (folder / "first.json").exists() and not list(folder.glob("*.tmp")))
    (folder / "empty.jsonl").write_text("")
    code, out, _ = gate("--dataset", "empty.jsonl", "--candidate", "empty.jsonl", *asked)
    checks.check("a dataset without rows is insufficient, and says so", code == 3 and "no row" in out, (code, out))


LIVE = """
trajectory: { settle: 200ms, idle_timeout: 2s }
rules: [{ name: quality, measure: score.Quality, fail_below: 0.5, labels: [unsupported_claim] }]
cohorts: { dimensions: { intent: ["*"] }, group_by: [[intent]] }
"""


def from_a_miss_to_a_blocked_release():
    daemon = Daemon(args.flywheel, LIVE, review="", results="exporters: [file/rows], audit: [file/audit]", exporters=None)
    daemon.write(exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: rows.jsonl }}, file/audit: {{ path: audit.jsonl }}",
                 pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }")
    daemon.start()
    now, question = time.time_ns(), "Is there a fee when I pay off my mortgage early?"
    daemon.send(request([span(b"\1" * 16, b"\1" * 8, b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=question, output__value=BAD,
                              intent="mortgage payoff") + field(11, score_event(now, "Quality", 0.2))]))
    record = wait_for(lambda: json.loads(lines_of(daemon.annotations.read_text())[0]) if daemon.annotations.exists() and lines_of(daemon.annotations.read_text()) else None, 30, 0.05)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    status, _, answer = sign_in(daemon, "asha").post("/api/v1/results", {
        "schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": record["record_id"], "status": "completed", "verdict": "fail",
        "labels": ["unsupported_claim"], "must_not_include": [["no prepayment fee applies"]], "must_include": [["2 % fee"]], "expected_response": GOOD,
        "started_at": at, "completed_at": at})
    checks.equal("a reviewed miss is a row", (status, bool(answer.get("row_id"))), (200, True))
    exported = daemon.run("dataset", "export", "-c", daemon.config, "--cohort", PAYOFF, "-o", folder / "exported.jsonl")
    checks.equal("it is exported", (exported.returncode, len((folder / "exported.jsonl").read_text().splitlines())), (0, 1))
    manifest = json.loads((folder / "exported.jsonl.manifest.json").read_text())
    for name, said, wanted in (("bad", "I checked: no prepayment fee applies, so go ahead.", 1), ("good", "There is a 2 % fee in the first three years.", 0)):
        (folder / name).mkdir()
        (folder / name / "runs.pb").write_bytes(otlp([{"row_id": answer["row_id"], "output": said}], {answer["row_id"]: question}))
        code, found, error = document("--dataset", "exported.jsonl", "--candidate", name, "--cohort", PAYOFF, "--min-pass-rate", 0.92, config=daemon.config)
        checks.equal(f"a {name} candidate of its own runner", (code, found["suites"][0]["rows"], error), (wanted, 1, ""))
    data = found["dataset"]
    checks.equal("dataset, version and snapshot are the manifest's", (data["name"], data["version"], data["exported_snapshot"], data["is_other_than_manifest"]),
                 (manifest["dataset"], manifest["version"], manifest["snapshot"], False))
    checks.equal("of a whole export the snapshot is the version's", data["snapshot"], manifest["snapshot"])
    with (folder / "exported.jsonl").open("a") as more:
        more.write("\n")
    _, found, _ = document("--dataset", "exported.jsonl", "--candidate", "good", "--min-pass-rate", 0.92, config=daemon.config)
    checks.equal("a file that was changed is not the manifest's", found["dataset"]["is_other_than_manifest"], True)
    daemon.stop()


for part in (the_share_decides, repeats_and_missing, rows_that_do_not_count, severity_and_baseline, lines_and_spans_agree, hostile_texts, faults_are_one_sentence,
             from_a_miss_to_a_blocked_release):
    print(f"--- {part.__name__}", flush=True)
    part()
processes.run("rm", "-rf", folder, check=True)
checks.finish()
