"""The byte promise: every recorded request live over gRPC, shuffled over eight connections, once and then each twice, gives the
records of `replay`, byte for byte."""
import random

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, adds_up, lines_of
from flywheel.places import corpus_requests
from flywheel.sender import in_threads
from flywheel.waiting import patiently

pipeline = """
trajectory: { settle: 8s, idle_timeout: 12s }
rules:
  - { name: ungrounded, measure: [score.Groundedness, groundedness.lexical], fail_below: 0.5, borderline_below: 0.8 }
  - { name: failed, measure: errors, fail_above: 0, labels: [failed] }
  - { name: looping, measure: loop, fail_below: 0.4, borderline_below: 0.7 }
selection: { fail: 1, borderline: 1, unscored: 1, pass: 1, control_per_day: 0 }
redaction: { content: full }
"""


def send(daemon, work):
    def go(part):
        with daemon.channel() as channel:
            for service, body in part:
                channel.unary_unary(service)(body, timeout=patiently(60))

    in_threads(go, work, 8)


args = arguments(seed=1)
checks = Checks()
files, requests = corpus_requests()
for times in (1, 2):
    daemon = Daemon(args.flywheel, pipeline)
    expected = lines_of(daemon.run("replay", "-c", daemon.config, *files).stdout)
    daemon.start()
    work = requests * times
    random.Random(args.seed + times).shuffle(work)
    send(daemon, work)
    daemon.wait(lambda: len(daemon.lines()) >= len(expected), 120)
    account = daemon.status()["spans"]
    code = daemon.stop()
    live = daemon.lines()
    checks.check(f"each request {times} time(s): as many records", len(live) == len(expected), f"{len(live)} of {len(expected)}")
    checks.check(f"each request {times} time(s): the same bytes", sorted(live) == sorted(expected))
    checks.check("every span is accounted for", adds_up(account), account)
    checks.check("it ends with 0 on TERM", code == 0)
    daemon.remove()
checks.finish()
