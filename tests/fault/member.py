"""Daemons, brokers and senders of a fault run. Only processes that were started here are stopped, by their pid."""
import json, mmap, os, pathlib, shutil, signal, struct, subprocess, tempfile, threading, time

import grpc

from daemon import TRACES, Daemon, broker_port, root

SHIM = pathlib.Path(__file__).with_name("fault_shim.c")


def build_shim(directory):
    out = pathlib.Path(directory) / "fault_shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-D_GNU_SOURCE", "-o", out, SHIM, "-ldl"], check=True)
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


class Broker:
    def __init__(self, **settings):
        self.directory = tempfile.mkdtemp(prefix="flywheel-kafka-")
        self.port = broker_port()
        self.script = str(root / "tests/support/kafka/kafka.sh")
        self.settings = [a for k, v in settings.items() for a in ("-c", f"{k.replace('_', '.')}={v}")]
        self.run("start")

    address = property(lambda self: f"127.0.0.1:{self.port}")

    def run(self, *args):
        options = self.settings if args[0] == "start" else []
        subprocess.run([self.script, "-p", str(self.port), "-d", self.directory, *options, *args], check=True, timeout=300,
                       stdout=subprocess.DEVNULL)

    def topic(self, name, partitions):
        self.run("create-topic", name, str(partitions))

    def pid(self):
        status = subprocess.run([self.script, "-p", str(self.port), "-d", self.directory, "status"], capture_output=True, text=True)
        return int(next(w for w in status.stdout.replace(",", " ").split() if w.isdigit()))

    def pause(self, is_paused):
        os.kill(self.pid(), signal.SIGSTOP if is_paused else signal.SIGCONT)

    def values(self, topic):
        out = subprocess.run(["kcat", "-b", self.address, "-C", "-t", topic, "-e", "-q", "-o", "beginning", "-D", "\n"],
                             capture_output=True, text=True, timeout=300, check=True).stdout
        return out.splitlines()

    def remove(self):
        subprocess.run([self.script, "-p", str(self.port), "-d", self.directory, "stop"], timeout=60, stdout=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)


class Member(Daemon):
    """A daemon that reads gRPC, or a topic; with the shim when `faults` are wanted."""

    def __init__(self, flywheel, pipeline, ack="durable", broker=None, topic=None, group="flywheel", faults=False, more_state=""):
        exporter = f"kafka/annotations: {{ brokers: [{broker.address}], topic: annotations }}" if broker else None
        super().__init__(flywheel, pipeline, exporter, ack)
        text = self.config.read_text()
        if topic:
            lines = [line for line in text.splitlines() if not line.startswith("receivers:")]
            lines.append(f"receivers: {{ kafka: {{ brokers: [{broker.address}], topic: {topic}, group_id: {group}, "
                         "properties: { session.timeout.ms: '6000', heartbeat.interval.ms: '500' } } }")
            text = "\n".join(lines) + "\n"
        self.config.write_text(text.replace("/state }", f"/state{more_state} }}"))
        self.faults = Faults(self.directory) if faults else None
        self.environment = dict(os.environ)
        if faults:
            self.environment.update(LD_PRELOAD=str(build_shim(self.directory)), FLYWHEEL_FAULTS=str(self.faults.path))

    def launch(self):
        self.process = subprocess.Popen([self.flywheel, "run", "-c", str(self.config)], stderr=self.log, env=self.environment)

    def is_ready(self):
        try:
            return self.get("/readyz") == "ready\n"
        except OSError:
            return False

    def start(self, seconds=60):
        began = time.time()
        self.launch()
        while not self.is_ready():
            if self.process.poll() is not None:
                raise SystemExit("the daemon ended while starting:\n" + (self.directory / "log").read_text()[-2000:])
            if time.time() - began > seconds:
                raise SystemExit("the daemon did not get ready:\n" + (self.directory / "log").read_text()[-2000:])
            time.sleep(0.01)
        return time.time() - began

    def rss(self):
        try:
            return int(next(line for line in open(f"/proc/{self.process.pid}/status") if line.startswith("RssAnon")).split()[1]) * 1024
        except (OSError, StopIteration):
            return 0

    def in_flight(self):
        return self.status()["spans"]["in_flight"]

    def settle(self, seconds=60):
        """Everything decided, everything delivered."""
        return self.wait(lambda: self.in_flight() == 0 and self.status()["outbox"]["records"] == 0, seconds)

    def cohorts(self):
        return json.loads(self.run("cohorts", "-c", str(self.config), "--window", "48h", "--format", "json").stdout)

    def state_check(self):
        return self.run("state", "check", str(self.directory / "state"))


class GrpcSender:
    """Sends each request of its traces until it is acknowledged, in a few threads; roots after their children."""

    def __init__(self, member, threads=4, rate=None):
        self.member, self.rate, self.stopped = member, rate, threading.Event()
        self.work, self.lock, self.latencies, self.errors = [], threading.Lock(), [], {}
        self.threads = [threading.Thread(target=self.go, daemon=True) for _ in range(threads)]
        self.busy, self.is_shuffled = 0, False
        [t.start() for t in self.threads]

    def add(self, traces, copies=1, shuffle=None):
        part = [(t, i) for i in range(2) for t in traces for _ in range(copies)]
        if shuffle:
            shuffle.shuffle(part)
        with self.lock:
            self.is_shuffled = shuffle is not None
            for t in traces:
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
        while not self.stopped.is_set():
            began = time.time()
            try:
                call(trace.requests[index], timeout=10)
            except grpc.RpcError as error:
                with self.lock:
                    self.errors[error.code().name] = self.errors.get(error.code().name, 0) + 1
                time.sleep(0.02)
                continue
            with self.lock:
                trace.waiting -= 1
                self.latencies.append((began, time.time() - began))
            return

    def drain(self, seconds=120):
        end = time.time() + seconds
        while time.time() < end:
            with self.lock:
                if not self.work and not self.busy:
                    return True
            time.sleep(0.02)
        return False

    def stop(self):
        self.stopped.set()
        [t.join(15) for t in self.threads]


class KafkaSender:
    """Produces keyed by trace id, as a Collector with partition_traces_by_id or a relay does."""

    def __init__(self, broker, topic):
        from confluent_kafka import Producer
        self.topic = topic
        self.producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True, "linger.ms": 5,
                                  "partitioner": "fnv1a_random", "log_level": 0})

    def add(self, traces, copies=1, shuffle=None):
        part = [(t, i) for i in range(2) for t in traces for _ in range(copies)]
        if shuffle:
            shuffle.shuffle(part)
        for t in traces:
            t.waiting = 2 * copies
        for t, i in part:
            def delivered(error, _, t=t):
                t.waiting -= error is None
            self.producer.produce(self.topic, t.requests[i], key=t.key, on_delivery=delivered)
            self.producer.poll(0)

    def drain(self, seconds=60):
        return self.producer.flush(seconds) == 0

    def stop(self):
        self.producer.flush(10)
