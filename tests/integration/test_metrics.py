"""/metrics is what Prometheus accepts, and every accepted span ends in exactly one place, whatever comes in."""
from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import samples, spans_add_up, total
from flywheel.places import TRACES, corpus_requests
from flywheel.waiting import patiently
from flywheel.otlp_bytes import request, span

pipeline = """
trajectory: { settle: 500ms, idle_timeout: 2s }
rules: [{ name: failed, measure: errors, fail_above: 0 }]
"""


args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, pipeline)
daemon.start()
_, requests = corpus_requests()
with daemon.channel() as channel:
    for service, body in requests + requests[:40]:
        channel.unary_unary(service)(body, timeout=patiently(60))
    checks.check("in the middle of it the sum holds", spans_add_up(daemon.metrics()))
    daemon.wait(lambda: daemon.in_flight() == 0)
    late = span(b"L" * 16, b"r" * 8, None, "late", 1, 2)
    channel.unary_unary(TRACES)(request([late]))
    daemon.wait(lambda: daemon.in_flight() == 0)
    channel.unary_unary(TRACES)(request([span(b"L" * 16, b"s" * 8, b"r" * 8, "later", 1, 2)]))
    answer = channel.unary_unary(TRACES)(request([span(b"", b"r" * 8, None, "no id", 1, 2), span(b"M" * 16, b"r" * 8, None, "good", 1, 2)]))
    checks.check("a span without id is rejected alone, by partial success", b"\x08\x01" in answer, answer)
daemon.wait(lambda: daemon.in_flight() == 0 and daemon.metrics()["flywheel_spans_in_flight"] == 0)
text = daemon.get("/metrics")
values = samples(text)
checks.check("the sum holds at the end", spans_add_up(values))
checks.check("the late span is counted, and in the verdict that is made again",
             values["flywheel_late_spans_total"] >= 1 and values['flywheel_spans_dropped_total{reason="late"}'] == 0)
checks.check("duplicates are counted", values['flywheel_spans_dropped_total{reason="duplicate"}'] > 0)
checks.check("logs are counted apart", total(values, "flywheel_receiver_accepted_logs_total") >= 23)
promtool = processes.run("promtool", "check", "metrics", input=text)
checks.check("promtool accepts the page", promtool.returncode == 0, promtool.stdout + promtool.stderr)
checks.check("it is healthy and ready", daemon.get("/healthz") == "ok\n" and daemon.get("/readyz") == "ready\n")
before = values
daemon.kill()
daemon.start()
after = daemon.metrics()
families = ("flywheel_spans_decided_total", "flywheel_verdicts_total", "flywheel_receiver_accepted_spans_total", "flywheel_cohort_trajectories_total")
checks.check("the counters survive kill -9", all(total(before, f) == total(after, f) for f in families))
daemon.remove()
checks.finish()
