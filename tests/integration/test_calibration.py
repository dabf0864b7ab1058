"""What reviews say of all runs, by the command, the API and the gate, against the same figures reckoned here from records and results alone."""
import json, math, struct, time, uuid

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import attribute, field, fixed64, request, span
from flywheel.review import Api, sign_in
from flywheel.waiting import wait_for

args = arguments()
checks = Checks()
sent = 0
PIPELINE = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules: [{ name: quality, measure: [score.Quality], fail_below: 0.5, labels: [unsupported_claim] }]
cohorts:
  dimensions: { intent: ["*"], locale: ["*"], release: [service.version] }
  group_by: [[intent], [release, intent]]
"""


def runs(intent, scores):
    global sent
    spans, now = [], time.time_ns()
    for score in scores:
        sent += 1
        trace = struct.pack(">QQ", 0x0123456789ABCDEF, sent * 0x9E3779B97F4A7C15 % 2**64)
        event = fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", "Quality") + attribute(3, "gen_ai.evaluation.score.value", score)
        spans.append(span(trace, struct.pack(">Q", sent), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=f"question {sent}?",
                          output__value=f"answer {sent}", intent=intent, locale="en", service__version="1.0") + field(11, event))
    daemon.send(request(spans))


def calibrate(*words):
    result = daemon.run("calibrate", "-c", daemon.config, "--format", "json", *words)
    if result.returncode != 0:
        print(result.stdout, result.stderr)
    return json.loads(result.stdout or "null")


def close(found, wanted, tolerance=1e-6):
    return found is not None and abs(found - wanted) < tolerance


# --- an own reckoning ---

Z = 1.959963984540054


def wilson(p, n):
    middle, half = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0, (middle - half) / (1 + Z * Z / n)), min(1, (middle + half) / (1 + Z * Z / n))


def stratum(reviews):
    """(p, low, high) of [(weight, is bad)]."""
    weight = sum(w for w, _ in reviews)
    p = sum(w for w, bad in reviews if bad) / weight
    variance = sum((w * (bad - p)) ** 2 for w, bad in reviews) / weight**2
    n = weight**2 / sum(w * w for w, _ in reviews) if p in (0, 1) else p * (1 - p) / variance
    return (p, *wilson(p, n))


def calibrated(traffic, reviews):
    """By verdict: runs, and [(weight, is bad)]."""
    parts = [(traffic[verdict] / sum(traffic.values()), *stratum(reviews[verdict])) for verdict in traffic]
    p = sum(share * one for share, one, _, _ in parts)
    return (p, p - math.sqrt(sum((share * (one - low)) ** 2 for share, one, low, _ in parts)), p + math.sqrt(sum((share * (high - one)) ** 2 for share, one, _, high in parts)))


# --- nothing yet ---

daemon = Daemon(args.flywheel, PIPELINE + "selection: { fail: 1.0, pass: 0.5, unscored: 0 }\n", review=", queues: { '*': { overlap: 0, due: 1s } }",
                exporters="file/annotations: { path: annotations.jsonl }, file/rows: { path: rows.jsonl }, file/audit: { path: audit.jsonl }",
                pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }", results="exporters: [file/rows], audit: [file/audit]")
daemon.start()
shown = calibrate()
checks.equal("before the first run there is no rate, and it says why", (shown["overall"]["value"], shown["overall"]["reason"], shown["rules"][0]["precision"]["reason"]),
             (None, "no run in the window", "no reviewed run on which it fired"))
table = daemon.run("calibrate", "-c", daemon.config)
checks.check("and so does the table", table.returncode == 0 and "nothing was chosen for review by chance in the window yet" in table.stdout, table.stdout + table.stderr)

# --- people disagree with the machine, both ways ---

FAILED = {"payoff": 40, "card": 20}
PASSED = {"payoff": 150, "card": 90}
for intent, count in FAILED.items():
    runs(intent, [0.1 + 0.01 * (number % 30) for number in range(count)])
for intent, count in PASSED.items():
    runs(intent, [0.6 + 0.01 * (number % 30) for number in range(count)])
daemon.settle()
records = daemon.records()
asha = sign_in(daemon, "asha")
results, reviews, judged = [], {}, []
for number, record in enumerate(records):
    verdict, intent = record["verdict"], record["cohort"]["intent"]
    if verdict == "fail" and number % 3 == 0:
        continue  # nobody came to it
    is_bad = number % 4 != 1 if verdict == "fail" else number % 10 == 2
    probability = record["selection"]["inclusion_probability"]
    judged.append((verdict, intent, 1 / probability, is_bad))
    results.append({"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": record["record_id"], "status": "completed",
                    "verdict": "fail" if is_bad else "pass", **({"labels": ["unsupported_claim"]} if is_bad and number % 2 else {})})
for start in range(0, len(results), 100):
    status, _, answer = asha.post("/api/v1/results", results[start : start + 100])
    checks.equal("the results are taken", status, 200)
daemon.settle()
wait_for(lambda: calibrate()["reviews"]["not_due"] == 0, 30)

shown = calibrate()
checks.equal("the document names itself", (shown["schema"], shown["window"], shown["confidence"]), ("flywheel.calibration/v1", "28d", 0.95))
checks.equal("what was chosen and what was reviewed", (shown["reviews"]["eligible"], shown["reviews"]["reviewed"], shown["reviews"]["not_due"]), (len(records), len(judged), 0))
traffic = {"pass": sum(PASSED.values()), "fail": sum(FAILED.values())}
wanted = calibrated(traffic, {verdict: [(w, bad) for v, _, w, bad in judged if v == verdict] for verdict in traffic})
overall = shown["overall"]
checks.check("the calibrated fail rate is what records and results say", all(map(close, (overall["value"], overall["low"], overall["high"]), wanted)), (overall, wanted))
checks.check("which is less than what the queue says", overall["value"] < sum(bad for *_, bad in judged) / len(judged) - 0.02)
checks.equal("by verdict: shares and reviews", (overall["runs"], overall["verdicts"]["fail"]["share"], overall["verdicts"]["pass"]["reviewed"], overall["unreviewed_share"]),
             (300, 0.2, sum(v == "pass" for v, *_ in judged), 0))
response = {(one["verdict"]): one for one in shown["response"]}
checks.check("what was not reviewed of the failed ones is told", close(response["fail"]["value"], sum(v == "fail" for v, *_ in judged) / 60) and not response["fail"]["low_response"], response)
cohorts = {json.dumps(one["cohort"]): one for one in shown["cohorts"]}
for intent in FAILED:
    own = calibrated({"pass": PASSED[intent], "fail": FAILED[intent]}, {verdict: [(w, bad) for v, i, w, bad in judged if (v, i) == (verdict, intent)] for verdict in traffic})
    one = cohorts[json.dumps({"intent": intent})]
    checks.check(f"the cohort {intent} has a rate of its own", all(map(close, (one["value"], one["low"], one["high"]), own)), (one, own))
rule = shown["rules"][0]
fired = [(w, bad) for v, _, w, bad in judged if v == "fail"]
checks.check("the precision of the rule", all(map(close, (rule["precision"]["value"], rule["precision"]["low"], rule["precision"]["high"]), stratum(fired))), rule)
hit = 0.2 * stratum(fired)[0]
checks.check("its recall, and its lift", close(rule["recall"]["value"], hit / wanted[0]) and rule["recall"]["low"] < hit / wanted[0] < rule["recall"]["high"] and
             close(rule["rule_lift"]["value"], stratum(fired)[0] / wanted[0]), rule)
checks.check("its own label is another matter", rule["own_label"]["precision"]["value"] < rule["precision"]["value"], rule)
checks.equal("one ruleset has judged", (len(shown["rulesets"]), shown["several_rulesets"]), (1, False))

# --- the curve ---

curve = calibrate("--rule", "quality", "--curve", "--min-recall", "0.5")["curve"]
checks.equal("the curve has a point for each value, the worst first", (curve["fails"], curve["configured"], curve["reviewed"], len(curve["points"])),
             ("below", 0.5, len(judged), curve["values"]))
values = [point["value"] for point in curve["points"]]
last_failed = max(point for point in range(len(values)) if values[point] < 0.5)
checks.check("at the configured threshold it says what the rule's figures say", close(curve["points"][last_failed]["precision"], rule["precision"]["value"]) and
             close(curve["points"][last_failed]["recall"], rule["recall"]["value"], 1e-6), curve["points"][last_failed])
best = max((point for point in curve["points"][:-1] if point["recall"] >= 0.5), key=lambda point: point["precision"])
checks.check("the advice is the best precision at that recall", close(curve["advice"]["precision"]["value"], best["precision"], 0.02) and
             curve["advice"]["precision"]["low"] <= curve["advice"]["precision"]["value"] <= curve["advice"]["precision"]["high"] and curve["advice"]["threshold"] > best["value"], curve["advice"])
checks.equal("the table shows it", daemon.run("calibrate", "-c", daemon.config, "--rule", "quality", "--curve").returncode, 0)

# --- API, usage ---

status, _, served = asha.get("/api/v1/calibration?rule=quality&curve=true&min_recall=0.5")
checks.equal("the API says what the command says", (status, served["overall"], served["curve"]["points"]), (200, overall, curve["points"]))
checks.equal("nobody gets it without a session", Api(daemon.review_port).get("/api/v1/calibration")[0], 401)
checks.equal("a misspelled parameter is refused", asha.get("/api/v1/calibration?rules=quality")[0], 400)
checks.equal("a flag is read as the gate reads one: alone it is on, and what is neither is refused", [(words, asha.get(f"/api/v1/calibration?rule=quality&{words}")[0]) for words in ("curve", "curve=false", "curve=banana")],
             [("curve", 200), ("curve=false", 200), ("curve=banana", 400)])
checks.check("so the curve comes with its name alone", "curve" in asha.get("/api/v1/calibration?rule=quality&curve")[2] and "curve" not in asha.get("/api/v1/calibration?rule=quality&curve=false")[2])
for words in (["--rule", "other"], ["--window", "2d"], ["--window", "60d"], ["--curve"], ["--cohort", "locale=en"], ["--min-recall", "2", "--rule", "quality", "--curve"], ["--format", "xml"]):
    checks.equal(f"{' '.join(words)} is a usage error", daemon.run("calibrate", "-c", daemon.config, *words).returncode, 2)
one = calibrate("--cohort", "intent=card")["cohorts"]
checks.equal("one cohort alone", [each["cohort"] for each in one], [{"intent": "card"}])

over = calibrate("--cohort", "release=1.0")["cohorts"][0]
checks.check("a cohort that no grouping has by itself is summed over the rest", all(close(over[name], overall[name]) for name in ("value", "low", "high", "reviewed", "runs")), over)

# --- the gate ---


def gate(target, *words):
    result = daemon.run("gate", "-c", daemon.config, "--cohort", "intent=payoff", "--min-pass-rate", str(target), "--calibrated", "--format", "json", *words)
    return result.returncode, json.loads(result.stdout or "null")


payoff = cohorts[json.dumps({"intent": "payoff"})]
for target, code, outcome, reason in ((1 - payoff["high"] - 0.01, 0, "pass", "target_reached"), (1 - payoff["low"] + 0.01, 1, "fail", "below_target"), (1 - payoff["value"], 3, "insufficient", "undecided")):
    found, document = gate(round(target, 6))
    checks.equal(f"held against {target:.2f} it is {outcome}", (found, document["outcome"], document["reason"], document["window"]), (code, outcome, reason, "28d"))
    checks.check("by the calibrated rate", close(document["calibrated"]["fail_rate"], payoff["value"]) and close(document["calibrated"]["pass_rate_low"], 1 - payoff["high"]), document["calibrated"])
checks.equal("over the API as well", asha.get("/api/v1/gate?cohort=intent%3Dpayoff&min_pass_rate=0.5&calibrated=true")[2]["calibrated"]["reviewed"], payoff["reviewed"])
checks.equal("without it nothing is said of reviews", "calibrated" in asha.get("/api/v1/gate?cohort=intent%3Dpayoff&min_pass_rate=0.5")[2], False)
text = daemon.run("gate", "-c", daemon.config, "--cohort", "intent=payoff", "--min-pass-rate", "0.99", "--calibrated")
checks.check("in words, too", text.returncode == 1 and f"by {payoff['reviewed']} reviews: pass rate" in text.stdout, text.stdout + text.stderr)
for words in (["--window", "24h"], ["--repeated"], ["--baseline", "intent=card"]):
    checks.equal(f"--calibrated {' '.join(words)} is a usage error", gate(0.9, *words)[0], 2)

# --- metrics: made a minute ago at most ---

page = lambda: daemon.metrics()
daemon.wait(lambda: any(name.startswith("flywheel_rule_precision") for name in page()), 90)
metrics = page()
checks.check("the metrics say the same", close(metrics.get('flywheel_rule_precision{rule="quality",bound="value"}'), rule["precision"]["value"]) and
             close(metrics.get('flywheel_rule_recall{rule="quality",bound="low"}'), rule["recall"]["low"]) and
             close(metrics.get('flywheel_cohort_fail_rate_calibrated{group="intent",intent="payoff",window="28d",bound="high"}'), payoff["high"]) and
             close(metrics.get('flywheel_review_response_ratio{stratum="review/fail/5"}'), response["fail"]["value"]), [name for name in metrics if "calibrated" in name or "rule_" in name or "response_ratio" in name])

# --- few of its own ---

runs("transfer", [0.9] * 20)
daemon.settle()
few = {json.dumps(each["cohort"]): each for each in calibrate()["cohorts"]}[json.dumps({"intent": "transfer"})]
found = daemon.run("gate", "-c", daemon.config, "--cohort", "intent=transfer", "--min-pass-rate", "0.5", "--calibrated", "--format", "json")
document = json.loads(found.stdout)
checks.equal("a gate without a rate is insufficient, and says why", (found.returncode, document["reason"], document["calibrated"]["reason"]), (3, "uncalibrated", "fewer than 20 reviews of its own"))
checks.equal("a cohort with few reviews has no rate, and the wider one is named", (few["value"], few["reason"], few["parent"]["cohort"]), (None, "fewer than 20 reviews of its own", {}))

checks.equal("state check finds nothing", daemon.stop() or daemon.check_state().returncode, 0)
checks.check("dump knows the rows", '"table":"calibration"' in daemon.run("state", "dump", daemon.state).stdout)
daemon.remove()
checks.finish()
