"""Who may what at the review API: roles of the reviewers file over TLS, tokens that are rotated or disabled, services and
adjudication."""
import json, signal, time, uuid

from flywheel.certificates import Authority
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import request, span
from flywheel.review import Api
from flywheel.waiting import wait_for

pipeline = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules: [{ name: slow, measure: duration_ms, fail_above: 5000 }]
selection: { fail: 1.0, pass: 0, unscored: 0 }
"""
args = arguments()
checks = Checks()
daemon = Daemon(args.flywheel, pipeline)
authority = Authority(daemon.directory / "ca", "ca")
cert, key = authority.issue("review")
reviewers = daemon.directory / "reviewers"


def reviewer(*words):
    return daemon.run("reviewer", *words, "--file", reviewers, check=True).stdout.strip()


tokens = {name: reviewer("add", name, "--role", role) for name, role in
          (("vi", "viewer"), ("asha", "reviewer"), ("bo", "reviewer"), ("lee", "adjudicator"), ("root", "admin"), ("ci", "service"))}
daemon.write(review_http=f", tls: {{ cert_file: {cert}, key_file: {key} }}", review=f", reviewers_file: {reviewers}, queues: {{ '*': {{ reviewers: 2, overlap: 0 }} }}")
daemon.start()


def api(name):
    return Api(daemon.review_port, tokens[name], cafile=str(authority.cert))


def session(name):
    status, _, value = Api(daemon.review_port, cafile=str(authority.cert)).post("/api/v1/session", {"token": tokens[name]})
    assert status == 200, value
    return Api(daemon.review_port, value["session"], cafile=str(authority.cert))


def send(count):
    start = int(time.time() - 60) * 10**9
    daemon.send(request([span(uuid.uuid4().bytes, b"r" * 8, None, "agent", start, start + 9 * 10**9, gen_ai__operation__name="invoke_agent",
                              input__value=f"question {n}", output__value="An answer. Another.") for n in range(count)]))
    daemon.settle()


def result(item, verdict="fail", **more):
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": item["record_id"], "status": "completed", "verdict": verdict, **more}


# --- the table of rights ---

send(3)
table = [  # who gets something else than 403
    ("GET", "/api/v1/session", None, "vi asha lee root ci"),
    ("GET", "/api/v1/queue", None, "vi asha lee root"),
    ("GET", "/api/v1/status", None, "vi asha lee root"),
    ("GET", "/api/v1/cohorts", None, "vi asha lee root"),
    ("GET", "/api/v1/gate", None, "vi asha lee root"),
    ("GET", "/api/v1/review/items", None, "asha lee root"),
    ("GET", "/api/v1/review/items/" + "0" * 32, None, "asha lee root"),
    ("POST", "/api/v1/review/items/" + "0" * 32 + "/reveal", {"verdict": "fail"}, "asha lee root"),
    ("POST", "/api/v1/results", {}, "asha lee root ci"),
    ("GET", "/api/v1/runs/" + "0" * 32, None, "lee root"),
    ("GET", "/api/v1/dataset", None, "lee root"),
    ("GET", "/api/v1/dataset/rows", None, "lee root"),
    ("POST", "/api/v1/dataset/tag", {}, "lee root"),
    ("POST", "/api/v1/dataset/exported", {}, "lee root"),
    ("POST", "/api/v1/dataset/promote", {}, "lee root"),
    ("POST", "/api/v1/dataset/retire", {}, "lee root"),
    ("POST", "/api/v1/dataset/erase", {}, "root"),
    ("POST", "/api/v1/results/withdraw", {}, "root"),
    ("GET", "/api/v1/audit", None, "root"),
]
for method, path, body, who in table:
    found = [name for name in ("vi", "asha", "lee", "root", "ci") if api(name).ask(method, path, body)[0] not in (401, 403)]
    checks.equal(f"{method} {path.replace('0' * 32, 'ID')}", found, who.split())
checks.equal("who asks for a queue of a blind one must adjudicate", (api("asha").get("/api/v1/review/items?queue=slow")[0], api("lee").get("/api/v1/review/items?queue=slow")[0]), (403, 200))
try:
    plain = Api(daemon.review_port, tokens["root"]).get("/api/v1/session")[0]
except OSError:
    plain = None
checks.equal("nothing is said in plaintext", plain, None)

# --- two reviewers and an adjudicator ---

asha, bo, lee = session("asha"), session("bo"), session("lee")
item = asha.post("/api/v1/review/next", {})[2]
path = f"/api/v1/review/items/{item['item_id']}"
checks.equal("one of two", asha.post("/api/v1/results", result(item, "fail", comment="asha's words"))[2]["state"], "waiting")
checks.equal("they differ", bo.post("/api/v1/results", result(item, "pass"))[2]["state"], "disputed")
checks.equal("a reviewer does not see what others said", "results" in asha.get(path)[2], False)
shown = lee.get(path)[2]
checks.equal("who adjudicates does, without names", (sorted(r["verdict"] for r in shown["results"]), any("reviewer" in r or "name" in r for r in shown["results"])), (["fail", "pass"], False))
checks.equal("a reviewer can't adjudicate", asha.post("/api/v1/results", result(item, role="adjudicator"))[0], 403)
status, _, answer = lee.post("/api/v1/results", result(item, role="adjudicator", must_not_include=[["Another"]]))
checks.equal("an adjudicator settles it", (status, answer["state"]), (200, "adjudicated"))
checks.equal("nobody reviews for another", asha.post("/api/v1/results", result(item, reviewer="bo"))[0], 403)
checks.equal("a service says for whom", (api("ci").post("/api/v1/results", result(item))[0], api("ci").post("/api/v1/results", result(item, reviewer="mia"))[2]["outcome"]), (422, "extra"))
wait_for(lambda: lee.get("/api/v1/dataset")[2].get("rows") == 1, 30)  # a document is kept for ten seconds
document, rows = lee.get("/api/v1/dataset")[2], lee.get("/api/v1/dataset/rows")[2]
checks.equal("the dataset is there for who adjudicates", (document["rows"], document["splits"]["eval"], [row["failure_mode"] if "failure_mode" in row else None for row in rows["rows"]][0:1] != [], rows["version"]),
             (1, 1, True, document["version"]))
checks.equal("a version that never was is 404", lee.get("/api/v1/dataset?version=99")[0], 404)
run = lee.get("/api/v1/runs/" + item["record_id"])[2]
checks.equal("who adjudicates may read the run", run["record"]["verdict"], "fail")
lines = [json.loads(line) for line in api("root").get("/api/v1/audit?since=0", is_text=True)[2].splitlines()]
checks.check("the trail says who saw and who decided, by ids", {"item.served", "result.accepted", "adjudication", "row.added"} <= {line.get("action") for line in lines},
             sorted({line.get("action") for line in lines}))
checks.check("and by no name", "asha" not in json.dumps(lines))
checks.equal("a page of it begins where it is asked to", api("root").get("/api/v1/audit?since=2&limit=1")[2]["sequence"], 3)
checkpoint = api("root").post("/api/v1/audit/checkpoint", {})
checks.equal("a checkpoint is given", (checkpoint[0], bool(checkpoint[2])), (200, True))

# --- tokens end ---

reviewer("disable", "bo")
tokens["asha"], before = reviewer("rotate", "asha"), tokens["asha"]
daemon.process.send_signal(signal.SIGHUP)
checks.equal("a disabled reviewer's session ends on HUP", wait_for(lambda: bo.get("/api/v1/session")[0] == 401, 30), True)
checks.equal("and so do session and token of who was rotated", (asha.get("/api/v1/session")[0], Api(daemon.review_port, before, cafile=str(authority.cert)).get("/api/v1/session")[0]), (401, 401))
checks.equal("the new token is good, others go on", (api("asha").get("/api/v1/session")[0], lee.get("/api/v1/session")[0]), (200, 200))
good = reviewers.read_bytes()
reviewers.write_bytes(good + b"broken line\n")
daemon.process.send_signal(signal.SIGHUP)
checks.check("a broken file is refused as a whole", wait_for(lambda: "reload_failed" in daemon.logged(), 30))
checks.equal("and everything stays as it was", api("asha").get("/api/v1/session")[0], 200)
reviewers.write_bytes(good)

# --- codes, and commands with tokens ---

shown = daemon.run("review", "-c", daemon.config)
checks.equal("with a reviewers file there is an address and no code", (shown.returncode, shown.stdout), (0, f"https://127.0.0.1:{daemon.review_port}/\n"))
token_file = daemon.directory / "ci.token"
token_file.write_text(tokens["ci"] + "\n")
item = lee.post("/api/v1/review/next", {})[2]
file = daemon.directory / "results.json"
file.write_text(json.dumps([result(item, reviewer="mia")]))
words = ("results", "submit", "-c", daemon.config, str(file))
checks.equal("a command without a token is told so", daemon.run(*words).returncode, 2)
done = daemon.run(*words, "--token-file", token_file)
checks.equal("with a service's token results go in", (done.returncode, done.stdout), (0, "1 accepted\n"))
done = daemon.run(*words, "--token-file", token_file, "--endpoint", f"https://localhost:{daemon.review_port}")
checks.equal("a certificate that nobody vouches for is refused", (done.returncode, "certificate" in done.stderr), (75, True))
checks.equal("a stop", daemon.stop(), 0)
daemon.remove()
checks.finish()
