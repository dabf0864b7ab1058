"""A real broker behind TLS and SASL/SCRAM, with ACLs, as input and as output: what works, and what a user is told when it does not. No
secret is ever in a log or on a page. The broker is of the last Kafka that takes SCRAM of a librdkafka before 2.6.1."""
import os, pathlib, tempfile, time, urllib.error

from confluent_kafka import Producer
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, NewTopic, ResourcePatternType, ResourceType,
                                   ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion)

from flywheel.broker import Broker
from flywheel.certificates import Authority
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import total
from flywheel.otlp_bytes import request, span
from flywheel.ports import free_port
from flywheel.waiting import wait_for

args = arguments()
os.environ["KAFKA_VERSION"] = "3.9.1"
checks = Checks()
PASSWORD, WRONG = "correct-horse-7301", "wrong-horse-7302"
PIPELINE = "trajectory: { settle: 100ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\nselection: { unscored: 1, pass: 1 }\n"
directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-security-"))
authority, stranger = Authority(directory, "authority"), Authority(directory, "stranger")


def store(name, days):
    """Key and certificate as a broker reads them."""
    cert, key = authority.issue(name, days=days)
    pem = directory / f"{name}.store"
    pem.write_text(key.read_text() + cert.read_text() + authority.cert.read_text())
    return pem


plain, secure, expired = free_port(neighbors=1), free_port(), free_port()
LISTENERS = {"PLAINTEXT": plain, "CONTROLLER": plain + 1, "SECURE": secure, "EXPIRED": expired}
settings = {
    "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in LISTENERS.items()),
    "advertised_listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in LISTENERS.items() if name != "CONTROLLER"),
    "listener_security_protocol_map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,EXPIRED:SASL_SSL",
    "sasl_enabled_mechanisms": "SCRAM-SHA-512",
    "authorizer_class_name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super_users": "User:ANONYMOUS",  # who comes in by PLAINTEXT: this test, and the broker itself
}
for name, days in (("secure", 30), ("expired", -1)):
    settings |= {f"listener_name_{name}_scram-sha-512_sasl_jaas_config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                 f"listener_name_{name}_ssl_keystore_type": "PEM", f"listener_name_{name}_ssl_keystore_location": store(name, days)}
broker = Broker(is_started=False, **settings)
broker.port = plain
broker.start()
admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})


def allow(kind, name, *operations):
    for result in admin.create_acls([AclBinding(kind, name, ResourcePatternType.LITERAL, "User:flywheel", "*", operation, AclPermissionType.ALLOW)
                                     for operation in operations]).values():
        result.result(30)


for result in admin.alter_user_scram_credentials([UserScramCredentialUpsertion(
        "flywheel", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode())]).values():
    result.result(30)
for result in admin.create_topics([NewTopic(topic, 1, 1) for topic in ("spans", "annotations", "secret", "listed")]).values():
    result.result(30)
for topic in ("spans", "annotations"):
    allow(ResourceType.TOPIC, topic, AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE)
allow(ResourceType.TOPIC, "listed", AclOperation.DESCRIBE)
for group in ("allowed", "other"):
    allow(ResourceType.GROUP, group, AclOperation.READ)


def endpoint(port=secure, topic="spans", password=PASSWORD, ca=authority, more=""):
    return (f"{{ brokers: ['127.0.0.1:{port}'], topic: {topic}{more}, tls: {{ ca_file: {ca.cert} }}, "
            f"auth: {{ sasl: {{ mechanism: SCRAM-SHA-512, username: flywheel, password: {password} }} }} }}")


def ready(daemon):
    try:
        return 200, daemon.get("/readyz")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def check_secrets(name, daemon):
    pages = daemon.logged() + ready(daemon)[1] + daemon.get("/metrics") + daemon.get("/api/v1/status")
    checks.check(f"{name}: no password is told", PASSWORD not in pages and WRONG not in pages)


def run_of(number):
    now, trace = time.time_ns(), number.to_bytes(16, "big")
    return request([span(trace, trace[8:], b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent")])


# --- all is right: in and out ---

daemon = Daemon(args.flywheel, PIPELINE, receivers=f"kafka: {endpoint(more=', group_id: allowed')}",
                exporters=f"kafka/annotations: {endpoint(topic='annotations')}")
daemon.launch()
checks.check("by TLS and SCRAM it gets ready", wait_for(lambda: ready(daemon) == (200, "ready\n")), ready(daemon))
producer = Producer({"bootstrap.servers": broker.address})
for number in range(1, 6):
    producer.produce("spans", run_of(number))
producer.flush(30)
checks.check("what is read comes out as records", wait_for(lambda: len(broker.messages("annotations")) == 5, 60, 1), len(broker.messages("annotations")))
check_secrets("in and out", daemon)
daemon.remove()

# --- something is wrong with the input ---

for name, settings, reason in (
        ("a wrong password", {"password": WRONG}, "uthentication"),
        ("an expired certificate", {"port": expired}, "certificate has expired"),
        ("a certificate of somebody else", {"ca": stranger}, "certificate verify failed"),
        ("a topic that may not be seen", {"topic": "secret"}, "denies topic secret"),
        ("a topic that may be seen, but not read", {"topic": "listed", "more": ", group_id: other"}, "denies topic listed"),
        ("a group that may not be used", {"more": ", group_id: forbidden"}, "denies group forbidden"),
):
    daemon = Daemon(args.flywheel, PIPELINE, receivers=f"kafka: {endpoint(**{'more': ', group_id: allowed', **settings})}")
    daemon.launch()
    checks.check(f"{name}: /readyz is 503 with the reason", wait_for(lambda: ready(daemon)[0] == 503 and reason in ready(daemon)[1]), ready(daemon))
    words = reason if "denies" not in reason else "AUTHORIZATION_FAILED"
    checks.check(f"{name}: and so is a line of the log", any(words in line and "level=warn" in line for line in daemon.logged().split("\n")),
                 daemon.logged()[-600:])
    check_secrets(name, daemon)
    checks.equal(f"{name}: it stops with 0", daemon.stop(), 0)
    daemon.remove()

# --- something is wrong with the output ---

for name, settings, reason, degraded in (
        ("output, a wrong password", {"password": WRONG}, "uthentication", "Authentication failure"),
        ("output, an expired certificate", {"port": expired}, "certificate has expired", "certificate has expired"),
        ("output, a denied topic", {"topic": "secret"}, "uthoriz", "Topic authorization failed"),
):
    daemon = Daemon(args.flywheel, PIPELINE, exporters=f"kafka/annotations: {endpoint(**{'topic': 'annotations', **settings})}")
    daemon.start()
    daemon.send(run_of(100))
    checks.check(f"{name}: spans are taken, and /readyz says degraded",
                 wait_for(lambda: ready(daemon)[0] == 200 and "degraded" in ready(daemon)[1]), ready(daemon))
    checks.check(f"{name}: with the reason", wait_for(lambda: degraded in ready(daemon)[1], 30), ready(daemon))
    checks.check(f"{name}: the exporter is down", total(daemon.metrics(), "flywheel_exporter_up") == 0)
    checks.check(f"{name}: the log says why", wait_for(lambda: reason in daemon.logged(), 30), daemon.logged()[-600:])
    check_secrets(name, daemon)
    daemon.remove()

broker.remove()
checks.finish()
