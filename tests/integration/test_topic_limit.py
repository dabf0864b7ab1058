"""What a topic takes in one batch (max.message.bytes) is no reason for a record not to arrive: batches follow it, what was refused as a
batch goes alone, what is too large alone is cut (or, of a relay, divided), and what can't be cut becomes a dead letter. Idempotent,
transactional and relay; the limit known from the start, lowered later, and kept secret by an ACL."""
import base64, json, random, time

from confluent_kafka import admin
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import by_label, total
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import wait_for

LIMIT = 65536
RULES = "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\nredaction: { content: full }\n"
args = arguments()
checks = Checks()


def noise(size, seed):
    """Text that compresses by a quarter at most."""
    return base64.b64encode(random.Random(seed).randbytes(size * 3 // 4)).decode()


def trace(number, size, spans=1):
    now, identity = time.time_ns(), number.to_bytes(16, "big")
    failed = field(15, field(3, 2))
    return [span(identity, (number * 100 + i + 1).to_bytes(8, "big"), (number * 100 + 1).to_bytes(8, "big") if i else b"", "agent", now - 10**9,
                 now, gen_ai__operation__name="invoke_agent", input__value=noise(size // 4, number * 100 + i),
                 output__value=noise(size - size // 4, -number * 100 - i)) + failed for i in range(spans)]


def set_limit(broker, topic, value):
    change = admin.ConfigEntry("max.message.bytes", str(value), incremental_operation=admin.AlterConfigOpType.SET)
    resource = admin.ConfigResource("topic", topic, incremental_configs=[change])
    manager = client(broker)
    manager.incremental_alter_configs([resource])[resource].result(30)


def client(broker):
    return admin.AdminClient({"bootstrap.servers": broker.address})


def exporter_of(broker, topic, more=""):
    return f"kafka/annotations: {{ brokers: [{broker.address}], topic: {topic}{more} }}"


def arrives(name, broker, topic, daemon, sent):
    """All of these traces are on the topic, none of them larger than it takes."""
    drained = daemon.settle(60)
    values = [json.loads(value) for value in broker.values(topic)]
    checks.check(f"{name}: every record arrives", drained and {v["trajectory_id"] for v in values} == {f"{n:032x}" for n in sent},
                 f"{len(values)} of {len(sent)} on the topic, outbox {daemon.status()['outbox']['records']}")
    return values


def judges(name, broker, emit):
    topic = f"judged-{name}"
    broker.command("create-topic", topic, 1, f"max.message.bytes={LIMIT}")
    daemon = Daemon(args.flywheel, RULES, exporters=exporter_of(broker, topic, f", emit: {emit}"))
    daemon.start()
    daemon.send(*(request(trace(n, 5000)) for n in range(1, 41)))
    arrives(f"{name}, small records that fill a batch", broker, topic, daemon, range(1, 41))
    daemon.send(request(trace(41, 300000)), *(request(trace(n, 5000)) for n in range(42, 50)))
    whole = arrives(f"{name}, behind an oversized one", broker, topic, daemon, range(1, 50))
    large = next((v for v in whole if v["trajectory_id"] == f"{41:032x}"), {})
    checks.check(f"{name}: the encoder follows the limit", large.get("truncation"), len(json.dumps(large)))
    # Lowered behind its back: what is encoded already must be cut.
    set_limit(broker, topic, LIMIT // 4)
    daemon.send(*(request(trace(n, 30000)) for n in range(50, 54)), *(request(trace(n, 2000)) for n in range(54, 60)))
    arrives(f"{name}, after the limit was lowered", broker, topic, daemon, range(1, 60))
    values = daemon.metrics()
    checks.check(f"{name}: what was cut is counted", total(values, "flywheel_exporter_cut_records_total") > 0)
    checks.equal(f"{name}: nothing is given up", total(values, "flywheel_exporter_dead_letters_total"), 0)
    checks.check(f"{name}: a line names the setting", "setting=max.message.bytes" in daemon.logged())
    # A limit that no record fits.
    set_limit(broker, topic, 300)
    daemon.send(request(trace(60, 2000)))
    checks.check(f"{name}: what can't be cut is given up", daemon.settle(60) and wait_for(lambda: list(daemon.state.glob("*.dead/*.letter"))),
                 daemon.logged()[-500:])
    checks.equal(f"{name}: and counted", total(daemon.metrics(), "flywheel_exporter_dead_letters_total"), 1)
    checks.check(f"{name}: the exporter is up all the same", by_label(daemon.metrics(), "flywheel_exporter_up", "exporter") == {"kafka/annotations": 1})
    set_limit(broker, topic, LIMIT)
    daemon.send(request(trace(61, 2000)))
    arrives(f"{name}, after that", broker, topic, daemon, [*range(1, 60), 61])
    checks.equal(f"{name}: it ends with 0", daemon.stop(), 0)
    daemon.remove()


def relays(broker):
    topic = "relayed"
    broker.command("create-topic", topic, 1, f"max.message.bytes={LIMIT}")
    daemon = Daemon(args.flywheel, "", exporters=exporter_of(broker, topic, ", dead_letter: { directory: ./dead }"),
                    pipelines="relay: { receivers: [otlp], exporters: [kafka/annotations] }", state=None)
    daemon.start()

    def spans_there():
        return sum(len(scope.spans) for value in broker.messages(topic) for group in ExportTraceServiceRequest.FromString(value.value).resource_spans
                   for scope in group.scope_spans)

    daemon.send(*(request(trace(n, 20000)) for n in range(1, 21)))
    checks.equal("relay: messages that fill a batch arrive", spans_there(), 20)
    daemon.send(request([s for n in range(21, 25) for s in trace(n, 20000, 8)]))
    checks.equal("relay: a trace above the limit gets several messages", spans_there(), 20 + 32)
    set_limit(broker, topic, LIMIT // 2)
    daemon.send(request(trace(25, 20000, 8)), *(request(trace(n, 5000)) for n in range(26, 36)))
    checks.equal("relay: also when the limit is lowered", spans_there(), 52 + 8 + 10)
    daemon.send(request(trace(36, 100000)), request(trace(37, 1000)))
    checks.equal("relay: what no message can hold does not hold up the rest", spans_there(), 70 + 1)
    checks.equal("relay: and is counted", total(daemon.metrics(), "flywheel_relay_dropped_total", reason="too_large"), 1)
    checks.check("relay: and kept", wait_for(lambda: list(daemon.directory.glob("dead/*.letter"))))
    checks.equal("relay: it ends with 0", daemon.stop(), 0)
    daemon.remove()


def is_denied():
    """DescribeConfigs is not ours: the limit is learned from refusals."""
    broker = Broker(**{"authorizer_class_name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super_users": "User:nobody",
                       "allow_everyone_if_no_acl_found": "true"})
    broker.command("create-topic", "secret", 1, f"max.message.bytes={LIMIT}")
    anonymous = ("secret", admin.ResourcePatternType.LITERAL, "User:ANONYMOUS", "*")
    rules = [admin.AclBinding(admin.ResourceType.TOPIC, *anonymous, operation, admin.AclPermissionType.ALLOW)
             for operation in (admin.AclOperation.WRITE, admin.AclOperation.READ, admin.AclOperation.DESCRIBE)]
    manager = client(broker)
    for done in manager.create_acls(rules).values():
        done.result(30)
    daemon = Daemon(args.flywheel, RULES, exporters=exporter_of(broker, "secret"))
    daemon.start()
    daemon.send(*(request(trace(n, 5000)) for n in range(1, 41)))
    arrives("denied, small records that fill a batch", broker, "secret", daemon, range(1, 41))
    daemon.send(request(trace(41, 300000)), *(request(trace(n, 5000)) for n in range(42, 50)))
    arrives("denied, behind an oversized one", broker, "secret", daemon, range(1, 50))
    checks.check("denied: it says so", "event=kafka_topic_limit_unknown" in daemon.logged(), daemon.logged()[-800:])
    checks.equal("denied: it ends with 0", daemon.stop(), 0)
    daemon.remove()
    broker.remove()


def is_degraded(broker):
    """An exporter that can't write is said, and is no reason to take the pipeline out of service."""
    daemon = Daemon(args.flywheel, RULES, exporters=exporter_of(broker, "absent"))
    daemon.start()
    daemon.send(request(trace(1, 1000)))
    checks.check("a topic that is not there: degraded, not 503",
                 wait_for(lambda: "degraded: exporter kafka/annotations cannot write: " in daemon.get("/readyz")), daemon.get("/readyz"))
    checks.equal("and the gauge says so", by_label(daemon.metrics(), "flywheel_exporter_up", "exporter"), {"kafka/annotations": 0})
    broker.topic("absent", 1)
    checks.check("until it is there", daemon.settle(120) and wait_for(lambda: daemon.get("/readyz") == "ready\n"), daemon.get("/readyz"))
    checks.equal("it ends with 0", daemon.stop(), 0)
    daemon.remove()


broker = Broker()
judges("idempotent", broker, "idempotent")
judges("transactional", broker, "transactional")
relays(broker)
is_degraded(broker)
broker.remove()
is_denied()
checks.finish()
