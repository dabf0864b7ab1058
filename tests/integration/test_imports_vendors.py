"""Open items and reviews through the tools' own SDKs, both ways: their models take what leaves, and what their models say of people's reviews
is what is imported. Each SDK is pinned in an environment of its own (flywheel/vendor.py)."""
# peer: the SDKs of Label Studio, Langfuse, LangSmith and FutureAGI
import json, re, uuid

from flywheel.checks import Checks, arguments
from flywheel.daemon import lines_of
from flywheel.vendor import Vendor
from imports_annotated import ImportsDaemon, annotate, trace_of

args = arguments()
checks = Checks()
made = ImportsDaemon(args.flywheel)
records = made.send(24, 2)
mine = {tool: [trace_of(1 + 4 * place + i) for i in range(4)] for place, tool in enumerate(("label-studio", "langfuse", "langsmith", "futureagi"))}
of = {tool: [records[trace] for trace in traces] for tool, traces in mine.items()}


def counts(result):
    return {name: int(count) for count, name in re.findall(r"(\d+) (\w+)", result.stdout)}


def imported(tool, exported, wanted):
    result = made.give(tool, exported)
    checks.check(f"{tool}: what its models say is imported", result.returncode == 0 and counts(result) == wanted, result.stdout + result.stderr)
    again = made.give(tool, exported)
    checks.check(f"{tool}: and again it is all duplicates", set(counts(again)) == {"duplicate"}, again.stdout + again.stderr)


# --- Label Studio: the configuration, the tasks, the predictions, annotations as the interface makes them ---

tasks, configuration = made.export("label-studio")
others = [trace_of(number) for number in range(17, 25)]
found = Vendor("label-studio").ask('''
import random
from label_studio_sdk.label_interface import LabelInterface
random.seed(7)
configuration, tasks, annotated, count = given
interface = LabelInterface(configuration)
interface.validate()
held = [interface.validate_task({"data": task["data"]}) for task in tasks]
predicted = [interface.validate_prediction(one, return_errors=True) for task in tasks for one in task.get("predictions", [])]
annotations = [interface.validate_annotation({"result": annotation["result"]}) for task in annotated for annotation in task["annotations"]]
answer = [held, predicted, annotations, sorted(tag.name for tag in interface.controls), sorted(tag.name for tag in interface.objects), [interface.generate_sample_annotation() for _ in range(count)]]
''', [configuration, tasks, annotate("label-studio", of["label-studio"]), len(others)])
checks.equal("label-studio: every task holds", found[0], [True] * len(tasks))
checks.equal("label-studio: so do the predictions of the queue that shows them", found[1], [[], []])
checks.equal("label-studio: and annotations as people make them", found[2], [True] * 4)
checks.equal("label-studio: its controls and objects", (found[3], found[4]), (sorted(["verdict", "labels", "expected_response", "must_not_include", "must_include", "comment"]),
                                                                             sorted(["history", "input", "output", "contexts", "steps"])))
imported("label-studio", annotate("label-studio", of["label-studio"]), {"accepted": 3, "skipped": 1})


def said(sample, name):
    """What a sample annotation says by that control."""
    return [text for region in sample["result"] if region["from_name"] == name for text in region["value"].get("choices") or region["value"].get("text")]


# The interface draws at random: only what makes sense together is a review, and of the others each is told.
by_record = {task["data"]["record_id"]: task for task in tasks}
FAILS = {"unsupported_claim", "wrong_tool", "missing_context"}
samples, sound = [], {}
for number, (trace, sample) in enumerate(zip(others, found[5])):
    record = records[trace]
    sample = {**sample, "id": 900 + number, "completed_by": 7, "result": [region for region in sample["result"] if region["from_name"] in ("verdict", "labels", "comment")]}
    samples.append({**by_record[record["record_id"]], "id": number, "annotations": [sample]})
    verdict, labels = said(sample, "verdict"), set(said(sample, "labels"))
    if len(verdict) == 1 and not (verdict == ["pass"] and labels & FAILS) and not (verdict == ["fail"] and "acceptable_refusal" in labels):
        sound[record["record_id"]] = verdict[0], labels
result = made.give("label-studio", samples)
told = len(re.findall(r"refused: malformed", result.stderr))
checks.check("label-studio: of annotations that its interface draws each is imported or told", counts(result).get("accepted", 0) == len(sound) and told == len(others) - len(sound)
             and len(sound) > 0, (sound, result.stdout + result.stderr))

# --- Langfuse ---

lines, configs = made.export("langfuse")
found = Vendor("langfuse").ask('''
from langfuse.api.annotation_queues.types.create_annotation_queue_item_request import CreateAnnotationQueueItemRequest as Item
from langfuse.api.score_configs.types.create_score_config_request import CreateScoreConfigRequest as Config
from langfuse.api.commons.types import score as scores
import datetime, pydantic
lines, configs, page = given
wire = {"objectId": "object_id", "objectType": "object_type", "dataType": "data_type"}
back = {name: key for key, name in wire.items()}
def through(model, line):
    unknown = {key for key in line if wire.get(key, key) not in model.model_fields}
    assert not unknown, unknown
    return json.loads(model(**{wire.get(key, key): value for key, value in line.items()}).json())
kinds = {kind: getattr(scores, "Score_" + kind.capitalize()) for kind in ("NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION") if hasattr(scores, "Score_" + kind.capitalize())}
snake = lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name)
said = []
for line in page["data"]:
    model = kinds[line["dataType"]]
    assert not {snake(key) for key in line} - set(model.model_fields), line
    said.append(json.loads(model(**{snake(key): value for key, value in line.items()}).json()))
answer = [[through(Item, line) for line in lines], [through(Config, line) for line in configs], said, sorted(kinds)]
''', [lines, json.loads(configs), annotate("langfuse", of["langfuse"])])
checks.equal("langfuse: each line is a CreateAnnotationQueueItemRequest", found[0], lines)
checks.equal("langfuse: what people are asked are CreateScoreConfigRequests", found[1], json.loads(configs))
checks.check("langfuse: names of scores are ones that it takes", all(re.fullmatch(r"[A-Za-z0-9_ .()-]{1,35}", config["name"]) for config in found[1]))
checks.equal("langfuse: its models know every kind of score that is read", found[3], ["BOOLEAN", "CATEGORICAL", "CORRECTION", "NUMERIC"])
imported("langfuse", {"data": found[2], "meta": {"page": 1}}, {"accepted": 3})

# --- LangSmith ---

lines, rubric = made.export("langsmith")
found = Vendor("langsmith").ask('''
import pydantic
from langsmith.schemas import AnnotationQueueRubricItem, Feedback, RunBase
lines, rubric, feedback = given
runs = []
for line in lines:
    assert not line.keys() - RunBase.model_fields.keys(), line.keys()
    run = RunBase(**line)
    runs.append([str(run.id), run.inputs, run.outputs, run.metadata])
items = pydantic.TypeAdapter(AnnotationQueueRubricItem)
answer = [runs, [dict(items.validate_python(item)) for item in rubric], [json.loads(Feedback(**one).model_dump_json()) for one in feedback]]
''', [lines, json.loads(rubric), annotate("langsmith", of["langsmith"])])
checks.equal("langsmith: each line is a run", found[0], [[line["id"], line["inputs"], line["outputs"], line["extra"]["metadata"]] for line in lines])
checks.equal("langsmith: what people are asked is a rubric", found[1], json.loads(rubric))
imported("langsmith", found[2], {"accepted": 3})

# --- FutureAGI: the client's own methods, with the wire cut ---

lines, labels = made.export("futureagi")
found = Vendor("futureagi").ask('''
import uuid
from fi.queues.client import AnnotationQueue
from fi.queues.types import AddItemsResponse, Score
lines, labels, items = given
client = AnnotationQueue.__new__(AnnotationQueue)
sent = []
client._base_url = "http://futureagi.invalid"
def request(config, handler, **more):
    sent.append([config.url, config.json])
    return {"added": len(lines), "id": "x"}
client.request = request
client.add_items(queue_id=str(uuid.UUID(int=1)), items=lines)
for label in labels:
    client.create_label(**label)
scores = []
for item in items:
    for one in item["annotations"]:
        score = Score(**one, source_type=item["source_type"], source_id=item["source_id"], id=str(uuid.uuid5(uuid.NAMESPACE_URL, item["item_id"] + one["label_name"])))
        scores.append(json.loads(score.model_dump_json(by_alias=True)))
answer = [sent, scores]
''', [lines, json.loads(labels), annotate("futureagi", of["futureagi"])])
checks.equal("futureagi: add_items sends the lines", found[0][0][1], {"items": lines})
checks.equal("futureagi: create_label sends what people are asked", [body for _, body in found[0][1:]], json.loads(labels))
imported("futureagi", found[1], {"accepted": 3})

rows = [json.loads(line) for line in lines_of(made.daemon.run("dataset", "export", "-c", made.daemon.config, check=True).stdout)]
rows = {row["source"]["trace_id"]: row for row in rows}
for tool, traces in mine.items():
    checks.equal(f"{tool}: rows say what was said there", [(rows[trace]["verdict"], rows[trace]["labels"]) for trace in traces[:3]],
                 [("fail", ["unsupported_claim"]), ("pass", []), ("fail", ["wrong_tool"])])
made.daemon.stop()
checks.equal("the state is whole", made.daemon.check_state().returncode, 0)
made.daemon.remove()
checks.finish()
