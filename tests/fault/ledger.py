"""What was sent, and what must come of it. A trace follows from the seed and its number alone: its ids, verdict, cohort and spans.
The ledger knows which requests were acknowledged; after the faults it compares cohorts, records and counters with that."""
import collections, hashlib, json, random, time

from flywheel.daemon import adds_up
from flywheel.otlp_bytes import request, span

VERDICTS = ["fail", "borderline", "pass", "pass"]
SCORES = {"fail": 0.2, "borderline": 0.55, "pass": 0.9}
INTENTS = ["refund", "payoff", "address", "card"]
SPANS = 3
PIPELINE = """
trajectory: {{ settle: {settle}, idle_timeout: {idle} }}
rules: [{{ name: helpful, measure: score.helpfulness, fail_below: 0.5, borderline_below: 0.6 }}]
selection: {{ pass: 0, control_per_day: 0 }}
cohorts: {{ dimensions: {{ intent: ["*"] }}, group_by: [[intent]] }}
{more}
"""


def pipeline(settle="500ms", idle="60s", more=""):
    """Nothing is idle but what has lost its root: on a slow machine a root can come long after its children."""
    return PIPELINE.format(settle=settle, idle=idle, more=more)


class Trace:
    """Two requests: the children with the score, then the root."""

    def __init__(self, seed, number, text=""):
        digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
        self.id, self.verdict, self.intent = digest[:16], VERDICTS[number % 4], INTENTS[number // 4 % 4]
        root, now = digest[16:24], time.time_ns()
        more = {"input__value": text} if text else {}
        children = [
            span(self.id, digest[24:32], root, "chat", now - 900_000_000, now - 500_000_000, openinference__span__kind="LLM", **more),
            span(self.id, digest[20:28], root, "evaluate", now - 400_000_000, now - 300_000_000,
                 openinference__span__kind="EVALUATOR", eval__name="helpfulness", eval__score=SCORES[self.verdict]),
        ]
        top = span(self.id, root, None, "agent", now - 1_000_000_000, now, openinference__span__kind="AGENT", intent=self.intent)
        self.requests = [request(children), request([top])]
        self.waiting = 2  # requests without an acknowledgement

    key = property(lambda self: self.id.hex().encode())


class Ledger:
    def __init__(self, seed):
        self.seed, self.traces, self.chance = seed, {}, random.Random(seed)

    def make(self, count, text=""):
        new = [Trace(self.seed, len(self.traces) + i, text) for i in range(count)]
        self.traces.update({t.id.hex(): t for t in new})
        return new

    def sent(self):
        """Traces all of whose requests were acknowledged."""
        return {i: t for i, t in self.traces.items() if t.waiting == 0}

    def check_cohorts(self, checks, reports, allowed_extra=0, allowed_missing=0):
        """`reports`: what `flywheel cohorts` of every member says."""
        found = collections.Counter()
        for report in reports:
            for row in report:
                for verdict in ("pass", "borderline", "fail", "unscored"):
                    found[row["cohort"]["intent"], verdict] += row[verdict]
        wanted = collections.Counter((t.intent, t.verdict) for t in self.sent().values())
        over, under = found - wanted, wanted - found
        name = "every acknowledged trace is in the cohorts exactly once"
        if allowed_extra or allowed_missing:
            name = f"at most {allowed_extra} traces are counted again, at most {allowed_missing} missing"
        checks.check(name, sum(over.values()) <= allowed_extra and sum(under.values()) <= allowed_missing,
                     f"{sum(found.values())} of {sum(wanted.values())}, over {sum(over.values())}, missing {sum(under.values())}"
                     + (f" {dict(over)} {dict(under)}" if over or under else ""))
        return sum(over.values()), sum(under.values())

    def check_records(self, checks, lines, allowed_missing=0, is_takeover=False):
        """`lines`: the records as they came, resent ones included. Returns how many were resent."""
        contents, of_trace, verdicts = collections.defaultdict(set), collections.defaultdict(set), {}
        for line in lines:
            record = json.loads(line)
            contents[record["record_id"]].add(line)
            of_trace[record["trajectory_id"]].add(record["record_id"])
            verdicts[record["trajectory_id"]] = record
        wanted = {i for i, t in self.sent().items() if t.verdict != "pass"}
        missing, strange = wanted - set(verdicts), {i for i in verdicts if i not in self.traces or self.traces[i].verdict == "pass"}
        checks.check("every failed and borderline trace has its record, no other", len(missing) <= allowed_missing and not strange,
                     f"{len(set(verdicts) & wanted)} of {len(wanted)}, strange {len(strange)}")
        checks.check("no record id has two contents", all(len(b) == 1 for b in contents.values()), len(contents))
        if not is_takeover:
            checks.check("no trajectory has two records", all(len(r) == 1 for r in of_trace.values()),
                         f"{sum(len(r) > 1 for r in of_trace.values())} with more")
            others = {i: (r["verdict"], r["revision"], r["completeness"]) for i, r in verdicts.items() if i in wanted and
                      (r["verdict"] != self.traces[i].verdict or r["completeness"]["spans"] != SPANS)}
            checks.check("each has its verdict and all its spans", not missing and not others or allowed_missing > 0,
                         f"{len(others)} have not, as {list(others.items())[:3]}" if others else "")
        return len(lines) - len(contents)

    def check_account(self, checks, statuses):
        for status in statuses:
            checks.check("accepted spans are decided, in flight or dropped with a reason", adds_up(status["spans"]), status["spans"])
