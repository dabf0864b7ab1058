"""Senders that others wrote: the SDKs of Python, Go, Java and Node, by gRPC and HTTP, gzip off and on, and a Collector whose exporters
go on trying while the daemon is not there yet, goes, is killed, and has no room. What they send is judged, every trace once."""
# peer: the OpenTelemetry SDKs of Python, Go, Java and Node, and the Collector
import json, os, threading, time

import grpc, jsonschema

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.clients import SDKS, Collector
from flywheel.daemon import Daemon
from flywheel.metrics import by_label
from flywheel.places import TRACES, root
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import patiently, wait_for

PIPELINE = """
rules: [{ name: failed, measure: errors, fail_above: 0 }, { name: ungrounded, measure: score.Groundedness, fail_below: 0.5 }]
selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }
redaction: { content: full }
"""
QUICK = "trajectory: { settle: 1s, idle_timeout: 5s }\n"
# What is open fills it, however slowly it comes.
TINY = "trajectory: { settle: 20s }\nlimits: { memory: 16MiB, journal: 16MiB }\n"
QUESTION = "What is my mortgage payoff amount?"
ANSWER = "Your payoff amount is 182,340.11 dollars, valid through June 30."
args = arguments(runs=60, traces=400, burst=4000)
checks = Checks()


def requests_by_code(daemon):
    """What the OTLP receiver answered, by status."""
    return {code: count for code, count in by_label(daemon.metrics(), "flywheel_receiver_requests_total", "code").items() if count}


def sdks():
    daemon = Daemon(args.flywheel, PIPELINE + QUICK, http="")
    daemon.start()
    schema = json.loads((root / "proto/review.schema.json").read_text())
    sent = {}
    for name, client in SDKS.items():
        for protocol in ("grpc", "http", "json") if name == "node" else ("grpc", "http"):
            for compression in ("none", "gzip"):
                port = daemon.port if protocol == "grpc" else daemon.http_port
                done = processes.run(*client(protocol, compression, str(args.runs), f"127.0.0.1:{port}"))
                ids = done.stdout.split()
                sent.update(dict.fromkeys(ids, name))
                checks.check(f"{name}, {protocol}, {compression}: the SDK is content", done.returncode == 0 and len(ids) == args.runs,
                             done.stderr[-500:] if done.returncode else f"{len(ids)} runs")
    daemon.wait(lambda: len(daemon.lines()) >= len(sent), 120)
    records = daemon.records()
    checks.check("every run of every SDK is a record, once", sorted(r["trajectory_id"] for r in records) == sorted(sent), f"{len(records)} of {len(sent)}")
    validator = jsonschema.Draft202012Validator(schema)
    checks.check("each is valid under the schema", all(validator.is_valid(record) for record in records))
    services = {r["trajectory_id"]: r["source"].get("service") for r in records}
    checks.check("each names its service", all(services.get(i) == f"{name}-agent" for i, name in sent.items()))
    checks.check("question and failure are in each", all(QUESTION in json.dumps(r["input"]) and r["verdict"] == "fail" for r in records))
    checks.check("the answer too, where the agent gave one", all(ANSWER in json.dumps(r["output"]) for r in records if sent[r["trajectory_id"]] != "python"))
    spans = sum(4 if name == "python" else 3 for name in sent.values())
    account = daemon.status()["spans"]
    checks.check("every span is decided", account == {"accepted": spans, "decided": spans, "dropped": 0, "in_flight": 0}, account)
    codes = requests_by_code(daemon)
    checks.check("no request was refused", set(codes) == {"OK"}, codes)
    checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    daemon.remove()


class Sender:
    """Gives traces to the Collector, half of them for each exporter, and remembers which it took."""

    def __init__(self, collector):
        self.channels = [grpc.insecure_channel(f"127.0.0.1:{port}") for port in collector.ports.values()]
        self.exports = [channel.unary_unary(TRACES) for channel in self.channels]
        self.number, self.ids = 0, set()

    def send(self, traces, filling=200):
        for _ in range(traces // 10):
            now, spans = time.time_ns(), []
            for _ in range(10):
                self.number += 1
                trace, text = self.number.to_bytes(16, "big"), os.urandom(filling // 2).hex()
                root_id, child_id = (2 * self.number).to_bytes(8, "big"), (2 * self.number + 1).to_bytes(8, "big")
                spans.append(span(trace, root_id, b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", output__value=text))
                spans.append(span(trace, child_id, root_id, "tool", now - 10**8, now, gen_ai__operation__name="execute_tool") + field(15, field(3, 2)))
                self.ids.add(trace.hex())
            self.exports[self.number // 10 % 2](request(spans), timeout=patiently(120))


def collector_loses_nothing():
    daemon = Daemon(args.flywheel, PIPELINE + TINY, grpc=", max_message: 8MiB", http=", max_message: 8MiB")
    collector = Collector(daemon.port, daemon.http_port)
    try:
        sender = Sender(collector)
        sender.send(args.traces)

        def both_try():
            trying = [line for line in collector.log().splitlines() if "Will retry" in line]
            return all(any(name in line for line in trying) for name in ("otlp_grpc", "otlp_http"))

        checks.check("without a daemon both exporters go on trying", wait_for(both_try))
        daemon.start()
        for how in (daemon.stop, daemon.kill):
            under_way = threading.Thread(target=sender.send, args=(args.traces,))
            under_way.start()
            time.sleep(0.3)
            how()
            under_way.join()
            sender.send(args.traces)
            time.sleep(0.5)
            daemon.start()
        checks.check("it has come back after TERM and KILL", daemon.wait(lambda: len(daemon.lines()) >= len(sender.ids), 180), f"{len(daemon.lines())} records")
        before = requests_by_code(daemon)
        began = time.monotonic()
        sender.send(args.burst, 8000)
        all_there = daemon.wait(lambda: len(daemon.lines()) >= len(sender.ids), 300)
        codes = requests_by_code(daemon)
        refused = {code: int(n - before.get(code, 0)) for code, n in codes.items() if n > before.get(code, 0)}
        checks.check("with no room it refuses retryably, and only that", refused.get("UNAVAILABLE", 0) > 0 and set(refused) == {"OK", "UNAVAILABLE"},
                     f"{refused}, {time.monotonic() - began:.1f} s, peak {daemon.memory_kib('VmHWM') / 1024:.0f} MiB")
        records = daemon.records()
        ids = [r["trajectory_id"] for r in records]
        checks.check("nothing is lost", all_there and set(ids) == sender.ids, f"{len(set(ids))} of {len(sender.ids)}")
        checks.check("nothing is judged twice", len(ids) == len(set(ids)), f"{len(ids)} records")
        checks.check("each is whole", all(r["verdict"] == "fail" and r["completeness"]["spans"] == 2 for r in records))
        checks.check("the Collector has dropped nothing", "Dropping data" not in collector.log(), f"{collector.log().count('Will retry')} retries")
        checks.check("the Collector ends with 0", collector.stop() == 0)
        checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    finally:
        collector.remove()
        daemon.remove()


sdks()
collector_loses_nothing()
checks.finish()
