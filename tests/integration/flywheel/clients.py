"""Senders that others wrote, built once below build/clients from what is pinned in tests/support/clients, and a running Collector."""
import hashlib, json, os, pathlib, re, shutil, subprocess, sys, tempfile, time

from flywheel import processes
from flywheel.places import root
from flywheel.ports import free_port
from flywheel.waiting import patiently, wait_for

sources = root / "tests/support/clients"
built = root / "build/clients"
TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64"


def run(*command, **more):
    return processes.run(*command, check=True, stderr=subprocess.STDOUT, seconds=900, **more).stdout


def go():
    """Go from 1.21 on fetches the version that go.mod asks for; an older one (Debian 12: 1.19) can fetch it too, as a module that the
    checksum database vouches for, but does not know that it is a toolchain."""
    major, minor = map(int, re.search(r"go(\d+)\.(\d+)", run("go", "version")).groups())
    if (major, minor) >= (1, 21):
        return "go"
    directory = pathlib.Path(json.loads(run("go", "mod", "download", "-json", TOOLCHAIN, cwd=sources, env={**os.environ, "GO111MODULE": "on"}))["Dir"])
    for program in [*directory.glob("bin/*"), *directory.glob("pkg/tool/*/*")]:
        program.chmod(0o755)
    return directory / "bin/go"


def make_go(name, to):
    run(go(), "build", "-trimpath", "-ldflags", "-s -w", "-o", to / name, ".", cwd=sources / name)


def make_java(name, to):
    run("mvn", "-q", "-B", "-f", sources / name / "pom.xml", "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={to}/jars")
    run("javac", "-cp", f"{to}/jars/*", "-d", to / "classes", sources / name / "Client.java")


def make_node(name, to):
    for file in (sources / name).iterdir():
        shutil.copy(file, to)
    run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", cwd=to)


def make(name):
    """The directory of the built client; made again when its sources have changed."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted((sources / name).iterdir()))).hexdigest()
    to, stamp = built / name, built / name / "built"
    if not stamp.exists() or stamp.read_text() != digest:
        began = time.monotonic()
        shutil.rmtree(to, ignore_errors=True)
        to.mkdir(parents=True)
        {"go": make_go, "collector": make_go, "java": make_java, "node": make_node}[name](name, to)
        stamp.write_text(digest)
        print(f"built {name} in {time.monotonic() - began:.0f} s", flush=True)
    return to


def python_client(protocol, compression, runs, endpoint):
    flags = (["--http"] if protocol == "http" else []) + (["--gzip"] if compression == "gzip" else [])
    return [sys.executable, str(root / "tests/integration/sdk_export.py"), "--fail", "--service", "python-agent", *flags, "--runs", runs, endpoint]


def go_client(*arguments):
    return [make("go") / "go", *arguments]


def java_client(*arguments):
    return ["java", "-cp", f"{make('java')}/jars/*:{make('java')}/classes", "Client", *arguments]


def node_client(*arguments):
    return ["node", make("node") / "client.mjs", *arguments]


SDKS = {"python": python_client, "go": go_client, "java": java_client, "node": node_client}


class Collector:
    """Takes OTLP over gRPC on two ports; what comes on the first goes out by its exporter for gRPC, the rest by the one for HTTP. Both
    try for ever."""

    def __init__(self, grpc_port, http_port):
        self.ports = {"grpc": free_port(), "http": free_port()}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-collector-"))
        # A request that is on its way has all the time it needs: that it is refused in time is another test's.
        patience = (f"timeout: {patiently(60):.0f}s, "
                    "retry_on_failure: { enabled: true, initial_interval: 100ms, max_interval: 1s, max_elapsed_time: 0 }, "
                    "sending_queue: { enabled: true, queue_size: 100000, num_consumers: 8 }")
        (self.directory / "config.yaml").write_text(f"""
receivers:
  otlp/grpc: {{ protocols: {{ grpc: {{ endpoint: "127.0.0.1:{self.ports['grpc']}" }} }} }}
  otlp/http: {{ protocols: {{ grpc: {{ endpoint: "127.0.0.1:{self.ports['http']}" }} }} }}
exporters:
  otlp_grpc: {{ endpoint: "127.0.0.1:{grpc_port}", tls: {{ insecure: true }}, {patience} }}
  otlp_http: {{ endpoint: "http://127.0.0.1:{http_port}", {patience} }}
service:
  telemetry: {{ metrics: {{ level: none }} }}
  pipelines:
    traces/grpc: {{ receivers: [otlp/grpc], exporters: [otlp_grpc] }}
    traces/http: {{ receivers: [otlp/http], exporters: [otlp_http] }}
""")
        program = make("collector") / "collector"
        with open(self.directory / "log", "w") as log:
            self.process = processes.start(program, "--config", self.directory / "config.yaml", stdout=log, stderr=log)
        wait_for(lambda: self.is_ready() or self.process.poll() is not None)
        if not self.is_ready():
            raise SystemExit("the Collector does not start:\n" + self.log()[-2000:])

    def is_ready(self):
        return "Everything is ready" in self.log()

    def log(self):
        return (self.directory / "log").read_text()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(patiently(120))
        processes.forget(self.process)
        return code

    def remove(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
