"""Killed at random moments under load, nothing that was acknowledged is lost and nothing counts twice.

    test_kill9.py --flywheel BINARY [--rounds N] [--seed N]

Each round sends some hundred runs whose verdicts are known, kills the daemon (-9) in the middle, starts it again, and
repeats the requests that were not acknowledged. At the end cohorts and records must be those of one quiet day.
"""

import collections
import json
import queue
import threading
import time

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

import harness

RUNS = 300
CONNECTIONS = 4
SCORES = {"pass": 0.95, "borderline": 0.6, "fail": 0.2}
INTENTS = ["payoff", "card lost", "opening hours"]
RULES = "rules:\n  - { name: grounded, measure: score.Groundedness, fail_below: 0.5, borderline_below: 0.8 }\n"


def attribute(span, key, value):
    item = span.attributes.add(key=key)
    if isinstance(value, float):
        item.value.double_value = value
    else:
        item.value.string_value = value


def make_run(random, number):
    """(trace id, intent, verdict, requests): three spans, the root often apart from its children."""
    trace_id = random.randbytes(16)
    intent = random.choice(INTENTS)
    verdict = random.choice(list(SCORES))
    end = time.time_ns()
    ids = [random.randbytes(8) for _ in range(3)]
    spans = []
    for index, (name, kind) in enumerate((("invoke_agent", "AGENT"), ("chat", "LLM"), ("judge", "EVALUATOR"))):
        span = trace_pb2.Span(trace_id=trace_id, span_id=ids[index], name=name, kind=1,
                              parent_span_id=ids[0] if index else b"",
                              start_time_unix_nano=end - 10**9 + index * 1000, end_time_unix_nano=end - index * 1000)
        attribute(span, "openinference.span.kind", kind)
        if kind == "AGENT":
            attribute(span, "intent", intent)
            attribute(span, "input.value", f"question {number}")
            attribute(span, "output.value", f"answer {number}")
        if kind == "EVALUATOR":
            attribute(span, "gen_ai.evaluation.name", "Groundedness")
            attribute(span, "gen_ai.evaluation.score.value", SCORES[verdict])
        spans.append(span)
    groups = [spans] if random.random() < 0.3 else [spans[1:], spans[:1]]
    requests = []
    for group in groups:
        request = trace_service_pb2.ExportTraceServiceRequest()
        request.resource_spans.add().scope_spans.add().spans.extend(group)
        requests.append(request.SerializeToString())
    return trace_id.hex(), intent, verdict, requests


def deliver(endpoint, bodies, seconds=20):
    """Sends over several connections; the requests without an acknowledgement, in order."""
    work = queue.Queue()
    for item in enumerate(bodies):
        work.put(item)
    unacknowledged = []
    stopped = threading.Event()

    def one_connection():
        sender = harness.Sender(endpoint)
        while True:
            try:
                index, body = work.get_nowait()
            except queue.Empty:
                break
            try:
                if stopped.is_set():
                    raise grpc.RpcError()
                sender.future(body, seconds=seconds).result()
            except grpc.RpcError:
                stopped.set()
                unacknowledged.append(index)
        sender.close()

    threads = [threading.Thread(target=one_connection) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [bodies[index] for index in sorted(unacknowledged)]


def repeat_until_acknowledged(daemon, bodies):
    end = time.monotonic() + 30
    while bodies and time.monotonic() < end:
        bodies = deliver(daemon.endpoint, bodies)
    return bodies


def check_cohorts(checks, daemon, runs):
    wanted = collections.Counter((intent, verdict) for intent, verdict in runs.values())
    found = collections.Counter()
    for row in daemon.cohorts():
        for verdict in ("pass", "borderline", "fail", "unscored"):
            if row.get(verdict):
                found[(row["cohort"]["intent"], verdict)] += row[verdict]
    checks.equal(sum(found.values()), len(runs), "each run is counted once")
    checks.equal(dict(sorted(found.items())), dict(sorted(wanted.items())), "verdicts by cohort are as known")


def check_records(checks, daemon, runs):
    lines = daemon.lines()
    by_id = collections.defaultdict(set)
    verdicts = collections.defaultdict(set)
    for line in lines:
        record = json.loads(line)
        by_id[record["record_id"]].add(line)
        verdicts[record["trajectory_id"]].add((record["verdict"], record["revision"]))
    checks.that(all(len(texts) == 1 for texts in by_id.values()), "one record_id never has two contents",
                [key for key, texts in by_id.items() if len(texts) > 1][:3])
    wanted = {key: {(verdict, 1)} for key, (_, verdict) in runs.items()}
    wrong = [(key, verdicts.get(key), wanted.get(key)) for key in wanted.keys() | verdicts.keys()
             if verdicts.get(key) != wanted.get(key)]
    checks.that(not wrong, "each run has one record with its verdict", f"{len(wrong)} wrong, such as {wrong[:3]}")
    print(f"      {len(lines)} lines, {len(lines) - len(by_id)} of them a repetition")


def test(checks, arguments, directory):
    random = arguments.random
    daemon = harness.Daemon(arguments.flywheel, directory, body=RULES, trajectory="settle: 300ms, idle_timeout: 60s")
    daemon.start()
    runs = {}
    ready = []
    lost_answers = 0
    try:
        for round_number in range(arguments.rounds):
            bodies = []
            for number in range(RUNS):
                trace_id, intent, verdict, requests = make_run(random, number)
                runs[trace_id] = (intent, verdict)
                bodies += requests
            # Requests of one run may be far from each other, but within the idle timeout.
            for index in range(len(bodies)):
                other = min(len(bodies) - 1, index + random.randrange(20))
                bodies[index], bodies[other] = bodies[other], bodies[index]
            killer = threading.Timer(random.uniform(0.02, 1.2), daemon.kill)
            killer.start()
            left = deliver(daemon.endpoint, bodies)
            killer.join()
            lost_answers += len(left)
            ready.append(daemon.start(30))
            left = repeat_until_acknowledged(daemon, left)
            if not checks.equal(len(left), 0, f"round {round_number}: all is acknowledged after a restart"):
                break
        harness.wait_for(lambda: len({json.loads(line)["trajectory_id"] for line in daemon.lines()}) >= len(runs), 30,
                         0.5)
        time.sleep(1.5)  # A record too many must have the time to show, and the folder its second.
        check_cohorts(checks, daemon, runs)
        check_records(checks, daemon, runs)
        samples = daemon.metrics()
        accepted = harness.total(samples, "flywheel_receiver_accepted_spans_total")
        accounted = (harness.total(samples, "flywheel_spans_decided_total")
                     + harness.total(samples, "flywheel_spans_in_flight")
                     + harness.total(samples, "flywheel_spans_dropped_total"))
        checks.equal(accounted, accepted, "spans accepted = decided + in flight + dropped")
        checks.equal(harness.total(samples, "flywheel_spans_decided_total"), 3 * len(runs), "each span is decided once")
        checks.equal(daemon.stop(), 0, "a drain ends with 0")
        checks.that(max(ready) < 10, "ready within 10 s after each kill", max(ready))
    finally:
        daemon.kill()
    print(f"      {arguments.rounds} kills, {len(runs)} runs, {lost_answers} requests repeated; ready after "
          f"{min(ready) * 1000:.0f} to {max(ready) * 1000:.0f} ms")


if __name__ == "__main__":
    harness.main(test, rounds=10)
