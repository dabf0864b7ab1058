"""Awaited scores that come for some runs only: counted, told, and never certified by the gate; and a release gate that is
asked after every batch."""
import json, struct, time

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import total
from flywheel.otlp_bytes import request, span

PIPELINE = """
trajectory: { settle: 200ms, idle_timeout: 2s, await: { scores: [Quality], timeout: 300ms }, late: { window: 10m } }
rules:
  - { name: good, measure: score.Quality, fail_below: 0.5 }
  - { name: broken, measure: errors, fail_above: 0 }
  - { name: mistyped, measure: score.Qualty, fail_below: 0.5 }
selection: { pass: 0, fail: 0, control_per_day: 0 }
cohorts:
  dimensions: { intent: ["*"], release: [service.version] }
  group_by: [[release], [release, intent]]
  pinned: [{ release: "2" }]
"""
args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, PIPELINE)
daemon.start()
sent = 0


def run(release, score, broken=False, age_s=1):
    global sent
    sent += 1
    trace = struct.pack(">QQ", 0xA3A17ED0, sent * 0x9E3779B97F4A7C15 % 2**64)
    end = time.time_ns() - age_s * 10**9
    more = {"annotations__0__annotation__name": "Quality", "annotations__0__annotation__score": score} if score is not None else {}
    if broken:
        more["error__type"] = "Timeout"
    return span(trace, b"r" * 8, None, "agent", end - 10**9, end, intent="refund", service__version=release,
                gen_ai__operation__name="invoke_agent", **more)


def send(*runs):
    daemon.send(request(runs))
    daemon.wait(lambda: daemon.in_flight() == 0)


def gate(release, *more):
    result = daemon.run("gate", "-c", daemon.config, "--cohort", f"release={release}", "--min-pass-rate", "0.8", "--format", "json", *more)
    return result.returncode, json.loads(result.stdout) if result.stdout else result.stderr


send(*[run("1", 0.9) for _ in range(90)], *[run("1", None) for _ in range(10)])
code, said = gate("1")
checks.check("too many awaited scores are missing", (code, said["reason"], said["missing"]) == (3, "awaited_missing", 10), said)
checks.check("and it says what the rate would be were those failures", abs(said["fail_rate_if_missing_failed"] - 0.1) < 1e-9, said)
checks.check("by rule", said["rules"]["good"] == {"value": 90, "fail": 0, "borderline": 0, "pass": 90, "missing": 10}, said["rules"])
checks.check("unless more are allowed", gate("1", "--max-missing", "0.1")[0] == 0)
code, said = gate("1", "--missing", "fail")
checks.check("or they count as failed", (code, round(said["pass_rate"], 9)) == (0, 0.9), said)
checks.equal("they are counted", total(daemon.metrics(), "flywheel_await_timeouts_total"), 10)
checks.check("and told", "awaited_scores_missing" in daemon.logged(), daemon.logged()[-300:])

code, said = gate("2", "--repeated")
checks.check("asked repeatedly, nothing yet", (code, said["reason"]) == (3, "no_trajectory"), said)
send(*[run("2", 0.9, age_s=3 * 3600) for _ in range(19)])
code, said = gate("2", "--repeated")
checks.check("19 passes are too few at 80 %", (code, said["repeated"]["passed"]) == (3, 19), said)
send(*[run("2", 0.9) for _ in range(20)])
code, said = gate("2", "--repeated")
checks.check("young runs are not settled", (code, said["repeated"]["passed"]) == (3, 19), said)
send(run("2", 0.9, age_s=3 * 3600))
code, said = gate("2", "--repeated")
checks.check("20 settled ones pass", (code, said["outcome"], said["repeated"]["passed"]) == (0, "pass", 20), said)
send(*[run("2", None, broken=True, age_s=3 * 3600) for _ in range(60)])
code, said = gate("2", "--repeated")
checks.check("and crashes that nobody scored fail it", (code, said["repeated"]["failed"], said["condemned"]) == (1, 60, 60), said)

send(*[run("3", 0.9) for _ in range(60)], *[run("3", None, broken=True) for _ in range(30)])
code, said = gate("3", "--min-pass-rate", "0.5")
cohort = next(one for one in json.loads(daemon.run("cohorts", "-c", daemon.config, "--group-by", "release", "--format", "json").stdout)["cohorts"]
              if one["cohort"]["release"] == "3")
table = daemon.run("cohorts", "-c", daemon.config, "--group-by", "release").stdout.splitlines()
row = next(line for line in table if line.startswith("3 "))
checks.equal("gate, its rule, cohorts and their table tell the same runs without an awaited score",
             (said["missing"], said["rules"]["good"]["missing"], cohort["missing"], cohort["rules"]["good"]["missing"], row.split()[-1]),
             (30, 30, 30, 30, "30"))
checks.equal("the column has its name", table[0].split()[-1], "missing")
checks.check("condemned runs need no score: they never make a gate insufficient",
             (code, said["reason"], said["uncondemned_missing"], said["missing_share"]) == (0, "target_reached", 0, 0), said)
checks.check("the text says both", "30 without an awaited score (30 of them condemned, which needs none)"
             in daemon.run("gate", "-c", daemon.config, "--cohort", "release=3", "--min-pass-rate", "0.5").stdout)
checks.equal("the counter has the same", total(daemon.metrics(), "flywheel_await_timeouts_total"), 10 + 60 + 30)
checks.check("the log names the score", 'scores="Quality: ' in daemon.logged(), daemon.logged()[-300:])

result = daemon.run("check", "-c", daemon.config)
checks.check("check has warnings of what is surely not meant, and exit 0",
             result.returncode == 0 and "warning: score.Qualty is nearly Quality, which is awaited" in result.stderr, result.stderr)
checks.check("and of a score that nobody ever sent", "warning: rule mistyped had no value in any of the 290 runs" in result.stderr and
             "; score.Qualty was missing in 290" in result.stderr and "rule good" not in result.stderr, result.stderr)
result = daemon.run("check", "--strict", "-c", daemon.config)
checks.check("with --strict they are errors", result.returncode == 78 and "warnings: with --strict they are errors" in result.stderr,
             result.stderr)

daemon.remove()
checks.finish()
