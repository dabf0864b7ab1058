"""Review records on stdin, one JSON object a line, against proto/review.schema.json: valid, keys in the order of the
schema, evidence inside the text that it names. `flywheel replay --all tests/data/corpus/* | python3 record_schema.py`
Needs jsonschema. Exit code 1 names the first mistakes."""
import json
import pathlib
import sys

import jsonschema

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "proto/review.schema.json").read_text(encoding="utf-8"))


def evidence_text(record, place):
    """The text that an offset counts in; a cut text can't tell, and neither can a step that was left out."""
    steps = {step["span_id"]: step for step in record["steps"]}
    step, field = steps.get(place["span_id"], {}), place["field"]
    if field in ("output", "input"):
        return record.get(field, step.get(field))
    if field == "context":
        texts = [context.get("text", "") for context in record["contexts"] if context["span_id"] == place["span_id"]]
        return max(texts, key=len, default=None)
    return step.get(field.removeprefix("step_"))


def mistakes(record, validator):
    for error in validator.iter_errors(record):
        yield f"{error.json_path}: {error.message}"
    if [key for key in SCHEMA["properties"] if key in record] != list(record):
        yield "keys are not in the order of the schema"
    for evaluation in record["evaluations"]:
        for place in evaluation["evidence"]:
            text = evidence_text(record, place)
            if not record["truncation"] and (text is None or not place["start"] <= place["end"] <= len(text)):
                yield f"evidence of {evaluation['rule']} is outside of its text: {place}"


def main():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    count, found = 0, []
    for line in sys.stdin:
        record = json.loads(line)
        count += 1
        found += [f"{record.get('record_id')}: {mistake}" for mistake in mistakes(record, validator)]
    print(f"{count} records, {len(found)} mistakes", *found[:20], sep="\n")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
