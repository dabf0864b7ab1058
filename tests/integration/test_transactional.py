"""`emit: transactional` over kill -9: a reader of committed records sees each record exactly once, although the process dies at random
moments between its transactions and its own commits, and the broker goes away once."""
import random, threading, time

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import TRACES
from flywheel.otlp_bytes import field, request, span
from flywheel.sender import send_until_taken
from flywheel.waiting import patiently, stays

args = arguments(rounds=12, seed=20261123, emit="transactional")  # idempotent: the control, which does repeat records
checks = Checks()
rng = random.Random(args.seed)


def body(first, count):
    now = time.time_ns()
    failed = field(15, field(3, 2))
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         input__value=f"question {trace}", output__value="answer") + failed for trace in range(first, first + count)])


class Sender(threading.Thread):
    """Sends batches until told to stop; a batch is sent again until it is acknowledged."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.target, self.next, self.is_stopping = daemon, 1, False

    def run(self):
        while not self.is_stopping:
            bytes_of_batch = body(self.next, 20)
            with self.target.channel() as channel:
                send_until_taken(channel.unary_unary(TRACES), bytes_of_batch)
            self.next += 20
            time.sleep(0.02)


broker = Broker()
broker.topic("annotations", 4)
daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n",
                exporters=f"kafka/annotations: {{ brokers: [{broker.address}], topic: annotations, emit: {args.emit} }}")
daemon.start()
sender = Sender(daemon)
sender.start()
for round in range(args.rounds):
    time.sleep(rng.uniform(0.3, 2.5))
    daemon.kill()
    if round == args.rounds // 2:
        broker.kill()
        daemon.start()
        time.sleep(3)
        broker.start()
    else:
        daemon.start()
sender.is_stopping = True
sender.join(patiently(120))
sent = sender.next - 1
drained = daemon.settle(180)
checks.check("the outbox drains", drained, daemon.status()["outbox"])
committed, everything = broker.keys("annotations"), broker.keys("annotations", "read_uncommitted")
checks.check("each record is committed exactly once", len(committed) == len(set(committed)) == sent,
             f"{len(committed)} records, {len(set(committed))} keys of {sent} runs; {len(everything) - len(committed)} aborted ones on the topic")
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.start()
checks.check("a restart sends nothing again", stays(lambda: len(broker.keys("annotations")) == sent, 3))
checks.check("and ends with 0", daemon.stop() == 0)
daemon.remove()
broker.remove()
checks.finish()
