"""A topic as input, on a real broker: what is read after the topic or the group has changed behind the reader's back, who reads when two
claim to be the same member, and what /readyz says meanwhile."""
import signal, time, urllib.error

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, adds_up
from flywheel.metrics import total
from flywheel.otlp_bytes import request, span
from flywheel.waiting import stays, wait_for

args = arguments()
checks = Checks()
broker = Broker()
admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
PIPELINE = "trajectory: { settle: 100ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\nselection: { unscored: 1, pass: 1 }\n"
made = 0


def traces(count):
    """(trace id, message) of whole runs, each in one message."""
    global made
    found = []
    for _ in range(count):
        made += 1
        now, trace = time.time_ns(), made.to_bytes(16, "big")
        found.append((trace.hex(), request([span(trace, trace[8:], b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent")])))
    return found


def create(topic, partitions=1):
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)


def put(topic, runs, partition=0, **settings):
    producer = Producer({"bootstrap.servers": broker.address, "log_level": 0, **settings})
    if settings:
        producer.init_transactions(30)
        producer.begin_transaction()
    for _, message in runs:
        producer.produce(topic, message, partition=partition)
    producer.commit_transaction(60) if settings else producer.flush(30)


def reader(topic, more="", session_ms=45000, **parts):
    """A daemon that reads it, launched."""
    daemon = Daemon(args.flywheel, PIPELINE, receivers=f"kafka: {{ brokers: [{broker.address}], topic: {topic}, group_id: g-{topic}{more}, "
                    f"properties: {{ session.timeout.ms: '{session_ms}' }} }}", **parts)
    daemon.launch()
    return daemon


def ready(daemon):
    """(status, text) of /readyz."""
    try:
        return 200, daemon.get("/readyz")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def is_ready(daemon, seconds=60):
    return wait_for(lambda: ready(daemon)[0] == 200, seconds)


def seen(daemon):
    return {record["source"]["trace_id"] for record in daemon.records()}


def has_read(daemon, runs, seconds=60):
    want = {trace for trace, _ in runs}
    return wait_for(lambda: want <= seen(daemon), seconds)


def resets(daemon):
    return total(daemon.metrics(), "flywheel_kafka_offset_resets_total")


def counted(daemon):
    """Runs in the cohorts: what was read twice shows here."""
    return sum(cohort["total"] for cohort in daemon.cohorts())


# --- a topic that is not there ---

daemon = reader("missing", session_ms=15000)  # its end is waited for below
wanted = "there is no topic missing"
checks.check("a topic that is missing is 503 with that reason", wait_for(lambda: ready(daemon)[0] == 503 and wanted in ready(daemon)[1]), ready(daemon))
checks.check("and a gauge", daemon.metrics()['flywheel_kafka_up{receiver="kafka"}'] == 0)
create("missing")
first = traces(3)
put("missing", first)
checks.check("it is read when it is there", is_ready(daemon) and has_read(daemon, first), ready(daemon))
checks.equal("and ready is all that is said", ready(daemon), (200, "ready\n"))

# --- a topic made anew ---

old, new = first, traces(20)
broker.make_anew("missing", 1)
put("missing", new)
checks.check("a topic made anew while it is read, and filled past the old position, is read from its first message", has_read(daemon, new),
             f"{len({t for t, _ in new} & seen(daemon))} of 20")
checks.check("that is counted", resets(daemon) >= 1, resets(daemon))
checks.equal("nothing is counted twice", counted(daemon), 23)
daemon.stop()
new = traces(40)
broker.make_anew("missing", 1)
put("missing", new)
daemon.launch()
checks.check("also when it was made anew while nobody read", is_ready(daemon) and has_read(daemon, new), f"{len({t for t, _ in new} & seen(daemon))} of 40")
checks.check("that is counted, too", resets(daemon) >= 1, resets(daemon))
checks.equal("and nothing twice", counted(daemon), 63)
checks.check("every span has one end", adds_up(daemon.status()["spans"]), daemon.status()["spans"])

# --- a group whose offset is lost ---

daemon.stop()


def forget_group():
    try:
        admin.delete_consumer_groups(["g-missing"])["g-missing"].result(30)
        return True
    except Exception:  # it has a member until its session has ended
        return False


checks.check("the group can be deleted when its session has ended", wait_for(forget_group, 120, 1))
more = traces(5)
put("missing", more)
daemon.launch()
checks.check("without an offset of the group all is read", is_ready(daemon) and has_read(daemon, more))
checks.equal("nothing is counted twice", counted(daemon), 68)
checks.check("and it is told", "kafka_group_offset_lost" in daemon.logged() and resets(daemon) >= 1)
daemon.remove()

# --- kill -9 ---

create("killed", 2)
daemon = reader("killed", session_ms=300000)  # longer than this test waits for anything
assert is_ready(daemon), ready(daemon)
put("killed", first := traces(5))
has_read(daemon, first)
daemon.kill(signal.SIGKILL)
put("killed", more := traces(5), partition=1)
daemon.launch()
checks.check("a restart after kill -9 takes its partitions before its session ends", is_ready(daemon, 100) and has_read(daemon, more), ready(daemon))
checks.equal("nothing is counted twice", counted(daemon), 10)
daemon.remove()

def behind(topic, partition=0):
    """What the group has not committed yet of a partition."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": f"g-{topic}", "log_level": 0})
    place = TopicPartition(topic, partition)
    found = consumer.get_watermark_offsets(place, timeout=30)[1] - consumer.committed([place], 30)[0].offset
    consumer.close()
    return found


# --- twins ---

create("twins", 2)
a = reader("twins", ", group_instance_id: one", 6000)
assert is_ready(a), ready(a)
put("twins", runs := traces(10))
has_read(a, runs)
checks.check("what was read is committed", wait_for(lambda: behind("twins") == 0), behind("twins"))
b = reader("twins", ", group_instance_id: one", 6000)
checks.check("the newer of two members with one id reads", is_ready(b), ready(b))
checks.check("the other says why it does not", wait_for(lambda: ready(a)[0] == 503 and "group_instance_id one" in ready(a)[1]), ready(a))
for partition in range(2):
    put("twins", more := traces(10), partition)
    has_read(b, more)
    runs += more
checks.check("it stays out", stays(lambda: ready(a)[0] == 503 and ready(b)[0] == 200, 10), (ready(a), ready(b)))
checks.equal("it was fenced once", a.logged().count("kafka_instance_id_taken") + b.logged().count("kafka_instance_id_taken"), 1)
checks.check("every run is counted by one of them", seen(a) & seen(b) == set() and len(seen(a) | seen(b)) == 30, (len(seen(a)), len(seen(b))))
b.kill(signal.SIGKILL)
put("twins", more := traces(5))
checks.check("it takes over when the id has been free for a session", has_read(a, more, 120) and is_ready(a), ready(a))
a.remove(), b.remove()

# --- what is no message ---


def lag(daemon):
    return total(daemon.metrics(), "flywheel_kafka_lag_messages")


create("control")
put("control", runs := traces(3), **{"transactional.id": "t", "enable.idempotence": True})
daemon = reader("control")
assert is_ready(daemon), ready(daemon)
checks.check("behind control records nothing is left to read", has_read(daemon, runs) and wait_for(lambda: lag(daemon) == 0 and behind("control") == 0),
             (lag(daemon), behind("control")))
daemon.kill(signal.SIGKILL)
daemon.launch()
checks.check("also after a restart", is_ready(daemon) and wait_for(lambda: lag(daemon) == 0))
checks.equal("nothing is counted twice", counted(daemon), 3)
daemon.remove()
broker.remove()
checks.finish()
