"""Rows and the audit trail to topics of a real broker: over kill -9 each revision of a row arrives once under its key; of an erased run
consumers get the tombstone and behind it a null value; and what the topic holds of the trail can be verified."""
import json, random, time, urllib.error, urllib.request, uuid

from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import field, request, span
from flywheel.places import root
from flywheel.waiting import patiently

import jsonschema

args = arguments(rounds=8, seed=20261201)
checks = Checks()
rng = random.Random(args.seed)
RUNS = 48
SCHEMAS = {name: json.loads((root / f"proto/{name}.schema.json").read_text(encoding="utf-8")) for name in ("row", "audit")}
WORDS = "amber bridge cobalt dolphin ember falcon garnet harbor indigo juniper kestrel lantern meadow nutmeg orchid pepper".split()


def body(first, count):
    """Runs whose tool failed, and that answered all the same."""
    now, spans = time.time_ns(), []
    for trace in range(first, first + count):
        ids = trace.to_bytes(16, "big"), trace.to_bytes(8, "big")
        spans.append(span(*ids, b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=" ".join(rng.choice(WORDS) for _ in range(12)),
                          output__value=f"no fee applies to quicksilver {trace}"))
        spans.append(span(ids[0], (1000 + trace).to_bytes(8, "big"), ids[1], "look_up", now - 10**8, now, gen_ai__operation__name="execute_tool") + field(15, field(3, 2)))
    return request(spans)


def call(path, document, session=None):
    asked = urllib.request.Request(f"http://127.0.0.1:{daemon.review_port}{path}", json.dumps(document).encode(),
                                   {"Content-Type": "application/json", **({"Authorization": f"Bearer {session}"} if session else {})})
    try:
        with urllib.request.urlopen(asked, timeout=patiently(30)) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read() or b"null")


def session(name):
    return call("/api/v1/session", {"token": tokens[name]})[1]["session"]


def judge(record):
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.UUID(int=rng.getrandbits(128))), "record_id": record["record_id"], "status": "completed",
            "verdict": "fail", "labels": ["unsupported_claim"], "must_not_include": [["no fee applies"]], "must_include": [["a fee of 2 percent"]],
            "expected_response": "There is a fee of 2 percent."}


def mistakes(kind, values):
    validator = jsonschema.Draft202012Validator(SCHEMAS[kind])
    return [error.message for value in values for error in validator.iter_errors(json.loads(value))]


def verified(name):
    file = daemon.directory / name
    file.write_bytes(b"".join(message.value + b"\n" for message in broker.messages("audit")))
    return daemon.run("audit", "verify", file)


broker = Broker()
broker.topic("rows", 3)
broker.topic("audit", 3)
daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n")
reviewers, kafka = daemon.directory / "reviewers", f"brokers: [{broker.address}]"
daemon.write(review=f", reviewers_file: {reviewers}, queues: {{ '*': {{ reviewers: 1, overlap: 0 }} }}", results="exporters: [kafka/rows], audit: [kafka/audit]",
             exporters=f"file/annotations: {{ path: {daemon.annotations} }}, kafka/rows: {{ {kafka}, topic: rows, emit: transactional }}, "
                       f"kafka/audit: {{ {kafka}, topic: audit }}")
tokens = {name: daemon.run("reviewer", "add", name, "--role", role, "--file", reviewers).stdout.split()[-1] for name, role in (("asha", "reviewer"), ("root", "admin"))}
daemon.start()
daemon.send(body(1, RUNS))
daemon.wait(lambda: daemon.line_count() == RUNS)
records = daemon.records()

for round in range(args.rounds):
    asha = session("asha")
    for record in records[round * RUNS // args.rounds:(round + 1) * RUNS // args.rounds]:
        code, answer = call("/api/v1/results", judge(record), asha)
        assert code == 200 and answer["outcome"] == "accepted", (code, answer)
    time.sleep(rng.uniform(0, 0.4))
    daemon.kill()
    daemon.start()
daemon.settle()
messages = broker.messages("rows")
rows = [json.loads(message.value) for message in messages]
checks.equal("over kill -9 each row arrives once", sorted(row["source"]["trajectory_id"] for row in rows), sorted(record["trajectory_id"] for record in records))
checks.equal("under its row_id", [message.key.decode() for message in messages], [row["row_id"] for row in rows])
checks.equal("rows are valid", mistakes("row", [message.value for message in messages]), [])

erased = rows[0]
code, answer = call("/api/v1/dataset/erase", {"trace_id": erased["source"]["trajectory_id"]}, session("root"))
checks.check("a run is erased", code == 200 and answer["rows"] == 1, (code, answer))
told = lambda: [message.value for message in broker.messages("rows") if message.key.decode() == erased["row_id"]]
daemon.wait(lambda: len(told()) == 3)
daemon.kill()
daemon.start()
daemon.settle()
values = told()
checks.check("consumers get the tombstone, which has no texts", json.loads(values[1])["action"] == "retire" and b"quicksilver" not in values[1], values[1:])
checks.equal("and behind it a null value", values[2:], [None])
checks.equal("the tombstone is valid", mistakes("row", values[1:2]), [])
checks.equal("other rows have none", sum(message.value is None for message in broker.messages("rows")), 1)

checks.check("an entry for the erasure leaves", daemon.wait(lambda: any(b'"dataset.erased"' in message.value for message in broker.messages("audit"))))
lines = [message.value for message in broker.messages("audit")]
checks.equal("lines of the trail are valid", mistakes("audit", lines), [])
found = verified("audit.jsonl")
sequences = {json.loads(line)["sequence"] for line in lines if json.loads(line)["kind"] == "entry"}
checks.check("what the topic holds of the trail is whole", found.returncode == 0 and f"{max(sequences)} entries, 1 to {max(sequences)}" in found.stdout,
             found.stdout + found.stderr)
checks.check("no text of a run is in it", not any(b"quicksilver" in line or b"asha" in line for line in lines))
checks.equal("the directory is whole, too", daemon.run("audit", "verify", daemon.state).returncode, 0)
checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
checks.check("state check", daemon.check_state())
daemon.remove()
broker.remove()
checks.finish()
