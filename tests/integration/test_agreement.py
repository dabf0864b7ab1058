"""How far reviewers agree, as they are told it: results of two persons over the API, against the same figures from the sums of a
few lines of Python; who may see whose figures; and the tables over kill -9, withdrawal and erasure."""
import collections, json, random, time, uuid

from flywheel import metrics
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.otlp_bytes import request, span
from flywheel.review import Api
from flywheel.waiting import wait_for

RUNS = 60
pipeline = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules: [{ name: slow, measure: duration_ms, fail_above: 5000 }]
selection: { fail: 1.0, pass: 0, unscored: 0 }
"""
args = arguments(seed=20261201)
checks = Checks()
rng = random.Random(args.seed)
daemon = Daemon(args.flywheel, pipeline)
roles = {"vi": "viewer", "asha": "reviewer", "bo": "reviewer", "lee": "adjudicator", "root": "admin", "ci": "service"}
tokens = {name: daemon.run("reviewer", "add", name, "--role", role, "--file", "reviewers", check=True).stdout.strip() for name, role in roles.items()}


def configure(more=""):
    daemon.write(review=f", reviewers_file: reviewers, queues: {{ '*': {{ reviewers: 2, overlap: 0 }} }}{more}")


def api(name):
    return Api(daemon.review_port, tokens[name])


def agreement(*words):
    told = daemon.run("agreement", "-c", daemon.config, *words, "--format", "json", check=True)
    return json.loads(told.stdout)


def subject_of(document, label=None):
    return next(one for one in document["subjects"] if one.get("label") == label)


def send(count):
    start = int(time.time() - 60) * 10**9
    daemon.send(request([span(uuid.uuid4().bytes, b"r" * 8, None, "agent", start, start + 9 * 10**9, gen_ai__operation__name="invoke_agent",
                              input__value=f"question {n}", output__value="An answer. Another.") for n in range(count)]))
    daemon.settle()


def judgement():
    verdict = rng.choice(["pass", "fail", "fail", "unsure"])
    labels = [label for label in ("unsupported_claim", "wrong_tool") if verdict == "fail" and rng.random() < 0.6]
    return verdict, labels


def result(record, verdict, labels, **more):
    return {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": record, "status": "completed", "verdict": verdict,
            "labels": labels, "first_verdict": verdict, "first_labels": labels, **more}


def submit(name, results):
    status, _, answers = api(name).post("/api/v1/results", results)
    assert status == 200, answers
    return collections.Counter(one["outcome"] for one in answers)


def figures(said, categories):
    """Raw, kappa, AC1 and alpha of pairs of raters, by their definitions."""
    n, q = len(said), len(categories)
    raw = sum(a == b for a, b in said) / n
    pi = {k: sum((a == k) + (b == k) for a, b in said) / (2 * n) for k in categories}
    chance = sum(p * p for p in pi.values())
    gwet = sum(p * (1 - p) for p in pi.values()) / (q - 1)
    values = 2 * n
    expected = 1 - sum(pi[k] * values * (pi[k] * values - 1) for k in categories) / (values * (values - 1))
    return {"raw": raw, "kappa": (raw - chance) / (1 - chance), "ac1": (raw - gwet) / (1 - gwet), "alpha": 1 - (1 - raw) / expected}


def compare(what, subject, said, categories):
    wanted = figures(said, categories)
    checks.check(f"{what}: {', '.join(f'{name} {value:.3f}' for name, value in wanted.items())}",
                 (subject["items"], subject["doubled"]) == (len(said), len(said))
                 and all(abs(subject[name]["value"] - value) < 1e-9 and subject[name]["low"] <= value <= subject[name]["high"] for name, value in wanted.items()),
                 json.dumps(subject))


def without_persons(document):
    return {key: value for key, value in document.items() if key not in ("as_of", "reviewers", "pairs", "reviewers_cut")}


configure()
daemon.start()
told = daemon.run("agreement", "-c", daemon.config)
checks.check("before anybody has judged it says so in a sentence", told.returncode == 0 and told.stdout == "no item was reviewed within the window\n", told.stdout + told.stderr)
for words in (("--window", "90m"), ("--window", "36d"), ("--label", "nonsense"), ("--format", "csv")):
    checks.equal(f"agreement {' '.join(words)} is a usage error", daemon.run("agreement", "-c", daemon.config, *words).returncode, 2)

# --- two persons judge, and somebody adjudicates ---

send(RUNS)
records = [record["record_id"] for record in daemon.records()]
first = {record: (judgement(), judgement()) for record in records}
served = api("asha").post("/api/v1/review/next", {})[2]
submit("asha", [result(record, *first[record][0]) for record in records])
few = agreement()
checks.check("with one reviewer an item there is no figure, and why", subject_of(few)["items"] == RUNS and subject_of(few)["doubled"] == 0
             and subject_of(few)["ac1"] == {"value": None, "low": None, "high": None, "se": None, "reason": "too_few"}, json.dumps(subject_of(few)))
outcomes = submit("bo", [result(record, *first[record][1]) for record in records])
checks.equal("all are taken", outcomes, {"accepted": RUNS})
disputed = [record for record, (one, other) in first.items() if one[0] == "unsure" or one != other]
outcomes = submit("lee", [{**result(record, "fail", []), "role": "adjudicator"} for record in disputed])
checks.equal("lee adjudicates what is disputed", outcomes, {"accepted": len(disputed)})
changed = records[:5]
submit("bo", [{**result(record, "fail", ["wrong_tool"]), "first_verdict": "pass", "first_labels": []} for record in changed])
document = agreement()
verdicts = [tuple(one[0] for one in first[record]) for record in records]
compare("verdict, whatever was adjudicated and corrected", subject_of(document), verdicts, ("pass", "fail", "unsure"))
for label in ("unsupported_claim", "wrong_tool"):
    compare(label, subject_of(document, label), [tuple(label in one[1] for one in first[record]) for record in records], (True, False))
checks.equal("one label alone", [one["label"] for one in agreement("--label", "wrong_tool")["subjects"]], ["wrong_tool"])
never = subject_of(document, "acceptable_refusal")
checks.check("of a label that nobody gave raw and AC1 are 1, and kappa is not known", never["raw"]["value"] == never["ac1"]["value"] == 1 and never["ac1"]["low"] < 1
             and never["kappa"]["value"] is None and never["kappa"]["reason"] == "one_category", json.dumps(never))
rule = next(one for one in document["human_machine"]["rules"] if one.get("rule") == "slow")
agreed = [a for a, b in verdicts if a == b != "unsure"]
bad = agreed.count("fail") + RUNS - len(agreed)  # lee finds all of the others bad
checks.equal("people against the rule, of what was chosen for review", (document["human_machine"]["basis"], rule["items"], rule["bad_and_fired"], rule["fired_alone"]),
             ("in_queue", RUNS, bad, RUNS - bad))
checks.check("and by weights, of all runs: all were chosen, so it is the same", rule["weighted"]["items"] == RUNS and abs(rule["weighted"]["raw"] - bad / RUNS) < 1e-9
             and rule["weighted"]["raw_low"] < bad / RUNS < rule["weighted"]["raw_high"], json.dumps(rule))
table = daemon.run("agreement", "-c", daemon.config, check=True).stdout
checks.check("the table has the same", all(word in table for word in ("verdict", "unsupported_claim", "people against machine", "asha", "(the machine)")), table)

# --- persons ---

persons = {one["reviewer"]: one for one in document["reviewers"]}
adjudicated = {"asha": 0, "bo": 1}
checks.check("the command tells whose figures they are", set(persons) == {"asha", "bo", "lee"} and all(
    persons[name]["agreement_with_adjudication"] == {"value": sum(first[r][at][0] == "fail" for r in disputed) / len(disputed), "numerator": sum(first[r][at][0] == "fail" for r in disputed), "denominator": len(disputed)}
    for name, at in adjudicated.items()), json.dumps(document["reviewers"]))
checks.check("seconds are the server's, of what it served", persons["asha"]["seconds"]["results"] == 1 and persons["asha"]["seconds"]["median"] >= 0
             and persons["bo"]["seconds"] == {"median": None, "results": 0} and served, json.dumps(persons))
pair = next(one for one in document["pairs"] if not one["is_machine"] and {one["reviewer"], one["other"]} == {"asha", "bo"})
checks.check("Cohen's kappa of the pair", pair["items"] == RUNS and abs(pair["raw"]["value"] - sum(a == b for a, b in verdicts) / RUNS) < 1e-9, json.dumps(pair))

status, _, over_api = api("vi").get("/api/v1/agreement")
checks.check("GET /api/v1/agreement is the same document, without persons", status == 200 and "reviewers" not in over_api and "asha" not in json.dumps(over_api)
             and without_persons(over_api) == without_persons(document), json.dumps(over_api)[:300])
checks.equal("a service has no business with it", api("ci").get("/api/v1/agreement")[0], 403)
checks.equal("a parameter that it does not know", api("vi").get("/api/v1/agreement?persons=1")[0], 400)
checks.equal("nobody names a person in a query", api("root").get("/api/v1/agreement/reviewers?(person)=bo")[0], 400)


def seen_by(name):
    status, _, value = api(name).get("/api/v1/agreement/reviewers")
    return (status, sorted(one["reviewer"] for one in value["reviewers"]), sorted({one[key] for one in value["pairs"] for key in ("reviewer", "other") if key in one})) if status == 200 else (status,)


everybody = (200, ["asha", "bo", "lee"], ["asha", "bo"])
checks.equal("reviewer_statistics own: each the own figures, an admin all", {name: seen_by(name) for name in ("vi", "asha", "lee", "root", "ci")},
             {"vi": (403,), "asha": (200, ["asha"], ["asha"]), "lee": (200, ["lee"], []), "root": everybody, "ci": (403,)})
series = {(labels["subject"], labels["statistic"]): value for name, value in daemon.metrics().items() if name.startswith("flywheel_review_agreement{")
          for labels in [metrics.labels_of(name)]}
checks.check("the metric has a series a subject and statistic that is known", abs(series[("verdict", "ac1")] - subject_of(document)["ac1"]["value"]) < 1e-9
             and ("acceptable_refusal", "kappa") not in series and ("wrong_tool", "alpha") in series, series)

# --- what may happen to it ---

daemon.kill()
for setting, wanted in (("adjudicator", {"asha": (403,), "lee": everybody, "root": everybody}), ("admin", {"asha": (403,), "lee": (403,), "root": everybody})):
    configure(f", reviewer_statistics: {setting}")
    daemon.start()
    checks.equal(f"reviewer_statistics {setting}", {name: seen_by(name) for name in wanted}, wanted)
    checks.equal("the figures are the same after kill -9" if setting == "adjudicator" else "and after a stop", without_persons(agreement()), without_persons(document))
    daemon.kill() if setting == "adjudicator" else daemon.stop()
checked = daemon.run("state", "check", daemon.state)
checks.check("state check finds that the tables are what the items and results say", checked.returncode == 0 and "agreement     agrees" in checked.stdout, checked.stdout + checked.stderr)
configure()
daemon.start()
status, _, answer = api("root").post("/api/v1/results/withdraw", {"reviewer": "bo"})
checks.check("what a person said is withdrawn", status == 200, json.dumps(answer))
left = subject_of(wait_for(lambda: (found := agreement()) and subject_of(found)["doubled"] == 0 and found, 30))
checks.equal("and is in no count any more", (left["items"], left["doubled"]), (RUNS, 0))
status, _, answer = api("root").post("/api/v1/dataset/erase", {"reviewer": "asha"})
checks.check("a reviewer is erased", status == 200, json.dumps(answer))
gone = agreement()
checks.check("what they judged goes on counting, as nobody's", without_persons(gone)["subjects"][0]["items"] == RUNS and "asha" not in json.dumps(gone)
             and any(one["is_machine"] and one["items"] == RUNS for one in gone["pairs"]), json.dumps(gone["pairs"]))
daemon.stop()
checked = daemon.run("state", "check", daemon.state)
checks.check("state check agrees still", checked.returncode == 0 and "agreement     agrees" in checked.stdout, checked.stdout + checked.stderr)
daemon.remove()
checks.finish()
