"""The gate and the alerts on a running daemon: runs of known verdicts in, exit codes, JSON, metrics and alert records out;
the numbers held against statsmodels. Alerts are told once, kill -9 included."""
import json, struct, time, urllib.parse

import jsonschema
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import root
from flywheel.waiting import stays
from flywheel.otlp_bytes import field, request, span

PIPELINE = """
trajectory: { settle: 200ms, idle_timeout: 2s }
rules:
  - { name: good, measure: score.Quality, fail_below: 0.5, borderline_below: 0.8 }
selection: { pass: 0, borderline: 0, fail: 0.01, control_per_day: 0 }
cohorts:
  dimensions: { intent: ["*"], release: [service.version] }
  group_by: [[intent], [release, intent]]
  alerts:
    - { cohort: { intent: refund }, min_pass_rate: 0.9, window: 1h, min_n: 20, burn_rates: { 2: [1h, 5m] } }
    - { cohort: { intent: quiet }, min_pass_rate: 0.99 }
"""

args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, PIPELINE)
alerts = daemon.directory / "alerts.jsonl"
daemon.write(exporters=f"file/alerts: {{ path: {alerts} }}, file/annotations: {{ path: {daemon.annotations} }}",
             pipelines="alerts: { exporters: [file/alerts] }")
daemon.start()
sent = 0


def run(kind, intent, release="1", state=""):
    global sent
    sent += 1
    trace = struct.pack(">QQ", 0xFEDCBA9876543210, sent * 0x9E3779B97F4A7C15 % 2**64)
    quality = {"pass": 0.9, "borderline": 0.6, "fail": 0.2, "unscored": None}[kind]
    end = time.time_ns() - 10**9
    score = {"annotations__0__annotation__name": "Quality", "annotations__0__annotation__score": quality}
    one = span(trace, b"r" * 8, None, "agent", end - 10**9, end, intent=intent, service__version=release,
               gen_ai__operation__name="invoke_agent", **(score if quality else {}))
    return one + (field(3, state) if state else b"")


def send(*groups):
    runs = [run(kind, intent, release, *more) for kind, count, intent, release, *more in groups for _ in range(count)]
    daemon.send(*[request(runs[at:at + 500]) for at in range(0, len(runs), 500)])
    daemon.wait(lambda: daemon.in_flight() == 0)


def gate(cohort, rate, *more):
    return daemon.run("gate", "-c", daemon.config, "--cohort", cohort, "--min-pass-rate", rate, *more)


def answers(cohort, rate, *more):
    result = gate(cohort, rate, *more, "--format", "json")
    return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr


def near(a, b):
    return abs(a - b) < 1e-9


# --- before the first run, and what cannot be asked ---

code, said = answers("intent=mortgage payoff", 0.92)
checks.check("no run: insufficient, never passed", (code, said["reason"], said["needed"]) == (3, "no_trajectory", 45), said)
for what, cohort, rate, more in [
    ("a dimension that no grouping covers", "shoe_size=44", 0.9, []),
    ("two dimensions of no one grouping", "intent=a,locale=de", 0.9, []),
    ("a window that nobody keeps", "intent=a", 0.9, ["--window", "400d"]),
    ("a rate above 1", "intent=a", 92, []),
    ("no number", "intent=a", "92%", []),
    ("a cohort without a value", "intent=", 0.9, []),
    ("a confidence of 1", "intent=a", 0.9, ["--confidence", "1"]),
    ("a baseline that is the cohort", "intent=a", 0.9, ["--baseline", "intent=a"]),
    ("an unknown format", "intent=a", 0.9, ["--format", "xml"]),
]:
    result = gate(cohort, rate, *more)
    checks.check(f"exit 2: {what}", result.returncode == 2 and len(result.stderr.splitlines()) == 1, result.stderr.strip())

# --- three answers ---

send(("pass", 480, "mortgage payoff", "1.4.2"), ("fail", 8, "mortgage payoff", "1.4.2"),
     ("borderline", 12, "mortgage payoff", "1.4.2"), ("pass", 465, "mortgage payoff", "1.5.0"),
     ("fail", 35, "mortgage payoff", "1.5.0"), ("pass", 17, "a,b=c\\", "1"), ("fail", 1, "a,b=c\\", "1"))

result = gate("intent=mortgage payoff", 0.92)
checks.check("the sentence of the README passes", result.returncode == 0 and result.stdout.startswith("pass: "), result.stdout)
code, said = answers("intent=mortgage payoff,release=1.5.0", 0.92)
low, high = proportion_confint(465, 500, 0.05, "wilson")
checks.check("between the bounds: insufficient", code == 3 and said["reason"] == "undecided" and said["needed"] > 1000, said)
checks.check("the interval is statsmodels'", near(said["pass_rate_low"], low) and near(said["pass_rate_high"], high), (low, high))
code, said = answers("intent=mortgage payoff,release=1.5.0", 0.96)
checks.check("below the target: failed", (code, said["outcome"], said["reason"]) == (1, "fail", "below_target"), said)
code, said = answers("intent=mortgage payoff,release=1.5.0", 0.96, "--confidence", "0.9999")
low, high = proportion_confint(465, 500, 0.0001, "wilson")
checks.check("more confidence, a wider interval", code == 3 and near(said["pass_rate_high"], high), said)
code, strict = answers("release=1.4.2", 0.95, "--strict")
_, lax = answers("release=1.4.2", 0.95)
checks.check("a borderline passes unless strict", (lax["pass_rate"], strict["pass_rate"]) == (0.984, 0.96) and strict["strict"],
             strict)
code, said = answers("intent=a\\,b=c\\\\", 0.5)
checks.check("a value with comma and backslash", (code, said["total"]) == (0, 18), said)

# --- against a baseline ---

code, said = answers("intent=mortgage payoff,release=1.5.0", 0.8, "--baseline", "release=1.4.2")
low, high = confint_proportions_2indep(465, 500, 492, 500, method="newcomb", compare="diff")
found = said["baseline"]
checks.check("worse than the baseline: failed, though above the target",
             (code, said["reason"], found["outcome"]) == (1, "regression", "regression"), said)
checks.check("the difference is statsmodels'", near(found["difference_low"], low) and near(found["difference_high"], high))
code, said = answers("intent=mortgage payoff", 0.8, "--baseline", "release=1.4.2")
checks.check("a cohort of all releases is compared without the baseline's runs", (code, said["total"]) == (1, 500), said)
code, said = answers("release=1.4.2", 0.8, "--baseline", "release=1.5.0")
checks.check("better than the baseline: passed", (code, said["baseline"]["outcome"]) == (0, "improvement"), said)
code, said = answers("release=1.5.0", 0.8, "--baseline", "release=0.9")
checks.check("a baseline that never ran: insufficient", (code, said["reason"]) == (3, "baseline_insufficient"), said)
result = gate("release=1.5.0", 0.8, "--baseline", "release=1.4.2")
checks.check("the text names both rates", "93.00 %" in result.stdout and "98.40 %" in result.stdout, result.stdout)

# --- the same document from command and server, and in the past ---

now = int(time.time())
api = json.loads(daemon.get(f"/api/v1/cohorts?window=24h&group_by=release,intent&as_of={now}"))
command = daemon.run("cohorts", "-c", daemon.config, "--window", "24h", "--group-by", "release,intent", "--as-of", now,
                     "--format", "json")
checks.check("command and server give one document", json.loads(command.stdout) == api, command.stderr)
ask = {"cohort": "release=1.5.0,intent=mortgage payoff", "min_pass_rate": 0.8, "window": "48h", "baseline": "release=1.4.2", "as_of": now}
api_gate = json.loads(daemon.get("/api/v1/gate?" + urllib.parse.urlencode(ask)))
code, said = answers(ask["cohort"], 0.8, "--window", "48h", "--baseline", "release=1.4.2", "--as-of", now)
checks.equal("so do the gate's", api_gate, said)
payoff = next(c for c in api["cohorts"] if c["cohort"] == {"release": "1.5.0", "intent": "mortgage payoff"})
low, high = proportion_confint(35, 500, 0.05, "wilson")
checks.check("its fail rate has Wilson's interval", near(payoff["fail_rate_low"], low) and near(payoff["fail_rate_high"], high))
code, said = answers("intent=mortgage payoff", 0.92, "--as-of", str(now - 3 * 86400))
checks.check("as of three days ago there was nothing", (code, said["reason"]) == (3, "no_trajectory"), said)

# --- weights, and what nobody judged ---

send(("pass", 40, "sampled", "1", "ot=th:8"), ("pass", 40, "sampled", "1"), ("fail", 20, "sampled", "1", "ot=th:c"),
     ("unscored", 60, "nobody", "1"), ("pass", 40, "half", "1"), ("unscored", 50, "half", "1"))
code, said = answers("intent=sampled", 0.5)


def linear_n(w, w2, f, f2):
    p = f / w
    return p * (1 - p) * w * w / (f2 * (1 - p) ** 2 + (w2 - f2) * p * p)


n = linear_n(200, 520, 80, 320)
guarded = min(n, linear_n(204, 536, 84, 336), linear_n(204, 536, 80, 320))
low, _ = proportion_confint(0.6 * guarded, guarded, 0.05, "wilson")
checks.check("sampled runs weigh their adjusted count, n is the linearized one, and a pass is guarded",
             near(said["pass_rate"], 0.6) and near(said["n_effective"], n) and near(said["pass_rate_low"], low), (said, n, guarded))
code, said = answers("intent=nobody", 0.5)
checks.check("without a judge there is no rate", (code, said["reason"], "pass_rate" in said) == (3, "no_judge", False), said)
code, said = answers("intent=half", 0.5)
checks.check("too few were scored", (code, said["reason"], said["scored"]) == (3, "too_few_scored", 40), said)
code, said = answers("intent=half", 0.5, "--min-scored", "0.4")
checks.check("unless fewer are asked for", (code, said["rules"]["good"]["value"]) == (0, 40), said)
code, said = answers("intent=half", 0.5, "--min-scored", "0.44", "--require", "good")
checks.check("a required rule must have had values", (code, said["rules"]["good"]["required"]) == (0, True), said)
result = gate("intent=half", 0.5, "--require", "good,none")
checks.check("exit 2: a required rule that is not there", result.returncode == 2, result.stderr)
result = gate("intent=half", 0.5, "--require", "")
checks.check("exit 2: no required rule named", result.returncode == 2 and "--require: takes names" in result.stderr, result.stderr)
result = gate("intent=half", 0.5, "--repeated")
checks.check("exit 2: repeated without a release", result.returncode == 2 and "release" in result.stderr, result.stderr)
result = gate("intent=half", 0.5, "--repeated", "--window", "1h")
checks.check("exit 2: repeated over a window", result.returncode == 2 and "--window" in result.stderr, result.stderr)

# --- alerts ---


def told():
    return [json.loads(line) for line in alerts.read_text().splitlines()] if alerts.exists() else []


def firing(kind):
    return daemon.metrics().get(f'flywheel_cohort_alert{{group="intent",intent="refund",kind="{kind}"}}')


def states():
    return sorted((r["kind"], r["state"]) for r in told())


schema = json.loads((root / "proto/alert.schema.json").read_text())
validator = jsonschema.Draft202012Validator(schema)
send(("pass", 15, "refund", "1"), ("fail", 4, "refund", "1"))
checks.check("too few runs to say anything", stays(lambda: told() == [] and not firing("floor"), 2) and firing("floor") == 0, told())
send(("fail", 60, "refund", "1"))
wanted = [("burn_rate", "firing"), ("floor", "firing"), ("worse", "firing")]
daemon.wait(lambda: len(states()) >= 3 and firing("worse"))
checks.check("floor, burn rate and change are told", states() == wanted, states())
checks.check("and shown", [firing(kind) for kind in ("floor", "burn_rate", "worse", "better")] == [1, 1, 1, 0])
page = daemon.get("/metrics")
checks.check("with burn rates and CUSUM", 'flywheel_cohort_burn_rate{group="intent",intent="refund",window="5m"} ' in page
             and 'flywheel_cohort_cusum{group="intent",intent="refund",direction="worse"} ' in page)
checks.check("the quiet cohort stays silent", 'flywheel_cohort_alert{group="intent",intent="quiet",kind="floor"} 0' in page)

daemon.kill()
daemon.start()
daemon.wait(lambda: firing("floor"))
checks.check("kill -9: nothing is told again, and it still fires", stays(lambda: states() == wanted and firing("floor") == 1, 2), states())

# Up and down over crashes; each change of state is told once.
for _ in range(6):
    send(("pass", 60, "refund", "1"))
    daemon.kill()
    daemon.start()
send(("pass", 500, "refund", "1"))
daemon.wait(lambda: ("floor", "resolved") in states() and ("worse", "resolved") in states() and not firing("worse"))
checks.check("what is over is told", {("floor", "resolved"), ("worse", "resolved")} <= set(states()), states())
checks.check("and shown", (firing("floor"), firing("worse")) == (0, 0))
ids = [r["record_id"] for r in told()]
checks.check("no record twice", len(set(ids)) == len(ids), ids)
episodes = [(r["kind"], r["state"], r["episode"]) for r in told()]
checks.check("no change of state twice", len(set(episodes)) == len(episodes), episodes)
mistakes = [e.message for r in told() for e in validator.iter_errors(r)]
checks.check("every record is of its schema", not mistakes, mistakes[:3])
order = list(schema["properties"])
checks.check("keys in the order of the schema", all(list(r) == [k for k in order if k in r] for r in told()))
checks.check("alerts and review records do not mix", all(json.loads(line)["schema"] == "flywheel.review/v1" for line in daemon.lines())
             and all(r["schema"] == "flywheel.alert/v1" for r in told()))
daemon.stop()
result = daemon.check_state()
checks.check("state check", result.returncode == 0, result.stderr)
daemon.remove()
checks.finish()
