"""kill -9 at random moments of live load, then a restart on the same directory. What was acknowledged must be decided exactly once:
cohort totals, verdicts and records are known beforehand."""
import collections, hashlib, json, os, random, sys, threading, time

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))
from daemon import TRACES, Checks, Daemon, arguments
from otlp_bytes import request, span

TRACES_A_ROUND = 150
verdicts = ["fail", "borderline", "pass", "pass"]
scores = {"fail": 0.2, "borderline": 0.55, "pass": 0.9}
intents = ["refund", "payoff", "address", "card"]
pipeline = """
trajectory: { settle: 500ms, idle_timeout: 10s }
rules: [{ name: helpful, measure: score.helpfulness, fail_below: 0.5, borderline_below: 0.6 }]
selection: { pass: 0 }
cohorts: { dimensions: { intent: ["*"] }, group_by: [[intent]] }
"""


def trace(seed, index):
    """Two requests: the children, then the root; and what must come of it."""
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    trace_id, verdict, intent = digest[:16], verdicts[index % 4], intents[index // 4 % 4]
    root, now = digest[16:24], time.time_ns()
    children = [
        span(trace_id, digest[24:32], root, "chat", now - 900_000_000, now - 500_000_000, openinference__span__kind="LLM"),
        span(trace_id, digest[20:28], root, "evaluate", now - 400_000_000, now - 300_000_000,
             openinference__span__kind="EVALUATOR", eval__name="helpfulness", eval__score=scores[verdict]),
    ]
    top = span(trace_id, root, None, "agent", now - 1_000_000_000, now, openinference__span__kind="AGENT", intent=intent)
    return [request(children), request([top])], trace_id.hex(), verdict, intent


def load(daemon, work, stop):
    """Sends each request until it is acknowledged; the daemon may die at any time."""
    def go(part):
        channel = daemon.channel()
        call = channel.unary_unary(TRACES)
        for body in part:
            while not stop.is_set():
                try:
                    call(body, timeout=5)
                    break
                except grpc.RpcError:
                    time.sleep(0.02)
        channel.close()

    threads = [threading.Thread(target=go, args=(work[k::4],)) for k in range(4)]
    [t.start() for t in threads]
    return threads


args = arguments(rounds=10, seed=int.from_bytes(os.urandom(4), "big"))
print(f"seed {args.seed}, {args.rounds} rounds of {TRACES_A_ROUND} traces")
checks, chance = Checks(), random.Random(args.seed)
daemon = Daemon(args.flywheel, pipeline)
daemon.start()
expected, ready_s = {}, []
for number in range(args.rounds):
    traces = [trace(args.seed, number * TRACES_A_ROUND + i) for i in range(TRACES_A_ROUND)]
    work = [t[0][0] for t in traces] + [t[0][1] for t in traces]
    expected.update({t[1]: t[2:] for t in traces})
    stop = threading.Event()
    threads = load(daemon, work, stop)
    time.sleep(chance.random() * 0.8)
    daemon.kill()
    ready_s.append(daemon.start())
    for t in threads:
        t.join(60)
    stop.set()
daemon.wait(lambda: daemon.status()["spans"]["in_flight"] == 0, 30)
daemon.wait(lambda: daemon.status()["outbox"]["records"] == 0, 30)
account = daemon.status()["spans"]
report = json.loads(daemon.run("cohorts", "-c", str(daemon.config), "--window", "24h", "--format", "json").stdout)
daemon.stop()

found = {c["cohort"]["intent"]: c for c in report["cohorts"]}
wanted = collections.Counter((intent, verdict) for verdict, intent in expected.values())
wrong = {k: (n, found.get(k[0], {}).get(k[1], 0)) for k, n in wanted.items() if found.get(k[0], {}).get(k[1], 0) != n}
checks.check("every trace is in the cohorts exactly once", not wrong and sum(c["total"] for c in report["cohorts"]) == len(expected),
             f"{sum(c['total'] for c in report['cohorts'])} of {len(expected)} {wrong or ''}")
checks.check("every span is accounted for", account["accepted"] == account["decided"] + account["dropped"] + account["in_flight"], account)
records = [json.loads(line) for line in daemon.lines()]
bytes_of = collections.defaultdict(set)
for line, record in zip(daemon.lines(), records):
    bytes_of[record["record_id"]].add(line)
checks.check("no record id has two contents", all(len(b) == 1 for b in bytes_of.values()))
checks.check("no trajectory has two records", len({r["trajectory_id"] for r in records}) == len(bytes_of))
selected = {t for t, (verdict, _) in expected.items() if verdict != "pass"}
seen = {r["trajectory_id"]: r["verdict"] for r in records}
checks.check("every failed and borderline trace is in the file, no other", set(seen) == selected, f"{len(seen)} of {len(selected)}")
checks.check("with its verdict", all(expected[t][0] == v for t, v in seen.items() if t in expected))
checks.check("every record holds all spans", all(r["completeness"]["spans"] == 3 for r in records))
print(f"lines written twice: {len(records) - len(bytes_of)}; ready after {sorted(ready_s)[len(ready_s) // 2]:.2f} s (median), "
      f"{max(ready_s):.2f} s (longest)")
check = daemon.run("state", "check", str(daemon.directory / "state"))
checks.check("state check finds nothing", check.returncode == 0, check.stdout[-200:] if check.returncode else "")
daemon.remove()
checks.finish()
