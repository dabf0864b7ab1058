"""What newcomers do wrong, and what operators do: exit codes, sentences, signals."""

import os
import signal
import socket
import subprocess
import time

import harness


def run(arguments, *words, **options):
    return subprocess.run([arguments.flywheel, *map(str, words)], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, **options)


def exits(checks, result, code, what, *words):
    checks.equal(result.returncode, code, f"{what}: exit {code}")
    sentence = result.stderr.strip()
    if code:
        checks.that(sentence and len(sentence.splitlines()) <= 3, f"{what}: a short message", sentence[:300])
    for word in words:
        checks.that(word in sentence, f"{what}: names {word}", sentence[:300])


def files(checks, arguments, directory):
    exits(checks, run(arguments, "frobnicate"), 2, "unknown command", "frobnicate")
    exits(checks, run(arguments, "run", "--bogus"), 2, "unknown flag", "--bogus")
    exits(checks, run(arguments, "check", "-c", directory / "absent.yaml"), 78, "absent file", "absent.yaml")
    broken = directory / "broken.yaml"
    broken.write_text("rules:\n  - { name: a, measure: [\n")
    exits(checks, run(arguments, "check", "-c", broken), 78, "broken YAML", "broken.yaml:")
    broken.write_text("rules:\n  - { name: a, measure: errors, fail_abov: 1 }\n")
    exits(checks, run(arguments, "check", "-c", broken), 78, "misspelled key", "broken.yaml:2:", "fail_abov")
    exits(checks, run(arguments, "run", "-c", broken), 78, "run with a misspelled key", "broken.yaml:2:")
    exits(checks, run(arguments, "replay", directory / "nowhere"), 2, "absent recording", "nowhere")
    exits(checks, run(arguments, "send", "--endpoint", f"127.0.0.1:{harness.free_port()}",
                      harness.CORPUS / "traceai-openai"), 75, "nobody listens")
    exits(checks, run(arguments, "version"), 0, "version")
    exits(checks, run(arguments, "help"), 0, "help")
    example = harness.ROOT / "pipelines/banking-support.yaml"
    exits(checks, run(arguments, "check", "-c", example), 0, "the example file is valid")


def in_use(checks, arguments, directory):
    daemon = harness.Daemon(arguments.flywheel, directory)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", daemon.grpc_port))
        taken.listen()
        exits(checks, daemon.run("run", seconds=20), 75, "port in use", str(daemon.grpc_port))
    with daemon:
        exits(checks, daemon.run("run", seconds=20), 75, "data directory in use", "data")
        daemon.send(harness.CORPUS / "traceai-openai")
        exits(checks, daemon.run("cohorts", "--group-by", "shoe_size"), 2, "a dimension nobody groups by", "shoe_size")
        exits(checks, daemon.run("cohorts", "--window", "400d"), 2, "a window nobody keeps")
        exits(checks, daemon.run("cohorts"), 0, "cohorts beside a running daemon")
        reload(checks, daemon)
        began = time.monotonic()
        daemon.process.send_signal(signal.SIGINT)
        daemon.process.wait(20)
        checks.equal(daemon.process.returncode, 0, "Ctrl-C: exit 0")
        checks.that(time.monotonic() - began < 5, "Ctrl-C: within 5 s", time.monotonic() - began)
    result = run(arguments, "state", "check", directory / "data")
    exits(checks, result, 0, "state check after a run")
    text = daemon.log_text()
    checks.that("mortgage" not in text and "Traceback" not in text, "no prompt in the log")


def reload(checks, daemon):
    good = daemon.config.read_text()
    name = ("flywheel_config_last_reload_successful", ())
    daemon.config.write_text(good + "nonsense: true\n")
    daemon.process.send_signal(signal.SIGHUP)
    refused = harness.wait_for(lambda: daemon.metrics().get(name) == 0, 5)
    checks.that(refused and daemon.is_running(), "HUP with a bad file: the old set stays, and a metric says so")
    daemon.config.write_text(good.replace("fail_above: 60000", "fail_above: 50000"))
    daemon.process.send_signal(signal.SIGHUP)
    checks.that(harness.wait_for(lambda: daemon.metrics().get(name) == 1, 5), "HUP with a good file is taken")
    daemon.config.write_text(good)


def no_broker(checks, arguments, directory):
    port = harness.free_port()
    daemon = harness.Daemon(arguments.flywheel, directory,
                            exporter=f"kafka/annotations: {{ brokers: ['127.0.0.1:{port}'], topic: annotations }}")
    exits(checks, daemon.run("check"), 0, "check without a broker")
    exits(checks, daemon.run("check", "--connect", seconds=30), 75, "check --connect without a broker", str(port))
    with daemon:
        checks.that(daemon.is_running(), "run starts without a broker")
        checks.equal(daemon.send(harness.CORPUS / "traceai-openai").returncode, 0, "and takes spans")
        filled = harness.wait_for(
            lambda: harness.total(daemon.metrics(), "flywheel_outbox_records") >= 4, 12, 0.2)
        checks.that(filled, "the outbox fills")
        checks.equal(daemon.stop(15), 0, "and it stops with 0")


def permission(checks, arguments, directory):
    if os.getuid() == 0:
        print("      skipped: permission says nothing to root")
        return
    secret = directory / "secret.yaml"
    secret.write_text(harness.SLOW_RULE)
    secret.chmod(0)
    exits(checks, run(arguments, "check", "-c", secret), 77, "unreadable file", "secret.yaml")


def test(checks, arguments, directory):
    for part in (files, in_use, no_broker, permission):
        place = directory / part.__name__
        place.mkdir()
        part(checks, arguments, place)


if __name__ == "__main__":
    harness.main(test)
