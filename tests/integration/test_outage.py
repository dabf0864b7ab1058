"""No broker while records are made: they cost disk and not memory or CPU, a full outbox is back-pressure at the senders, and once the
broker is there every record arrives, once and in order of its trajectory."""
import json, os, subprocess, tempfile, time

import grpc

from daemon import TRACES, Checks, Daemon, arguments, broker_port, root
from otlp_bytes import field, request, span

args = arguments(traces=24000)
checks = Checks()
kafka = str(root / "tests/support/kafka/kafka.sh")
directory = tempfile.mkdtemp(prefix="flywheel-outage-")
port = broker_port()
FILLING = "".join(chr(97 + i * i % 26) for i in range(3000))


def broker(*command):
    subprocess.run([kafka, "-p", str(port), "-d", directory, *command], check=True, timeout=300)


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def batch(first, count):
    now = time.time_ns()
    failed = field(15, field(3, 2))
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         gen_ai__agent__name="outage", input__value=f"question {trace}", output__value=FILLING) + failed
                    for trace in range(first, first + count)])


try:
    daemon = Daemon(args.flywheel, "trajectory: { settle: 100ms }\nlimits: { outbox: 80MiB, journal: 64MiB }\n"
                    "rules: [{ name: failed, measure: errors, fail_above: 0 }]\n",
                    exporter=f"kafka/annotations: {{ brokers: [127.0.0.1:{port}], topic: annotations }}")
    daemon.start()
    pid = daemon.process.pid
    idle_cpu, idle_rss = cpu_seconds(pid), rss_mib(pid)
    time.sleep(10)
    checks.check("idle without a broker costs next to nothing", cpu_seconds(pid) - idle_cpu < 0.3, f"{cpu_seconds(pid) - idle_cpu:.2f} CPU s in 10 s")
    accepted, refused = 0, 0
    with daemon.channel() as channel:
        export = channel.unary_unary(TRACES)
        for first in range(1, args.traces + 1, 200):
            try:
                export(batch(first, 200), timeout=30)
                accepted += 200
            except grpc.RpcError as error:
                refused += 1
                checks.check("a full outbox refuses retryably", error.code() == grpc.StatusCode.UNAVAILABLE, f"{error.code().name} after {accepted} traces")
                break
            if first % 2000 == 1:
                time.sleep(0.3)
    checks.check("the outbox has a cap", refused == 1, f"{accepted} traces accepted")
    daemon.wait(lambda: daemon.status()["spans"]["in_flight"] == 0, 60)
    outbox = daemon.status()["outbox"]
    checks.check("every run has its record in the outbox", outbox["records"] == accepted, outbox)
    held = rss_mib(pid)
    # 64 MiB may stand before the producer, and once more in its own queue by reference.
    checks.check("records cost disk, not memory", held - idle_rss < 64 * 1.5 + 96, f"RSS {idle_rss:.0f} -> {held:.0f} MiB with {outbox['bytes'] / 2**20:.0f} MiB in the outbox")
    before = cpu_seconds(pid)
    time.sleep(10)
    spent = cpu_seconds(pid) - before
    checks.check("waiting with a full outbox costs next to nothing", spent < 0.5, f"{spent:.2f} CPU s in 10 s")
    broker("start")
    broker("create-topic", "annotations", "4")
    began = time.time()
    drained = daemon.wait(lambda: daemon.status()["outbox"]["records"] == 0, 90)
    checks.check("everything leaves once the broker is there", drained, f"{accepted} records in {time.time() - began:.1f} s")
    with daemon.channel() as channel:
        export = channel.unary_unary(TRACES)
        try:
            export(batch(10**6, 1), timeout=30)
            answer = "OK"
        except grpc.RpcError as error:
            answer = error.code().name
    checks.check("and senders are taken again", answer == "OK", answer)
    daemon.wait(lambda: daemon.status()["spans"]["in_flight"] == 0 and daemon.status()["outbox"]["records"] == 0, 30)
    out = subprocess.run(["kcat", "-b", f"127.0.0.1:{port}", "-C", "-t", "annotations", "-e", "-q", "-o", "beginning", "-f", "%k\n"],
                         capture_output=True, text=True, timeout=120).stdout.split()
    checks.check("each record is on the topic, once", len(out) == len(set(out)) == accepted + 1, f"{len(out)} records, {len(set(out))} keys")
    checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    daemon.remove()
finally:
    subprocess.run([kafka, "-p", str(port), "-d", directory, "stop"], timeout=60)
    subprocess.run(["rm", "-rf", directory])
checks.finish()
