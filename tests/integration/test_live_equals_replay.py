"""The byte promise: every recorded request live over gRPC, shuffled over eight connections, once and then each twice, gives the
records of `replay`, byte for byte."""
import random, threading

from daemon import Checks, Daemon, arguments, corpus_requests

pipeline = """
trajectory: { settle: 2s, idle_timeout: 5s }
rules:
  - { name: ungrounded, measure: [score.Groundedness, groundedness.lexical], fail_below: 0.5, borderline_below: 0.8 }
  - { name: failed, measure: errors, fail_above: 0, labels: [failed] }
  - { name: looping, measure: loop, fail_below: 0.4, borderline_below: 0.7 }
selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }
redaction: { content: full }
"""


def send(daemon, work):
    def go(part):
        with daemon.channel() as channel:
            for service, body in part:
                channel.unary_unary(service)(body, timeout=20)

    threads = [threading.Thread(target=go, args=(work[k::8],)) for k in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]


args = arguments(seed=1)
checks = Checks()
files, requests = corpus_requests()
for times in (1, 2):
    daemon = Daemon(args.flywheel, pipeline)
    expected = daemon.run("replay", "-c", str(daemon.config), *map(str, files)).stdout.splitlines()
    daemon.start()
    work = requests * times
    random.Random(args.seed + times).shuffle(work)
    send(daemon, work)
    daemon.wait(lambda: len(daemon.lines()) >= len(expected), 40)
    account = daemon.status()["spans"]
    code = daemon.stop()
    live = daemon.lines()
    checks.check(f"each request {times} time(s): as many records", len(live) == len(expected), f"{len(live)} of {len(expected)}")
    checks.check(f"each request {times} time(s): the same bytes", sorted(live) == sorted(expected))
    checks.check("every span is accounted for",
                 account["accepted"] == account["decided"] + account["dropped"] + account["in_flight"], account)
    checks.check("it ends with 0 on TERM", code == 0)
    daemon.remove()
checks.finish()
