#!/usr/bin/env python3
"""Ingest: the daemon on core 0, otlpload on core 1, agent payload. Each case starts from an empty directory.

  memory, durable   as many spans as it takes for --seconds, then wait until every run is decided
  open              whole runs held open by a settle of 90 s: memory above idle / bytes sent
"""
import argparse, json, os, pathlib, shutil, sys, tempfile, time

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "integration"))
from flywheel import processes
from flywheel.daemon import Daemon
from flywheel.metrics import total
from flywheel.places import root


def started(binary, ack, settle):
    daemon = Daemon(binary, (here / "scores.yaml").read_text() + f"trajectory: {{ settle: {settle} }}\n", command=("taskset", "-c", "0"),
                    grpc=f", ack: {ack}")
    daemon.start()
    return daemon


def load(program, daemon, *arguments):
    done = processes.run("taskset", "-c", "1", program, "-target", f"127.0.0.1:{daemon.port}", *arguments)
    if done.returncode:
        sys.exit(f"bench: otlpload: {done.stderr.strip()}")
    return json.loads(done.stdout)


def ingest(binary, program, ack, seconds):
    daemon = started(binary, ack, "5s")
    try:
        before = daemon.cpu_seconds()
        sent = load(program, daemon, "-duration", f"{seconds}s", "-concurrency", "8")
        if not sent["spans_accepted"]:
            sys.exit(f"bench: nothing was accepted: {sent.get('first_error')}")
        # Runs whose last part was never sent stay open until they are idle; the load ends with a few of them.
        wanted = 2 * sent["traces_complete"] // 10
        deadline = time.time() + 60
        while time.time() < deadline and (daemon.line_count() < wanted or total(daemon.metrics(), "flywheel_outbox_records")):
            time.sleep(0.5)
        return {"case": ack, "spans_per_s": round(sent["spans_per_s"]), "errors": sent["errors"],
                "cpu_s_per_million_spans": round((daemon.cpu_seconds() - before) / sent["spans_accepted"] * 1e6, 2),
                "peak_rss_mb": round(daemon.memory_kib("VmHWM") * 1024 / 1e6), "p50_ms": sent["latency_p50_ms"],
                "p99_ms": sent["latency_p99_ms"], "records": daemon.line_count(), "records_expected": wanted,
                "traces_complete": sent["traces_complete"], "first_error": sent.get("first_error", "")}
    finally:
        daemon.remove()


def held_open(binary, program, traces):
    daemon = started(binary, "memory", "90s")
    try:
        idle = daemon.memory_kib() * 1024
        sent = load(program, daemon, "-traces", str(traces), "-duration", "0", "-concurrency", "8", "-retry", "30s")
        time.sleep(2)
        is_open = int(total(daemon.metrics(), "flywheel_trajectories_in_flight"))
        wire = sent["bytes_per_span"] * sent["spans_accepted"]
        return {"case": "open", "traces_open": is_open, "wire_mb": round(wire / 1e6), "errors": sent["errors"],
                "rss_above_idle_mb": round((daemon.memory_kib() * 1024 - idle) / 1e6),
                "rss_per_wire_byte": round((daemon.memory_kib() * 1024 - idle) / wire, 2)}
    finally:
        daemon.remove()


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
        processes.run("go", "build", "-o", program, ".", cwd=root / "tests/support/otlpload", check=True)
        for case in options.case or ["memory", "durable", "open"]:
            load_before = os.getloadavg()[0]
            result = (held_open(binary, program, options.traces) if case == "open"
                      else ingest(binary, program, case, options.seconds))
            print(json.dumps(dict(result, load_average_before=round(load_before, 2))), flush=True)


main()
