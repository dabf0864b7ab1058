"""What comes after the verdict: late spans, late scores and feedback make revisions, correct the cohorts once, and go on after a
kill. Everything that must come out is known beforehand."""
import hashlib, sys, time

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, adds_up
from flywheel.places import LOGS, root
from flywheel.otlp_bytes import attribute, field, fixed64, request, span

pipeline = """
trajectory: {{ settle: 400ms, idle_timeout: 5s, late: {{ window: 1h, retain: {retain} }} }}
rules:
  - {{ name: helpful, measure: score.helpfulness, fail_below: 0.5, borderline_below: 0.6, queue: answers }}
  - {{ name: disliked, measure: feedback.negative, fail_above: 0, labels: [disliked] }}
  - {{ name: errors, measure: errors, fail_above: 0 }}
selection: {{ pass: 0, control_per_day: 0 }}
cohorts: {{ dimensions: {{ intent: ["*"] }}, group_by: [[intent]] }}
"""
args = arguments()
checks = Checks()


class Run:
    """A trace with a root, a model call and a score; more of it can come at any time."""

    def __init__(self, name, score):
        digest = hashlib.sha256(f"{time.time_ns()}/{name}".encode()).digest()
        self.name, self.trace_id, self.root, self.now = name, digest[:16], b"\xff" + digest[17:24], time.time_ns()
        self.score, self.count = score, 0

    def span(self, kind, **more):
        self.count += 1
        start = self.now - 900_000_000 + self.count * 1_000_000
        return span(self.trace_id, bytes([self.count]) + self.root[1:], self.root, kind, start, start + 500_000,
                    openinference__span__kind=kind.upper(), **more)

    def judged(self, score):
        return self.span("evaluator", eval__name="helpfulness", eval__score=score)

    def whole(self):
        spans = [self.span("llm"), self.judged(self.score),
                 span(self.trace_id, self.root, None, "agent", self.now - 1_000_000_000, self.now,
                      openinference__span__kind="AGENT", intent=self.name)]
        return request(spans)

    def score_log(self, score):
        log = fixed64(1, self.now + 5_000_000_000) + field(9, self.trace_id) + field(12, "gen_ai.evaluation.result")
        log += attribute(6, "gen_ai.evaluation.name", "helpfulness") + attribute(6, "gen_ai.evaluation.score.value", score)
        return field(1, field(2, field(2, log)))


def send(daemon, *bodies):
    """Everything that was sent is decided, and what was decided is in the file."""
    daemon.send(*bodies)
    daemon.settle()


def records(daemon, run):
    return [r for r in daemon.records() if r["trajectory_id"] == run.trace_id.hex()]


def cohort(daemon, run):
    row = next(c for c in daemon.cohorts() if c["cohort"]["intent"] == run.name)
    return {v: row[v] for v in ("total", "pass", "borderline", "fail", "unscored")}


def counted(**verdicts):
    return {"total": sum(verdicts.values()), "pass": 0, "borderline": 0, "fail": 0, "unscored": 0} | verdicts


def metric(daemon, name):
    return daemon.metrics().get(name, 0)


def account(daemon, what):
    spans = daemon.status()["spans"]
    checks.check(f"{what}: every span is accounted for", adds_up(spans) and spans["in_flight"] == 0, spans)


def chain(found):
    """Revisions go up by one, and each names the record before it."""
    return all(b["revision"] == a["revision"] + 1 and b["supersedes"] == a["record_id"] for a, b in zip(found, found[1:]))


daemon = Daemon(args.flywheel, pipeline.format(retain="records"))
daemon.start()

flipped = Run("flipped", 0.55)
send(daemon, flipped.whole())
checks.check("a borderline run is a record", [r["verdict"] for r in records(daemon, flipped)] == ["borderline"])
send(daemon, request([flipped.span("llm"), flipped.judged(0.2)]))
found = records(daemon, flipped)
checks.check("late spans flip the verdict, and the revision holds the whole run",
             [(r["verdict"], r["revision"], r["completeness"]["spans"], r["completeness"]["late_spans"]) for r in found]
             == [("borderline", 1, 3, 0), ("fail", 2, 5, 2)] and chain(found), [r["verdict"] for r in found])
checks.check("the cohort is corrected", cohort(daemon, flipped) == counted(fail=1), cohort(daemon, flipped))
checks.check("the correction is counted", metric(daemon, 'flywheel_cohort_corrections_total{group="intent",from="borderline",to="fail"}') == 1)
checks.check("first verdicts stay counted",
             metric(daemon, 'flywheel_cohort_trajectories_total{group="intent",intent="flipped",verdict="borderline"}') == 1
             and metric(daemon, 'flywheel_cohort_trajectories_total{group="intent",intent="flipped",verdict="fail"}') == 0)
late = metric(daemon, "flywheel_late_spans_total")
checks.check("the late spans are counted", late == 2, late)

again = request([flipped.judged(0.2)])
send(daemon, again)
twice = metric(daemon, 'flywheel_spans_dropped_total{reason="duplicate"}')
send(daemon, again)
checks.check("the same late span again is a duplicate",
             metric(daemon, 'flywheel_spans_dropped_total{reason="duplicate"}') == twice + 1 and len(records(daemon, flipped)) == 2)

scored = Run("scored", 0.9)
send(daemon, scored.whole())
checks.check("a pass is no record", records(daemon, scored) == [])
daemon.send(scored.score_log(0.1), service=LOGS)
daemon.wait(lambda: records(daemon, scored))  # a log alone is not in flight as a span
found = records(daemon, scored)
checks.check("a late score in a log makes it one", [(r["verdict"], r["revision"], r["queue"]) for r in found] == [("fail", 2, "answers")]
             and "supersedes" not in found[0] and found[0]["cohort"]["intent"] == "scored"
             and found[0]["completeness"]["spans"] == 3, [(r["verdict"], r["completeness"]) for r in found])
checks.check("and corrects the cohort", cohort(daemon, scored) == counted(fail=1), cohort(daemon, scored))

disliked = Run("disliked", 0.9)
send(daemon, disliked.whole())
send(daemon, request([disliked.span("chain", logfire__feedback__name="thumbs", thumbs="down")]))
found = records(daemon, disliked)
checks.check("late negative feedback is a reason of its own",
             [(r["verdict"], r["selection"]["reason"], r["labels"]) for r in found] == [("fail", "feedback", ["disliked"])],
             [(r["verdict"], r["selection"]) for r in found])

nine = Run("nine", 0.4)
send(daemon, nine.whole())
for i in range(8):
    send(daemon, request([nine.judged(0.39 - i / 100)]))
    if i == 3:
        daemon.kill()
        daemon.start()
found = records(daemon, nine)
checks.check("eight times it is decided again", [r["revision"] for r in found] == list(range(1, 10)) and chain(found),
             [r["revision"] for r in found])
checks.check("with all that has come", [r["completeness"]["spans"] for r in found] == list(range(3, 12)),
             [r["completeness"]["spans"] for r in found])
dropped = metric(daemon, 'flywheel_spans_dropped_total{reason="late"}')
send(daemon, request([nine.judged(0.9)]))
checks.check("the ninth time the span is dropped", len(records(daemon, nine)) == 9
             and metric(daemon, 'flywheel_spans_dropped_total{reason="late"}') == dropped + 1)
checks.check("and the cohort stays", cohort(daemon, nine) == counted(fail=1), cohort(daemon, nine))

killed = Run("killed", 0.55)
send(daemon, killed.whole())
daemon.send(request([killed.judged(0.1)]))
daemon.kill()  # acknowledged, not decided
daemon.start()
daemon.settle()
found = records(daemon, killed)
checks.check("a kill between makes the revision once", [r["verdict"] for r in found] == ["borderline", "fail"] and chain(found),
             [r["verdict"] for r in found])
daemon.kill()
daemon.start()
daemon.settle()
checks.check("and not again", len(records(daemon, killed)) == 2 and cohort(daemon, killed) == counted(fail=1))
account(daemon, "retain: records")
lines = daemon.lines()
checks.check("no record is written twice", len({record["record_id"] for record in daemon.records()}) == len(lines))
daemon.stop()
check = daemon.check_state()
checks.check("state check finds nothing", check.returncode == 0, check.stdout[-300:] if check.returncode else "")
everything = "\n".join(lines)
daemon.remove()

daemon = Daemon(args.flywheel, pipeline.format(retain="none"))
daemon.start()
bare = Run("bare", 0.55)
send(daemon, bare.whole())
send(daemon, request([bare.judged(0.2)]))
found = records(daemon, bare)
checks.check("without retained content: a late score still decides", [(r["verdict"], r["revision"]) for r in found]
             == [("borderline", 1), ("fail", 2)] and chain(found), [(r["verdict"], r["revision"]) for r in found])
broken = Run("broken", 0.9)
send(daemon, broken.whole())
send(daemon, request([broken.span("llm")]))
checks.check("a span that says nothing changes nothing", records(daemon, broken) == [] and cohort(daemon, broken) == counted(**{"pass": 1}))
bad = broken.span("tool") + field(15, field(3, 2))
send(daemon, request([bad]))
found = records(daemon, broken)
checks.check("an error that comes late fails the run, its score stands",
             [(r["verdict"], [e["outcome"] for e in r["evaluations"]]) for r in found] == [("fail", ["pass", "na", "fail"])]
             or [(r["verdict"], [e["outcome"] for e in r["evaluations"]]) for r in found] == [("fail", ["pass", "pass", "fail"])],
             [(r["verdict"], [e["outcome"] for e in r["evaluations"]]) for r in found])
account(daemon, "retain: none")
everything += "\n" + "\n".join(daemon.lines()) + "\n"
daemon.stop()
check = daemon.check_state()
checks.check("state check finds nothing", check.returncode == 0, check.stdout[-300:] if check.returncode else "")
daemon.remove()

valid = processes.run(sys.executable, root / "tests/integration/record_schema.py", input=everything)
checks.check("every revision is valid under the schema", valid.returncode == 0, (valid.stdout + valid.stderr)[-600:])
checks.finish()
