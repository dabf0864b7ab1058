#!/usr/bin/env python3
"""Ingest: the daemon on core 0, otlpload on core 1, agent payload. Each case starts from an empty directory.

  memory, durable   as many spans as it takes for --seconds, then wait until every run is decided
  open              whole runs held open by a settle of 90 s: memory above idle / bytes sent
"""
import argparse, json, os, pathlib, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

here = pathlib.Path(__file__).resolve().parent
root = here.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Daemon:
    def __init__(self, binary, ack, settle):
        self.directory = tempfile.mkdtemp(prefix="flywheel-bench-")
        self.port, self.admin = free_port(), free_port()
        env = dict(os.environ, BENCH_PORT=str(self.port), BENCH_ADMIN=str(self.admin), BENCH_ACK=ack,
                   BENCH_SETTLE=settle, BENCH_DIR=self.directory)
        self.log = open(f"{self.directory}/run.log", "w")
        self.process = subprocess.Popen(["taskset", "-c", "0", binary, "run", "-c", here / "scores.yaml"],
                                        env=env, stdout=self.log, stderr=self.log)
        deadline = time.time() + 20
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=2).read()
                return
            except OSError:
                if self.process.poll() is not None or time.time() > deadline:
                    self.stop()
                    sys.exit(f"bench: the daemon did not start: {self.text}")
                time.sleep(0.1)

    def metric(self, name):
        page = urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=10).read().decode()
        return sum(float(l.rsplit(" ", 1)[1]) for l in page.splitlines() if l.split("{")[0].split(" ")[0] == name)

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self, key):
        line = next(l for l in open(f"/proc/{self.process.pid}/status") if l.startswith(key))
        return int(line.split()[1]) * 1024

    def records(self):
        path = pathlib.Path(self.directory, "annotations.jsonl")
        return sum(1 for _ in path.open("rb")) if path.exists() else 0

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        self.text = pathlib.Path(self.log.name).read_text()[-500:]
        shutil.rmtree(self.directory, ignore_errors=True)


def load(program, daemon, *arguments):
    done = subprocess.run(["taskset", "-c", "1", program, "-target", f"127.0.0.1:{daemon.port}", *arguments],
                          capture_output=True, text=True, timeout=150)
    if done.returncode:
        sys.exit(f"bench: otlpload: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ingest(binary, program, ack, seconds):
    daemon = Daemon(binary, ack, "5s")
    try:
        before = daemon.cpu_seconds()
        sent = load(program, daemon, "-duration", f"{seconds}s", "-concurrency", "8")
        if not sent["spans_accepted"]:
            sys.exit(f"bench: nothing was accepted: {sent.get('first_error')}")
        # Runs whose last part was never sent stay open until they are idle; the load ends with a few of them.
        wanted = 2 * sent["traces_complete"] // 10
        deadline = time.time() + 60
        while time.time() < deadline and (daemon.records() < wanted or daemon.metric("flywheel_outbox_records")):
            time.sleep(0.5)
        return {"case": ack, "spans_per_s": round(sent["spans_per_s"]), "errors": sent["errors"],
                "cpu_s_per_million_spans": round((daemon.cpu_seconds() - before) / sent["spans_accepted"] * 1e6, 2),
                "peak_rss_mb": round(daemon.memory("VmHWM") / 1e6), "p50_ms": sent["latency_p50_ms"],
                "p99_ms": sent["latency_p99_ms"], "records": daemon.records(), "records_expected": wanted,
                "traces_complete": sent["traces_complete"], "first_error": sent.get("first_error", "")}
    finally:
        daemon.stop()


def held_open(binary, program, traces):
    daemon = Daemon(binary, "memory", "90s")
    try:
        idle = daemon.memory("VmRSS")
        sent = load(program, daemon, "-traces", str(traces), "-duration", "0", "-concurrency", "8", "-retry", "30s")
        time.sleep(2)
        is_open = int(daemon.metric("flywheel_trajectories_in_flight"))
        wire = sent["bytes_per_span"] * sent["spans_accepted"]
        return {"case": "open", "traces_open": is_open, "wire_mb": round(wire / 1e6), "errors": sent["errors"],
                "rss_above_idle_mb": round((daemon.memory("VmRSS") - idle) / 1e6),
                "rss_per_wire_byte": round((daemon.memory("VmRSS") - idle) / wire, 2)}
    finally:
        daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flywheel", default=root / "build/release/flywheel")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--traces", type=int, default=20000, help="held open")
    parser.add_argument("--case", choices=["memory", "durable", "open"], action="append")
    options = parser.parse_args()
    for tool in ("go", "taskset"):
        if not shutil.which(tool):
            print(f"bench: {tool} is missing; it is needed to run the load", file=sys.stderr)
            sys.exit(2)
    binary = pathlib.Path(options.flywheel).resolve()
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/otlpload"
        subprocess.run(["go", "build", "-o", program, "."], cwd=root / "tests/support/otlpload", check=True)
        for case in options.case or ["memory", "durable", "open"]:
            load_before = os.getloadavg()[0]
            result = (held_open(binary, program, options.traces) if case == "open"
                      else ingest(binary, program, case, options.seconds))
            print(json.dumps(dict(result, load_average_before=round(load_before, 2))), flush=True)


main()
