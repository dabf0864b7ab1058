"""Traces of which nothing is understood are counted, and their scope is named in the log once."""
import json, time

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.sender import JSON, connect, post

PIPELINE = """
trajectory: { settle: 1s, idle_timeout: 2s }
rules: [{ name: slow, measure: duration_ms, fail_above: 60000 }]
"""
COUNTER = "flywheel_trajectories_not_understood_total"


def trace(number, scope, **attributes):
    start = time.time_ns() - 10**9
    span = {"traceId": f"{number:032x}", "spanId": f"{number:016x}", "name": "work", "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + 10**6),
            "attributes": [{"key": key.replace("__", "."), "value": {"stringValue": value}} for key, value in attributes.items()]}
    return {"scope": {"name": scope}, "spans": [span]}


args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, PIPELINE, http="")
try:
    daemon.start()
    connection = connect(daemon)
    unread = [trace(i, "acme.tracer", acme__what="secret words") for i in range(1, 13)]
    read = [trace(100, "newvendor", newvendor__input="Hello there", newvendor__output="Good day"),
            trace(101, "other", openinference__span__kind="AGENT")]
    for scopes in (unread, read, [trace(200, 'odd"scope\n')], [trace(300, "acme.tracer")]):
        answer = post(connection, json.dumps({"resourceSpans": [{"scopeSpans": scopes}]}).encode(), kind=JSON)
        checks.equal("taken", answer[0], 200)
        daemon.wait(daemon.is_settled)
    values = daemon.metrics()
    checks.equal("fourteen of sixteen", values[COUNTER], 14)
    checks.equal("all have a verdict", sum(v for k, v in values.items() if k.startswith("flywheel_trajectories_total")), 16)
    daemon.stop()
    lines = [line for line in daemon.logged().split("\n") if "no content understood" in line]
    checks.equal("each scope once", len(lines), 2)
    checks.check("by name, with what was seen", 'scope acme.tracer: ' in lines[0] and "odd?scope?" in lines[1], lines)
    checks.check("no value of an attribute", "secret" not in daemon.logged())
finally:
    daemon.remove()
checks.finish()
