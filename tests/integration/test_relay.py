"""The relay in front of a real broker: what comes in by gRPC is on the topic, each message of one trace under its id, in the partition
that the Collector would choose; answered only when the broker has it; UNAVAILABLE while it is away."""
import concurrent.futures, gzip, time, urllib.request

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import by_label
from flywheel.places import LOGS, TRACES, corpus_requests
from flywheel.sender import send_until_taken
from flywheel.waiting import patiently, stays

PARTITIONS = 12
args = arguments()
checks = Checks()
broker = Broker()


def partition_of(key):
    """FNV-1a 32 as sarama reduces it to a partition: absolute value of the remainder of a signed number."""
    number = 2166136261
    for byte in key:
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return abs(number - (1 << 32) if number >> 31 else number) % PARTITIONS


def spans_of(request):
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                yield (group.resource.SerializeToString(), group.schema_url, scope.scope.SerializeToString(), scope.schema_url, span.SerializeToString()), span.trace_id


def logs_of(request):
    for group in request.resource_logs:
        for scope in group.scope_logs:
            for log in scope.log_records:
                yield (group.resource.SerializeToString(), group.schema_url, scope.scope.SerializeToString(), scope.schema_url, log.SerializeToString()), log.trace_id


def is_refusing():
    """It has noticed that the broker is away."""
    with relay.channel() as other:
        try:
            export(other, TRACES, joined[0], timeout=2)
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.UNAVAILABLE


def export(channel, service, body, timeout=60):
    return channel.unary_unary(service)(body, timeout=patiently(timeout))


broker.topic("otlp_spans", PARTITIONS)
relay = Daemon(args.flywheel, "limits: { memory: 32MiB }\n", exporters=f"kafka/spans: {{ brokers: [{broker.address}], topic: otlp_spans }}",
               pipelines="relay: { receivers: [otlp], exporters: [kafka/spans] }", http="", state=None)
relay.start()
files, requests = corpus_requests()
# Several files in one request, so that requests hold several traces.
bodies = [b for s, b in requests if s == TRACES]
joined = [b"".join(bodies[i : i + 4]) for i in range(0, len(bodies), 4)]
with relay.channel() as channel:
    for body in joined:
        export(channel, TRACES, body)
    for service, body in requests:
        if service == LOGS:
            export(channel, LOGS, body)
# By HTTP, compressed: one trace more.
over_http = bodies[0].replace(next(spans_of(ExportTraceServiceRequest.FromString(bodies[0])))[1], b"over HTTP 123456")
post = urllib.request.Request(f"http://127.0.0.1:{relay.http_port}/v1/traces", gzip.compress(over_http),
                              {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"})
checks.check("HTTP is answered after the broker too", urllib.request.urlopen(post, timeout=patiently(60)).status == 200)
bodies.append(over_http)
# Everything is answered, so everything is there.
messages = broker.messages("otlp_spans")
sent = {s: [] for s in ("traces", "logs")}
for body in bodies:
    sent["traces"] += [s for s, _ in spans_of(ExportTraceServiceRequest.FromString(body))]
for service, body in requests:
    if service == LOGS:
        sent["logs"] += [s for s, _ in logs_of(ExportLogsServiceRequest.FromString(body))]
found = {s: [] for s in sent}
one_trace = right_partition = right_key = True
for partition, key, headers, value in messages:
    signal = headers["otelcol.signal"]
    items = list(spans_of(ExportTraceServiceRequest.FromString(value)) if signal == "traces" else logs_of(ExportLogsServiceRequest.FromString(value)))
    found[signal] += [item for item, _ in items]
    ids = {trace_id for _, trace_id in items}
    one_trace &= len(ids) == 1
    right_key &= key == ids.pop().hex().encode()
    right_partition &= not key or partition == partition_of(key)
checks.check("every span is on the topic once, under its resource and scope", sorted(found["traces"]) == sorted(sent["traces"]),
             f"{len(found['traces'])} of {len(sent['traces'])} in {len(messages)} messages")
checks.check("and every log record", sorted(found["logs"]) == sorted(sent["logs"]), f"{len(found['logs'])} of {len(sent['logs'])}")
checks.check("a message holds one trace", one_trace)
checks.check("its key is the trace id in hex", right_key)
checks.check("its partition is the Collector's (FNV-1a, sarama)", right_partition)
checks.check("messages are counted", relay.metrics()['flywheel_relay_messages_total{signal="traces"}'] > 0)
accepted = by_label(relay.metrics(), "flywheel_receiver_accepted_spans_total", "receiver")
checks.check("spans are counted", accepted == {"otlp": len(sent["traces"])}, accepted)

# The broker goes away: no answer until it is back, or UNAVAILABLE; then everything is there after all.
broker.kill()
before = len(messages)
with concurrent.futures.ThreadPoolExecutor(8) as pool, relay.channel() as channel:
    waiting = pool.submit(export, channel, TRACES, joined[0])
    checks.check("no answer while the broker is away", stays(lambda: not waiting.done(), 2))
    relay.wait(is_refusing)
    refused = 0
    began = time.time()
    for body in joined[:20]:
        try:
            export(channel, TRACES, body, timeout=10)
        except grpc.RpcError as error:
            refused += error.code() == grpc.StatusCode.UNAVAILABLE
    checks.check("others are refused at once, retryably", refused == 20 and time.time() - began < patiently(10), f"{refused} of 20 in {time.time() - began:.1f} s")
    checks.check("it stays ready", relay.get("/readyz").startswith("ready\n"))
    broker.start()
    try:
        waiting.result(timeout=patiently(120))
        answer = "OK"
    except grpc.RpcError as error:
        answer = error.code().name
    checks.check("the waiting sender is answered", answer in ("OK", "UNAVAILABLE"), answer)
    for body in joined[:20]:
        send_until_taken(channel.unary_unary(TRACES), body)
again = broker.messages("otlp_spans")
wanted = sum(1 for body in joined[:20] for _ in spans_of(ExportTraceServiceRequest.FromString(body)))
got = sum(1 for message in again for _ in (spans_of(ExportTraceServiceRequest.FromString(message.value)) if message.headers["otelcol.signal"] == "traces" else []))
checks.check("what was acknowledged after the outage is on the topic", got >= len(sent["traces"]) + wanted, f"{got - len(sent['traces'])} of {wanted}")
checks.check("it ends with 0 on TERM", relay.stop() == 0)
checks.check("no data directory was made", not relay.state.exists())
relay.remove()
broker.remove()
checks.finish()
