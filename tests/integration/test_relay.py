"""The relay in front of a real broker: what comes in by gRPC is on the topic, each message of one trace under its id, in the partition
that the Collector would choose; answered only when the broker has it; UNAVAILABLE while it is away."""
import concurrent.futures, gzip, subprocess, tempfile, time, urllib.request

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from daemon import LOGS, TRACES, Checks, Daemon, arguments, broker_port, corpus_requests, free_port, root

PARTITIONS = 12
args = arguments()
checks = Checks()
kafka = str(root / "tests/support/kafka/kafka.sh")
directory = tempfile.mkdtemp(prefix="flywheel-relay-")
port = broker_port()


def broker(*command):
    subprocess.run([kafka, "-p", str(port), "-d", directory, *command], check=True, timeout=300)


def partition_of(key):
    """FNV-1a 32 as sarama reduces it to a partition: absolute value of the remainder of a signed number."""
    number = 2166136261
    for byte in key:
        number = (number ^ byte) * 16777619 & 0xFFFFFFFF
    return abs(number - (1 << 32) if number >> 31 else number) % PARTITIONS


def consume():
    """(partition, key, headers, value) of every message, by kcat; values go through files, as they are not text."""
    out = subprocess.run(["kcat", "-b", f"127.0.0.1:{port}", "-C", "-t", "otlp_spans", "-e", "-q", "-o", "beginning", "-f", "%p %K %S %h\n%k%s"],
                         capture_output=True, timeout=120).stdout
    messages, at = [], 0
    while at < len(out):
        end = out.index(b"\n", at)
        partition, key_size, size, headers = out[at:end].split(b" ", 3)
        key_size = max(int(key_size), 0)
        at = end + 1
        key = out[at : at + key_size]
        messages.append((int(partition), key, headers.decode(), out[at + key_size : at + key_size + int(size)]))
        at += key_size + int(size)
    return messages


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


def export(channel, service, body, timeout=60):
    return channel.unary_unary(service)(body, timeout=timeout)


try:
    broker("start")
    broker("create-topic", "otlp_spans", str(PARTITIONS))
    relay = Daemon(args.flywheel, f"limits: {{ memory: 32MiB }}\n", exporter=f"kafka/spans: {{ brokers: [127.0.0.1:{port}], topic: otlp_spans }}")
    http = free_port()
    text = relay.config.read_text().replace("protocols: {", f"protocols: {{ http: {{ endpoint: 127.0.0.1:{http} }},")
    text = text.replace("service: {", "service: { pipelines: { relay: { receivers: [otlp], exporters: [kafka/spans] } },")
    relay.config.write_text("\n".join(line for line in text.splitlines() if not line.startswith("state:")) + "\n")
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
    post = urllib.request.Request(f"http://127.0.0.1:{http}/v1/traces", gzip.compress(over_http),
                                  {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"})
    checks.check("HTTP is answered after the broker too", urllib.request.urlopen(post, timeout=30).status == 200)
    bodies.append(over_http)
    # Everything is answered, so everything is there.
    messages = consume()
    sent = {s: [] for s in ("traces", "logs")}
    for body in bodies:
        sent["traces"] += [s for s, _ in spans_of(ExportTraceServiceRequest.FromString(body))]
    for service, body in requests:
        if service == LOGS:
            sent["logs"] += [s for s, _ in logs_of(ExportLogsServiceRequest.FromString(body))]
    found = {s: [] for s in sent}
    one_trace = right_partition = right_key = True
    for partition, key, headers, value in messages:
        signal = headers.removeprefix("otelcol.signal=")
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
    checks.check("messages are counted", f'flywheel_relay_messages_total{{signal="traces"}} ' in relay.get("/metrics"))
    accepted = [line for line in relay.get("/metrics").splitlines() if line.startswith("flywheel_receiver_accepted_spans_total")]
    checks.check("spans are counted", accepted == [f'flywheel_receiver_accepted_spans_total{{receiver="otlp"}} {len(sent["traces"])}'], accepted)

    # The broker goes away: no answer until it is back, or UNAVAILABLE; then everything is there after all.
    broker("kill")
    before = len(messages)
    with concurrent.futures.ThreadPoolExecutor(8) as pool, relay.channel() as channel:
        waiting = pool.submit(export, channel, TRACES, joined[0])
        time.sleep(2)
        checks.check("no answer while the broker is away", not waiting.done())
        time.sleep(5)
        refused = 0
        began = time.time()
        for body in joined[:20]:
            try:
                export(channel, TRACES, body, timeout=10)
            except grpc.RpcError as error:
                refused += error.code() == grpc.StatusCode.UNAVAILABLE
        checks.check("others are refused at once, retryably", refused == 20 and time.time() - began < 5, f"{refused} of 20 in {time.time() - began:.1f} s")
        checks.check("it stays ready", relay.get("/readyz") == "ready\n")
        broker("start")
        try:
            waiting.result(timeout=40)
            answer = "OK"
        except grpc.RpcError as error:
            answer = error.code().name
        checks.check("the waiting sender is answered", answer in ("OK", "UNAVAILABLE"), answer)
        deadline = time.time() + 60
        for body in joined[:20]:
            while time.time() < deadline:
                try:
                    export(channel, TRACES, body, timeout=30)
                    break
                except grpc.RpcError:
                    time.sleep(0.5)
    again = consume()
    wanted = sum(1 for body in joined[:20] for _ in spans_of(ExportTraceServiceRequest.FromString(body)))
    got = sum(1 for message in again[:] for _ in (spans_of(ExportTraceServiceRequest.FromString(message[3])) if "traces" in message[2] else []))
    checks.check("what was acknowledged after the outage is on the topic", got >= len(sent["traces"]) + wanted, f"{got - len(sent['traces'])} of {wanted}")
    checks.check("it ends with 0 on TERM", relay.stop() == 0)
    log = (relay.directory / "log").read_text()
    checks.check("no data directory was made", not (relay.directory / "state").exists())
    relay.remove()
finally:
    subprocess.run([kafka, "-p", str(port), "-d", directory, "stop"], timeout=60)
    subprocess.run(["rm", "-rf", directory])
checks.finish()
