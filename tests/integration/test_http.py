"""OTLP over HTTP: the Python SDK's own exporter, the recorded requests as protobuf and as JSON against replay, a crash in between,
and the answers that the specification asks for."""
import base64, json, random, sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from flywheel.checks import Checks, arguments
from flywheel import processes
from flywheel.daemon import Daemon, adds_up, lines_of
from flywheel.places import LOGS, corpus_requests, root
from flywheel.sender import JSON, PROTOBUF, connect, in_threads, post

PIPELINE = """
trajectory: { settle: 10s, idle_timeout: 15s }
rules:
  - { name: ungrounded, measure: [score.Groundedness, groundedness.lexical], fail_below: 0.5, borderline_below: 0.8 }
  - { name: failed, measure: errors, fail_above: 0, labels: [failed] }
  - { name: looping, measure: loop, fail_below: 0.4, borderline_below: 0.7 }
selection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }
redaction: { content: full }
"""
args = arguments(seed=1)
checks = Checks()


def hex_ids(value):
    """The mapping writes ids as hex, where protobuf's own writes base64."""
    if isinstance(value, list):
        for item in value:
            hex_ids(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("traceId", "spanId", "parentSpanId"):
                value[key] = base64.b64decode(item).hex()
            else:
                hex_ids(item)


def as_json(service, body):
    message = ExportLogsServiceRequest() if service == LOGS else ExportTraceServiceRequest()
    message.ParseFromString(body)
    value = json.loads(json_format.MessageToJson(message, use_integers_for_enums=True))
    hex_ids(value)
    return json.dumps(value, ensure_ascii=False).encode()


def send_corpus(daemon, work, how):
    """Over four connections; the status of each that was not 200."""
    wrong = []

    def go(part):
        connection = connect(daemon)
        for number, (service, body) in enumerate(part):
            path = "/v1/logs" if service == LOGS else ["/v1/traces", "/api/public/otel/v1/traces"][number % 2]
            kind, options = PROTOBUF, {"is_gzip": number % 3 == 1, "is_chunked": number % 3 == 2}
            if how == "json":
                kind, body = JSON, as_json(service, body)
            status, _, answer = post(connection, body, path, kind, **options)
            if status != 200 or answer != (b"{}" if how == "json" else b""):
                wrong.append((status, answer[:200]))
        connection.close()

    in_threads(go, work, 4)
    return wrong


def corpus_equals_replay():
    files, requests = corpus_requests()
    for how in ("protobuf", "json"):
        daemon = Daemon(args.flywheel, PIPELINE, http="")
        expected = lines_of(daemon.run("replay", "-c", daemon.config, *files).stdout)
        daemon.start()
        work = list(requests)
        random.Random(args.seed).shuffle(work)
        half = len(work) // 2
        wrong = send_corpus(daemon, work[:half], how)
        daemon.kill()  # what was acknowledged is in the journal of this source
        daemon.start()
        wrong += send_corpus(daemon, work[half:], how)
        checks.check(f"{how}: every request is answered with 200 and an empty response", not wrong, wrong[:2])
        daemon.wait(lambda: len(daemon.lines()) >= len(expected), 60)
        live = daemon.lines()
        checks.check(f"{how}: over a crash, as many records", len(live) == len(expected), f"{len(live)} of {len(expected)}")
        checks.check(f"{how}: the same bytes as replay", sorted(live) == sorted(expected))
        status = daemon.status()
        checks.check(f"{how}: every span is accounted for", adds_up(status["spans"]), status["spans"])
        checks.check(f"{how}: the source has its own name", any(s["name"] == "otlp/http" for s in status["sources"]))
        checks.check(f"{how}: it ends with 0 on TERM", daemon.stop() == 0)
        daemon.remove()


def sdk_is_content():
    daemon = Daemon(args.flywheel, PIPELINE, http="")
    daemon.start()
    ids = []
    for flags in ([], ["--gzip"], ["--gzip", "--runs", "40", "--fail"]):
        sent = processes.run(sys.executable, root / "tests/integration/sdk_export.py", "--http", *flags, f"127.0.0.1:{daemon.http_port}")
        ids += sent.stdout.split()
        checks.check(f"the SDK is content {' '.join(flags)}", sent.returncode == 0, sent.stderr[-300:] if sent.returncode else "")
    daemon.wait(lambda: len(daemon.lines()) >= len(ids))
    records = daemon.records()
    checks.check("each run is a record", sorted(r["trajectory_id"] for r in records) == sorted(ids), f"{len(records)} of {len(ids)}")
    daemon.remove()


def answers_are_as_specified():
    daemon = Daemon(args.flywheel, PIPELINE, http=", max_message: 1MiB")
    daemon.start()
    connection = connect(daemon)
    good = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174"}]}]}]}'
    none = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5B","spanId":"EEE19B7EC3C1B174"}]}]}]}'
    status, headers, body = post(connection, good, kind=JSON)
    checks.check("JSON is answered in JSON", (status, headers["Content-Type"], body) == (200, JSON, b"{}"), (status, body))
    status, headers, body = post(connection, none, kind="application/json; charset=utf-8")
    partial = json.loads(body)["partialSuccess"]
    checks.check("rejected spans are a partial success", status == 200 and partial["rejectedSpans"] == "1", partial)
    response = ExportTraceServiceResponse()
    status, headers, body = post(connection, ExportTraceServiceRequest().SerializeToString())
    response.ParseFromString(body)
    checks.check("an empty request is a success", status == 200 and not response.HasField("partial_success"))
    response = ExportLogsServiceResponse()
    status, headers, body = post(connection, b"", "/v1/logs")
    response.ParseFromString(body)
    checks.check("an empty body of logs too", status == 200 and headers["Content-Type"] == PROTOBUF)
    cases = [  # what, status, arguments
        ("garbage", 400, {"body": b"\xff\xff"}),
        ("garbage JSON", 400, {"body": b"[", "kind": JSON}),
        ("an unknown path", 404, {"body": good, "kind": JSON, "path": "/v2/traces"}),
        ("metrics", 404, {"body": b"{}", "kind": JSON, "path": "/v1/metrics"}),
        ("another type", 415, {"body": good, "kind": "text/json"}),
        ("another compression", 415, {"body": good, "kind": JSON, "headers": {"Content-Encoding": "br"}}),
        ("too large", 413, {"body": bytes(2 << 20)}),
        ("too large when inflated", 413, {"body": bytes(2 << 20), "is_gzip": True}),
    ]
    for what, wanted, options in cases:
        connection = connect(daemon)
        status, headers, body = post(connection, **options)
        is_json = headers["Content-Type"] == JSON
        has_status = "message" in json.loads(body) if is_json else body[:1] == b"\x08"
        checks.check(f"{what}: {wanted} with a google.rpc.Status", status == wanted and has_status, (status, body[:100]))
    connection = connect(daemon)
    connection.request("PUT", "/v1/traces", b"x", {"Content-Type": JSON})
    answer = connection.getresponse()
    checks.check("another method: 405 that says which is allowed", (answer.status, answer.headers["Allow"]) == (405, "POST"))
    checks.check("it ends with 0 on TERM", daemon.stop() == 0)
    daemon.remove()


answers_are_as_specified()
sdk_is_content()
corpus_equals_replay()
checks.finish()
