"""`emit: transactional` over kill -9: a reader of committed records sees each record exactly once, although the process dies at random
moments between its transactions and its own commits, and the broker goes away once."""
import random, subprocess, tempfile, threading, time

import grpc

from daemon import TRACES, Checks, Daemon, arguments, broker_port, root
from otlp_bytes import field, request, span

args = arguments(rounds=12, seed=20261123, emit="transactional")  # idempotent: the control, which does repeat records
checks = Checks()
kafka = str(root / "tests/support/kafka/kafka.sh")
directory = tempfile.mkdtemp(prefix="flywheel-transactions-")
port = broker_port()
rng = random.Random(args.seed)


def broker(*command):
    subprocess.run([kafka, "-p", str(port), "-d", directory, *command], check=True, timeout=300)


def body(first, count):
    now = time.time_ns()
    failed = field(15, field(3, 2))
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         input__value=f"question {trace}", output__value="answer") + failed for trace in range(first, first + count)])


def keys(isolation):
    return subprocess.run(["kcat", "-b", f"127.0.0.1:{port}", "-C", "-t", "annotations", "-e", "-q", "-o", "beginning", "-f", "%k\n",
                           "-X", f"isolation.level={isolation}"], capture_output=True, text=True, timeout=120).stdout.split()


class Sender(threading.Thread):
    """Sends batches until told to stop; a batch is sent again until it is acknowledged."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.target, self.next, self.is_stopping = daemon, 1, False

    def run(self):
        while not self.is_stopping:
            bytes_of_batch = body(self.next, 20)
            while True:
                try:
                    with self.target.channel() as channel:
                        channel.unary_unary(TRACES)(bytes_of_batch, timeout=10)
                    break
                except grpc.RpcError:
                    time.sleep(0.05)
            self.next += 20
            time.sleep(0.02)


try:
    broker("start")
    broker("create-topic", "annotations", "4")
    daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n",
                    exporter=f"kafka/annotations: {{ brokers: [127.0.0.1:{port}], topic: annotations, emit: {args.emit} }}")
    daemon.start()
    sender = Sender(daemon)
    sender.start()
    for round in range(args.rounds):
        time.sleep(rng.uniform(0.3, 2.5))
        daemon.kill()
        if round == args.rounds // 2:
            broker("kill")
            daemon.start()
            time.sleep(3)
            broker("start")
        else:
            daemon.start()
    time.sleep(1)
    sender.is_stopping = True
    sender.join(timeout=60)
    sent = sender.next - 1
    daemon.wait(lambda: daemon.status()["spans"]["in_flight"] == 0, 30)
    drained = daemon.wait(lambda: daemon.status()["outbox"]["records"] == 0, 90)
    checks.check("the outbox drains", drained, daemon.status()["outbox"])
    committed, everything = keys("read_committed"), keys("read_uncommitted")
    checks.check("each record is committed exactly once", len(committed) == len(set(committed)) == sent,
                 f"{len(committed)} records, {len(set(committed))} keys of {sent} runs; {len(everything) - len(committed)} aborted ones on the topic")
    checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    daemon.start()
    time.sleep(3)
    checks.check("a restart sends nothing again", len(keys("read_committed")) == sent)
    checks.check("and ends with 0", daemon.stop() == 0)
    daemon.remove()
finally:
    subprocess.run([kafka, "-p", str(port), "-d", directory, "stop"], timeout=60)
    subprocess.run(["rm", "-rf", directory])
checks.finish()
