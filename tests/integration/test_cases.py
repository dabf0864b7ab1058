"""Small requests, each after a fault that people reported of trace tools, are read as a person reads them."""
import json
import math

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.places import root

CASES = root / "tests/data/cases"


def read(record):
    """The fields that cases state, from a record."""
    steps, usage, signals = record["steps"], record["usage"], record["signals"]
    cohort, tools = record["cohort"], [step for step in steps if step["kind"] == "tool"]
    numeric = [e.get("value") for e in record["evaluations"] if e["measurement"] == "groundedness.numeric"]
    return {
        "input": record.get("input"),
        "output": record.get("output"),
        "tools": [step.get("tool") for step in tools],
        "args": [step.get("arguments") for step in tools],
        "results": [step.get("output") for step in tools],
        "tokens": [usage["input_tokens"], usage["output_tokens"]],
        "cost": usage.get("cost_usd"),
        "llm_calls": usage["llm_calls"],
        "docs": [context.get("text") for context in record["contexts"] if context["source"] == "retriever"],
        "session": record["source"].get("conversation_id"),
        "error": any(step["status"] == "error" for step in steps),
        "errors": signals["errors"],
        "fallback": signals["fallback"],
        "finish": signals["finish_reasons"],
        "labels": record["labels"],
        "route": cohort.get("model_route"),
        "tool_path": cohort.get("tool_path"),
        "agent": record.get("agent", {}).get("name"),
        "groundedness.numeric": numeric[0] if numeric else None,
    }


def is_same(wanted, found):
    is_number = isinstance(wanted, float) and isinstance(found, (int, float))
    return wanted == found or (is_number and math.isclose(wanted, found))


args = arguments()
checks = Checks()
for name, case in json.loads((CASES / "expected.json").read_text()).items():
    rules = ["-c", CASES / "numeric.yaml"] if "groundedness.numeric" in case["right"] else []
    done = processes.run(args.flywheel, "replay", *rules, "--all", CASES / f"{name}.otlp.json")
    found = read(json.loads(done.stdout.splitlines()[0]))
    wrong = [f"{key}: right {wanted!r}, read {found[key]!r}"
             for key, wanted in case["right"].items() if not is_same(wanted, found[key])]
    checks.check("; ".join([name, *wrong]), not wrong)
checks.finish()
