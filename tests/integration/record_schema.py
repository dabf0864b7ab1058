"""Review records on stdin, one JSON object a line, against proto/review.schema.json: valid, keys in the order of the
schema, evidence inside the text that it names. `flywheel replay --all tests/data/corpus/* | python3 record_schema.py`
Needs jsonschema. Exit code 1 names the first mistakes."""
import json
import pathlib
import sys

import jsonschema

SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "proto/review.schema.json").read_text(encoding="utf-8"))


def strict(schema):
    """The schema allows members to come; what is written today it knows all."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(part) for key, part in schema.items()}
    return closed | ({"additionalProperties": False} if "properties" in closed and closed.get("type") == "object" else {})


def pointed_at(record, pointer):
    """The value at a JSON pointer (RFC 6901)."""
    value = record
    for name in pointer.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


def evidence_mistake(record, place):
    """A cut text can't tell, and neither can one that was left out; the quote then has to."""
    if "pointer" not in place:
        return None if record["truncation"] else "points nowhere"
    try:
        text = pointed_at(record, place["pointer"])
    except (KeyError, IndexError):
        return "points to nothing"
    said = text[place["start"]:place["end"]]
    field = {"context": "text"}.get(place["field"], place["field"].removeprefix("step_"))
    if place["pointer"].rsplit("/", 1)[1] != field:
        return "names another field"
    if len(said) != place["end"] - place["start"] or not said:
        return None if any(t["field"].replace("[", "/").replace("].", "/") == place["pointer"][1:] for t in record["truncation"]) else "is outside of its text"
    owner = pointed_at(record, place["pointer"].rsplit("/", 1)[0])
    if "span_id" in owner and owner["span_id"] != place["span_id"]:
        return "names another span"
    if place.get("quote", said) != said:
        return "quotes something else"
    return None if "quote" in place or len(said) > 160 or record["truncation"] else "has no quote"


def mistakes(record, validator):
    for error in validator.iter_errors(record):
        yield f"{error.json_path}: {error.message}"
    if [key for key in SCHEMA["properties"] if key in record] != list(record):
        yield "keys are not in the order of the schema"
    for evaluation in record["evaluations"]:
        for place in evaluation["evidence"]:
            if mistake := evidence_mistake(record, place):
                yield f"evidence of {evaluation['rule']} {mistake}: {place}"


def main():
    validator = jsonschema.Draft202012Validator(strict(SCHEMA))
    count, found = 0, []
    for line in sys.stdin:
        record = json.loads(line)
        count += 1
        found += [f"{record.get('record_id')}: {mistake}" for mistake in mistakes(record, validator)]
    print(f"{count} records, {len(found)} mistakes", *found[:20], sep="\n")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
