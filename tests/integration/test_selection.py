"""Budgets, their pace, first runs of new cohorts and the funnel, on a running daemon: traffic of known hours in, records and
counters out."""
import hashlib, struct, time

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import by_label, total
from flywheel.places import TRACES
from flywheel.waiting import patiently
from flywheel.otlp_bytes import request, span

HOUR = 3600
PER_HOUR, RUNS, MORE = 40, 300, 100
# Whole hours of the recent past: event time, not the time of sending, says to which hour a run belongs.
FIRST = (int(time.time()) // HOUR - 5) * HOUR

pipeline = f"""
trajectory: {{ settle: 300ms, idle_timeout: 2s }}
rules:
  - {{ name: slow, measure: duration_ms, borderline_above: 2000, fail_above: 5000 }}
  - {{ name: good, measure: score.Quality, fail_below: 0.5 }}
cohorts: {{ dimensions: {{ intent: ["*"] }}, group_by: [[intent]] }}
selection: {{ pass: 0.2, control_per_day: 0, new_cohort: 3, budget: {{ per_hour: {PER_HOUR}, per_signature_per_hour: 1000 }} }}
"""

args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, pipeline)
daemon.start()
sent = 0


def run(hour, kind, intent):
    """A run of one span: its duration says what becomes of it."""
    global sent
    sent += 1
    trace = struct.pack(">QQ", 0x0123456789ABCDEF, sent * 0x9E3779B97F4A7C15 % 2**64)
    start = (FIRST + hour * HOUR + sent % 3000) * 10**9
    seconds = {"pass": 1, "borderline": 3, "fail": 9}[kind]
    return span(trace, b"r" * 8, None, "agent", start, start + seconds * 10**9, intent=intent, gen_ai__operation__name="invoke_agent",
                annotations__0__annotation__name="Quality", annotations__0__annotation__score=0.9)


def send(channel, runs):
    channel.unary_unary(TRACES)(request(runs), timeout=patiently(60))
    daemon.settle()
    time.sleep(patiently(0.4))  # what an hour has brought reaches the shards at most 100 ms after it is durable


def of_hour(hour):
    at = [time.strftime("%Y-%m-%dT%H", time.gmtime(FIRST + hour * HOUR))]
    return [r for r in daemon.records() if r["time"]["end"].startswith(at[0])]


def funnel():
    values = daemon.metrics()
    skipped = by_label(values, "flywheel_review_skipped_total", "reason")
    return total(values, "flywheel_review_records_total"), skipped, total(values, "flywheel_trajectories_total")


with daemon.channel() as channel:
    send(channel, [run(0, "fail", "refund") for _ in range(RUNS)])
    first = of_hour(0)
    states = lambda records: {r["selection"]["inclusion_probability"] for r in records}
    halved = {0.5**k for k in range(12)}
    checks.check("an hour without one before: shares, and nothing is refused by count", 2 * PER_HOUR < len(first) <= RUNS, len(first))
    checks.check("they state what they were chosen with", states(first) <= halved and 1 in states(first), states(first))
    send(channel, [run(0, "fail", "refund") for _ in range(MORE)])
    more = of_hour(0)[len(first):]
    checks.check("what comes above the budget is halved", len(more) < 0.8 * MORE and states(more) <= halved - {1}, (len(more), states(more)))

    send(channel, [run(1, "fail", "refund") for _ in range(RUNS)])
    second = of_hour(1)
    p = PER_HOUR / (RUNS + MORE)
    checks.check("the next hour keeps the budget", abs(len(second) - p * RUNS) < 4.5 * PER_HOUR**0.5, len(second))
    checks.check("and states it", all(abs(r["selection"]["inclusion_probability"] - p) < 1e-9 for r in second), p)
    p = PER_HOUR / RUNS

    daemon.kill()
    daemon.start()

with daemon.channel() as channel:
    mixed = [run(2, kind, "refund") for kind in ["fail"] * 200 + ["borderline"] * 60 + ["pass"] * 200]
    send(channel, mixed)
    third = of_hour(2)
    fails = [r for r in third if r["verdict"] == "fail"]
    checks.check("probabilities outlive kill -9", min(map(lambda one: min(abs(one - p * k) for k in halved), states(fails))) < 1e-9, states(fails))
    checks.check("strata that the hour before did not have begin with their share", all(
        r["selection"]["inclusion_probability"] / (1 if r["verdict"] == "borderline" else 0.2) in halved for r in third if r["verdict"] != "fail"))

    before = len(daemon.records())
    send(channel, [run(3, "pass", "brand new") for _ in range(50)])
    new = [r for r in daemon.records()[before:] if r["selection"]["reason"] == "new_cohort"]
    checks.check("the first three runs of a new cohort are records", len(new) == 3, len(new))
    checks.check("for the control queue, for certain, with the lowest priority", all(
        r["queue"] == "control" and r["selection"]["inclusion_probability"] == 1 and r["priority"] == 9 for r in new))
    send(channel, [run(3, "pass", "brand new") for _ in range(10)])
    new = [r for r in daemon.records()[before:] if r["selection"]["reason"] == "new_cohort"]
    checks.check("and no more of them", len(new) == 3, len(new))

written, skipped, decided = funnel()
checks.check("records and skipped are all that was decided", written + sum(skipped.values()) == decided == sent, (written, skipped, decided, sent))
checks.check("the counter of records is the file", written == len(daemon.records()), (written, len(daemon.records())))
checks.check("the funnel names its reasons", skipped["budget"] > 0 and "cap" not in skipped and skipped["pass"] > 0, skipped)
dump = daemon.run("state", "dump", daemon.state) if daemon.kill() is not None else None
checks.check("state check understands the table", daemon.check_state().returncode == 0)
checks.check("state dump shows it", '"table":"selection"' in dump.stdout)
replayed = daemon.run("check", "-c", daemon.config)
checks.check("check accepts the file", replayed.returncode == 0, replayed.stderr)
daemon.remove()

# The control share of a day: 5 of the 10 passed runs of the day before.
DAY = 24 * HOUR
FIRST = (int(time.time()) // DAY - 3) * DAY + 12 * HOUR
daemon = Daemon(args.flywheel, pipeline.split("selection:")[0] + "selection: { pass: 0, control_per_day: 5 }\n")
daemon.start()
u = lambda r: int.from_bytes(hashlib.sha256(r["trajectory_id"].encode()).digest()[:8], "big") / 2**64
with daemon.channel() as channel:
    send(channel, [run(0, "pass", "refund") for _ in range(10)])
    checks.check("without a day before, the share applies", daemon.records() == [], daemon.records())
    send(channel, [run(24, "pass", "refund") for _ in range(200)])
    drawn = daemon.records()
    checks.check("a day has a control share by the day before", 70 <= len(drawn) <= 130 and all(u(r) < 0.5 for r in drawn), len(drawn))
    checks.check("and states it", all(
        r["selection"] | {"signature": ""} == {"reason": "control", "stratum": "control", "inclusion_probability": 0.5, "signature": ""}
        for r in drawn), drawn[:1])
dump = daemon.run("state", "dump", daemon.state) if daemon.kill() is not None else None
checks.check("state check understands the days", daemon.check_state().returncode == 0)
checks.check("state dump shows them", '"day":' in dump.stdout)
daemon.remove()
checks.finish()
