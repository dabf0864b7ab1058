"""Results of reviewers over a real topic: each is applied once, whatever is killed, sent twice or read again; what can't be applied becomes
a dead letter and stalls nothing; a topic that is away or made anew is waited for, and said."""
import json, random, time, uuid

from flywheel import metrics
from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import stays

args = arguments(rounds=10, seed=20261130)
checks = Checks()
rng = random.Random(args.seed)
RUNS = 40


def body(first, count):
    now = time.time_ns()
    failed = field(15, field(3, 2))
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         input__value=f"question {trace}", output__value=f"answer number {trace} is wrong") + failed for trace in range(first, first + count)])


def result(record, reviewer, verdict="fail", **more):
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.UUID(int=rng.getrandbits(128))), "record_id": record, "reviewer": reviewer,
            "status": "completed", "verdict": verdict, **more}


def produce(*values):
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker.address, "log_level": 0})
    for value in values:
        producer.produce("results", value if isinstance(value, (bytes, type(None))) else json.dumps(value).encode(), key=b"k")
    assert producer.flush(60) == 0


def outcomes():
    return {key: int(value) for key, value in metrics.by_label(daemon.metrics(), "flywheel_results_total", "outcome").items() if value}


def read_through():
    return daemon.wait(lambda: metrics.total(daemon.metrics(), "flywheel_results_lag") == 0 and metrics.total(daemon.metrics(), "flywheel_results_up") == 1)


broker = Broker()
broker.topic("results", 3)
broker.topic("dead", 1)
pipeline = """trajectory: { settle: 50ms }
rules: [{ name: failed, measure: errors, fail_above: 0 }]
review: { http: { endpoint: "127.0.0.1:0" }, queues: { "*": { reviewers: 1, overlap: 0 } } }
"""
daemon = Daemon(args.flywheel, pipeline, receivers=None, pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }, "
                "results: { receivers: [kafka/results], exporters: [], audit: [] }")
text = daemon.config.read_text()
daemon.config.write_text(text.replace("receivers: { ", f"receivers: {{ kafka/results: {{ brokers: [{broker.address}], topic: results, signal: results, dead_letter: {{ topic: dead }} }}, ", 1))
daemon.start()
daemon.send(body(1, RUNS))
daemon.wait(lambda: daemon.line_count() == RUNS)
records = [record["record_id"] for record in daemon.records()]

first = [result(record, "asha") for record in records]
produce(*first)
checks.check("results of a topic are applied", daemon.wait(lambda: outcomes().get("accepted") == RUNS), outcomes())

produce(*first)
checks.check("what is sent again is a duplicate", daemon.wait(lambda: outcomes().get("duplicate") == RUNS), outcomes())

daemon.stop()
daemon.start()
read_through()
checks.check("a restart reads nothing again", stays(lambda: sum(outcomes().values()) == 2 * RUNS, 1), outcomes())

bad = [b"{", b"[]", {"schema": "flywheel.result/v2"}, result(records[0], "asha", labels=["no_such_label"]),
       result(records[0], "asha", verdict="pass", labels=["wrong_tool"]), result(records[0], "asha", comment="x" * 9000), {**first[0], "verdict": "pass"}, None]
produce(*bad, result(records[1], "asha", verdict="pass"))
checks.check("what is behind bad results is applied", daemon.wait(lambda: outcomes().get("revised") == 1), outcomes())
counted = outcomes()
for outcome, count in {"malformed": 3, "unknown_label": 1, "inconsistent": 1, "too_large": 1, "conflict": 1}.items():
    checks.equal(f"{outcome} is counted", counted.get(outcome), count)
letters = lambda: broker.messages("dead")
daemon.wait(lambda: len(letters()) == len(bad) - 1)
checks.equal("each bad result is a dead letter, whole", sorted(letter.value for letter in letters()),
             sorted(value if isinstance(value, bytes) else json.dumps(value).encode() for value in bad if value is not None))

pending = result(str(uuid.uuid4()), "asha")
produce(pending)
checks.check("of an unknown record is pending", daemon.wait(lambda: outcomes().get("pending") == 1), outcomes())

before = outcomes()
for round in range(args.rounds):
    batch = [result(rng.choice(records), "asha", rng.choice(["pass", "fail"])) for _ in range(20)]
    produce(*batch)
    time.sleep(rng.uniform(0, 0.4))
    daemon.kill()
    daemon.start()
read_through()
after = outcomes()
applied = sum(after.values()) - sum(before.values())
checks.check("over kill -9 each result is applied once", applied == 20 * args.rounds, f"{before} {after}")
checks.check("state check", daemon.check_state())

before = outcomes()
broker.make_anew("results", 3)
produce(*[result(record, "lee") for record in records])
checks.check("a topic made anew is read from its first message", daemon.wait(lambda: sum(outcomes().values()) >= sum(before.values()) + RUNS, 90),
             f"{before} {outcomes()}")
broker.kill()
checks.check("a broker that is away is no reason to end", stays(daemon.is_running, 2))
broker.start()
produce(result(records[2], "kim"))
checks.check("and its return is noticed", daemon.wait(lambda: sum(outcomes().values()) >= sum(before.values()) + RUNS + 1, 90), outcomes())
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
checks.check("no text of a result is in the log", "answer number" not in daemon.logged() and "xxxx" not in daemon.logged())
daemon.remove()
broker.remove()
checks.finish()
