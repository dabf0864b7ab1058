"""The way back as an operator meets it: what check says, what a reload takes, and who is in the reviewers file."""

import pathlib, re, signal, stat, tempfile

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import root

RULES = "rules:\n  - { name: slow, measure: duration_ms, fail_above: 60000, labels: [over_budget] }\n"
PIPELINE = RULES + "selection: { budget: { per_hour: 100 } }\ndataset: { retain: 30d }\nredaction: { content: full }\n"
args = arguments()
checks = Checks()


def holds(name, is_good, detail=""):
    return checks.check(name, is_good, "" if is_good else detail)


def run(*words):
    return processes.run(args.flywheel, *words)


def check(path, *words):
    return run("check", "-c", path, *words)


def printed(_):
    """What is printed loads again, prints the same, and has the ruleset that it had without a review."""
    for file in ["default.yaml", "results.yaml", "banking-support.yaml"]:
        with tempfile.TemporaryDirectory() as directory:
            again = pathlib.Path(directory) / "again.yaml"
            first = check(root / "pipelines" / file, "--print")
            again.write_text(first.stdout)
            second = check(again, "--print")
            checks.equal(f"{file}: what is printed is accepted", second.returncode, 0)
            checks.equal(f"{file}: and prints the same", second.stdout, first.stdout)
            rulesets = {re.search(r"ruleset (\w+)", result.stderr).group(1) for result in (first, second)}
            checks.equal(f"{file}: of one ruleset", len(rulesets), 1)
    text = check(root / "pipelines/default.yaml", "--print").stdout
    for line in ["    endpoint: 127.0.0.1:8322", "    - id: unsupported_claim", "      exporters: [file/rows]", "      audit: [file/audit]"]:
        holds(f"the default has {line.strip()}", line in text.splitlines(), text[-2000:])


def ruleset(directory):
    plain, reviewed = directory / "plain.yaml", directory / "reviewed.yaml"
    plain.write_text(PIPELINE)
    reviewed.write_text(PIPELINE + "review: { mix: 0.3, labels: [{ id: bad, implies: fail }] }\nservice: { pipelines: { results: {} } }\n")
    digests = [re.search(r"ruleset (\w+)", check(path).stdout).group(1) for path in (plain, reviewed)]
    checks.equal("the review does not change the ruleset", digests[0], digests[1])


def work(directory):
    """100 an hour and one review each, of which a fifth has two: 2,880 reviews a day of a minute."""
    path = directory / "work.yaml"
    path.write_text(PIPELINE + "service: { pipelines: { results: {} } }\n")
    said = check(path).stdout
    holds("check says what the budget comes to for people", "at most 100 items an hour, 48 person-hours a day at 60 s each" in said, said)
    holds("and for the store", "1.3 GiB if nobody reviews for 30d (20 kB an item); limits.review is 2GiB\n" in said, said)
    checks.equal("without a warning", check(path, "--strict").returncode, 0)
    path.write_text(PIPELINE + "service: { pipelines: { results: {} } }\nlimits: { review: 512MiB }\n")
    holds("what is too much expires earlier", "so the oldest would expire after" in check(path).stdout, check(path).stdout)
    path.write_text(RULES + "service: { pipelines: { results: { audit: [] } } }\n")
    warned = check(path, "--strict")
    checks.equal("what is given up is an error of --strict", warned.returncode, 78)
    for word in ["dataset.retain", "audit trail has no exporter"]:
        holds(f"check warns of {word}", word in warned.stderr, warned.stderr)


def certificates(directory):
    path = directory / "tls.yaml"
    path.write_text(PIPELINE + "service: { pipelines: { results: {} } }\n"
                    f"review: {{ http: {{ tls: {{ cert_file: {directory}/none.pem, key_file: {directory}/none.key }} }} }}\n")
    told = check(path)
    holds("check loads the certificates of the review listener", told.returncode != 0 and "none.pem" in told.stderr, (told.returncode, told.stderr))


def reviewers(directory):
    file = directory / "reviewers"
    path = directory / "known.yaml"
    path.write_text(PIPELINE + f"service: {{ pipelines: {{ results: {{}} }} }}\nreview: {{ reviewers_file: {file} }}\n")
    absent = check(path)
    checks.equal("a reviewers file that is not there is an error of check", absent.returncode, 78)
    holds("by its name", str(file) in absent.stderr, absent.stderr)
    added = run("reviewer", "add", "asha", "-c", path)
    checks.equal("a reviewer is added by the pipeline file", added.returncode, 0)
    token = added.stdout.strip()
    holds("standard output is the token alone", re.fullmatch(r"fwr_[0-9a-f]{72}", token), added.stdout)
    holds("the file holds no token", token not in file.read_text() and token[4:] not in file.read_text(), file.read_text())
    checks.equal("only its owner reads the file", stat.S_IMODE(file.stat().st_mode), 0o600)
    run("reviewer", "add", "lee", "--role", "adjudicator", "--file", file)
    listed = run("reviewer", "list", "--file", file)
    checks.equal("list names them in order", [line.split() for line in listed.stdout.splitlines()],
                 [["asha", "reviewer", "enabled"], ["lee", "adjudicator", "enabled"]])
    holds("list tells no digest", not re.search(r"[0-9a-f]{16}", listed.stdout + listed.stderr), listed.stdout)
    checks.equal("check takes the file", check(path, "--strict").returncode, 0)
    run("reviewer", "disable", "asha", "--file", file)
    holds("a disabled one stays on the list", "asha                     reviewer     disabled" in run("reviewer", "list", "--file", file).stdout, "")
    rotated = run("reviewer", "rotate", "asha", "--file", file)
    holds("rotate gives another token", rotated.stdout.startswith("fwr_") and rotated.stdout.strip() != token, rotated.stdout)
    for words, code in [(("add", "asha"), 2), (("add", "a/b"), 2), (("disable", "kim"), 2), (("add",), 2), (("frob", "asha"), 2),
                        (("add", "kim", "--role", "boss"), 2), (("list", "asha"), 2)]:
        result = run("reviewer", *words, "--file", file)
        checks.equal(f"reviewer {' '.join(words)}: exit {code}", result.returncode, code)
        holds(f"reviewer {' '.join(words)}: one sentence", len(result.stderr.splitlines()) == 1 and not result.stdout, result.stderr)
    checks.equal("without a file there is nothing to edit", run("reviewer", "list").returncode, 2)
    file.chmod(0o640)
    checks.equal("a file that others may read is refused", check(path).returncode, 77)
    file.chmod(0o600)
    file.write_text(file.read_text()[:-10])
    torn = check(path)
    checks.equal("a torn file is refused", torn.returncode, 78)
    holds("with its line", f"{file}:2:" in torn.stderr, torn.stderr)


def reload(_):
    """HUP takes labels, queues and consensus; the rest of the review is named as what a restart needs."""
    daemon = Daemon(args.flywheel, PIPELINE, review="")
    try:
        daemon.start()
        daemon.write(review=", labels: [{ id: bad, implies: fail }], queues: { '*': { reviewers: 3 } }, consensus: majority")
        daemon.process.send_signal(signal.SIGHUP)
        holds("HUP is obeyed", daemon.wait(lambda: "event=reloaded" in daemon.logged()))
        holds("labels, queues and consensus need no restart", "restart_needed" not in daemon.logged(), daemon.logged()[-500:])
        daemon.write(review=", mix: 0.5, retain: 7d")
        daemon.process.send_signal(signal.SIGHUP)
        holds("again", daemon.wait(lambda: daemon.logged().count("event=reloaded") == 2))
        line = [line for line in daemon.logged().splitlines() if "restart_needed" in line]
        checks.equal("what needs a restart is named once", len(line), 1)
        holds("and is what has changed", all(path in daemon.logged() for path in ("review.retain", "review.mix")), daemon.logged()[-500:])
        daemon.write(review=", consensus: majority")
        daemon.process.send_signal(signal.SIGHUP)
        holds("a file that is not right keeps the old one", daemon.wait(lambda: "event=reload_failed" in daemon.logged()))
        holds("and the daemon goes on", daemon.is_ready(), daemon.logged()[-500:])
    finally:
        daemon.remove()


for part in (printed, ruleset, work, certificates, reviewers, reload):
    with tempfile.TemporaryDirectory() as directory:
        part(pathlib.Path(directory))
checks.finish()
