"""A daemon with open items, in a queue that is blind and in one that is not; and exports of other tools, as these write them, in which people have judged four runs each: one is wrong, one right, one has a label alone, and
one was passed over."""
import datetime, json, time, uuid

from flywheel.daemon import Daemon, lines_of
from flywheel.otlp_bytes import request, span

HOSTILE = 'no fee applies </Text> "quoted" ]]> {{x}} \u202e \U0001f600'
PIPELINE = """trajectory: { settle: 50ms }
selection: { budget: {} }
rules:
  - { name: failed_hard, measure: 'attributes["wrongness"]', fail_above: 0, queue: review, labels: [wrong_tool], when: 'intent != "shown"' }
  - { name: failed_here, measure: 'attributes["wrongness"]', fail_above: 0, queue: shown, labels: [wrong_tool], when: 'intent == "shown"' }
"""
BASE = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=123000)


def at(minutes, zone="Z"):
    return (BASE + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%f") + zone


def expected(record):
    return f"A fee of 2 % applies to {record['source']['trace_id'][-2:]}."


def label_studio(records, verdict, minutes):
    asha = {"id": 3, "email": "asha@bank.example", "first_name": "Asha", "last_name": "", "avatar": None}
    said = [{"verdict": [verdict], "labels": ["unsupported_claim"], "expected_response": [expected(records[0])], "comment": ["see the terms"]},
            {"verdict": ["pass"]}, {"verdict": ["fail"], "labels": ["wrong_tool"]}, None]
    texts = ("expected_response", "comment")

    def region(number, name, values):
        kind = "textarea" if name in texts else "choices"
        return {"id": f"r{number}", "type": kind, "value": {"text" if kind == "textarea" else "choices": values}, "origin": "manual", "to_name": "output", "from_name": name}

    return [{"id": 100 + i, "inner_id": i + 1, "annotations": [
        {"id": 500 + i, "completed_by": asha, "result": [region(n, name, values) for n, (name, values) in enumerate((said[i] or {}).items())],
         "was_cancelled": said[i] is None, "ground_truth": False, "created_at": at(minutes - 1), "updated_at": at(minutes), "draft_created_at": None, "lead_time": 31.4,
         "prediction": {}, "result_count": 0, "unique_id": str(uuid.UUID(int=i)), "import_id": None, "last_action": None, "bulk_created": False, "task": 100 + i,
         "project": 1, "updated_by": 3, "parent_prediction": None, "parent_annotation": None, "last_created_by": None}],
        "file_upload": "tasks.json", "drafts": [], "predictions": [], "data": {"record_id": record["record_id"], "input": record["input"], "output": record["output"],
                                                                              "history": [], "contexts": [], "steps": []},
        "meta": {"from": "flywheel", "record_id": record["record_id"]}, "created_at": at(-60), "updated_at": at(minutes), "allow_skip": True, "project": 1}
        for i, record in enumerate(records)]


def langfuse(records, verdict, minutes):
    def score(number, record, name, kind, value, text=None, source="ANNOTATION", comment=None):
        return {"id": f"score-{number}", "traceId": record["source"]["trace_id"], "observationId": None, "sessionId": None, "datasetRunId": None, "name": name,
                "source": source, "dataType": kind, "value": value, **({"stringValue": text} if text is not None else {}), "comment": comment,
                "authorUserId": "clw0asha", "metadata": {}, "configId": "c", "queueId": "q", "environment": "default",
                "timestamp": at(minutes), "createdAt": at(minutes), "updatedAt": at(minutes)}

    wrong, right, labelled, other = records
    return {"data": [score(1, wrong, "verdict", "CATEGORICAL", 1, verdict, comment="see the terms"),
                     score(2, labelled, "wrong_tool", "BOOLEAN", 1, "True"),
                     score(3, right, "verdict", "CATEGORICAL", 0, "pass"), score(4, right, "unsupported_claim", "BOOLEAN", 0, "False"),
                     score(5, wrong, "unsupported_claim", "BOOLEAN", float(verdict == "fail"), str(verdict == "fail")),
                     score(6, wrong, "output", "CORRECTION", 0, expected(wrong)), score(7, other, "helpfulness", "NUMERIC", 0.4),
                     score(8, other, "verdict", "NUMERIC", 1, source="EVAL")], "meta": {"page": 1, "limit": 50, "totalItems": 8, "totalPages": 1}}


def langsmith(records, verdict, minutes):
    def feedback(number, record, key, score=None, value=None, kind="app", **more):
        return {"id": str(uuid.UUID(int=1000 + number)), "created_at": at(minutes, ""), "modified_at": at(minutes, "+00:00"), "run_id": record["record_id"],
                "trace_id": record["record_id"], "session_id": str(uuid.UUID(int=1)), "key": key, "score": score, "value": value, "comment": None, "correction": None,
                "feedback_group_id": None, "comparative_experiment_id": None, "feedback_source": {"type": kind, "metadata": {}, "user_id": str(uuid.UUID(int=2)),
                                                                                                  "user_name": "Asha"}, "extra": None, **more}

    wrong, right, labelled, other = records
    return [feedback(1, wrong, "verdict", 0.0, verdict, comment="see the terms", correction={"output": expected(wrong)}), feedback(2, wrong, "unsupported_claim", 1.0),
            feedback(3, right, "verdict", 1.0), feedback(4, labelled, "verdict", 0, "fail"), feedback(5, labelled, "labels", 0, "Wrong tool"),
            feedback(6, other, "note", comment=None), feedback(7, other, "verdict", 0.0, kind="model")]


def futureagi(records, verdict, minutes):
    def score(name, value, source="human", notes=""):
        return {"label_id": str(uuid.UUID(int=len(name))), "label_name": name, "value": value, "notes": notes, "annotator_id": str(uuid.UUID(int=5)), "annotator_name": "Asha",
                "annotator_email": "asha@bank.example", "score_source": source, "created_at": at(minutes, "+00:00"), "updated_at": at(minutes, "+00:00")}

    def item(number, record, annotations):
        return {"item_id": str(uuid.UUID(int=number)), "source_type": "trace", "source_id": str(uuid.UUID(record["source"]["trace_id"])), "status": "completed",
                "order": number, "annotations": annotations}

    wrong, right, labelled, other = records
    return [item(1, wrong, [score("verdict", {"selected": [verdict]}, notes="see the terms"), score("labels", {"selected": ["unsupported_claim"]}),
                            score("expected_response", {"text": expected(wrong)})]),
            item(2, right, [score("verdict", {"value": "up"})]), item(3, labelled, [score("labels", ["wrong_tool"])]),
            item(4, other, [score("verdict", "fail", source="auto"), score("stars", {"rating": 3})])]


def annotate(tool, records, verdict="fail", minutes=0):
    """What the tool exports when people have judged these four."""
    return {"label-studio": label_studio, "langfuse": langfuse, "langsmith": langsmith, "futureagi": futureagi}[tool](records, verdict, minutes)


def trace_of(number):
    return number.to_bytes(16, "big").hex()


def body(first, count, intent):
    now = time.time_ns()
    return request([span(trace.to_bytes(16, "big"), trace.to_bytes(8, "big"), b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", intent=intent,
                         input__value=f"question {trace}", output__value=f"answer {trace}: {HOSTILE}", wrongness=1) for trace in range(first, first + count)])


class ImportsDaemon:
    def __init__(self, flywheel, review=', queues: { "*": { overlap: 0 }, shown: { blind: off } }', is_started=True):
        self.daemon = Daemon(flywheel, PIPELINE, review=review)
        if is_started:
            self.daemon.start()

    def send(self, hidden, shown):
        """Runs from 1 on of the blind queue, from 101 on of the other; their records by trace."""
        self.daemon.send(*(body(first, count, intent) for first, count, intent in ((1, hidden, "hidden"), (101, shown, "shown")) if count))
        self.daemon.wait(lambda: self.daemon.line_count() == hidden + shown)
        return {record["source"]["trace_id"]: record for record in self.daemon.records()}

    def export(self, form, *more):
        """The items in that tool's form, and what its people are asked."""
        path = self.daemon.directory / f"{form}.out"
        self.daemon.run("queue", "export", "-c", self.daemon.config, "--format", form, "-o", path, *more, check=True)
        beside = self.daemon.directory / (f"{form}.out.config." + ("xml" if form == "label-studio" else "json"))
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if form == "label-studio" else [json.loads(line) for line in lines_of(text)], beside.read_text(encoding="utf-8")

    def give(self, tool, exported, *more):
        """What the tool exported is imported."""
        path = self.daemon.directory / f"{tool}-reviews.json"
        path.write_text(exported if isinstance(exported, str) else json.dumps(exported, indent=1), encoding="utf-8")
        return self.daemon.run("results", "import", "-c", self.daemon.config, "--from", tool, *more, path)
