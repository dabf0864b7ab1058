"""A flywheel daemon under test: ports and a directory of its own, a pipeline file, and what a test does to it."""
import json, os, pathlib, shutil, signal, subprocess, tempfile, time, urllib.error, urllib.request

from flywheel import metrics, processes
from flywheel.places import TRACES
from flywheel.ports import free_port
from flywheel.waiting import patiently, wait_for


def lines_of(text):
    """Lines as the program writes them: a text may hold other ends of lines."""
    return [line for line in text.split("\n") if line]


def adds_up(spans):
    """Every accepted span of a status ends in exactly one place."""
    return spans["accepted"] == spans["decided"] + spans["dropped"] + spans["in_flight"]


class Daemon:
    """`pipeline` is the file without the parts that say where things are. Of those a test may add to or replace:

        grpc, http   options of the two OTLP endpoints, as ", ack: memory"; without `http` there is only gRPC
        otlp         options of the receiver, as ", tls: { ... }"
        host         where both listen
        receivers    other receivers instead
        exporters    other exporters instead of the file `annotations`
        state        options beside the directory; None: no state at all
        pipelines    service.pipelines
        review_http  options of `review.http` beside its endpoint
        review       options of `review` beside `http`; with it there is a results pipeline, and its listener
        results      what that pipeline says
        command      words before the program's name
        environment  variables more
    """

    def __init__(self, flywheel, pipeline="", command=(), environment=None, **parts):
        self.flywheel, self.pipeline, self.command = flywheel, pipeline, command
        self.environment = {**os.environ, **(environment or {})}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-test-"))
        self.state = self.directory / "state"
        self.port, self.http_port, self.admin, self.review_port = free_port(), free_port(), free_port(), free_port()
        self.annotations, self.config, self.log = (self.directory / name for name in ("annotations.jsonl", "pipeline.yaml", "log"))
        self.process = None
        self.parts = {"grpc": "", "http": None, "otlp": "", "host": "127.0.0.1", "receivers": None, "exporters": None, "state": "",
                      "pipelines": "", "review": None, "review_http": "", "results": ""}
        self.write(**parts)

    def write(self, **changes):
        """The pipeline file, with these parts instead of those before."""
        assert changes.keys() <= self.parts.keys(), changes
        self.parts.update(changes)
        part = self.parts
        endpoints = [f"grpc: {{ endpoint: '{part['host']}:{self.port}'{part['grpc']} }}"]
        if part["http"] is not None:
            endpoints.append(f"http: {{ endpoint: '{part['host']}:{self.http_port}'{part['http']} }}")
        receivers = part["receivers"] or f"otlp: {{ protocols: {{ {', '.join(endpoints)} }}{part['otlp']} }}"
        exporters = part["exporters"] or f"file/annotations: {{ path: {self.annotations} }}"
        named = [part["pipelines"]] if part["pipelines"] else []
        if part["review"] is not None:
            named.append(f"results: {{ {part['results']} }}")
        pipelines = f"pipelines: {{ {', '.join(named)} }}, " if named else ""
        lines = [f"receivers: {{ {receivers} }}", f"exporters: {{ {exporters} }}",
                 f"service: {{ {pipelines}telemetry: {{ http: {{ endpoint: 127.0.0.1:{self.admin} }} }} }}"]
        if part["state"] is not None:
            lines.append(f"state: {{ directory: {self.state}{part['state']} }}")
        if part["review"] is not None:
            lines.append(f"review: {{ http: {{ endpoint: 127.0.0.1:{self.review_port}{part['review_http']} }}{part['review']} }}")
        self.config.write_text("\n".join(lines) + "\n" + self.pipeline, encoding="utf-8")

    # --- the process ---

    def launch(self):
        with open(self.log, "ab") as log:
            self.process = processes.start(*self.command, self.flywheel, "run", "-c", self.config, cwd=self.directory, env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self, seconds=60):
        """Starts and waits until it is ready; how long that took, in seconds."""
        began = time.monotonic()
        self.launch()
        wait_for(lambda: not self.is_running() or self.is_ready(), seconds, 0.01)
        if not self.is_running():
            raise SystemExit(f"the daemon ended with {self.process.returncode} while starting:\n{self.logged()[-2000:]}")
        if not self.is_ready():
            raise SystemExit(f"the daemon did not get ready:\n{self.logged()[-2000:]}")
        return time.monotonic() - began

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_ready(self):
        try:
            return self.get("/readyz").startswith("ready\n")  # perhaps degraded
        except OSError:
            return False

    def kill(self, number=signal.SIGKILL):
        """Signals and waits for the end; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(patiently(60))
        processes.forget(self.process)
        return code

    def stop(self):
        """Drains and stops; the exit code."""
        return self.kill(signal.SIGTERM) if self.process else None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def logged(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    # --- what it is asked ---

    def run(self, *words, **more):
        """Another command of the same program."""
        return processes.run(self.flywheel, *words, cwd=self.directory, **more)

    def get(self, path):
        return urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=patiently(30)).read().decode()

    def health(self):
        """What /healthz says, whatever the code."""
        try:
            return self.get("/healthz")
        except urllib.error.HTTPError as answer:
            return answer.read().decode()

    def status(self):
        return json.loads(self.get("/api/v1/status"))

    def metrics(self):
        return metrics.samples(self.get("/metrics"))

    def in_flight(self):
        return self.status()["spans"]["in_flight"]

    def is_settled(self):
        status = self.status()
        return status["spans"]["in_flight"] == 0 and status["outbox"]["records"] == 0

    def cohorts(self, *words, window="48h"):
        result = self.run("cohorts", "-c", self.config, "--window", window, *words, "--format", "json", check=True)
        return json.loads(result.stdout)["cohorts"]

    def check_state(self):
        """The result of `state check`: what it found is in its output."""
        return self.run("state", "check", self.state)

    def lines(self):
        """The lines of the file of records that are whole."""
        return lines_of(self.annotations.read_bytes().rpartition(b"\n")[0].decode()) if self.annotations.exists() else []

    def line_count(self):
        with self.annotations.open("rb") if self.annotations.exists() else open(os.devnull, "rb") as file:
            return sum(1 for _ in file)

    def records(self):
        return [json.loads(line) for line in self.lines()]

    # --- what is waited for ---

    def wait(self, is_done, seconds=60):
        return wait_for(is_done, seconds)

    def settle(self, seconds=60):
        """Everything is decided, everything delivered."""
        return self.wait(self.is_settled, seconds)

    # --- what is sent ---

    def channel(self):
        """A connection of its own: gRPC would share one."""
        import grpc  # only who sends by gRPC needs it

        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=[("grpc.use_local_subchannel_pool", 1)])

    def send(self, *bodies, service=TRACES):
        """Each in a request; all of them are acknowledged when it returns."""
        with self.channel() as channel:
            for body in bodies:
                channel.unary_unary(service)(body, timeout=patiently(60), wait_for_ready=True)

    # --- what it costs ---

    def memory_kib(self, what="VmRSS"):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(what + ":"))

    def reset_peak(self):
        """VmHWM counts from now on."""
        with open(f"/proc/{self.process.pid}/clear_refs", "w") as file:
            file.write("5")

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
