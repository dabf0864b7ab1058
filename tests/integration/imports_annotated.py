"""Exports of other tools, as these write them, in which people have judged four runs each: one is wrong, one right, one has a label alone, and
one was passed over."""
import datetime, uuid

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
