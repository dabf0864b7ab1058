"""A reviewer who lives in another tool: open items leave as that tool's tasks, runs or queue items, what people say of them there comes back
in the tool's own export, and is decided here. What the machine said leaves only where a queue shows it."""
import json, os, re, uuid
import xml.etree.ElementTree as xml

from flywheel.checks import Checks, arguments
from flywheel.daemon import lines_of
from flywheel.review import Api, items, sign_in
from imports_annotated import HOSTILE, ImportsDaemon, annotate, trace_of

args = arguments()
checks = Checks()
TOOLS = {"label-studio": 0, "langfuse": 1, "langsmith": 2, "futureagi": 3}


def counts(result):
    return {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", result.stdout)}


def sign_in_with(token):
    api = Api(daemon.review_port)
    status, _, session = api.post("/api/v1/session", {"token": token})
    assert status == 200, (status, session)
    return Api(daemon.review_port, session["session"])


made = ImportsDaemon(args.flywheel)
daemon, export, give = made.daemon, made.export, made.give
nothing = daemon.run("queue", "export", "-c", daemon.config, "--format", "langsmith")
checks.check("without items there is a sentence, and no line", nothing.returncode == 0 and nothing.stdout == "" and "no item is open" in nothing.stderr, nothing.stderr)
records = made.send(16, 2)
api = sign_in(daemon)
daemon.wait(lambda: len(items(api)) == 18)

# --- there ---

tasks, controls = export("label-studio")
by_record = {task["data"]["record_id"]: task for task in tasks}
checks.equal("Label Studio: a task for each open item", by_record.keys(), {record["record_id"] for record in records.values()})
one = by_record[records[trace_of(1)]["record_id"]]
checks.equal("with its texts as they are", (one["data"]["input"], one["data"]["output"]), ("question 1", f"answer 1: {HOSTILE}"))
hidden = json.dumps([task for task in tasks if task["data"]["input"] != "question 101" and task["data"]["input"] != "question 102"])
checks.check("and nothing of the machine's verdict where the queue is blind", not any(word in hidden for word in
             ("failed_hard", "wrong_tool", '"review"', "predictions", "evaluations", "priority", "signature", '"fail"', "is_machine_shown")), hidden[:500])
shown = by_record[records[trace_of(101)]["record_id"]]
checks.check("which a queue with blind: off shows", shown["meta"]["verdict"] == "fail" and shown["meta"]["is_machine_shown"]
             and shown["predictions"][0]["result"][0]["value"] == {"choices": ["fail"]}, shown)
view = xml.fromstring(controls)
named = {tag.get("name"): tag for tag in view.iter() if tag.get("name")}
values = {tag.get("value")[1:] for tag in view.iter() if (tag.get("value") or "").startswith("$")}
checks.check("every object of the labelling configuration is in every task", values == {"input", "history", "output", "contexts", "steps"}
             and all(values <= task["data"].keys() for task in tasks), values)
checks.equal("its choices are the verdicts and the label set",
             [[choice.get("value") for choice in named[name].iter("Choice")] for name in ("verdict", "labels")],
             [["pass", "fail", "unsure"], ["unsupported_claim", "wrong_tool", "missing_context", "acceptable_refusal"]])

queue_items, configs = export("langfuse")
checks.equal("Langfuse: the traces, as queue items", sorted(json.dumps(item, sort_keys=True) for item in queue_items),
             sorted(json.dumps({"objectId": trace, "objectType": "TRACE", "status": "PENDING"}, sort_keys=True) for trace in records))
checks.equal("and a score for the verdict and each label", [config["name"] for config in json.loads(configs)][:5],
             ["verdict", "unsupported_claim", "wrong_tool", "missing_context", "acceptable_refusal"])
runs, _ = export("langsmith")
checks.equal("LangSmith: a run under each record's id", {run["id"] for run in runs}, set(by_record))
open_to_see = {records[trace_of(number)]["record_id"] for number in (101, 102)}
checks.check("blind, too", all(("failed_here" in json.dumps(run)) == (run["id"] in open_to_see) for run in runs))
added, _ = export("futureagi", "--queue", "shown")
checks.equal("FutureAGI: traces by their UUIDs, of one queue", sorted(item["source_id"] for item in added), [str(uuid.UUID(trace_of(101))), str(uuid.UUID(trace_of(102)))])
lines = daemon.run("queue", "export", "-c", daemon.config, "--format", "langfuse", "--queue", "shown")
checks.equal("standard output has the lines alone", len([json.loads(line) for line in lines_of(lines.stdout)]), 2)
for words in (("queue", "export", "--format", "opik"), ("queue", "export"), ("results", "import", "--from", "argilla", "x"), ("results", "import", "x")):
    refused = daemon.run(*words)
    checks.check(f"{' '.join(words)}: exit 2, and what there is", refused.returncode == 2 and all(tool in refused.stderr for tool in TOOLS), refused.stderr)

unknown = daemon.run("queue", "export", "-c", daemon.config, "--format", "langfuse", "--queue", "nowhere")
checks.check("a queue that nothing has come to: exit 2", unknown.returncode == 2 and unknown.stdout == "", (unknown.returncode, unknown.stderr))
pipe, target, link = (daemon.directory / name for name in ("pipe", "target.jsonl", "link.jsonl"))
os.mkfifo(pipe)
target.write_text("before")
link.symlink_to(target)
refused = daemon.run("queue", "export", "-c", daemon.config, "--format", "langfuse", "-o", pipe)
checks.check("a pipe or a device is not taken for a file", refused.returncode == 74 and pipe.is_fifo() and not list(daemon.directory.glob("pipe.*")),
             (refused.returncode, refused.stderr))
written = daemon.run("queue", "export", "-c", daemon.config, "--format", "langfuse", "-o", link)
checks.check("a link stays one, and what it leads to is written", written.returncode == 0 and link.is_symlink() and len(lines_of(target.read_text())) == 18, written.stderr)

# --- and back ---

mine = {tool: [trace_of(1 + 4 * place + i) for i in range(4)] for tool, place in TOOLS.items()}
annotated = {tool: annotate(tool, [records[trace] for trace in traces]) for tool, traces in mine.items()}
for tool in TOOLS:
    first = give(tool, annotated[tool])
    checks.check(f"{tool}: three are judged, one is skipped or told", first.returncode == 0 and counts(first).get("accepted") == 3, first.stdout + first.stderr)
    again = give(tool, annotated[tool])
    checks.check(f"{tool}: a second import is all duplicates", again.returncode == 0 and set(counts(again)) == {"duplicate"}, again.stdout + again.stderr)
checks.equal("their items are decided, those passed over are open or skipped by one",
             (len(items(api, "agreed")), len(items(api))), (3 * len(TOOLS), 18 - 3 * len(TOOLS)))
rows = {row["source"]["record_id"]: row for row in map(json.loads, lines_of(daemon.run("dataset", "export", "-c", daemon.config, check=True).stdout))}
checks.equal("and rows of the dataset", len(rows), 3 * len(TOOLS))
for tool, traces in mine.items():
    wrong, right, labelled = (rows[records[trace]["record_id"]] for trace in traces[:3])
    checks.equal(f"{tool}: verdicts and labels are what was said there",
                 [(row["verdict"], row["labels"]) for row in (wrong, right, labelled)], [("fail", ["unsupported_claim"]), ("pass", []), ("fail", ["wrong_tool"])])
    checks.equal(f"{tool}: so is the answer that was expected", wrong.get("expected_response"), f"A fee of 2 % applies to {traces[0][-2:]}.")

# --- later ---

changed = annotate("langfuse", [records[trace] for trace in mine["langfuse"]], verdict="pass", minutes=5)
revised = give("langfuse", changed)
checks.check("what was edited there replaces what it was", revised.returncode == 0 and counts(revised).get("revised", 0) >= 1, revised.stdout + revised.stderr)
broken = json.loads(json.dumps(annotated["label-studio"]))
broken[0]["annotations"][0]["result"][0]["value"]["choices"] = ["perhaps"]
told = give("label-studio", broken)
checks.check("a value that means nothing is told with file and line, and exit 1", told.returncode == 1
             and re.search(r"label-studio-reviews.json:\d+: refused: malformed: verdict: ", told.stderr) and "perhaps" not in told.stderr, told.stderr)
csv = give("langfuse", "id,name,value\na,verdict,1\n")
checks.check("what is no export in JSON is exit 2", csv.returncode == 2, csv.stderr)
daemon.stop()
direct = give("langsmith", annotated["langsmith"])
checks.check("without a daemon they go straight into the directory, and are the same", direct.returncode == 0 and set(counts(direct)) == {"duplicate"}, direct.stdout + direct.stderr)
checks.equal("the state is whole", daemon.check_state().returncode, 0)
daemon.remove()

# --- two people a run, known reviewers, a service's token ---

team = ImportsDaemon(args.flywheel, ', reviewers_file: reviewers, queues: { "*": { reviewers: 2, overlap: 0 } }', is_started=False)
daemon = team.daemon
for person, role in {"asha": "reviewer", "lee": "reviewer", "bot": "service", "eve": "reviewer", "ada": "admin"}.items():
    added = daemon.run("reviewer", "add", person, "--role", role, "--file", "reviewers", check=True)
    (daemon.directory / person).write_text(added.stdout.split()[-1])
daemon.start()
records = list(team.send(3, 0).values())
task = annotate("label-studio", (records + records)[:4])[:3]
lee = {"id": 9, "email": "lee@bank.example", "first_name": "Lee", "last_name": ""}
for place, (one, verdict) in enumerate(zip(task, ("fail", "fail", None))):
    if verdict:
        second = json.loads(json.dumps(one["annotations"][0]))
        second.update(id=900 + place, completed_by=lee)
        next(region for region in second["result"] if region["from_name"] == "verdict")["value"]["choices"] = [verdict]
        one["annotations"].append(second)
nobody = team.give("label-studio", task)
checks.check("where reviewers are known, somebody has to ask", nobody.returncode == 2 and "--token-file" in nobody.stderr, nobody.stderr)
mere = team.give("label-studio", task, "--token-file", daemon.directory / "eve")
checks.check("a reviewer's token speaks for nobody else", mere.returncode == 1 and counts(mere) == {"not_yours": 5}
             and len(re.findall(r"label-studio-reviews.json:\d+: refused: not_yours", mere.stderr)) == 5, mere.stdout + mere.stderr)
service = team.give("label-studio", task, "--endpoint", f"http://127.0.0.1:{daemon.review_port}", "--token-file", daemon.directory / "bot")
checks.equal("a service's does, for each annotator", (service.returncode, sum(counts(service).values())), (0, 5))
admin = sign_in_with((daemon.directory / "ada").read_text().strip())
states = {state: len(items(admin, state)) for state in ("agreed", "disputed", "waiting", "open")}
checks.equal("two who agree decide, two who differ are disputed, one alone is waited for", states, {"agreed": 1, "disputed": 1, "waiting": 1, "open": 0})
left = json.loads(daemon.run("queue", "export", "-c", daemon.config, "--format", "label-studio", check=True).stdout)
checks.equal("what waits for a second person leaves again", [one["data"]["record_id"] for one in left], [records[2]["record_id"]])
daemon.stop()
daemon.remove()
checks.finish()
