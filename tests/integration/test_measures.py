"""What the way back comes to: every measure against numbers that are counted by hand here, by the command and by the API; the lift of a release
whose sample was only friendlier."""
import json, struct, time, uuid

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import by_label
from flywheel.otlp_bytes import attribute, field, fixed64, request, span
from flywheel.review import Api, sign_in

args = arguments()
checks = Checks()
sent = 0
number_of = {}  # by trajectory
PIPELINE = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules: [{ name: quality, measure: [score.Quality], fail_below: 0.5, labels: [unsupported_claim] }]
cohorts:
  dimensions: { intent: ["*"], locale: ["*"], release: [service.version] }
  group_by: [[intent], [release, intent]]
"""
WORDS = "amber basin cedar delta ember fjord grove haven inlet jetty knoll ledge mesa nook oasis pond quay reef shoal tarn".split()


def question(number):
    """No two are near: a number is no difference."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return " ".join(WORDS[(number * 7 + k * (number % 5 + 1)) % 20] + letters for k in range(6)) + "?"


def runs(intent, scores, release="1.0", conversation=None, feedback=None, trace=None, row=None):
    """One run a score, in one request; their trajectory ids."""
    global sent
    spans, ids = [], []
    now = time.time_ns()
    for score in scores:
        sent += 1
        trace_id = struct.pack(">QQ", 0x0123456789ABCDEF, (trace or sent) * 0x9E3779B97F4A7C15 % 2**64)
        event = fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", "Quality") + attribute(3, "gen_ai.evaluation.score.value", score)
        more = {**({"gen_ai__conversation__id": conversation} if conversation else {}), **({"flywheel__row_id": row} if row else {})}
        spans.append(span(trace_id, struct.pack(">Q", sent), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=question(sent),
                          output__value=f"answer {sent}: no prepayment fee applies", intent=intent, locale="en", service__version=release, **more) + field(11, event))
        if feedback:
            spans.append(span(trace_id, struct.pack(">Q", 2**40 + sent), struct.pack(">Q", sent), "feedback", now, now, logfire__feedback__name="thumbs", thumbs=feedback))
        ids.append(trace_id.hex())
        number_of[ids[-1]] = sent
    daemon.send(request(spans))
    return ids


def measures(*words):
    result = daemon.run("measures", "-c", daemon.config, "--format", "json", *words)
    if result.returncode != 0:
        print(result.stdout, result.stderr)
    return json.loads(result.stdout or "null")


def close(found, wanted):
    return found is not None and abs(found - wanted) < 5e-4


def wilson(k, n, z=1.959964):
    p, middle = k / n, (k / n + z * z / (2 * n)) / (1 + z * z / n)
    half = z * ((p * (1 - p) + z * z / (4 * n)) / n) ** 0.5 / (1 + z * z / n)
    return middle - half, middle + half


# --- nothing yet ---

daemon = Daemon(args.flywheel, PIPELINE + "selection: { fail: 1.0, pass: 1.0, unscored: 0 }\n", review=", queues: { '*': { overlap: 0 } }",
                exporters="file/annotations: { path: annotations.jsonl }, file/rows: { path: rows.jsonl }, file/audit: { path: audit.jsonl }",
                pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }", results="exporters: [file/rows], audit: [file/audit]")
daemon.start()
shown = measures()
checks.equal("before the first run every measure is null, with its reason",
             [(shown["overall"][name]["value"], bool(shown["overall"][name]["reason"])) for name in ("trace_to_row", "queue_progress", "export_rate")], [(None, True)] * 3)
table = daemon.run("measures", "-c", daemon.config)
checks.check("and the table says so", table.returncode == 0 and "no run failed or was disputed" in table.stdout, table.stderr)

# --- a queue that people have worked on ---

failed = runs("payoff", [0.1] * 6)
daemon.settle()
asha = sign_in(daemon, "asha")
served = asha.post("/api/v1/review/next", {})[2]
passed = runs("payoff", [0.9] * 2)
failed_cards = runs("card", [0.2] * 2)
daemon.settle()
records = {record["trajectory_id"]: record for record in daemon.records()}
checks.equal("each run is an item", len(records), 10)
failed.sort(key=lambda run: records[run]["record_id"] != served["record_id"])


def judge(run, **more):
    status, _, answer = asha.post("/api/v1/results", {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": records[run]["record_id"], "status": "completed", **more})
    if status != 200:
        print(status, answer)
    return answer


judge(failed[0], verdict="fail", labels=["unsupported_claim"], must_not_include=[["no prepayment fee applies"]])
judge(failed[1], verdict="fail", labels=["unsupported_claim"], approve=False)
judge(failed[2], verdict="pass")
judge(failed[3], verdict="unsure")
judge(passed[0], verdict="fail", labels=["unsupported_claim"])
judge(passed[1], verdict="pass")
daemon.wait(lambda: daemon.is_settled() and len((daemon.directory / "rows.jsonl").read_text().splitlines()) == 4)
shown = measures("--group-by", "intent")
checks.equal("the document names itself", (shown["schema"], shown["window"], shown["group_by"]), ("flywheel.measures/v1", "7d", "intent"))
overall = shown["overall"]
row = overall["trace_to_row"]
checks.equal("8 runs failed, 1 that passed is disputed by its decision; 3 of them have a live row",
             (row["failed"], row["disputed_besides"], row["numerator"], row["denominator"]), (8, 1, 3, 9))
checks.check("with Wilson's interval, and days", all(map(close, (row["value"], row["low"], row["high"]), (1 / 3, *wilson(3, 9)))) and 0 <= row["days_p50"] <= row["days_p95"] < 1, row)
progress = overall["queue_progress"]
checks.equal("5 of 10 items are decided", (progress["numerator"], progress["denominator"], progress["open"], progress["disputed"], progress["agreed"]), (5, 10, 4, 1, 5))
checks.equal("4 are open, none over due", (overall["queue_age"]["open"], overall["queue_age"]["over_due"]), (4, 0))
work = overall["throughput"]
checks.equal("6 results, 5 decisions, one of them on an item that was served", (work["results"], work["decisions"], work["timed_results"]), (6, 5, 1))
checks.check("and rates by the hours of the window", close(work["results_per_hour"], 6 / work["hours"]) and 144 <= work["hours"] <= 169, work)
export = overall["export_rate"]
checks.equal("4 rows, all with the exporter; 1 decision that nobody approved as a row",
             (export["numerator"], export["denominator"], export["value"], export["decided_without_row"]), (4, 4, 1, {"not_approved": 1}))
cohorts = {cohort["cohort"]["intent"]: cohort for cohort in shown["cohorts"]}
checks.equal("by intent: payoff has 8 runs and 7 failed or disputed, card 2 and 2",
             {name: (cohort["runs"], cohort["trace_to_row"]["numerator"], cohort["trace_to_row"]["denominator"], cohort["queue_progress"]["numerator"]) for name, cohort in cohorts.items()},
             {"payoff": (8, 3, 7, 5), "card": (2, 0, 2, 0)})
checks.equal("nobody reviewed twice, so agreement is null with its reason", [(one["raw"]["value"], one["raw"]["reason"]) for one in overall["reviewer_agreement"]["subjects"] if one["subject"] == "verdict"],
             [(None, "too_few")])
checks.check("what the rule's word is worth stands beside it", overall["evaluator_lift"]["rule_lift"]["quality"]["n"] == 3, overall["evaluator_lift"]["rule_lift"])
checks.equal("without a baseline there is no lift, and it says so", (overall["evaluator_lift"]["reason"], overall["evaluator_lift"]["subjects"]), ("no baseline is named", []))

# --- coverage ---

status, _, coverage = asha.get("/api/v1/dataset_coverage")
checks.equal("the coverage is served to who may see aggregates", (status, coverage and coverage["schema"]), (200, "flywheel.dataset_coverage/v1"))
by_name = {one["dimension"]: one for one in coverage["dimensions"]}
values = {value["value"]: value for value in by_name["intent"]["values"]}
checks.equal("payoff: 5 decided, 4 rows, 1 of the regression set; card: none",
             [(values[name]["runs"], values[name]["decided"], values[name]["rows"], values[name]["regression_rows"]) for name in ("payoff", "card")], [(8, 5, 4, 1), (2, 0, 0, 0)])
checks.equal("2 of 10 runs have an intent with fewer than 5 decided items", (by_name["intent"]["share_thin"]["value"], [one["value"] for one in by_name["intent"]["uncovered"]]), (0.2, ["card"]))
checks.equal("of a dimension that no grouping has the traffic is not known, and why", (by_name["locale"]["share_thin"]["value"], by_name["locale"]["share_thin"]["reason"]),
             (None, "no grouping of cohorts.group_by has it"))
checks.equal("the failing signature has a regression row", (coverage["failing_signatures"], coverage["without_regression_row"]), (1, 0))
status, _, served_measures = asha.get("/api/v1/measures?group_by=intent")
checks.equal("the API says what the command says", (status, served_measures["overall"]["trace_to_row"], served_measures["overall"]["export_rate"]), (200, row, export))
checks.equal("a misspelled parameter is refused", asha.get("/api/v1/measures?groupby=intent")[0], 400)
checks.equal("nobody gets it without a session", Api(daemon.review_port).get("/api/v1/measures")[0], 401)
for words in (["--group-by", "locale"], ["--group-by", "intent,release"], ["--baseline", "4.2.0"], ["--window", "60d"], ["--format", "xml"]):
    checks.equal(f"{' '.join(words)} is a usage error", daemon.run("measures", "-c", daemon.config, *words).returncode, 2)
# --- a release that repeats it ---

escape = overall["regression_escape_rate"]
checks.equal("no row is older than the first release", (escape["value"], escape["reason"], escape["release"]),
             (None, "no row with a failure mode is older than the release's first run", "1.0"))
daemon.wait(lambda: daemon.metrics().get("flywheel_regression_set_rows") == 1)
first = number_of[failed[0]]
again, sent = sent, first - 1  # the same question once more, under another trace
hit = runs("payoff", [0.9], release="1.1", trace=again + 1)
sent = again + 1
others = runs("payoff", [0.9] * 10, release="1.1")
daemon.settle()
records = {record["trajectory_id"]: record for record in daemon.records()}
checks.equal("the run that says it again hits the row", [one["match"] for one in records[hit[0]].get("regressions", [])], ["exact"])
judge(others[0], verdict="fail", labels=["unsupported_claim"])
judge(others[1], verdict="fail", labels=["wrong_tool"])
for run in others[2:5]:
    judge(run, verdict="pass")
escape = measures()["overall"]["regression_escape_rate"]
checks.equal("1 of 11 runs hit, of 5 reviewed others 1 was bad in a known way; what is not due yet is no refusal",
             [escape[name] for name in ("release", "runs", "hits", "reviewed", "escaped", "unreviewed_share", "response_ratio")], ["1.1", 11, 1, 5, 1, 0, 1])
low, high = wilson(1, 5)
checks.check("so 1/11 + 10/11 * 1/5 escaped, with the width of the reviewed alone", all(map(close, (escape["value"], escape["low"], escape["high"]),
             (3 / 11, 3 / 11 - 10 / 11 * (0.2 - low), 3 / 11 + 10 / 11 * (high - 0.2)))), escape)
checks.equal("the only known mode came back", escape["known_modes_returned"], {**escape["known_modes_returned"], "numerator": 1, "denominator": 1, "modes": ["unsupported_claim"]})
checks.check("the table has it", "1 of 11 runs hit" in daemon.run("measures", "-c", daemon.config).stdout)
names = json.dumps([shown, coverage, measures()])
checks.check("no person's name is in either", "asha" not in names)
coverage = asha.get("/api/v1/dataset_coverage")[2]
checks.equal("what failed a row is no trace that should become a test: the row watches it", (coverage["without_regression_row"], coverage["should_become_tests"]), (0, []))
row_id = records[hit[0]]["regressions"][0]["row_id"]
checks.equal("till the row is retired", asha.post("/api/v1/dataset/retire", {"row_id": row_id})[0], 200)
told = daemon.wait(lambda: asha.get("/api/v1/dataset_coverage")[2]["should_become_tests"])
checks.check("then it is one again", hit[0] in [one["newest_trajectory_id"] for one in told or []], told)
daemon.remove()

# --- better, or a friendlier sample? ---

daemon = Daemon(args.flywheel, PIPELINE + "selection: { fail: 0, pass: 0, unscored: 0 }\n", review="")
daemon.start()
scores = lambda passed, failed: [0.9] * passed + [0.1] * failed
runs("easy", scores(475, 25), "1.0"), runs("hard", scores(305, 195), "1.0")
daemon.settle()
runs("easy", scores(570, 30), "1.1"), runs("hard", scores(244, 156), "1.1")
daemon.settle()
lift = measures("--baseline", "release=1.0")["overall"]["evaluator_lift"]
checks.equal("from the baseline to the newest release, at the mix of intents", (lift.get("baseline"), lift.get("release"), lift.get("mix")), ("1.0", "1.1", ["intent"]))
subjects = {one.get("rule", one.get("measure")): one for one in lift["subjects"]}
rate, rule = subjects["pass_rate"], subjects["quality"]
checks.check("the pass rate went up by 3.4 points", close(rate["lift"]["value"], 0.034), rate["lift"])
(l1, u1), (l2, u2) = wilson(780, 1000), wilson(814, 1000)
wanted = (0.034 - ((0.814 - l2) ** 2 + (u1 - 0.78) ** 2) ** 0.5, 0.034 + ((u2 - 0.814) ** 2 + (0.78 - l1) ** 2) ** 0.5)
checks.check("with Newcombe's interval", close(rate["lift"]["low"], wanted[0]) and close(rate["lift"]["high"], wanted[1]), (rate["lift"], wanted))
adjusted = rate["lift_mix_adjusted"]
checks.check("and at the baseline's mix by 0.0", close(adjusted["value"], 0) and adjusted["low"] < 0 < adjusted["high"] and adjusted["covered"] == 1 and adjusted["cells_counted"] == 2, adjusted)
checks.check("the rule alone says the same", close(rule["lift"]["value"], 0.034) and close(rule["lift_mix_adjusted"]["value"], 0) and (rule["before"]["n"], rule["after"]["n"]) == (1000, 1000), rule)
checks.equal("a release that nobody ran is none", measures("--baseline", "release=0.9")["overall"]["evaluator_lift"]["reason"], "the baseline has no run in the window")
checks.equal("nothing is newer than the newest", measures("--baseline", "release=1.1")["overall"]["evaluator_lift"]["reason"], "no newer release has a run in the window")
print(daemon.run("measures", "-c", daemon.config, "--baseline", "release=1.0").stdout)
daemon.remove()
# --- what users say ---

daemon = Daemon(args.flywheel, PIPELINE + "selection: { fail: 1, pass: 0, unscored: 0 }\nfeedback: { kinds: { escalation: [to_human] } }\n",
                review=", reviewers_file: reviewers, queues: { '*': { overlap: 0 } }")
token = {role: daemon.run("reviewer", "add", role, "--role", role, "--file", "reviewers").stdout.split()[-1] for role in ("service", "viewer", "reviewer", "admin")}
daemon.start()
service, viewer = (Api(daemon.review_port, token[role]) for role in ("service", "viewer"))
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def say(body, api=service):
    return (lambda status, _, answer: (status, answer.get("outcome") or answer.get("field") or answer.get("error")))(*api.post("/api/v1/feedback", body))


early = {"trace_id": f"{0x0123456789ABCDEF:016x}{(sent + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}", "kind": "thumbs_down", "time": NOW}
checks.equal("feedback of a run that nobody knows waits for it", say(early), (202, "unattributed"))
good = runs("payoff", [0.9] * 6 + [0.1])
cards = runs("card", [0.9] * 3, conversation="talk 7")
checks.equal("the run that it was said of is there", good[0], early["trace_id"])
daemon.settle()
daemon.wait(lambda: service.post("/api/v1/feedback", early)[2]["outcome"] == "duplicate")
checks.equal("feedback counts with its run, by kind", [say({"trace_id": good[1], "kind": "Thumbs_Down", "time": NOW}), say({"trace_id": good[2], "kind": "to_human", "time": NOW}),
             say({"conversation_id": "talk 7", "kind": "reopened_ticket", "value": 1, "time": NOW}), say({"trace_id": cards[0], "kind": "rating", "value": -1, "time": NOW}),
             say({"trace_id": cards[0], "kind": "rating", "value": 1, "time": NOW})], [(200, "counted")] * 5)
checks.equal("sent again it is a duplicate", say({"trace_id": good[2], "kind": "to_human", "time": NOW}), (200, "duplicate"))
checks.equal("what names no run stays unattributed", say({"trace_id": "f" * 32, "kind": "thumbs_down", "time": NOW}), (202, "unattributed"))
checks.equal("a body that is none is refused by its field", [say(body) for body in ({"kind": "x", "time": NOW}, {"trace_id": "zz", "kind": "x", "time": NOW}, {"trace_id": good[0], "time": NOW},
             {"trace_id": good[0], "kind": "x"}, {"trace_id": good[0], "kind": "x", "time": "2999-01-01T00:00:00Z"}, {"trace_id": good[0], "conversation_id": "a", "kind": "x", "time": NOW},
             {"trace_id": good[0], "kind": "x", "value": {}, "time": NOW})], [(422, field) for field in ("trace_id", "trace_id", "kind", "time", "time", "trace_id", "value")])
checks.equal("it is for services", [say(early, Api(daemon.review_port, token[role]))[0] for role in ("viewer", "reviewer")], [403, 403])
checks.equal("and for no stranger", Api(daemon.review_port).post("/api/v1/feedback", early)[0], 401)

candidate = runs("payoff", [0.9], row="00000000-0000-5000-8000-000000000001")
daemon.settle()
checks.equal("what is said of a candidate of the gate is ignored", say({"trace_id": candidate[0], "kind": "thumbs_down", "time": NOW}), (200, "ignored"))
disliked = runs("payoff", [0.9], feedback="down")  # its spans say it
daemon.settle()
status, _, shown = viewer.get("/api/v1/measures?group_by=intent")
said = shown["overall"]["user_feedback"]
checks.equal("10 runs and one that says it itself: 7 feedbacks, 1 of nobody", (said["runs"], said["feedbacks"], said["unattributed"], said["counts"]),
             (11, 7, 1, {"thumbs_down": 4, "escalation": 1, "reopened_ticket": 1, "other": 1}))
checks.check("per 100 runs, and of what was said", close(said["per_100_runs"]["thumbs_down"], 400 / 11) and close(said["of_feedbacks"]["thumbs_down"]["value"], 4 / 7)
             and close(said["of_feedbacks"]["thumbs_down"]["low"], wilson(4, 7)[0]), said)
cohorts = {cohort["cohort"]["intent"]: cohort["user_feedback"] for cohort in shown["cohorts"]}
checks.equal("each in the cohort of its run", {name: (one["runs"], one["counts"]) for name, one in cohorts.items()},
             {"payoff": (8, {"thumbs_down": 3, "escalation": 1, "reopened_ticket": 0, "other": 0}), "card": (3, {"thumbs_down": 1, "escalation": 0, "reopened_ticket": 1, "other": 1})})
checks.equal("no cohort has rows yet", (said["cohorts_with_rows"]["runs"], said["cohorts_without_rows"]["runs"]), (0, 11))
record = daemon.records()[0]
Api(daemon.review_port, token["reviewer"]).post("/api/v1/results", {"schema": "flywheel.result/v1", "record_id": record["record_id"], "status": "completed", "verdict": "pass"})
said = measures()["overall"]["user_feedback"]
checks.equal("with a row the cohort of it is apart", (said["cohorts_by"], said["cohorts_with_rows"]["runs"], said["cohorts_with_rows"]["counts"]["thumbs_down"], said["cohorts_without_rows"]["runs"]),
             ("intent", 8, 3, 3))
checks.equal("/metrics has them by outcome", by_label(daemon.metrics(), "flywheel_feedback_total", "outcome"), {"counted": 6, "duplicate": 2, "unattributed": 2, "ignored": 1})
daemon.kill()
daemon.start()
checks.equal("what was said outlives a kill", (say(early), measures()["overall"]["user_feedback"]["counts"]["thumbs_down"]), ((200, "duplicate"), 4))
checks.equal("state check finds nothing", daemon.stop() or daemon.check_state().returncode, 0)
checks.check("dump knows the rows", '"table":"feedback"' in daemon.run("state", "dump", daemon.state).stdout)
daemon.remove()
checks.finish()
