"""A flywheel daemon under test: starts it on free ports in a directory of its own, sends to it, reads what came out.
Only processes that were started here are stopped, by their pid."""
import argparse, json, os, pathlib, random, shutil, signal, socket, subprocess, tempfile, time, urllib.request

import grpc

root = pathlib.Path(__file__).resolve().parents[2]
corpus = root / "tests/data/corpus"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


def arguments(**more):
    parser = argparse.ArgumentParser()
    parser.add_argument("--flywheel", default=str(root / "build/release/flywheel"))
    for name, default in more.items():
        parser.add_argument("--" + name, type=type(default), default=default)
    parsed = parser.parse_args()
    parsed.flywheel = os.path.abspath(parsed.flywheel)
    return parsed


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def broker_port():
    """A broker takes the port and the one above it, and starts seconds later: below the ports that connections get by themselves."""
    while True:
        port = random.randrange(20000, 32000, 2)
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port)), other.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, is_good, detail=""):
        self.passed += bool(is_good)
        self.failed += not is_good
        print(("ok    " if is_good else "FAIL  ") + name + (f": {detail}" if detail != "" else ""), flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        raise SystemExit(self.failed > 0 or self.passed == 0)


class Daemon:
    """`pipeline` is the file without receivers, exporters, state and service, which are added here."""

    def __init__(self, flywheel, pipeline, exporter=None, ack="durable"):
        self.flywheel = flywheel
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-test-"))
        self.port, self.admin = free_port(), free_port()
        self.annotations = self.directory / "annotations.jsonl"
        self.config = self.directory / "pipeline.yaml"
        exporter = exporter or f"file/annotations: {{ path: {self.annotations} }}"
        self.config.write_text(
            pipeline
            + f"\nreceivers: {{ otlp: {{ protocols: {{ grpc: {{ endpoint: 127.0.0.1:{self.port}, ack: {ack} }} }} }} }}"
            + f"\nexporters: {{ {exporter} }}"
            + f"\nstate: {{ directory: {self.directory}/state }}"
            + f"\nservice: {{ telemetry: {{ http: {{ endpoint: 127.0.0.1:{self.admin} }} }} }}\n"
        )
        self.process = None
        self.log = open(self.directory / "log", "a")

    def run(self, *args, **more):
        command = [self.flywheel, *args]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)

    def start(self):
        began = time.time()
        self.process = subprocess.Popen([self.flywheel, "run", "-c", str(self.config)], stderr=self.log)
        while time.time() - began < 30:
            if self.process.poll() is not None:
                raise SystemExit("the daemon ended while starting:\n" + (self.directory / "log").read_text()[-2000:])
            try:
                if self.get("/readyz") == "ready\n":
                    return time.time() - began
            except OSError:
                time.sleep(0.01)
        raise SystemExit("the daemon did not get ready")

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=5).read().decode()

    def status(self):
        return json.loads(self.get("/api/v1/status"))

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def stop(self):
        if self.process and self.process.poll() is None:
            return self.kill(signal.SIGTERM)

    def channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[("grpc.use_local_subchannel_pool", 1)])

    def lines(self):
        return self.annotations.read_text().splitlines() if self.annotations.exists() else []

    def wait(self, is_done, seconds=30):
        end = time.time() + seconds
        while time.time() < end and not is_done():
            time.sleep(0.1)
        return is_done()

    def remove(self):
        self.stop()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def corpus_requests():
    """(service, bytes) of every recorded request in wire bytes, in name order."""
    files = [f for f in sorted(corpus.glob("*/*.pb")) if "metrics" not in f.name]
    return files, [(LOGS if "-logs" in f.name else TRACES, f.read_bytes()) for f in files]
