"""The byte promise: live over gRPC, shuffled over 8 connections, or sent twice, records are those of replay."""

import concurrent.futures
import json

import harness

CONNECTIONS = 8
TRIGGERS = ("root", "idle")


def send_all(daemon, requests):
    """All requests, in the order given, over all connections at once."""
    senders = [harness.Sender(daemon.endpoint) for _ in range(CONNECTIONS)]

    def work(index):
        for method, body in requests[index::CONNECTIONS]:
            senders[index].send(body, method)

    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(work, range(CONNECTIONS)))
    for sender in senders:
        sender.close()


def first_difference(one, other, path="$"):
    """Where two JSON values part, for the reader of a failure."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in list(one) + [key for key in other if key not in one]:
            if one.get(key) != other.get(key):
                return first_difference(one.get(key), other.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            if pair[0] != pair[1]:
                return first_difference(*pair, f"{path}[{index}]")
    return f"{path}: replay {str(one)[:100]!r}, live {str(other)[:100]!r}"


def compare(checks, name, wanted, found):
    replayed = {json.loads(line)["trajectory_id"]: line for line in wanted}
    live = {}
    for line in found:
        record = json.loads(line)
        live.setdefault(record["trajectory_id"], []).append((record, line))
    checks.that(all(len(records) == 1 for records in live.values()), f"{name}: one record of each trajectory",
                {key: [r["revision"] for r, _ in records] for key, records in live.items() if len(records) > 1})
    checks.equal(sorted(live), sorted(replayed), f"{name}: the same {len(replayed)} trajectories")
    others = {r["trajectory_id"]: r["completeness"]["trigger"] for records in live.values() for r, _ in records
              if r["completeness"]["trigger"] not in TRIGGERS or r["completeness"]["late_spans"]}
    checks.that(not others, f"{name}: all close by root or idle, without late spans", others)
    differing = [first_difference(json.loads(replayed[key]), live[key][0][0])
                 for key in replayed if key in live and live[key][0][1] != replayed[key]]
    checks.that(not differing, f"{name}: {len(replayed)} records are the same bytes",
                f"{len(differing)} differ, such as {differing[:3]}")


def test(checks, arguments, directory):
    requests = harness.corpus_requests()
    wanted = None
    for name, times in (("shuffled", 1), ("every request twice", 2)):
        place = directory / name.replace(" ", "-")
        place.mkdir()
        daemon = harness.Daemon(arguments.flywheel, place)
        if wanted is None:
            recordings = place / "requests"
            recordings.mkdir()
            for index, (method, body) in enumerate(requests):
                kind = "otlp-logs" if method == harness.LOGS else "otlp"
                (recordings / f"{index:04}.{kind}.pb").write_bytes(body)
            result = daemon.run("replay", recordings)
            checks.equal(result.returncode, 0, "replay exits 0")
            wanted = result.stdout.encode().splitlines()
            checks.that(len(wanted) >= 100, "replay knows at least 100 trajectories", len(wanted))
        load = requests * times
        arguments.random.shuffle(load)
        with daemon:
            send_all(daemon, load)
            harness.wait_for(lambda d=daemon: len(d.lines()) >= len(wanted), 20)
            harness.wait_for(lambda: False, 1)  # A line too many must have the time to show.
        compare(checks, name, wanted, daemon.lines())


if __name__ == "__main__":
    harness.main(test)
