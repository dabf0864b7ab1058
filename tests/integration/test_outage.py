"""No broker while records are made: they cost disk and not memory or CPU, a full outbox is back-pressure at the senders, and once the
broker is there every record arrives, once and in order of its trajectory."""
import time

import grpc

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import TRACES
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import patiently

args = arguments(traces=24000)
checks = Checks()
broker = Broker(is_started=False)
FILLING = "".join(chr(97 + i * i % 26) for i in range(3000))


def batch(first, count):
    now = time.time_ns()
    failed = field(15, field(3, 2))
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         gen_ai__agent__name="outage", input__value=f"question {trace}", output__value=FILLING) + failed
                    for trace in range(first, first + count)])


def cpu_of_ten_seconds():
    before = daemon.cpu_seconds()
    time.sleep(10)
    return daemon.cpu_seconds() - before


daemon = Daemon(args.flywheel, "trajectory: { settle: 100ms }\nlimits: { outbox: 80MiB, journal: 64MiB }\n"
                "rules: [{ name: failed, measure: errors, fail_above: 0 }]\n",
                exporters=f"kafka/annotations: {{ brokers: [{broker.address}], topic: annotations }}")
daemon.start()
idle_rss = daemon.memory_kib() / 1024
spent = cpu_of_ten_seconds()
checks.check("idle without a broker costs next to nothing", spent < patiently(0.5), f"{spent:.2f} CPU s in 10 s")
accepted, refused = 0, 0
with daemon.channel() as channel:
    export = channel.unary_unary(TRACES)
    for first in range(1, args.traces + 1, 200):
        try:
            export(batch(first, 200), timeout=patiently(60))
            accepted += 200
            if first % 2000 == 1:
                daemon.wait(lambda: daemon.in_flight() < 2000, 5)  # the outbox shall be full before the journal
        except grpc.RpcError as error:
            refused += 1
            checks.check("a full outbox refuses retryably", error.code() == grpc.StatusCode.UNAVAILABLE, f"{error.code().name} after {accepted} traces")
            break
checks.check("the outbox has a cap", refused == 1, f"{accepted} traces accepted")
daemon.wait(lambda: daemon.in_flight() == 0, 120)
outbox = daemon.status()["outbox"]
checks.check("every run has its record in the outbox", outbox["records"] == accepted, outbox)
held = daemon.memory_kib() / 1024
# 64 MiB may stand before the producer, and once more in its own queue by reference.
checks.check("records cost disk, not memory", held - idle_rss < 64 * 1.5 + 96, f"RSS {idle_rss:.0f} -> {held:.0f} MiB with {outbox['bytes'] / 2**20:.0f} MiB in the outbox")
spent = cpu_of_ten_seconds()
checks.check("waiting with a full outbox costs next to nothing", spent < patiently(0.5), f"{spent:.2f} CPU s in 10 s")
broker.start()
broker.topic("annotations", 4)
began = time.time()
drained = daemon.wait(lambda: daemon.status()["outbox"]["records"] == 0, 180)
checks.check("everything leaves once the broker is there", drained, f"{accepted} records in {time.time() - began:.1f} s")
with daemon.channel() as channel:
    export = channel.unary_unary(TRACES)
    try:
        export(batch(10**6, 1), timeout=patiently(60))
        answer = "OK"
    except grpc.RpcError as error:
        answer = error.code().name
checks.check("and senders are taken again", answer == "OK", answer)
daemon.settle()
out = broker.keys("annotations")
checks.check("each record is on the topic, once", len(out) == len(set(out)) == accepted + 1, f"{len(out)} records, {len(set(out))} keys")
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.remove()
broker.remove()
checks.finish()
