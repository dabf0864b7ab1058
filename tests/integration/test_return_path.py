"""The loop as people walk it: a run that fails under the bank's example is judged over the API exactly as the page does it, becomes a row of the
dataset, and every step of that stands in the trail; once with files, once with a real broker. Then kill -9 at random points, while results
come over HTTP and by a topic, against a model that knows only who said what last; and a backup that comes back."""
import http.client, json, random, re, shutil, threading, time, uuid

from flywheel import metrics
from flywheel.banking import ANSWER, CLAIM, POLICY, configure, payoff
from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import field, request, span
from flywheel.waiting import patiently, wait_for

args = arguments(kills=10, seed=20261201)
checks = Checks()
rng = random.Random(args.seed)


class Api:
    """One person at the page: a session, and a connection that is opened again when it was lost."""

    def __init__(self, port, **secret):
        self.port, self.session = port, None
        code, answer = self.call("POST", "/api/v1/session", secret)
        assert code == 200, (code, answer)
        self.session, self.label_set = answer["session"], answer["label_set"]

    def call(self, method, path, document=None):
        """The status and the answer; 0: nobody answered."""
        headers = {"Authorization": f"Bearer {self.session}"} if self.session else {}
        if document is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=patiently(60))
        try:
            connection.request(method, path, None if document is None else json.dumps(document), headers)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if body else None
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            connection.close()


def walk(name, broker):
    """Section by section what the first day with it is."""
    say = lambda what: f"{name}: {what}"
    daemon = Daemon(args.flywheel)
    configure(daemon, broker)
    added = {person: daemon.run("reviewer", "add", person, "--role", role, "--file", "reviewers") for person, role in {"asha": "reviewer", "lee": "adjudicator"}.items()}
    tokens = {person: one.stdout.split()[-1] for person, one in added.items()}
    checks.check(say("the file of reviewers is its owner's alone, and holds no token"), (daemon.directory / "reviewers").stat().st_mode & 0o77 == 0
                 and not any(token in (daemon.directory / "reviewers").read_text() for token in tokens.values()))
    checked = daemon.run("check", "-c", daemon.config)
    checks.equal(say("the pipeline is valid"), checked.returncode, 0) or print(checked.stdout, checked.stderr)
    daemon.start()
    recording = daemon.directory / "payoff-4.2.0.pb"
    recording.write_bytes(payoff(1, "4.2.0", "4711"))
    sent = daemon.run("send", "--now", "--endpoint", f"127.0.0.1:{daemon.port}", recording)
    checks.equal(say("the run is sent"), sent.returncode, 0) or print(sent.stderr)

    asha, lee = (Api(daemon.review_port, token=tokens[person]) for person in ("asha", "lee"))
    item = wait_for(lambda: (found := asha.call("POST", "/api/v1/review/next", {}))[0] == 200 and found[1], 60, 0.5)  # 20 posts a second are what a token may
    if not checks.check(say("the next item comes, with its lease"), item and item.get("lease_until"), "" if item else "none"):
        print(daemon.logged()[-3000:])
        return daemon
    checks.equal(say("it is what asha shall read"), (item["output"], item["state"], [context["text"] for context in item["contexts"]]), (ANSWER, "open", [POLICY]))
    told = json.dumps(item)
    checks.check(say("and nothing of the machine's verdict"), not any(word in told for word in ("ungrounded", "evaluations", "machine", "priority", "refusals", "Groundedness",
                                                                                                  "unsupported_claim", "signature", "queue", "0.31")), "" if item else told)
    points = [item["output"][one["start"]:one["end"]] for one in item["sentences"]]
    checks.check(say("the claim is a sentence that can be marked"), any(CLAIM in one for one in points), points)

    # F, 1, Enter: the reveal. X, a "must say", Ctrl+Enter: the result.
    where = f"/api/v1/review/items/{item['item_id']}"
    code, revealed = asha.call("POST", where + "/reveal", {"verdict": "fail", "labels": ["unsupported_claim"]})
    rules = {one["rule"]: one["outcome"] for one in revealed["machine"]["evaluations"]} if code == 200 else revealed
    checks.check(say("the reveal says which rule failed"), code == 200 and revealed["machine"]["verdict"] == "fail" and rules.get("ungrounded") == "fail", rules)
    result = {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": item["record_id"], "status": "completed", "verdict": "fail",
              "labels": ["unsupported_claim"], "approve": True, "must_not_include": [[CLAIM]], "must_include": [["2 % fee in the first three years"]],
              "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "completed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "label_set": asha.label_set}
    code, answer = asha.call("POST", "/api/v1/results", {**result, "result_id": str(uuid.uuid4()), "must_not_include": [["a fee of 5 % applies"]]})
    checks.equal(say("a check that the answer does not meet is refused by its field"), (code, answer["outcome"], answer.get("field")),
                 (422, "check_does_not_separate", "must_not_include[0]"))
    code, answer = asha.call("POST", "/api/v1/results", result)
    checks.check(say("the result is a decision and a row"), (code, answer.get("outcome"), answer.get("state")) == (200, "accepted", "agreed") and answer.get("row_id"), (code, answer))
    checks.equal(say("sent again it is a duplicate"), (lambda code, answer: (code, answer["outcome"]))(*asha.call("POST", "/api/v1/results", result)), (200, "duplicate"))
    checks.equal(say("there is nothing more to do"), asha.call("POST", "/api/v1/review/next", {})[0], 204)
    checks.equal(say("nor for lee"), lee.call("POST", "/api/v1/review/next", {})[0], 204)

    queue = daemon.run("queue", "-c", daemon.config)
    report = json.loads(daemon.run("queue", "-c", daemon.config, "--format", "json").stdout or "{}")
    print(queue.stdout)
    found = {one["queue"]: one for one in report.get("queues", [])}.get("review", {})
    checks.equal(say("queue: 1 decided, 0 open, age p95 0 s"), (queue.returncode, found.get("decided"), found.get("open"), found.get("age_p95_s")), (0, 1, 0, 0)) or print(queue, report)
    listed = daemon.run("dataset", "list", "-c", daemon.config)
    print(listed.stdout)
    checks.check(say("dataset list: v1, 1 row, eval, regression, unsupported_claim"), listed.returncode == 0 and re.match(r"v1 [0-9a-f]{16}", listed.stdout)
                 and "1 row" in listed.stdout and "eval" in listed.stdout and "regression" in listed.stdout and "unsupported_claim" in listed.stdout, listed.stdout + listed.stderr)
    verified = daemon.run("audit", "verify", daemon.state)
    checks.check(say("audit verify: whole"), verified.returncode == 0 and "whole" in verified.stdout, verified.stdout + verified.stderr)
    actions = {json.loads(line).get("action") for line in lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout)}
    checks.check(say("result, decision, row and split are among its entries"), {"result.accepted", "decision", "row.added", "split.assigned", "item.served"} <= actions, actions)
    if broker:
        rows = daemon.wait(lambda: broker.messages("rows"))
        row = json.loads(rows[0].value)
        checks.equal(say("one annotation, one row, keyed by its id"), (len(broker.messages("annotations")), len(rows), rows[0].key.decode()), (1, 1, row["row_id"]))
    else:
        row = json.loads(daemon.wait(lambda: lines_of((daemon.directory / "rows.jsonl").read_text()))[0])
    checks.equal(say("the row is the fact"), (row["checks"]["must_not_include"], row["checks"]["must_include"], row["failure_mode"], row["split"], row["regression"], row["row_id"]),
                 ([[CLAIM]], [["2 % fee in the first three years"]], "unsupported_claim", "eval", True, answer["row_id"]))
    checks.check(say("no name and no token leave"), "asha" not in json.dumps(row) and not any(token in daemon.logged() or "asha" in (daemon.directory / "audit.jsonl").read_text()
                                                                                               for token in tokens.values()))
    exported = daemon.run("dataset", "export", "-c", daemon.config, "--cohort", "intent=mortgage payoff", "-o", "exported.jsonl")
    checks.check(say("the cohort is exported"), exported.returncode == 0 and len(lines_of((daemon.directory / "exported.jsonl").read_text())) == 1, exported.stdout + exported.stderr)
    checks.equal(say("it ends with 0 on TERM"), daemon.stop(), 0)
    checks.check(say("state check"), daemon.check_state().returncode == 0)
    return daemon


# --- kill -9 ---

ITEMS = 40
PEOPLE = {"asha": "reviewer", "kim": "reviewer", "lee": "adjudicator"}
IMPORTED = ["tool-a", "tool-b"]
APPLIED = ("accepted", "revised", "extra", "skipped", "withdrawn")
WORDS = "loan card transfer branch deposit statement limit refund currency pension broker mandate receipt cheque insurance voucher ledger custody".split()


class Model:
    """Who said what last of each item, and how many results were ever applied: what an item is follows from that alone."""

    def __init__(self, records):
        self.last = {record: {} for record in records}
        self.applied, self.refused, self.lock = 0, 0, threading.Lock()

    def would_apply(self, result, person):
        return result["status"] != "withdrawn" or person in self.last[result["record_id"]]

    def apply(self, result, person):
        with self.lock:
            if not self.would_apply(result, person):
                self.refused += 1
                return
            self.applied += 1
            said = self.last[result["record_id"]]
            if result["status"] == "withdrawn":
                del said[person]
            else:
                said[person] = result

    def state_of(self, record):
        said = self.last[record]
        judged = {person: result["verdict"] for person, result in said.items() if result["status"] == "completed"}
        reviewers = {verdict for person, verdict in judged.items() if person != "lee"}
        if "lee" in judged:
            return "adjudicated"
        if not reviewers:
            return "skipped" if sum(result["status"] == "skipped" for result in said.values()) >= 2 else "open"
        return "agreed" if reviewers in ({"pass"}, {"fail"}) else "disputed"

    def has_row(self, record):
        return self.state_of(record) == "agreed" or self.last[record].get("lee", {}).get("verdict") in ("pass", "fail")

    def states(self):
        return {record: self.state_of(record) for record in self.last}


def judgement(records, reviewer, source, **more):
    status = source.choices(["completed", "skipped", "withdrawn"], [8, 1, 1])[0]
    said = {"verdict": source.choices(["pass", "fail", "unsure"], [5, 5, 1])[0]} if status == "completed" else {}
    role = {"role": "adjudicator"} if reviewer == "lee" else {}
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.UUID(int=source.getrandbits(128))), "record_id": source.choice(records), "reviewer": reviewer,
            "status": status, **said, **role, **more}


def person_at_work(api, name, records, model, is_over, trouble, seed):
    """One result after another, some in arrays; each is sent until it is answered."""
    source = random.Random(seed)
    while not is_over.is_set():
        batch = [judgement(records, name, source) for _ in range(source.choice([1, 1, 5]))]
        while True:
            code, answer = api.call("POST", "/api/v1/results", batch if len(batch) > 1 else batch[0])
            if code not in (0, 429, 503):
                break
            time.sleep(0.02)
        for result, told in zip(batch, answer if isinstance(answer, list) else [answer]):
            wanted = (*APPLIED, "duplicate") if model.would_apply(result, name) else ("not_yours",)
            if told["outcome"] not in wanted:
                trouble.append((result, told))
            model.apply(result, name)
        time.sleep(0.05)  # 20 posts a second are what a token may


def topic_at_work(producer, records, model, is_over, sent):
    """Results of a tool; one partition a person, so that the order of each is kept."""
    source = random.Random(args.seed + 99)
    while not is_over.is_set():
        for partition, name in enumerate(IMPORTED):
            result = judgement(records, name, source)
            model.apply(result, f"import:{name}")
            sent.append((partition, json.dumps(result).encode()))
            producer.produce("results", sent[-1][1], partition=partition)
        producer.poll(0)
        time.sleep(0.03)
    assert producer.flush(60) == 0


def question(trace):
    """No two are alike."""
    source = random.Random(trace)
    return " ".join(source.sample(WORDS, 8)) + f" {trace}?"


def failed_runs(count):
    now = time.time_ns()
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent",
                         input__value=question(trace), output__value=f"answer number {trace} is wrong") + field(15, field(3, 2)) for trace in range(1, count + 1)])


def states(api, records):
    """By record, as the API tells them."""
    found = {}
    for record in records:
        code, listed = api.call("GET", f"/api/v1/review/items?find={record}")
        found[record] = listed["items"][0]["state"] if code == 200 and listed["items"] else code
    return found


def killed(broker):
    from confluent_kafka import Producer

    daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n", review="")
    rows, trail = daemon.directory / "rows.jsonl", daemon.directory / "audit.jsonl"
    daemon.write(review=f", reviewers_file: {daemon.directory / 'reviewers'}, queues: {{ '*': {{ reviewers: 1, overlap: 0 }} }}",
                 results="receivers: [kafka/results], exporters: [file/rows], audit: [file/audit]",
                 pipelines="traces: { receivers: [otlp], exporters: [file/annotations] }",
                 receivers=f"otlp: {{ protocols: {{ grpc: {{ endpoint: '127.0.0.1:{daemon.port}' }} }} }}, "
                           f"kafka/results: {{ brokers: [{broker.address}], topic: results, signal: results, dead_letter: {{ topic: dead }} }}",
                 exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: {rows} }}, file/audit: {{ path: {trail} }}")
    tokens = {name: daemon.run("reviewer", "add", name, "--role", role, "--file", daemon.directory / "reviewers").stdout.split()[-1] for name, role in PEOPLE.items()}
    daemon.start()
    daemon.send(failed_runs(ITEMS))
    daemon.wait(lambda: daemon.line_count() == ITEMS)
    records = [record["record_id"] for record in daemon.records()]
    model, is_over, trouble, sent = Model(records), threading.Event(), [], []
    people = {name: Api(daemon.review_port, token=token) for name, token in tokens.items()}
    producer = Producer({"bootstrap.servers": broker.address, "log_level": 0, "enable.idempotence": True})
    threads = [threading.Thread(target=person_at_work, args=(api, name, records, model, is_over, trouble, args.seed + at), daemon=True)
               for at, (name, api) in enumerate(people.items())]
    threads.append(threading.Thread(target=topic_at_work, args=(producer, records, model, is_over, sent), daemon=True))
    for thread in threads:
        thread.start()
    waits = []
    for kill in range(args.kills):
        time.sleep(rng.uniform(0, 0.6))
        daemon.kill()
        waits.append(daemon.start())
    is_over.set()
    for thread in threads:
        thread.join(patiently(60))
    checks.equal("each result had the outcome that the model has for it", trouble[:3], [])

    lag = lambda: metrics.total(daemon.metrics(), "flywheel_results_lag") == 0 and metrics.total(daemon.metrics(), "flywheel_results_up") == 1
    counted = lambda: {key: int(value) for key, value in metrics.by_label(daemon.metrics(), "flywheel_results_total", "outcome").items()}
    checks.check("the topic is read to its end", daemon.wait(lag, 120))
    outcomes = counted()
    print(f"{args.kills} kills, ready after {max(waits):.2f} s at most; {model.applied} results, {len(sent)} of them by the topic; {outcomes}")
    checks.equal("each result is counted once", sum(outcomes.get(one, 0) for one in APPLIED), model.applied)
    found, wanted = states(people["lee"], records), model.states()
    checks.equal("items are what the model says", {record: (found[record], state, model.last[record]) for record, state in wanted.items() if found[record] != state}, {})

    def stands():
        """All that a replay must not change."""
        listed = daemon.run("dataset", "list", "-c", daemon.config).stdout
        report = json.loads(daemon.run("queue", "-c", daemon.config, "--format", "json").stdout)
        entries = [json.loads(line) for line in lines_of(daemon.run("audit", "export", "-c", daemon.config).stdout)]
        return listed, {key: report["queues"][0][key] for key in ("open", "waiting", "disputed", "decided")}, len(entries), \
            sum(entry.get("action", "").startswith("result.") for entry in entries)

    listed, queue, _, audited = before = stands()
    live = sum(map(model.has_row, records))
    checks.check("a row for each decision that stands", f": {live} row" in listed.split("\n")[0], (listed.split("\n")[0], live))
    kinds = list(wanted.values())
    checks.equal("the queue adds up", queue, {"open": kinds.count("open"), "waiting": 0, "disputed": kinds.count("disputed"), "decided": kinds.count("agreed") + kinds.count("adjudicated")})
    checks.equal("each result stands once in the trail", audited, model.applied)
    verified = daemon.run("audit", "verify", daemon.state)
    checks.equal("which is whole", verified.returncode, 0) or print(verified.stdout, verified.stderr)

    def exported():
        """The last line of each row that left."""
        return {row["row_id"]: row["action"] for row in map(json.loads, lines_of(rows.read_bytes().rpartition(b"\n")[0].decode()))}

    checks.check("rows that left are those", daemon.wait(lambda: sum(action != "retire" for action in exported().values()) == live), live)

    for partition, value in sent:
        producer.produce("again", value, partition=partition)
    assert producer.flush(60) == 0
    daemon.stop()
    daemon.config.write_text(daemon.config.read_text().replace("topic: results,", "topic: again,"))
    daemon.start()
    checks.check("the same topic from offset 0", daemon.wait(lambda: sum(counted().values()) >= sum(outcomes.values()) + len(sent), 120), (outcomes, counted(), len(sent)))
    unchanged = {key: value for key, value in counted().items() if key not in ("duplicate", "not_yours")}
    checks.equal("brings duplicates alone", unchanged, {key: outcomes[key] for key in unchanged})
    checks.check("changes nothing", stands() == before and states(people["lee"], records) == found)
    checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
    checks.check("state check", daemon.check_state().returncode == 0)
    daemon.remove()


def restored():
    """A backup of before anything was erased comes back: numbers go on above what left, and what was erased since is erased again."""
    daemon = Daemon(args.flywheel, "trajectory: { settle: 50ms }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n", review="")
    rows, trail, backup = (daemon.directory / name for name in ("rows.jsonl", "audit.jsonl", "backup"))
    daemon.write(review=f", reviewers_file: {daemon.directory / 'reviewers'}, queues: {{ '*': {{ reviewers: 1, overlap: 0 }} }}",
                 results="exporters: [file/rows], audit: [file/audit]",
                 exporters=f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: {rows} }}, file/audit: {{ path: {trail} }}")
    tokens = {name: daemon.run("reviewer", "add", name, "--role", role, "--file", daemon.directory / "reviewers").stdout.split()[-1]
              for name, role in {"asha": "reviewer", "root": "admin"}.items()}
    daemon.start()
    daemon.send(failed_runs(4))
    daemon.wait(lambda: daemon.line_count() == 4)
    asha, root = (Api(daemon.review_port, token=tokens[name]) for name in ("asha", "root"))
    records = {record["trajectory_id"]: record["record_id"] for record in daemon.records()}
    judge = lambda trace: asha.call("POST", "/api/v1/results", {"schema": "flywheel.result/v1", "record_id": records[f"{trace:032x}"], "status": "completed", "verdict": "fail"})[0]
    checks.equal("judged before the backup", (judge(1), daemon.run("state", "backup", daemon.state, backup).returncode), (200, 0))
    checks.equal("and after it, with an erasure", (judge(2), root.call("POST", "/api/v1/dataset/erase", {"trace_id": f"{1:032x}"})[0]), (200, 200))
    figures = lambda: tuple(metrics.total(daemon.metrics(), f"flywheel_{name}") for name in ("audit_sequence", "dataset_version"))
    daemon.wait(lambda: '"dataset.erased"' in trail.read_text() and daemon.is_settled())
    checkpoint = daemon.directory / "checkpoint"
    checkpoint.write_text(daemon.run("audit", "checkpoint", "-c", daemon.config).stdout)
    sequence, version = figures()
    daemon.stop()
    shutil.copy(backup / "data.mdb", daemon.state / "data.mdb")
    daemon.start()
    checks.check("a restored state goes on above what had left", daemon.wait(lambda: figures()[0] > sequence and figures()[1] >= version), (figures(), sequence, version))
    found = root.call("GET", f"/api/v1/review/items?find={1:032x}")[1]["items"]
    checks.check("what was erased since the backup is erased again", not found or "question" not in found[0], found)
    verified = daemon.run("audit", "verify", daemon.state, "--checkpoint", checkpoint)
    checks.check("the checkpoint of what was lost is met by the entry that tells of it", verified.returncode == 0 and "1 of 1 checkpoints met" in verified.stdout, verified.stdout + verified.stderr)
    checkpoint.write_text(re.sub(r'"hash":"[0-9a-f]{8}', '"hash":"00000000', checkpoint.read_text()))
    checks.equal("another one is not", daemon.run("audit", "verify", daemon.state, "--checkpoint", checkpoint).returncode, 1)
    checks.equal("what was lost can be judged again", judge(2), 200)
    checks.equal("it ends with 0 on TERM", daemon.stop(), 0)
    daemon.remove()


first = walk("files", None)
first.remove()
restored()
broker = Broker()
for topic in ("annotations", "rows", "dead"):
    broker.topic(topic, 1)
for topic in ("results", "again"):
    broker.topic(topic, len(IMPORTED))
second = walk("broker", broker)
second.remove()
killed(broker)
broker.remove()
checks.finish()
