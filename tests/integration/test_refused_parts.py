"""A limit costs the part that breaks it, not the span, and the judge knows; what was admitted once is never admitted again; a request
in which nothing is recognized does not pass as success."""
import gzip, hashlib, http.client, json, time

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, adds_up
from flywheel.otlp_bytes import attribute, field, fixed64, request, span

args = arguments()
checks = Checks()
JSON, PROTOBUF = "application/json", "application/x-protobuf"
pipeline = """
trajectory: { settle: 300ms, idle_timeout: 1500ms }
limits: { request_spans: 6, span_attributes: 64 }
measurements: { tool_selection: { required: { "*": [find] } } }
rules:
  - { name: errors, measure: errors, fail_above: 0 }
  - { name: refusal, measure: refusal, fail_above: 0 }
  - { name: tools, measure: tool_selection.accuracy, fail_below: 0.5 }
  - { name: slow, measure: duration_ms, fail_above: 60000 }
selection: { pass: 1.0, unscored: 1.0 }
redaction: { content: full }
cohorts: { dimensions: { product: ["*"] }, group_by: [[product]] }
"""
count = 0


def new_trace():
    global count
    count += 1
    return hashlib.sha256(f"{time.time_ns()}/{count}".encode()).digest()[:16]


def post(daemon, body, media=JSON, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.http_port, timeout=60)
    try:
        connection.request("POST", "/v1/traces", body if isinstance(body, bytes) else json.dumps(body), {"Content-Type": media, **headers})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def json_span(trace, number, parent=None, **members):
    now = time.time_ns()
    made = {"traceId": trace.hex(), "spanId": f"{number:016x}", "name": "step", "startTimeUnixNano": str(now - 10**9), "endTimeUnixNano": str(now),
            "attributes": [{"key": "openinference.span.kind", "value": {"stringValue": "AGENT" if parent is None else "LLM"}}]}
    return made | ({"parentSpanId": f"{parent:016x}"} if parent else {}) | members


def json_request(*spans):
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": list(spans)}]}]}


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def record_of(daemon, trace):
    daemon.wait(lambda: any(r["trajectory_id"] == trace.hex() for r in daemon.records()))
    return next(r for r in daemon.records() if r["trajectory_id"] == trace.hex())


def outcomes(record):
    return {e["rule"]: e.get("na_reason") or e["outcome"] for e in record["evaluations"]}


def account(daemon, what):
    daemon.settle()
    spans = daemon.status()["spans"]
    checks.check(f"{what}: every span is accounted for", adds_up(spans) and spans["dropped"] == 0, spans)


ROOT_TEXTS = [text("openinference.span.kind", "AGENT"), text("input.value", "how?"), text("output.value", "so.")]


def parts(daemon):
    """The failing span breaks a limit. It stays, so the run fails."""
    failed = {"status": {"code": 2, "message": "boom"}}
    event = {"name": "log", "timeUnixNano": "1"}
    cases = {
        "an attribute of 1.5 MiB": dict(attributes=[text("llm.input_messages.0.message.content", "x" * (3 << 19))]),
        "too many attributes": dict(attributes=[text(f"k{i}", "v") for i in range(100)]),
        "too many events": dict(events=[event] * 100),
        "an event with an attribute of 1.5 MiB": dict(events=[event | {"attributes": [text("stack", "x" * (3 << 19))]}]),
        "too many links": dict(links=[{"traceId": "ab" * 16, "spanId": "cd" * 8}] * 100),
        "attributes of 6 MiB in all": dict(attributes=[text(f"k{i}", "x" * 1000000) for i in range(6)]),
        "a parent id of 4 bytes": dict(parentSpanId="0000000a"),
        "a parent id that is no hex": dict(parentSpanId="none"),
        "a bad attribute value": dict(attributes=[{"key": "a", "value": {"intValue": 5.5}}]),
        "a kind that is none": dict(kind="SPAN_KIND_NONE"),
    }
    for name, members in cases.items():
        trace = new_trace()
        status, said = post(daemon, json_request(json_span(trace, 1, attributes=ROOT_TEXTS), json_span(trace, 2, 1, **(failed | members))))
        record = record_of(daemon, trace)
        found = outcomes(record)
        partial = json.loads(said).get("partialSuccess", {})
        checks.check(f"{name}: the run fails", record["verdict"] == "fail" and found["errors"] == "fail" and record["completeness"]["spans"] == 2, found)
        checks.check(f"{name}: the answer says what and where", status == 200 and int(partial.get("rejectedSpans", 0)) == 0
                     and "spans[1]" in partial["errorMessage"] and "byte " in partial["errorMessage"], said)
        checks.check(f"{name}: the record says so", record["completeness"]["dropped_attributes"] > 0 and record["truncation"]
                     and record["completeness"]["refused_spans"] == 0, (record["completeness"], record["truncation"][:2]))
        checks.equal(f"{name}: what did not happen is not known", found["tools"], "incomplete")
        checks.equal(f"{name}: the answer that is whole is judged", found["refusal"], "pass")
    account(daemon, "parts")


def texts(daemon):
    """What reads a text that was left out has no value, and does not say that there was none."""
    trace = new_trace()
    post(daemon, json_request(json_span(trace, 1, attributes=[ROOT_TEXTS[0], text("output.value", "I cannot " + "x" * (3 << 19))])))
    found = outcomes(record_of(daemon, trace))
    checks.equal("an answer that was left out", found["refusal"], "incomplete")


def stubs(daemon):
    """More spans than a request may have: the rest are ids, times and status, and so a failing one among them is known."""
    trace, now = new_trace(), time.time_ns()
    spans = [span(trace, b"\1" * 8, None, "agent", now - 10**9, now, openinference__span__kind="AGENT", output__value="so.")]
    spans += [span(trace, bytes([2 + i]) * 8, b"\1" * 8, "step", now - 10**8, now, openinference__span__kind="TOOL") for i in range(9)]
    spans[-1] += field(15, field(3, 2))
    before = daemon.metrics().get('flywheel_spans_stubbed_total{receiver="otlp"}', 0)
    status, said = post(daemon, request(spans), PROTOBUF)
    record = record_of(daemon, trace)
    found = outcomes(record)
    checks.check("stubs: the run has all its spans and fails", record["completeness"]["spans"] == 10 and found["errors"] == "fail", record["completeness"])
    checks.equal("stubs: it says how many", record["completeness"]["refused_spans"], 4)
    checks.check("stubs: absence and texts are not judged", found["tools"] == "incomplete" and found["refusal"] == "incomplete", found)
    checks.check("stubs: the answer says it", status == 200 and "4 spans" in said, said)
    checks.equal("stubs: counted", daemon.metrics()['flywheel_spans_stubbed_total{receiver="otlp"}'] - before, 4)
    account(daemon, "stubs")


def refused_sibling(daemon):
    trace = new_trace()
    status, said = post(daemon, json_request(json_span(trace, 1, attributes=ROOT_TEXTS), json_span(trace, 2, 1, spanId="abc")))
    record = record_of(daemon, trace)
    checks.equal("a refused span of the run: it says so", record["completeness"]["refused_spans"], 1)
    checks.equal("a refused span of the run: absence is not judged", outcomes(record)["tools"], "incomplete")


def ids(daemon):
    """A bad id costs its span alone, and the answer says which."""
    for name, bad in {"31 digits": dict(traceId="a" * 31), "base64": dict(traceId="Z6z8LqVvEI+kU1/Ci6mXBQ=="), "30 digits": dict(traceId="a" * 30),
                      "a number": dict(traceId=7), "a span id of 3": dict(spanId="abc"), "no span at all": None}.items():
        trace = new_trace()
        other = None if bad is None else json_span(new_trace(), 2) | bad
        status, said = post(daemon, json_request(json_span(trace, 1), other))
        partial = json.loads(said)["partialSuccess"]
        record_of(daemon, trace)
        checks.check(f"{name}: the other run is kept, this span refused, the place told",
                     status == 200 and partial["rejectedSpans"] == "1" and "spans[1]" in partial["errorMessage"] and "byte " in partial["errorMessage"], said)
    account(daemon, "ids")


def unrecognized(daemon):
    snake = json.dumps(json_request(json_span(new_trace(), 1))).replace("resourceSpans", "resource_spans").replace("scopeSpans", "scope_spans")
    for name in ("traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano", "stringValue"):
        snake = snake.replace(name, "".join("_" + c.lower() if c.isupper() else c for c in name))
    before = daemon.status()["spans"]["accepted"]
    checks.equal("names of the .proto are read", post(daemon, snake.encode()), (200, "{}"))
    checks.equal("names of the .proto: one span", daemon.status()["spans"]["accepted"] - before, 1)
    groups = json_request(json_span(new_trace(), 1))["resourceSpans"]
    bodies = {"batches": {"batches": groups}, "one ResourceSpans": groups[0],
              "instrumentationLibrarySpans": {"resourceSpans": [{"instrumentationLibrarySpans": groups[0]["scopeSpans"]}]}}
    for name, body in bodies.items():
        before = daemon.metrics()['flywheel_requests_unrecognized_total{receiver="otlp"}']
        status, said = post(daemon, body)
        checks.check(f"{name}: success with a warning", status == 200 and "recognized" in said and '"rejectedSpans":"0"' in said, said)
        checks.equal(f"{name}: counted", daemon.metrics()['flywheel_requests_unrecognized_total{receiver="otlp"}'] - before, 1)
    status, said = post(daemon, field(7, b"whatever"), PROTOBUF)
    checks.check("unknown fields of protobuf", status == 200 and "recognized" in said, said)
    checks.equal("an empty request", post(daemon, {}), (200, "{}"))
    checks.equal("an empty list", post(daemon, {"resourceSpans": []}), (200, "{}"))
    status, said = post(daemon, b'{"resourceSpans":[{"scopeSpans":[}')
    checks.check("what is no JSON says where", status == 400 and "byte 33" in said, said)


def lowered():
    """Accept, kill, lower a limit, start: nothing is lost. One line a limit."""
    open_ended = "trajectory: { settle: 30s, idle_timeout: 60s }\n" + "".join(pipeline.splitlines(True)[3:])
    for name, grpc, http_more, limits in [("grpc max_message", ", max_message: 1KiB", "", ""), ("http max_message", "", ", max_message: 1KiB", ""),
                                          ("request_spans", "", "", "request_spans: 3"), ("request_depth", "", "", "request_depth: 1"),
                                          ("span_attributes", "", "", "span_attributes: 1"), ("attribute_bytes", "", "", "attribute_bytes: 64"),
                                          ("span_bytes", "", "", "span_bytes: 256")]:
        daemon = Daemon(args.flywheel, open_ended, http="")
        try:
            daemon.start()
            now = time.time_ns()
            deep = field(9, field(1, "deep") + field(2, field(5, field(1, field(5, field(1, field(3, 1)))))))
            spans = [span(new_trace(), bytes([1 + i]) * 8, None, "agent", now - 10**9, now, input__value="hello " * 100, other="text") + deep for i in range(20)]
            status, said = post(daemon, gzip.compress(request(spans)), PROTOBUF, **{"Content-Encoding": "gzip"})
            checks.check(f"{name}: accepted", status == 200 and said == "", said)
            daemon.kill()
            daemon.pipeline = open_ended + (f"limits: {{ {limits} }}\n" if limits else "")
            daemon.write(grpc=grpc, http=http_more)
            daemon.start()
            spans = daemon.status()["spans"]
            checks.check(f"{name}: nothing is lost after it was lowered", spans["accepted"] == spans["in_flight"] == 20 and spans["dropped"] == 0, spans)
            daemon.kill()
            daemon.start()
            spans = daemon.status()["spans"]
            checks.check(f"{name}: nor at the next start", spans["accepted"] == spans["in_flight"] == 20, spans)
        finally:
            daemon.remove()


def trimmed_and_killed():
    """What was left out at the door stays out after a restart under wider limits, and the counts with it."""
    daemon = Daemon(args.flywheel, pipeline.replace("settle: 300ms, idle_timeout: 1500ms", "settle: 3s, idle_timeout: 3s"), http="")
    try:
        daemon.start()
        trace = new_trace()
        post(daemon, json_request(*[json_span(trace, 1 + i, None if i == 0 else 1, attributes=[text(f"k{j}", "v") for j in range(70)]) for i in range(8)]))
        daemon.kill()
        daemon.pipeline = daemon.pipeline.replace("limits: { request_spans: 6, span_attributes: 64 }\n", "")
        daemon.write()
        daemon.start()
        record = record_of(daemon, trace)
        checks.check("trimmed, killed, started under wider limits: as admitted",
                     record["completeness"]["refused_spans"] == 2 and record["completeness"]["spans"] == 8
                     and record["completeness"]["dropped_attributes"] == 36, record["completeness"])
        account(daemon, "trimmed and killed")
    finally:
        daemon.remove()


daemon = Daemon(args.flywheel, pipeline, http="")
try:
    daemon.start()
    parts(daemon)
    texts(daemon)
    stubs(daemon)
    refused_sibling(daemon)
    ids(daemon)
    unrecognized(daemon)
finally:
    daemon.remove()
lowered()
trimmed_and_killed()
checks.finish()
