"""Daemons and senders of a fault run."""
import collections, mmap, pathlib, struct, threading, time

from flywheel import processes
from flywheel.daemon import Daemon
from flywheel.places import TRACES
from flywheel.sender import send_until_taken
from flywheel.waiting import patiently, wait_for

CHILDREN, ROOT = 0, 1  # the two requests of a trace
SHIM = pathlib.Path(__file__).with_name("fault_shim.c")


def build_shim(directory):
    out = pathlib.Path(directory) / "fault_shim.so"
    processes.run("cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", out, SHIM, "-ldl", check=True)
    return out


class Faults:
    """The control file of the shim: what its daemon's disk and clock do from now on."""

    def __init__(self, directory):
        self.path = pathlib.Path(directory) / "faults"
        self.path.write_bytes(bytes(32))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 32)

    def set(self, sync_delay_us=0, write_errno=0, sync_errno=0, clock_offset_s=0):
        self.map[:] = struct.pack("<4q", sync_delay_us, write_errno, sync_errno, int(clock_offset_s * 1e9))


class Member(Daemon):
    """A daemon that reads gRPC, or a topic; with the shim when `faults` are wanted."""

    def __init__(self, flywheel, pipeline, broker=None, topic=None, faults=False, **parts):
        if broker:
            parts["exporters"] = f"kafka/annotations: {{ brokers: [{broker.address}], topic: annotations }}"
        if topic:
            parts["receivers"] = (f"kafka: {{ brokers: [{broker.address}], topic: {topic}, group_id: flywheel, "
                                  "properties: { session.timeout.ms: '6000', heartbeat.interval.ms: '500' } }")
        super().__init__(flywheel, pipeline, **parts)
        self.faults = Faults(self.directory) if faults else None
        if faults:
            self.environment.update(LD_PRELOAD=str(build_shim(self.directory)), FLYWHEEL_FAULTS=str(self.faults.path))

    def rss(self):
        try:
            return self.memory_kib("RssAnon") * 1024
        except (OSError, StopIteration):
            return 0


class GrpcSender:
    """Sends each request of its traces until it is acknowledged, in a few threads; roots after their children."""

    def __init__(self, member, threads=4, rate=None):
        self.member, self.rate, self.stopped = member, rate, threading.Event()
        self.work, self.lock, self.latencies, self.refusals = [], threading.Lock(), [], []
        self.threads = [threading.Thread(target=self.go, daemon=True) for _ in range(threads)]
        self.busy, self.is_shuffled = 0, False
        [t.start() for t in self.threads]

    @property
    def errors(self):
        """{code: how many requests were refused with it}."""
        return dict(collections.Counter(self.refusals))

    def add(self, traces, copies=1, shuffle=None, parts=(CHILDREN, ROOT)):
        part = [(t, i) for i in parts for t in traces for _ in range(copies)]
        if shuffle:
            shuffle.shuffle(part)
        with self.lock:
            self.is_shuffled = shuffle is not None
            for t in traces if CHILDREN in parts else ():
                t.waiting, t.copies = 2 * copies, copies
            self.work += part

    def go(self):
        channel = self.member.channel()
        call = channel.unary_unary(TRACES)
        while not self.stopped.is_set():
            with self.lock:
                item = self.work.pop(0) if self.work else None
                if item and item[1] == 1 and item[0].waiting > item[0].copies and not self.is_shuffled:
                    self.work.append(item)  # a root only when its children are acknowledged: no late spans but by our will
                    item = None
                self.busy += item is not None
            if not item:
                time.sleep(0.005)
                continue
            self.send(call, *item)
            with self.lock:
                self.busy -= 1
            if self.rate:
                time.sleep(len(self.threads) / self.rate)
        channel.close()

    def send(self, call, trace, index):
        began = time.time()
        if send_until_taken(call, trace.requests[index], self.refusals, self.stopped.is_set):
            with self.lock:
                trace.waiting -= 1
                self.latencies.append((began, time.time() - began))

    def is_idle(self):
        with self.lock:
            return not self.work and not self.busy

    def drain(self, seconds=120):
        return wait_for(self.is_idle, seconds, 0.02)

    def stop(self):
        self.stopped.set()
        [t.join(patiently(15)) for t in self.threads]


class KafkaSender:
    """Produces keyed by trace id, as a Collector with partition_traces_by_id or a relay does."""

    def __init__(self, broker, topic):
        from confluent_kafka import Producer
        self.topic = topic
        self.producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True, "linger.ms": 5,
                                  "partitioner": "fnv1a_random", "log_level": 0})

    def add(self, traces, copies=1, shuffle=None, parts=(CHILDREN, ROOT)):
        part = [(t, i) for i in parts for t in traces for _ in range(copies)]
        if shuffle:
            shuffle.shuffle(part)
        for t in traces if CHILDREN in parts else ():
            t.waiting = 2 * copies
        for t, i in part:
            def delivered(error, _, t=t):
                t.waiting -= error is None
            self.producer.produce(self.topic, t.requests[i], key=t.key, on_delivery=delivered)
            self.producer.poll(0)

    def drain(self, seconds=60):
        return self.producer.flush(patiently(seconds)) == 0

    def stop(self):
        self.producer.flush(10)
