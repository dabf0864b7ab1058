"""The regression set on the stream: a reviewed failure becomes a row, and the next run that says the same is failed, told and reviewed within
seconds, whatever its rules say of it; other words pass; what only asks alike is borderline. A storm of hits is kept by pace, counted to the
last one, over kill -9; the set is there after a restart; a replay with the rows judges as the daemon did, byte for byte."""
import hashlib, json, signal, struct, time, uuid

import jsonschema

import record_schema
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import attribute, field, fixed64, request, span
from flywheel.review import sign_in
from flywheel.waiting import wait_for

args = arguments()
checks = Checks()
CLAIM = "no prepayment fee applies"
ANSWER = f"Your payoff amount is ready. Good news: {CLAIM}."
GOOD = "A prepayment fee of 2 % applies in the first three years."
QUESTION = "What is the payoff amount of my mortgage at the end of this year?"
NEAR = "What is the payoff amount of my mortgage at the end of this month?"
OTHER = "How do I change the address on my savings account?"
PIPELINE = """
trajectory: { settle: 200ms, idle_timeout: 2s }
rules: [{ name: quality, measure: [score.Quality], fail_below: 0.5, labels: [unsupported_claim] }]
selection: { pass: 0, unscored: 0%s }
cohorts:
  dimensions: { intent: ["*"], release: [service.version] }
  group_by: [[intent], [release, intent]]
"""
sent = 0


def run_of(question, answer, quality=0.9, release="4.2.1", **more):
    """The spans of one run, and its trajectory id."""
    global sent
    sent += 1
    now = time.time_ns()
    trace = struct.pack(">QQ", 0x0123456789ABCDEF, sent * 0x9E3779B97F4A7C15 % 2**64)
    event = fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", "Quality") + attribute(3, "gen_ai.evaluation.score.value", quality)
    return span(trace, struct.pack(">Q", sent), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=question, output__value=answer,
                intent="mortgage payoff", service__version=release, **more) + field(11, event), trace.hex()


def send(daemon, *runs, **more):
    bodies = [run_of(*one, **more) for one in runs]
    body = request([one for one, _ in bodies], service="assistant")
    daemon.send(body)
    return [trajectory for _, trajectory in bodies], body


def records(daemon):
    text = daemon.annotations.read_text() if daemon.annotations.exists() else ""
    return {record["trajectory_id"]: record for record in map(json.loads, lines_of(text))}


def regressions(record):
    return [(one["match"], one["check"], one["severity"]) for one in record.get("regressions", [])]


def regression_rule(record):
    return next((one for one in record["evaluations"] if one["rule"] == "regression"), None)


def decided(daemon):
    return daemon.metrics().get("flywheel_trajectories_total", {}) and sum(value for name, value in flat(daemon, "flywheel_verdicts_total"))


def flat(daemon, family):
    return [(labels, value) for labels, value in samples(daemon, family).items()]


def samples(daemon, family):
    found = {}
    for line in daemon.get("/metrics").splitlines():
        if line.startswith(family + "{") or line.startswith(family + " "):
            name, value = line.rsplit(" ", 1)
            found[name[len(family):]] = float(value)
    return found


def verdicts(daemon):
    return sum(samples(daemon, "flywheel_verdicts_total").values())


def await_verdicts(daemon, count):
    if not wait_for(lambda: verdicts(daemon) >= count, 30, 0.05):
        print("verdicts:", verdicts(daemon), "wanted", count)


def rows_in_force(daemon):
    return samples(daemon, "flywheel_regression_set_rows").get("", 0)


def review(daemon, api, trajectory, **result):
    """What a person says of this run; the row that comes of it."""
    record = wait_for(lambda: records(daemon).get(trajectory), 30, 0.05)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    code, _, answer = api.post("/api/v1/results", {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": record["record_id"], "status": "completed",
                                                   "verdict": "fail", "labels": ["unsupported_claim"], "approve": True, "started_at": now, "completed_at": now, **result})
    assert code == 200, (code, answer)
    return answer["row_id"]


def replay(daemon, body, *words):
    """The records that a replay of this request gives, by trajectory."""
    path = daemon.directory / f"replayed-{sent}.pb"
    path.write_bytes(body)
    result = daemon.run("replay", "-c", daemon.config, *words, path)
    if result.returncode != 0:
        print(result.stdout, result.stderr)
    return {json.loads(line)["trajectory_id"]: line for line in lines_of(result.stdout)}


def live_line(daemon, trajectory):
    return next(line for line in lines_of(daemon.annotations.read_text()) if json.loads(line)["trajectory_id"] == trajectory)


# --- a row, and what meets it ---

daemon = Daemon(args.flywheel, PIPELINE % "", review="", results="exporters: [file/rows], audit: [file/audit]", exporters=None)
daemon.write(exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: rows.jsonl }}, file/audit: {{ path: audit.jsonl }}",
             pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }")
daemon.start()
asha = sign_in(daemon, "asha")
(first,), body = send(daemon, (QUESTION, ANSWER, 0.2, "4.2.0"))
before = wait_for(lambda: records(daemon).get(first), 30, 0.05)
checks.equal("without a set a record has no regressions, and no such rule", (before["verdict"], regressions(before), regression_rule(before)), ("fail", [], None))
checks.equal("a replay without rows is what it was", replay(daemon, body).get(first), live_line(daemon, first))
row = review(daemon, asha, first, must_not_include=[[CLAIM]])
began = time.monotonic()
checks.check("the row is in force within seconds", wait_for(lambda: rows_in_force(daemon) == 1, 30, 0.05), f"{time.monotonic() - began:.1f} s")

(same, other_words, near, unlike), body = send(daemon, (QUESTION, ANSWER), (QUESTION, GOOD), (NEAR, ANSWER), (OTHER, ANSWER))
hit = wait_for(lambda: records(daemon).get(same), 30, 0.05)
close = wait_for(lambda: records(daemon).get(near), 30, 0.05)
await_verdicts(daemon, 5)
checks.equal("the same question with the same claim fails, though its rules pass", (hit["verdict"], regressions(hit), hit["regressions"][0]["row_id"], hit["regressions"][0]["value"]),
             ("fail", [("exact", "must_not_include", "warn")], row, CLAIM))
checks.equal("it is urgent, with the label of the row's failure mode", (hit["priority"], hit["labels"], hit["queue"]), (1, ["unsupported_claim"], "review"))
checks.equal("it is review work for its own sake", (hit["selection"]["reason"], hit["selection"]["inclusion_probability"]), ("regression", 1))
rule = regression_rule(hit)
checks.equal("the rule stands behind those of the file, the row is its evaluator", ([one["rule"] for one in hit["evaluations"]], rule["measurement"], rule["outcome"], rule["value"],
                                                                                rule["evaluator"]), (["quality", "regression"], "regression.check", "fail", 0,
                                                                                                     {"id": row, "version": "1", "type": "human"}))
validator = jsonschema.Draft202012Validator(record_schema.strict(record_schema.SCHEMA))
mistakes = [mistake for record in (hit, close) for mistake in record_schema.mistakes(record, validator)]
checks.equal("the records are those of the schema", mistakes, [])
where = rule["evidence"][0]
checks.equal("it points at what was said", (where["pointer"], hit["output"][where["start"]:where["end"]], where.get("quote")), ("/output", CLAIM, CLAIM))
checks.check("and the summary says it", CLAIM in hit["summary"] and row[:8] in hit["summary"], hit["summary"])
checks.equal("what only asks alike is borderline", (close["verdict"], regressions(close), regression_rule(close)["value"]), ("borderline", [("near", "must_not_include", "warn")], 0.5))
checks.check("other words pass, and nobody reads them", other_words not in records(daemon) and unlike not in records(daemon))
checks.equal("what failed is counted by release and severity", samples(daemon, "flywheel_regressions_total"), {'{release="4.2.1",severity="warn"}': 1})
outcomes = {name: value for name, value in samples(daemon, "flywheel_rule_outcomes_total").items() if 'rule="regression"' in name}
checks.equal("the rule is counted as any other", {name.split('outcome="')[1][:-2]: value for name, value in outcomes.items()}, {"fail": 1, "borderline": 1, "pass": 1, "na": 1})
cohorts = json.loads(daemon.run("cohorts", "-c", daemon.config, "--window", "1h", "--group-by", "release,intent", "--format", "json").stdout)
told = json.dumps(cohorts)
checks.check("and stands in the cohorts", '"regression"' in told, told[:500])

page = asha.get("/api/v1/dataset/rows")[2]
met = {one["row_id"]: one for one in page["met"]}.get(row, {})
counts = ("matched", "failed", "borderline", "passed")
checks.equal("the API tells what met the row, in all and by release", ([met.get(one) for one in counts], [(one["release"], *(one[name] for name in counts)) for one in met.get("releases", [])]),
             ([3, 1, 1, 1], [("4.2.1", 3, 1, 1, 1)]))
shown = daemon.run("dataset", "show", "-c", daemon.config, row)
checks.check("so does dataset show", "3 met it, 1 failed it, 1 borderline, 1 passed" in shown.stderr and "release 4.2.1" in shown.stderr, shown.stderr)

# --- offline ---

rows = daemon.directory / "rows.jsonl"
live = {trajectory: live_line(daemon, trajectory) for trajectory in (same, near)}
checks.equal("a replay with the rows gives the same bytes", replay(daemon, body, "--dataset", rows), live)
without = replay(daemon, body)
checks.equal("without them the runs pass", without, {})
every = {trajectory: json.loads(line) for trajectory, line in replay(daemon, body, "--all", "--dataset", rows).items()}
checks.equal("a run that holds what was asked passes the rule, too", (every[other_words]["verdict"], regression_rule(every[other_words])["outcome"]), ("pass", "pass"))
checks.equal("one that met no row is not asked", (regression_rule(every[unlike])["outcome"], regression_rule(every[unlike])["na_reason"]), ("na", "no_row"))
plain = {trajectory: json.loads(line) for trajectory, line in replay(daemon, body, "--all").items()}
checks.check("an id never has two contents: the set is in it", all(every[one]["record_id"] != plain[one]["record_id"] for one in every))
path = daemon.directory / "one.pb"
path.write_bytes(body)
explained = daemon.run("explain", "-c", daemon.config, "--dataset", rows, path)
checks.check("explain shows the rule", explained.returncode == 0 and "regression" in explained.stdout and CLAIM in explained.stdout, explained.stdout[-1500:] + explained.stderr)
stored = daemon.run("explain", "-c", daemon.config, "--trace", same)
checks.check("and so it does of what the daemon emitted", stored.returncode == 0 and "regression.check" in stored.stdout, stored.stdout[-1500:] + stored.stderr)
checks.equal("explain of stored records takes no rows", daemon.run("explain", "-c", daemon.config, "--dataset", rows, "--trace", same).returncode, 2)
second = daemon.directory / "strict.yaml"
second.write_text(daemon.config.read_text().replace("fail_below: 0.5", "fail_below: 0.95"))
differs = daemon.run("replay", "-c", daemon.config, "--diff", second, "--dataset", rows, path)
line = next(json.loads(one) for one in lines_of(differs.stdout) if same in one)
checks.equal("--diff holds both against the rows", (differs.returncode, line["before"]["rules"], line["after"]["rules"]), (1, {"regression": "fail"}, {"quality": "fail", "regression": "fail"})) or print(differs.stdout, differs.stderr)
broken = daemon.directory / "broken.jsonl"
broken.write_text('{"schema": "flywheel.row/v1"\n')
refused = daemon.run("replay", "-c", daemon.config, "--dataset", broken, path)
checks.check("a file that holds no rows is refused by its line", refused.returncode == 2 and "broken.jsonl:1:" in refused.stderr, refused.stderr)
missing = daemon.run("replay", "-c", daemon.config, "--dataset", "nowhere.jsonl", path)
checks.check("and one that is not there by its name", missing.returncode == 2 and "nowhere.jsonl" in missing.stderr, missing.stderr)

# --- candidates of the gate are no traffic ---

verdicts_before, emitted_before = verdicts(daemon), len(records(daemon))
send(daemon, (QUESTION, ANSWER, 0.1), flywheel__row_id=row)
checks.check("a candidate's run is told from traffic", wait_for(lambda: samples(daemon, "flywheel_trajectories_of_candidates_total").get("") == 1, 30, 0.05))
checks.equal("it is no verdict, no record, no hit", (verdicts(daemon), len(records(daemon)), samples(daemon, "flywheel_regressions_total")),
             (verdicts_before, emitted_before, {'{release="4.2.1",severity="warn"}': 1}))

# --- restart ---

changes = lambda: sum(json.loads(line).get("action") == "regression.changed" for line in lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout))
daemon.process.send_signal(signal.SIGHUP)
checks.check("a reload is made", wait_for(lambda: "event=reloaded" in daemon.logged(), 30, 0.05))
checks.equal("and keeps the set", rows_in_force(daemon), 1)
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
daemon.start()
checks.equal("after a restart the set is there from the first run on", rows_in_force(daemon), 1)
(again,), _ = send(daemon, (QUESTION, ANSWER))
checks.equal("and judges", wait_for(lambda: records(daemon).get(again), 30, 0.05)["verdict"], "fail")
checks.equal("the trail says once that the set has changed", changes(), 1)

# --- rows come and go ---

second_row = review(daemon, asha := sign_in(daemon, "asha"), near, must_not_include=[["Good news"]])
checks.check("a second row comes into force", wait_for(lambda: rows_in_force(daemon) == 2, 30, 0.05))
checks.check("which the trail says", wait_for(lambda: changes() == 2, 30, 0.2), changes())
dataset_rows = sum(value for labels, value in samples(daemon, "flywheel_dataset_rows").items() if 'split="eval"' in labels and 'regression="true"' in labels)
checks.equal("and flywheel_dataset_rows tells them", dataset_rows, 2) or print(samples(daemon, "flywheel_dataset_rows"))
daemon.pipeline += "limits: { regression_rows: 1 }\n"
daemon.write()
daemon.process.send_signal(signal.SIGHUP)
checks.check("above the limit a row is left out, and counted", wait_for(lambda: (rows_in_force(daemon), samples(daemon, "flywheel_regression_set_left_out").get("")) == (1, 1), 30, 0.1))
daemon.pipeline = daemon.pipeline.replace("limits: { regression_rows: 1 }\n", "")
daemon.write()
daemon.process.send_signal(signal.SIGHUP)
checks.check("and is back with it", wait_for(lambda: rows_in_force(daemon) == 2, 30, 0.1))
for one in (row, second_row):
    retired = asha.post("/api/v1/dataset/retire", {"row_id": one})
    checks.equal("a row is retired", retired[0], 200) or print(retired)
checks.check("no set is left", wait_for(lambda: rows_in_force(daemon) == 0, 30, 0.05))
(free,), body = send(daemon, (QUESTION, ANSWER, 0.2))
record = wait_for(lambda: records(daemon).get(free), 30, 0.05)
checks.equal("and records are what they were without one", record and (regressions(record), regression_rule(record), live_line(daemon, free) == replay(daemon, body).get(free)), ([], None, True))
checks.equal("state check", daemon.stop() or daemon.check_state().returncode, 0)
daemon.remove()

# --- a storm, kill -9 in the middle of it, late news ---

STORM, BATCH = 400, 10
daemon = Daemon(args.flywheel, PIPELINE % "" + "regression: { per_hour: 100, per_row_per_hour: 5 }\n", review="", results="exporters: [file/rows]", exporters=None)
daemon.write(exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: rows.jsonl }}", pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }")
late = "trajectory: { settle: 200ms, idle_timeout: 2s, late: { window: 10m } }"
daemon.pipeline = daemon.pipeline.replace("trajectory: { settle: 200ms, idle_timeout: 2s }", late)
daemon.pipeline = daemon.pipeline.replace("rules: [", "rules: [{ name: risky, measure: 'attributes[\"risk\"]', fail_above: 5 }, { name: tone, measure: score.Tone, fail_below: 0.5, priority: 2 }, ")
daemon.write()
daemon.start()
asha = sign_in(daemon, "asha")
(first,), _ = send(daemon, (QUESTION, ANSWER, 0.2, "4.2.0"))
row = review(daemon, asha, first, must_not_include=[[CLAIM]])
wait_for(lambda: rows_in_force(daemon) == 1, 30, 0.05)
storm = []
for start in range(0, STORM, BATCH):
    ids, _ = send(daemon, *[(QUESTION, ANSWER, 0.9, "4.2.1") for _ in range(BATCH)])
    storm += ids
    if start == STORM // 2:
        daemon.kill()
        daemon.start()
        checks.equal("after kill -9 the set is there before anything is judged", rows_in_force(daemon), 1)
    await_verdicts(daemon, 1 + len(storm))
hits = samples(daemon, "flywheel_regressions_total").get('{release="4.2.1",severity="warn"}')
skipped = samples(daemon, "flywheel_review_skipped_total").get('{reason="regression_pace"}')
emitted = wait_for(lambda: (found := {one: record for one, record in records(daemon).items() if one in storm}) and len(found) + skipped >= STORM and found, 30, 0.1)
print(f"storm: {hits} hits, {len(emitted)} records, {skipped} kept back")
checks.equal("every run of a storm is a hit, once", hits, STORM)
checks.equal("what was not emitted is counted", len(emitted) + skipped, STORM)
checks.check("the row keeps its pace", 1 <= len(emitted) <= 60, len(emitted))
u = lambda trajectory: (int.from_bytes(hashlib.sha256(trajectory.encode()).digest()[:8], "big") >> 11) / 2**53
stated = {one: record["selection"]["inclusion_probability"] for one, record in emitted.items()}
checks.check("each was chosen by the probability that it states", all(u(one) < p for one, p in stated.items()) and min(stated.values()) < 1, stated)
checks.equal("all of them for the sake of the hit", {record["selection"]["reason"] for record in emitted.values()}, {"regression"})
unmet, _ = send(daemon, (OTHER, ANSWER), risk=9)
record = wait_for(lambda: records(daemon).get(unmet[0]), 30, 0.05)
checks.equal("a failure that is no hit is chosen as ever", record and (record["selection"]["reason"], regressions(record)), ("rule", []))
alike, _ = send(daemon, (OTHER, ANSWER, 0.2))
await_verdicts(daemon, STORM + 3)
checks.equal("one that failed as the row did is a hit by identity", samples(daemon, "flywheel_regressions_total").get('{release="4.2.1",severity="warn"}'), STORM + 1)

OWN = 24
own, _ = send(daemon, *[(QUESTION, ANSWER, 0.2) for _ in range(OWN)])
await_verdicts(daemon, STORM + 3 + OWN)
found = wait_for(lambda: len(found := {one: records(daemon)[one]["selection"] for one in own if one in records(daemon)}) == OWN and found, 30, 0.1) or {}
checks.equal("a failure that shares and budgets would choose goes out though the row's pace is spent", len(found), OWN)
checks.check("for a rule, and by their probability; what the pace chose, for the hit",
             {"rule"} <= {one["reason"] for one in found.values()} <= {"rule", "regression"} and all(one["inclusion_probability"] == 1 for one in found.values() if one["reason"] == "rule"), found)
checks.equal("each is a hit all the same, and nobody was kept back", (samples(daemon, "flywheel_regressions_total").get('{release="4.2.1",severity="warn"}'),
             samples(daemon, "flywheel_review_skipped_total").get('{reason="regression_pace"}')), (STORM + 1 + OWN, skipped))

held_back = next(one for one in storm if one not in emitted)
out = next(iter(emitted))
for number, trajectory in enumerate((held_back, out)):
    trace, now = bytes.fromhex(trajectory), time.time_ns()
    event = fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", "Tone") + attribute(3, "gen_ai.evaluation.score.value", 0.1)
    daemon.send(request([span(trace, (9 * 10**6 + number).to_bytes(8, "big"), (10**9).to_bytes(8, "big"), "audit", now - 10**6, now) + field(11, event)], service="assistant"))
checks.check("late scores of both are in their verdicts", wait_for(lambda: samples(daemon, "flywheel_late_spans_total").get("") == 2, 30, 0.05))
later = wait_for(lambda: (record := records(daemon).get(out)) and record["revision"] == 2 and record, 30, 0.05)
checks.equal("a record that is out is followed by one that still tells the row", later and (later["verdict"], regressions(later), later["selection"]["reason"], [one["outcome"] for one in later["evaluations"]]),
             ("fail", [("exact", "must_not_include", "warn")], "regression", ["na", "fail", "pass", "fail"]))
checks.check("with the largest probability so far", later and later["selection"]["inclusion_probability"] == stated[out], later and later["selection"])
of_summary = records(daemon).get(held_back)
checks.check("one that was held back is judged from what is known of it", of_summary is None or (of_summary["verdict"], regression_rule(of_summary)["outcome"], regression_rule(of_summary)["evaluator"]["id"]) == ("fail", "fail", row), of_summary)
checks.equal("and no hit is counted again", samples(daemon, "flywheel_regressions_total").get('{release="4.2.1",severity="warn"}'), STORM + 1 + OWN)
daemon.stop()
dump = [json.loads(line) for line in lines_of(daemon.run("state", "dump", daemon.state).stdout)]
releases = [(one["runs"], one["hits"], one["near"]) for one in dump if one.get("table") == "regression" and one["kind"] == "r"]
counts = [(one["release"] == "0" * 32, one["matched"], one["failed"], one["passed"]) for one in dump if one.get("table") == "regression" and one["kind"] == "w"]
checks.equal("by release: all runs, and those that were hits", sorted(releases), [(1, 0, 0), (STORM + 2 + OWN, STORM + 1 + OWN, 0)])
checks.equal("by row: in all releases, and in this one", sorted(counts), [(False, STORM + 1 + OWN, STORM + 1 + OWN, 0), (True, STORM + 1 + OWN, STORM + 1 + OWN, 0)])
checks.equal("state check", daemon.check_state().returncode, 0)
daemon.remove()
checks.finish()
