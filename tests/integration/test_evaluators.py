"""Measurements through the whole program: what an application says of itself by attributes, what tools said as evidence,
and what the shipped rules make of expected answers."""

import json
import pathlib
import tempfile

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import lines_of
from flywheel.otlp_bytes import request, span

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND


def replay(flywheel, config, runs):
    """The record of each run: {name: (attributes of the root, [(tool, arguments, result)])}"""
    spans = []
    for number, (name, (attributes, tools)) in enumerate(runs.items(), 1):
        trace, start, root = number.to_bytes(16, "big"), START + number * SECOND, (number * 100).to_bytes(8, "big")
        spans.append(span(trace, root, None, "invoke_agent", start, start + SECOND // 2, gen_ai__operation__name="invoke_agent",
                          intent=name, **attributes))
        for i, (tool, given, result) in enumerate(tools):
            spans.append(span(trace, (number * 100 + i + 1).to_bytes(8, "big"), root, f"execute_tool {tool}", start + 10 * i + 10,
                              start + 10 * i + 15, gen_ai__operation__name="execute_tool", gen_ai__tool__name=tool,
                              gen_ai__tool__call__arguments=json.dumps(given), gen_ai__tool__call__result=result))
    with tempfile.TemporaryDirectory() as directory:
        path, body = pathlib.Path(directory) / "pipeline.yaml", pathlib.Path(directory) / "runs.pb"
        body.write_bytes(request(spans))
        given = ["-c", path] if config else []
        path.write_text(config or "", encoding="utf-8")
        out = processes.run(flywheel, "replay", *given, "--all", body, check=True).stdout
    return {record["cohort"]["intent"]: record for record in map(json.loads, lines_of(out))}


def evaluation(record, rule):
    return next(found for found in record["evaluations"] if found["rule"] == rule)


def own_attributes(checks, flywheel):
    config = ("rules:\n"
              "  - { name: csat, measure: 'attributes[\"app.csat\"]', fail_below: 3, borderline_below: 4, judges: true }\n"
              "  - { name: big, measure: steps, when: 'attributes[\"app.amount\"] > 100', fail_above: 0 }\n")
    values = {"number": 5, "text": " 4.5 ", "low": "2", "flag": True, "word": "good", "none": None}
    runs = {name: ({} if value is None else {"app__csat": value}, []) for name, value in values.items()}
    runs["amount"] = ({"app__amount": "250.00"}, [])
    runs["small"] = ({"app__amount": "9"}, [])
    records = replay(flywheel, config, runs)
    found = {name: evaluation(records[name], "csat") for name in values}
    checks.check("a number, a text that writes one and a flag are values",
                 [found[name].get("value") for name in ("number", "text", "low", "flag")] == [5, 4.5, 2, 1], str(found))
    checks.check("other texts and absence are na", [found[name].get("na_reason") for name in ("word", "none")] == ["no_value", "missing"])
    checks.check("its pass is evidence where the rule says so, its fail always",
                 [records[name]["verdict"] for name in ("number", "low", "none")] == ["pass", "fail", "unscored"])
    checks.check("a number written as text compares as a number in a condition",
                 [evaluation(records[name], "big")["outcome"] for name in ("amount", "small", "none")] == ["fail", "na", "na"])


def tools_as_evidence(checks, flywheel):
    result = "The payoff of loan LN-7 is 1,200 dollars, valid ten days."
    runs = {"right": ({"input__value": "What is the payoff?", "output__value": "The payoff of loan LN-7 is 1,200 dollars."},
                      [("lookup", {"loan": "LN-7"}, result)]),
            "wrong": ({"input__value": "What is the payoff?", "output__value": "The payoff of loan LN-7 is 1,900 dollars."},
                      [("lookup", {"loan": "LN-7"}, result)]),
            "foreign": ({"input__value": "What is the payoff?", "output__value": "Penguins swim below antarctic glaciers."},
                        [("lookup", {"loan": "LN-7"}, result)])}
    records = replay(flywheel, None, runs)
    checks.check("results of tools are contexts that say so",
                 [(one["text"], one["source"]) for one in records["right"]["contexts"]] == [(result, "tool")])
    checks.check("an answer that repeats them has nothing against it", records["right"]["verdict"] == "unscored")
    checks.check("a number that contradicts them is looked at", evaluation(records["wrong"], "unsupported_numbers")["outcome"] == "borderline")
    checks.check("so is an answer of something else", evaluation(records["foreign"], "unsupported_words")["outcome"] == "borderline")


def expected_answers(checks, flywheel):
    runs = {"right": ({"output__value": "It opened in May 1889, for a world fair.", "expected_output": "1889"}, []),
            "half": ({"output__value": "Gustave built it.", "expected_output": "Gustave Eiffel | A. G. Eiffel"}, []),
            "wrong": ({"output__value": "It opened in 1901.", "expected_output": "1889"}, [])}
    records = replay(flywheel, None, runs)
    checks.check("a sentence around the expected words passes, half of them is looked at, none of them fails",
                 [records[name]["verdict"] for name in runs] == ["pass", "borderline", "fail"],
                 str([evaluation(record, "wrong_answer") for record in records.values()]))
    names = ["Lutetia", "City of Light", "Paris"]
    forms = {"list": names, "text of a list": json.dumps(names), "repr of a list": repr(names), "bars": " | ".join(names),
             "numbers": [1889, 1890], "object": json.dumps({"answers": names})}
    runs = {name: ({"output__value": "It is Paris, in 1890.", "expected_output": form}, []) for name, form in forms.items()}
    records = replay(flywheel, "rules:\n  - { name: recall, measure: ground_truth.recall, fail_below: 1 }\n"
                               "  - { name: contains, measure: ground_truth.contains, fail_below: 1 }\n", runs)
    for rule in ("recall", "contains"):
        found = {name: evaluation(record, rule).get("value") for name, record in records.items()}
        checks.check(f"of several expected answers the best counts, however they are listed: {rule}",
                     found == dict.fromkeys(forms, 1), str(found))


def calls_with_arguments(checks, flywheel):
    config = ("measurements:\n  trajectory:\n    reference: { '*': [find, 'transfer {\"to\": \"A-1\", \"amount\": 100}'] }\n"
              "    arguments: { %s }\nrules:\n"
              "  - { name: exact, measure: trajectory.exact, fail_below: 1 }\n"
              "  - { name: order, measure: trajectory.in_order, fail_below: 1 }\n"
              "  - { name: recall, measure: trajectory.recall, fail_below: 1 }\n")
    first = ("find", {"name": "Roe"}, "found")
    runs = {"same": ({}, [first, ("transfer", {"amount": 100.0, "to": "A-1"}, "done")]),
            "text": ({}, [first, ("mcp__bank__transfer", {"amount": "100", "to": "A-1"}, "done")]),
            "more": ({}, [first, ("transfer", {"amount": 100, "to": "A-1", "note": "rent"}, "done")]),
            "other": ({}, [first, ("transfer", {"amount": 1000, "to": "A-1"}, "done")]),
            "less": ({}, [first, ("transfer", {"to": "A-1"}, "done")]),
            "none": ({}, [first])}
    for mode, right in (("", {"same", "text", "more"}), ("exact: [transfer]", {"same", "text"}),
                        ("ignore: [transfer]", {"same", "text", "more", "other", "less"}),
                        ("ignore: ['*'], exact: [transfer]", {"same", "text"})):
        records = replay(flywheel, config % mode, runs)
        for rule in ("exact", "order", "recall"):
            found = {name for name, record in records.items() if evaluation(record, rule)["outcome"] == "pass"}
            checks.check(f"arguments {mode or 'by default'}, {rule}: {sorted(right)} agree", found == right, str(sorted(found)))
        checks.check("half of the calls is found where one differs", evaluation(records["none"], "recall")["value"] == 0.5)


given = arguments()
checks = Checks()
own_attributes(checks, given.flywheel)
tools_as_evidence(checks, given.flywheel)
expected_answers(checks, given.flywheel)
calls_with_arguments(checks, given.flywheel)
checks.finish()
