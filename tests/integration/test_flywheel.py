"""The flywheel turns, as a team at the bank walks it: release 4.2.0 makes a claim that the policy denies; a person says so, and the run becomes a
row; release 4.2.1 makes the same claim to other customers and is told at once, by the row and not by a score; its candidate does not pass the
gate, a mended one does. Then 4.2.2 says it in other words: what the row still sees, what it cannot see, and that the measures say so."""
import json, re, time, uuid

from flywheel import metrics
from flywheel.banking import ANSWER, CLAIM, configure, payoff
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.review import Api
from flywheel.waiting import wait_for

args = arguments()
checks = Checks()
FACT = "2 % fee in the first three years"
RIGHT = "Your payoff amount is 182,340.12. There is a 2 % fee in the first three years."
OTHER_WORDS = "Your payoff amount is 182,340.12. You may repay whenever you like without any charge."
OTHER_QUESTION = "Can my wife and I settle the loan of our house ahead of time, and what will it cost us, contract {}?"
RATE = 0.92


class Person:
    def __init__(self, name, role):
        self.token = daemon.run("reviewer", "add", name, "--role", role, "--file", "reviewers").stdout.split()[-1]

    def sign_in(self):
        _, _, session = Api(daemon.review_port).post("/api/v1/session", {"token": self.token})
        self.api, self.label_set = Api(daemon.review_port, session["session"]), session["label_set"]
        return self

    def next(self):
        """The next item; 20 posts a second are what a token may."""
        def ask():
            status, _, item = self.api.post("/api/v1/review/next", {})
            return item if status == 200 else None
        return wait_for(ask, 60, 0.3)

    def judge(self, item, verdict, **more):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        labels = {"labels": ["unsupported_claim"]} if verdict == "fail" else {}
        status, _, shown = self.api.post(f"/api/v1/review/items/{item['item_id']}/reveal", {"verdict": verdict, "labels": labels.get("labels", [])})
        assert status == 200, (status, shown)
        status, _, answer = self.api.post("/api/v1/results", {
            "schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": item["record_id"], "status": "completed", "verdict": verdict,
            "approve": True, "started_at": now, "completed_at": now, "label_set": self.label_set, **labels, **more})
        return shown["machine"], answer if status == 200 else (status, answer)


def flywheel(*words, code=0):
    """A command beside the daemon; what it printed."""
    asked = daemon.run(*words)
    if not checks.equal(f"flywheel {' '.join(map(str, words))[:90]}: exit {code}", asked.returncode, code):
        print(asked.stdout[-2000:], asked.stderr[-2000:])
    return asked.stdout


def document(*words, code=0):
    return json.loads(flywheel(*words, "-c", daemon.config, "--format", "json", code=code) or "{}")


def send(name, *bodies):
    folder = daemon.directory / "runs" / name
    folder.mkdir(parents=True)
    for at, body in enumerate(bodies):
        (folder / f"{at:02}.pb").write_bytes(body)
    flywheel("send", "--now", "--endpoint", f"127.0.0.1:{daemon.port}", folder)


def record_of(trace):
    return wait_for(lambda: next((one for one in daemon.records() if one["trajectory_id"] == f"{trace:032x}"), None), 60)


def candidate(folder, rows, answer):
    """The team's own runner: the new release answers each row's question; OTLP files whose root says which row."""
    (daemon.directory / folder).mkdir()
    for at, row in enumerate(rows):
        (daemon.directory / folder / f"{at}.pb").write_bytes(payoff(9000 + at, "4.2.1", "", answer=answer, question=row["input"], groundedness=0.95, relevance=0.9, flywheel__row_id=row["row_id"]))


def gate(folder, *words, code):
    return flywheel("gate", "-c", daemon.config, "--dataset", "rows.jsonl", "--candidate", folder, "--cohort", "intent=mortgage payoff", "--min-pass-rate", str(RATE), *words, code=code)


daemon = Daemon(args.flywheel)
# Everything is reviewed here, so that each step is certain; settled runs do not wait for six seconds.
configure(daemon, replace={"trajectory:\n": "trajectory:\n  settle: 200ms\n", "  pass: 0.02\n": "  pass: 1\n"})
asha, lee = Person("asha", "reviewer"), Person("lee", "adjudicator")
daemon.start()
asha.sign_in()
lee.sign_in()

# --- a real miss becomes a row ---

send("payoff-4.2.0", payoff(1, "4.2.0", "4711"))
item = asha.next()
checks.check("the run comes to review", item and item["output"] == ANSWER, item and item.get("output"))
machine, answer = asha.judge(item, "fail", must_not_include=[[CLAIM]], must_include=[[FACT]])
checks.check("the machine had failed it, by its score", machine["verdict"] == "fail" and {one["rule"]: one["outcome"] for one in machine["evaluations"]}["ungrounded"] == "fail", machine)
row_id = answer["row_id"]
listed = flywheel("dataset", "list", "-c", daemon.config)
checks.check("a row stands: eval, regression, unsupported_claim", re.match(r"v1 [0-9a-f]{16}", listed) and "1 row" in listed and "regression" in listed and "unsupported_claim" in listed, listed)
checks.check("the shards have the row", wait_for(lambda: metrics.total(daemon.metrics(), "flywheel_regression_set_rows") == 1, 30))
actions = [json.loads(line)["action"] for line in lines_of(flywheel("audit", "export", "-c", daemon.config))]
checks.check("each step is in the trail", {"result.accepted", "decision", "row.added", "split.assigned", "regression.changed"} <= set(actions), actions)
checks.check("which is whole", "whole" in flywheel("audit", "verify", daemon.state))

# --- the next release repeats it ---

send("payoff-4.2.1", payoff(2, "4.2.1", "5822", groundedness=0.97, relevance=0.9), payoff(3, "4.2.1", "6933", answer=RIGHT, groundedness=0.97, relevance=0.9),
     payoff(4, "4.2.1", "7044", answer="A prepayment fee is due: 2 % fee in the first three years. It is wrong that no prepayment fee applied to you.", groundedness=0.97, relevance=0.9))
repeated, right = record_of(2), record_of(3)
hits = repeated.get("regressions", [])
checks.check("the same claim to another customer is told, though its score is good", repeated["verdict"] == "fail" and [(hit["row_id"], hit["check"]) for hit in hits] == [(row_id, "must_not_include")], repeated.get("regressions"))
checks.equal("as most urgent, for its reason, with the row's failure mode", (repeated["priority"], repeated["selection"]["reason"], repeated["labels"]), (1, "regression", ["unsupported_claim"]))
checks.check("by the rule of that name", {one["rule"]: one["outcome"] for one in repeated["evaluations"]}.get("regression") == "fail", repeated["evaluations"])
checks.check("a right answer passes it", right["verdict"] == "pass" and not [hit for hit in right.get("regressions", []) if hit["check"] not in ("", "none", None)], right.get("regressions"))

# --- the gate before the next release ---

flywheel("dataset", "export", "-c", daemon.config, "--cohort", "intent=mortgage payoff", "-o", "rows.jsonl")
rows = [json.loads(line) for line in lines_of((daemon.directory / "rows.jsonl").read_text())]
checks.check("the row is exported", row_id in [row["row_id"] for row in rows])
candidate("candidate", rows, ANSWER)
told = gate("candidate", "--report", "junit=gate.xml,markdown=summary.md,json=gate.json", code=1)
print(told)
checks.check("a candidate that repeats the claim is blocked, and told why", "must_not_include" in told and "4.2" not in told.split("\n")[0], told)
report = json.loads((daemon.directory / "gate.json").read_text())
checks.check("reports are written", "<testsuite" in (daemon.directory / "gate.xml").read_text() and "mortgage payoff" in (daemon.directory / "summary.md").read_text(), report)
candidate("mended", rows, RIGHT)
gate("mended", code=0)
gate("mended", "--baseline-candidate", "candidate", code=0)
told = gate("candidate", "--baseline-candidate", "mended", code=1)
checks.check("against its baseline the newly failing rows are named", row_id[:8] in told, told)
flywheel("gate", "-c", daemon.config, "--dataset", "rows.jsonl", "--candidate", "mended", "--cohort", "intent=nothing such", "--min-pass-rate", str(RATE), code=3)
flywheel("gate", "-c", daemon.config, "--dataset", "nowhere.jsonl", "--candidate", "mended", "--min-pass-rate", str(RATE), code=2)

# --- in other words ---

while (item := asha.next()):
    asha.judge(item, "fail" if CLAIM in item["output"] else "pass", **({"must_not_include": [[CLAIM]]} if CLAIM in item["output"] else {}))
    if not asha.api.get("/api/v1/review/items?state=open")[2]["items"]:
        break
send("payoff-4.2.2", payoff(5, "4.2.2", "8155", answer=OTHER_WORDS, groundedness=0.97, relevance=0.9),
     payoff(6, "4.2.2", "9266", answer=OTHER_WORDS, question=OTHER_QUESTION, groundedness=0.97, relevance=0.9))
seen, unseen = record_of(5), record_of(6)
checks.check("in other words to the same question: what must be said is missing", seen["verdict"] == "fail" and seen["regressions"][0]["check"] == "must_include", seen.get("regressions"))
checks.check("in other words to another question: nobody sees it", unseen["verdict"] == "pass" and not unseen.get("regressions"), unseen.get("regressions"))
while (item := asha.next()):
    asha.judge(item, "fail" if item["output"] == OTHER_WORDS else "pass")
    if not asha.api.get("/api/v1/review/items?state=open")[2]["items"]:
        break
measures = document("measures", "--baseline", "release=4.2.0")
print(json.dumps(measures["overall"]["regression_escape_rate"]))
flywheel("measures", "-c", daemon.config, "--baseline", "release=4.2.0")
escape = measures["overall"]["regression_escape_rate"]
checks.check("the measures say that it escaped: one run of two was hit, the other was found by a person", escape["release"] == "4.2.2" and (escape["runs"], escape["hits"], escape["escaped"]) == (2, 1, 1), escape)

# --- how much the rules can be trusted ---

curve = document("calibrate", "--rule", "ungrounded", "--curve")
fooled = curve["rules"][0]
checks.check("the score that was fooled has lost recall, not precision", fooled["recall"]["value"] < 1 == fooled["precision"]["value"], fooled)
checks.check("each of its figures says that it rests on few reviews", all(fooled[name]["few"] for name in ("precision", "recall", "rule_lift")), fooled)
flywheel("calibrate", "-c", daemon.config)
agreement = document("agreement")
verdict = next(one for one in agreement["subjects"] if one["subject"] == "verdict")
checks.equal("one reviewer each: no agreement can be stated, and the reason is", (verdict["doubled"], verdict["ac1"]["value"], verdict["ac1"]["reason"]), (0, None, "too_few"))
checks.check("queue: nothing is open", all(one["open"] == 0 for one in document("queue")["queues"]))
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
checks.check("state check", daemon.check_state().returncode == 0)
daemon.remove()
checks.finish()
