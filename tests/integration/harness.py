"""A daemon in a directory of its own, and what a test does to it: send, scrape, kill, read what came out.

Every test is a program: `test_NAME.py --flywheel BINARY`. It collects checks in `Checks`, whose last line is
"N passed, M failed". Ports are free ones of loopback, and only processes started here are ever signaled.
"""

import argparse
import contextlib
import json
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests/data/corpus"
KAFKA = ROOT / "tests/support/kafka/kafka.sh"
TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

SLOW_RULE = "rules:\n  - { name: slow, measure: duration_ms, fail_above: 60000, judges: true }\n"


class Checks:
    """Counts what held and what did not; a failed check does not stop a test."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def that(self, is_so, what, detail=""):
        if is_so:
            self.passed += 1
            print(f"ok    {what}")
        else:
            self.failed += 1
            print(f"FAIL  {what}" + (f": {detail}" if detail != "" else ""), flush=True)
        return is_so

    def equal(self, found, wanted, what):
        return self.that(found == wanted, what, f"wanted {wanted!r}, found {found!r}")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_port_pair():
    """The first of two neighboring free ports."""
    for _ in range(100):
        port = free_port()
        with contextlib.closing(socket.socket()) as probe:
            try:
                probe.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue
    raise RuntimeError("no two neighboring free ports")


def wait_for(condition, seconds, pause=0.05):
    """The first true value of condition() within so many seconds, else its last value."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(pause)
    return value


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line]


class Daemon:
    """One `flywheel run`. `body` is what the pipeline file says besides ports and directories."""

    def __init__(self, binary, directory, body=SLOW_RULE, content="full", selection="pass: 1.0, unscored: 1.0",
                 trajectory="settle: 2s, idle_timeout: 5s", exporter=None):
        self.binary = str(pathlib.Path(binary).resolve())
        self.directory = pathlib.Path(directory)
        self.grpc_port = free_port()
        self.http_port = free_port()
        self.process = None
        self.annotations = self.directory / "annotations.jsonl"
        self.config = self.directory / "pipeline.yaml"
        self.log = self.directory / "flywheel.log"
        exporter = exporter or f"file/annotations: {{ path: {self.annotations} }}"
        self.config.write_text(
            f"receivers: {{ otlp: {{ protocols: {{ grpc: {{ endpoint: 127.0.0.1:{self.grpc_port} }} }} }} }}\n"
            f"trajectory: {{ {trajectory} }}\n"
            f"selection: {{ {selection} }}\n"
            f"redaction: {{ content: {content} }}\n"
            f"exporters: {{ {exporter} }}\n"
            f"state: {{ directory: {self.directory / 'data'} }}\n"
            f"service: {{ telemetry: {{ http: {{ endpoint: 127.0.0.1:{self.http_port} }} }} }}\n{body}",
            encoding="utf-8",
        )

    @property
    def endpoint(self):
        return f"127.0.0.1:{self.grpc_port}"

    def start(self, seconds=20):
        """Starts and waits until ready; how long that took, in seconds."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([self.binary, "run", "-c", str(self.config)], cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for(lambda: self.process.poll() is not None or self.is_ready(), seconds, 0.01):
            raise RuntimeError(f"not ready after {seconds} s:\n{self.log_text()[-2000:]}")
        if self.process.poll() is not None:
            raise RuntimeError(f"ended with {self.process.returncode}:\n{self.log_text()[-2000:]}")
        return time.monotonic() - began

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait(10)

    def stop(self, seconds=30):
        """Drains and stops; the exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode if self.process else None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def log_text(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def run(self, *arguments, seconds=60, **options):
        """Another command of the same binary with the same pipeline file."""
        return subprocess.run([self.binary, arguments[0], "-c", str(self.config), *map(str, arguments[1:])],
                              capture_output=True, text=True, timeout=seconds, cwd=self.directory, **options)

    def send(self, *paths, now=False):
        options = ["--now"] if now else []
        return subprocess.run([self.binary, "send", "--endpoint", self.endpoint, *options, *map(str, paths)],
                              capture_output=True, text=True, timeout=60)

    def lines(self):
        """The annotation lines that are whole, as bytes."""
        if not self.annotations.exists():
            return []
        return [line for line in self.annotations.read_bytes().split(b"\n")[:-1] if line]

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def metrics(self):
        """{(name, sorted labels): value} of /metrics."""
        return parse_metrics(self.get("/metrics"))

    def cohorts(self, group_by="intent", window="24h"):
        result = self.run("cohorts", "--window", window, "--group-by", group_by, "--format", "json")
        if result.returncode != 0:
            raise RuntimeError(f"cohorts: exit {result.returncode}: {result.stderr}")
        return json.loads(result.stdout)["cohorts"]


def parse_metrics(text):
    samples = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
        if match:
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
            samples[(match[1], tuple(sorted(labels)))] = float(match[3])
    return samples


def total(samples, name, **labels):
    """The sum of a metric over all series that have these labels."""
    return sum(value for (found, pairs), value in samples.items()
               if found == name and all(dict(pairs).get(key) == want for key, want in labels.items()))


class Sender:
    """Raw requests on one connection of its own."""

    def __init__(self, endpoint):
        # A pool of its own makes gRPC open a connection for each sender.
        self.channel = grpc.insecure_channel(endpoint, options=[("grpc.use_local_subchannel_pool", 1)])
        self.methods = {name: self.channel.unary_unary(name, None, None) for name in (TRACES, LOGS)}

    def send(self, body, method=TRACES, seconds=20):
        return self.methods[method](body, timeout=seconds, wait_for_ready=True)

    def future(self, body, method=TRACES, seconds=20):
        return self.methods[method].future(body, timeout=seconds)

    def close(self):
        self.channel.close()


def corpus_requests():
    """(method, body) of every protobuf request that was recorded."""
    requests = []
    for path in sorted(CORPUS.glob("*/*.pb")):
        if path.name.endswith("-metrics.pb"):
            continue
        requests.append((LOGS if path.name.endswith("-logs.pb") else TRACES, path.read_bytes()))
    return requests


class Broker:
    """A real Kafka broker in a directory of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory) / "kafka"
        self.port = free_port_pair()

    def command(self, *arguments, seconds=180):
        return subprocess.run([str(KAFKA), "-p", str(self.port), "-d", str(self.directory), *arguments], text=True,
                              check=True, stdout=subprocess.PIPE, timeout=seconds)

    def __enter__(self):
        self.command("start")
        return self

    def __exit__(self, *_):
        self.command("stop")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def messages(self, topic):
        """What an independent consumer, kcat, reads from the beginning to the end."""
        result = subprocess.run(["kcat", "-C", "-b", self.address, "-t", topic, "-o", "beginning", "-e", "-q", "-J"],
                                capture_output=True, text=True, timeout=30, check=True)
        return json_lines(result.stdout)


def main(test, **options):
    """Runs test(checks, arguments, directory) in a temporary directory, and ends the program."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flywheel", default=str(ROOT / "build/release/flywheel"))
    parser.add_argument("--seed", type=int, default=1)
    for name, value in options.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = parser.parse_args()
    arguments.random = random.Random(arguments.seed)
    arguments.flywheel = str(pathlib.Path(arguments.flywheel).resolve())
    checks = Checks()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-test-"))
    try:
        test(checks, arguments, directory)
    except Exception as mistake:  # The summary must be printed whatever happens.
        checks.that(False, "the test runs to its end", f"{type(mistake).__name__}: {mistake}")
    if checks.failed:
        print(f"kept: {directory}; seed {arguments.seed}")
    else:
        shutil.rmtree(directory)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed else 0)
