"""Rows of a dataset and a candidate's answers to them, for tests of the release gate: what a case leaves out is as rows mostly are."""
import hashlib, json, time, uuid

from flywheel.otlp_bytes import attribute, field, fixed64, request, span


def row_id(number):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"row {number}"))


def row(number, question="Is there a fee when I pay early?", intent="mortgage payoff", must=(), must_not=(), expected=None, required=(),
        forbidden=(), **more):
    """`must` and `must_not`: a list of lists of alternatives."""
    identity = row_id(number)
    has_checks = bool(must or must_not or required or forbidden)
    made = {"schema": "flywheel.row/v1", "row_id": identity, "row_revision": 1, "dataset": "flywheel", "dataset_version": 7, "action": "add",
            "split": "eval", "regression": has_checks, "severity": "warn",
            "source": {"trajectory_id": "1" * 32, "trace_id": "1" * 32, "record_id": identity, "record_revision": 1}, "time": {}, "input": question,
            "contexts": [], "expected_kind": "facts" if must or must_not else "answer" if expected else "none",
            "checks": {"must_include": list(must), "must_not_include": list(must_not), "required_tools": list(required),
                       "forbidden_tools": list(forbidden), "volatile_numbers": False},
            "failure_mode": "unsupported_claim", "labels": ["unsupported_claim"], "verdict": "fail", "machine_verdict": "fail",
            "reviewer_status": "approved", "reviewers": 1, "agreement": "single", "cohort": {"intent": intent},
            "route": {"fallback": False, "cache_hit": False}, "agent": {"models": [], "tools": []}, "evaluations": [], "cluster": identity,
            "occurrences": 1, "selection": {}, "ruleset": {}, "label_set": {}, "redaction": {}, "audit": {"sequence": 1, "hash": "0" * 64},
            "sha256": hashlib.sha256(str(number).encode()).hexdigest()}
    if expected:
        made["expected_response"] = expected
    return {**made, **more}


def retired(number):
    made = row(number)
    return {key: made[key] for key in ("schema", "row_id", "dataset", "dataset_version", "split", "regression", "audit")} | {
        "row_revision": 2, "action": "retire", "reason": "retired"}


def put_lines(path, objects):
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects), encoding="utf-8")
    return path


def otlp(answers, questions):
    """The same answers as spans of an agent, one request: what a team's own runner writes."""
    now, spans = time.time_ns(), []
    for number, answer in enumerate(answers, 1):
        trace, root_id = number.to_bytes(16, "big"), number.to_bytes(8, "big")
        events = []
        for name, value in answer.get("scores", {}).items():
            events.append(score_event(now, name, value))
        attributes = {"gen_ai__operation__name": "invoke_agent", "flywheel__row_id": answer["row_id"], "input__value": questions[answer["row_id"]]}
        if answer.get("output"):
            attributes["output__value"] = answer["output"]
        spans.append(span(trace, root_id, b"", "agent", now - 10**9, now, **attributes) + b"".join(field(11, event) for event in events))
        for place, tool in enumerate(answer.get("tool_calls", [])):
            spans.append(span(trace, (1000 * number + place).to_bytes(8, "big"), root_id, tool, now - 9 * 10**8 + place, now - 8 * 10**8 + place,
                              gen_ai__operation__name="execute_tool", gen_ai__tool__name=tool))
        for place, text in enumerate(answer.get("contexts", [])):
            spans.append(span(trace, (500_000 + 1000 * number + place).to_bytes(8, "big"), root_id, "search", now - 9 * 10**8, now - 8 * 10**8,
                              gen_ai__operation__name="retrieval", gen_ai__retrieval__documents=json.dumps([{"content": text}])))
    return request(spans)


def score_event(now, name, value):
    """An evaluator's word."""
    return (fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", name)
            + attribute(3, "gen_ai.evaluation.score.value", float(value)))
