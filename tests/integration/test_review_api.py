"""The review API: what a person sees before and after the reveal, what a result comes to, who may what, and what strangers get."""
import concurrent.futures, json, re, select, socket, struct, time, uuid

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import request, span
from flywheel.metrics import by_label
from flywheel.review import Api, items, sign_in
from flywheel.waiting import patiently, wait_for

ANSWER = "Dear customer. No prepayment fee applies to your loan! Is that all?"
pipeline = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules:
  - { name: slow, measure: duration_ms, fail_above: 5000, labels: [over_budget] }
selection: { fail: 1.0, pass: 0, unscored: 0 }
"""
args = arguments()
checks = Checks()
sent = 0


def send_failed(daemon, count=1):
    """Runs that fail, each with a question of its own; their trace ids."""
    global sent
    runs, traces = [], []
    for _ in range(count):
        sent += 1
        trace = struct.pack(">QQ", 0x0123456789ABCDEF, sent * 0x9E3779B97F4A7C15 % 2**64)
        start = int(time.time() - 60) * 10**9
        runs.append(span(trace, b"r" * 8, None, "agent", start, start + 9 * 10**9, gen_ai__operation__name="invoke_agent",
                         input__value=f"What does it cost to repay loan {sent} early?", output__value=ANSWER))
        traces.append(trace.hex())
    daemon.send(request(runs))
    daemon.settle()
    return traces


def result(item, **more):
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": item["record_id"], "status": "completed",
            "verdict": "fail", "labels": ["unsupported_claim"], **more}


def keys_of(value):
    """Every key anywhere in a document."""
    if isinstance(value, dict):
        return set(value) | set().union(*(keys_of(v) for v in value.values())) if value else set()
    return set().union(*(keys_of(v) for v in value)) if isinstance(value, list) and value else set()


daemon = Daemon(args.flywheel, pipeline, review="")
daemon.start()
asha = sign_in(daemon, "asha")
nobody = Api(daemon.review_port)

# --- a review, from the item to the row ---

status, _, session = asha.get("/api/v1/session")
checks.equal("a session says whose it is", (status, session["name"], session["role"], session["declared"]), (200, "asha", "reviewer", True))
checks.check("and which labels there are", "unsupported_claim" in [label["id"] for label in session["labels"]])
checks.equal("nothing to do is 204", asha.post("/api/v1/review/next", {})[0], 204)
trace = send_failed(daemon)[0]
status, headers, item = asha.post("/api/v1/review/next", {})
checks.equal("the next item is served", status, 200)
checks.equal("data is never stored", headers["Cache-Control"], "no-store")
checks.equal("with its question and answer", (item["input"], item["output"]), ("What does it cost to repay loan 1 early?", ANSWER))
checks.equal("and the answer's sentences by code point", [ANSWER[s["start"]:s["end"]] for s in item["sentences"]],
             ["Dear customer.", "No prepayment fee applies to your loan!", "Is that all?"])
machine_words = {"machine", "queue", "priority", "summary", "evaluations", "labels", "signature", "selection", "signals", "links", "verdict", "rule"}
checks.equal("before the reveal nothing of the machine's verdict is there", keys_of(item) & machine_words, set())
path = f"/api/v1/review/items/{item['item_id']}"
checks.equal("nor by the item's id", keys_of(asha.get(path)[2]) & machine_words, set())
line = items(asha)[0]
checks.equal("a list has the question", (line["item_id"], line["question"]), (item["item_id"], item["input"]))
checks.equal("labels that contradict the verdict are refused", asha.post(path + "/reveal", {"verdict": "pass", "labels": ["unsupported_claim"]})[0], 422)
status, _, told = asha.post(path + "/reveal", {"verdict": "fail", "labels": ["unsupported_claim"]})
checks.equal("the reveal tells the machine's verdict", (status, told["machine"]["verdict"], told["machine"]["evaluations"][0]["rule"]), (200, "fail", "slow"))
checks.equal("a second reveal changes nothing", (asha.post(path + "/reveal", {"verdict": "pass"})[0], asha.get(path)[2]["first"]),
             (200, {"verdict": "fail", "labels": ["unsupported_claim"]}))
first = result(item, must_not_include=[["no prepayment fee applies"]], must_include=[["2 % fee"]])
status, _, answer = asha.post("/api/v1/results", first)
checks.equal("a result is accepted and decides", (status, answer["outcome"], answer["state"], answer["decision"]), (200, "accepted", "agreed", 1))
checks.check("it becomes a dataset row", re.fullmatch(r"[0-9a-f-]{36}", answer.get("row_id", "")), answer)
checks.equal("the same once more is a duplicate", asha.post("/api/v1/results", first)[2]["outcome"], "duplicate")
status, _, answer = asha.post("/api/v1/results", {**first, "verdict": "pass", "labels": [], "must_not_include": [], "must_include": []})
checks.equal("the same id with other content is a conflict", (status, answer["outcome"]), (409, "conflict"))
mine = asha.get(path)[2]["mine"]
checks.equal("who has judged sees the own result", (mine["result_id"], mine["verdict"], mine["must_include"]), (first["result_id"], "fail", [["2 % fee"]]))

# --- two tabs of one person ---

tab = result(item, supersedes=first["result_id"], verdict="unsure", labels=[])
checks.equal("a tab revises what it has seen", asha.post("/api/v1/results", tab)[2]["outcome"], "revised")
status, _, answer = asha.post("/api/v1/results", result(item, supersedes=first["result_id"]))
checks.equal("another tab that has not is told that it is stale", (status, answer["outcome"]), (409, "stale"))

# --- bodies ---

status, _, answer = asha.post("/api/v1/results", [result(item), {"schema": "flywheel.result/v1"}, 7])
checks.equal("an array has an outcome each", (status, [a["outcome"] for a in answer]), (200, ["revised", "malformed", "malformed"]))
checks.equal("and a field where one is wrong", bool(answer[1].get("field")), True)
checks.equal("a body that is no JSON is 422", asha.ask("POST", "/api/v1/results", raw=b"{")[0], 422)
checks.equal("501 results are too many", asha.post("/api/v1/results", [{}] * 501)[0], 422)
checks.equal("an unknown record is pending", asha.post("/api/v1/results", result(item, record_id=str(uuid.uuid4())))[0:3:2][0], 202)

# --- strangers, and pages of others ---

for name, headers, wanted in [
        ("a foreign origin", {"Origin": "http://evil.example"}, 403),
        ("another port of this host", {"Origin": f"http://127.0.0.1:{daemon.admin}"}, 403),
        ("a cross-site request", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("a name of somebody else's", {"Host": "evil.example"}, 403),
        ("text/plain", {"Content-Type": "text/plain"}, 415),
        ("a form", {"Content-Type": "application/x-www-form-urlencoded"}, 415)]:
    status, answered, _ = asha.post("/api/v1/results", first, headers=headers)
    checks.equal(f"{name} is refused", status, wanted)
    checks.check(f"{name} gets no CORS header", not any(key.lower().startswith("access-control") for key in answered))
checks.equal("the page's own origin is not", asha.post("/api/v1/results", first, headers={"Origin": f"http://127.0.0.1:{daemon.review_port}", "Sec-Fetch-Site": "same-origin"})[0], 200)
checks.equal("a preflight is not granted", nobody.ask("OPTIONS", "/api/v1/results", headers={"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"})[0], 403)
for path_of in ("/api/v1/session", "/api/v1/review/items", "/api/v1/queue", "/api/v1/status", path, "/api/v1/runs/" + trace, "/api/v1/audit"):
    checks.equal(f"without a session {path_of.split('/')[3]} is 401", nobody.get(path_of)[0], 401)
checks.equal("a token in the URL is 400", asha.get(f"/api/v1/queue?token={asha.token}")[0], 400)
checks.equal("a cookie is no session", Api(daemon.review_port).get("/api/v1/queue", headers={"Cookie": f"session={asha.token}"})[0], 401)
checks.equal("what only admins may is 403", (asha.get("/api/v1/audit")[0], asha.post("/api/v1/results/withdraw", {"reviewer": "asha"})[0]), (403, 403))
status, headers, _ = nobody.get("/")
checks.equal("the page is there for everybody, with its policy", (status, "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]), (200, True))
checks.equal("and is asked for by its ETag", nobody.get("/", headers={"If-None-Match": headers["ETag"]})[0], 304)
checks.equal("its parts too", nobody.get("/assets/app.js")[1]["Content-Type"], "text/javascript; charset=utf-8")
checks.equal("nothing else of the disk", (nobody.get("/assets/..%2f..%2fpipeline.yaml")[0], nobody.get("/assets/README.md")[0]), (404, 404))

# --- codes and sessions ---

shown = daemon.run("review", "-c", daemon.config, check=True).stdout
code = re.search(r"#code=([0-9a-f]+)", shown)[1]
checks.equal("a code is good", nobody.post("/api/v1/session", {"code": code})[0], 200)
checks.equal("once", nobody.post("/api/v1/session", {"code": code})[0], 401)
checks.equal("a code that was guessed is not", nobody.post("/api/v1/session", {"code": "0" * len(code)})[0], 401)
checks.check("no code and no session is ever logged", code not in daemon.logged() and asha.token not in daemon.logged())
before = daemon.memory_kib()
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    def guess(number):
        return Api(daemon.review_port, f"fws_{number:064x}").get("/api/v1/queue")[0]

    refused = list(pool.map(guess, range(10000)))
checks.check("10,000 sessions that are none are refused", set(refused) <= {401}, set(refused))
checks.check("and cost no memory", daemon.memory_kib() - before < 20000, f"{daemon.memory_kib() - before} KiB")
lines = [line for line in daemon.logged().splitlines() if "login_refused" in line]
checks.check("in at most a line a minute", 1 <= len(lines) <= 2 + patiently(60) / 60, len(lines))

# --- slow and large ---

def raw(head, body=b"", wait=True):
    with socket.create_connection(("127.0.0.1", daemon.review_port), timeout=patiently(60)) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(64):
                connection.sendall(body)
        except OSError:
            pass
        try:
            return connection.recv(4096).decode(errors="replace") if wait else ""
        except OSError:
            return ""


head = f"POST /api/v1/results HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {asha.token}\r\nContent-Type: application/json\r\n"
before = daemon.memory_kib()
checks.check("a body of 1 GB is refused by its length", raw(head + "Content-Length: 1073741824\r\n\r\n", b"x" * 65536).startswith("HTTP/1.1 413"))
checks.check("and by its size when it states none", not raw(head + "Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n").startswith("HTTP/1.1 200"))
checks.check("neither is kept", daemon.memory_kib() - before < 20000, f"{daemon.memory_kib() - before} KiB")
slow = [socket.create_connection(("127.0.0.1", daemon.review_port)) for _ in range(20)]
for connection in slow:
    connection.sendall((head + "Content-Length: 100\r\n\r\n{").encode())
began = time.monotonic()
checks.equal("while bodies come slowly /healthz answers", daemon.get("/healthz"), "ok\n")
checks.equal("and so does the review", asha.get("/api/v1/session")[0], 200)
checks.check("slow bodies are cut after 30 s", wait_for(lambda: len(select.select(slow, [], [], 0)[0]) == len(slow), 60))
[connection.close() for connection in slow]
values = daemon.metrics()
refused = by_label(values, "flywheel_http_refused_total", "reason")
for reason in ("origin", "host", "type", "login", "role", "size", "slow", "secret_in_url"):
    checks.check(f"refused for {reason} is counted", refused.get(reason, 0) > 0)

# --- how far it has come ---

wait_for(lambda: asha.get("/api/v1/queue")[2]["all"]["agreed"] == 1, 30)
document = asha.get("/api/v1/queue")[2]
checks.equal("what was decided today is counted", document["all"]["decided_today"], 1)
command = json.loads(daemon.run("queue", "-c", daemon.config, "--format", "json", check=True).stdout)
checks.equal("the command says what the API says", command["queues"], document["queues"])
checks.check("a table, too", "progress" in daemon.run("queue", "-c", daemon.config, check=True).stdout)
checks.equal("without names", "asha" in json.dumps(document), False)
checks.equal("status and cohorts are served for the page's own origin", (asha.get("/api/v1/status")[2]["ready"], asha.get("/api/v1/cohorts?window=1h")[0]), (True, 200))

# --- a kill between commit and answer ---

send_failed(daemon)
item = asha.post("/api/v1/review/next", {})[2]
once = result(item)
with socket.create_connection(("127.0.0.1", daemon.review_port)) as connection:
    body = json.dumps(once)
    connection.sendall((head + f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
    connection.recv(1)
daemon.kill()
daemon.start()
checks.equal("a session outlives a restart", asha.get("/api/v1/session")[0], 200)
checks.equal("what was committed before a kill is a duplicate", asha.post("/api/v1/results", once)[2]["outcome"], "duplicate")

# --- results from files ---

traces = send_failed(daemon, 3)
opened = items(asha)
judged = [{"schema": "flywheel.result/v1", "record_id": asha.get(f"/api/v1/review/items/{line['item_id']}")[2]["record_id"], "status": "completed",
           "verdict": "fail", "reviewer": "lee"} for line in opened]
file = daemon.directory / "judged.jsonl"
file.write_text("".join(json.dumps(one) + "\n" for one in judged))
done = daemon.run("results", "submit", "-c", daemon.config, str(file))
checks.equal("results are submitted through the daemon", (done.returncode, done.stdout), (0, f"{len(judged)} accepted\n"))
checks.equal("a repeat changes nothing", daemon.run("results", "submit", "-c", daemon.config, str(file)).stdout, f"{len(judged)} duplicate\n")
bad = daemon.directory / "bad.json"
bad.write_text(json.dumps([{**judged[0], "verdict": "perhaps"}]))
done = daemon.run("results", "submit", "-c", daemon.config, str(bad))
checks.equal("what is refused is told, and is exit 1", (done.returncode, "malformed" in done.stderr), (1, True))
done = daemon.run("results", "withdraw", "--reviewer", "service/operator:lee", "-c", daemon.config)
checks.equal("a person's results are taken back", (done.returncode, done.stdout), (0, f"{len(judged)} results of service/operator:lee taken back\n"))
checks.equal("import says what there is", daemon.run("results", "import", "--from", "argilla", str(bad)).returncode, 2)
checks.equal("a clean stop with the review API", daemon.stop(), 0)
file.write_text(json.dumps({**judged[0], "comment": "once more"}))
done = daemon.run("results", "submit", "-c", daemon.config, str(file))
checks.equal("without a daemon they go straight into the directory", (done.returncode, done.stdout), (0, "1 accepted\n"))
checks.equal("the directory is whole", daemon.check_state().returncode, 0)
daemon.remove()
checks.finish()
