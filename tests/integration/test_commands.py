"""What newcomers do wrong, and what operators do: exit codes, sentences, signals."""

import os, pathlib, signal, socket, tempfile, time

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import corpus, root
from flywheel.ports import free_port
from flywheel.waiting import patiently

SLOW_RULE = "rules:\n  - { name: slow, measure: duration_ms, fail_above: 60000 }\n"
PIPELINE = SLOW_RULE + "trajectory: { settle: 2s, idle_timeout: 5s }\nselection: { pass: 1.0, unscored: 1.0 }\nredaction: { content: full }\n"
args = arguments()
checks = Checks()


def run(*words):
    return processes.run(args.flywheel, *words)


def exits(result, code, what, *words):
    checks.equal(f"{what}: exit {code}", result.returncode, code)
    sentence = result.stderr.strip()
    if code:
        checks.check(f"{what}: a short message", sentence and len(sentence.splitlines()) <= 3, sentence[:300])
    for word in words:
        checks.check(f"{what}: names {word}", word in sentence, sentence[:300])


def ask(daemon, command, *words):
    """A command with the pipeline file of the daemon."""
    return daemon.run(command, "-c", daemon.config, *words)


def send(daemon):
    return daemon.run("send", "--endpoint", f"127.0.0.1:{daemon.port}", corpus / "traceai-openai")


def files(directory):
    exits(run("frobnicate"), 2, "unknown command", "frobnicate")
    exits(run("run", "--bogus"), 2, "unknown flag", "--bogus")
    exits(run("check", "-c", directory / "absent.yaml"), 78, "absent file", "absent.yaml")
    broken = directory / "broken.yaml"
    broken.write_text("rules:\n  - { name: a, measure: [\n")
    exits(run("check", "-c", broken), 78, "broken YAML", "broken.yaml:")
    broken.write_text("rules:\n  - { name: a, measure: errors, fail_abov: 1 }\n")
    exits(run("check", "-c", broken), 78, "misspelled key", "broken.yaml:2:", "fail_abov")
    exits(run("run", "-c", broken), 78, "run with a misspelled key", "broken.yaml:2:")
    exits(run("replay", directory / "nowhere"), 2, "absent recording", "nowhere")
    exits(run("send", "--endpoint", f"127.0.0.1:{free_port()}", corpus / "traceai-openai"), 75, "nobody listens")
    exits(run("version"), 0, "version")
    exits(run("help"), 0, "help")
    example = root / "pipelines/banking-support.yaml"
    exits(run("check", "-c", example), 0, "the example file is valid")


def in_use(_):
    daemon = Daemon(args.flywheel, PIPELINE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", daemon.port))
        taken.listen()
        exits(ask(daemon, "run"), 75, "port in use", str(daemon.port))
    daemon.start()
    exits(ask(daemon, "run"), 75, "data directory in use", str(daemon.state))
    send(daemon)
    exits(ask(daemon, "cohorts", "--group-by", "shoe_size"), 2, "a dimension nobody groups by", "shoe_size")
    exits(ask(daemon, "cohorts", "--window", "400d"), 2, "a window nobody keeps")
    exits(ask(daemon, "cohorts"), 0, "cohorts beside a running daemon")
    reload(daemon)
    began = time.monotonic()
    checks.equal("Ctrl-C: exit 0", daemon.kill(signal.SIGINT), 0)
    checks.check("Ctrl-C: without waiting for what is open", time.monotonic() - began < patiently(20), f"{time.monotonic() - began:.1f} s")
    exits(daemon.check_state(), 0, "state check after a run")
    text = daemon.logged()
    checks.check("no prompt in the log", "mortgage" not in text and "Traceback" not in text)
    daemon.remove()


def reload(daemon):
    name = "flywheel_config_last_reload_successful"
    good = daemon.config.read_text()
    daemon.config.write_text(good + "nonsense: true\n")
    daemon.process.send_signal(signal.SIGHUP)
    refused = daemon.wait(lambda: daemon.metrics()[name] == 0)
    checks.check("HUP with a bad file: the old set stays, and a metric says so", refused and daemon.is_running())
    daemon.config.write_text(good.replace("fail_above: 60000", "fail_above: 50000"))
    daemon.process.send_signal(signal.SIGHUP)
    checks.check("HUP with a good file is taken", daemon.wait(lambda: daemon.metrics()[name] == 1))
    daemon.config.write_text(good)


def no_broker(_):
    port = free_port()
    daemon = Daemon(args.flywheel, PIPELINE, exporters=f"kafka/annotations: {{ brokers: ['127.0.0.1:{port}'], topic: annotations }}")
    exits(ask(daemon, "check"), 0, "check without a broker")
    exits(ask(daemon, "check", "--connect"), 75, "check --connect without a broker", str(port))
    daemon.start()
    checks.check("run starts without a broker", daemon.is_running())
    checks.equal("and takes spans", send(daemon).returncode, 0)
    checks.check("the outbox fills", daemon.wait(lambda: daemon.status()["outbox"]["records"] >= 4))
    checks.equal("and it stops with 0", daemon.stop(), 0)
    daemon.remove()


def permission(directory):
    if os.getuid() == 0:
        print("      skipped: permission says nothing to root")
        return
    secret = directory / "secret.yaml"
    secret.write_text(SLOW_RULE)
    secret.chmod(0)
    exits(run("check", "-c", secret), 77, "unreadable file", "secret.yaml")


with tempfile.TemporaryDirectory() as scratch:
    for part in (files, in_use, no_broker, permission):
        place = pathlib.Path(scratch) / part.__name__
        place.mkdir()
        part(place)
checks.finish()
