"""What Flywheel measures against others' implementations, pinned by version, on random runs (at least 200 each):

  tool_selection.accuracy, step_efficiency   ai-evaluation 1.1.0, its own classes
  trajectory.exact, .any_order               agentevals 0.0.9, the scorers of modes strict, superset and unordered
  trajectory.in_order, .precision, .recall   the formulas that Vertex AI publishes, written here: there is no package
  tool_args.valid                            jsonschema 4.26.0, Draft 2020-12
  ground_truth.*, context_relevance.*        the formulas of SQuAD and Ragas, written here over plain words
  duration quantiles (cohorts/sketch)        ddsketch 3.0.1

Flywheel runs as `replay --all` over OTLP made here; the sketch answers through sketch_driver.c. ai-evaluation and
agentevals want an older openai, litellm, LangChain and more that their arithmetic does not use: they are installed without
dependencies into a directory of their own, and their packages' __init__ files are passed over.

Where we differ, and why; each is asserted below, so that a change of either side is seen:

  D1 No call where a tool is required: ai-evaluation says 1.0 ("No tool calls made"), we say 0. Nothing was selected.
     No call and nothing required: it says 1.0, we say na(no_calls): there is nothing to judge.
  D2 ai-evaluation's share of valid tools is over distinct names, ours over calls, so that a tool called ten times weighs
     ten times. The oracle is given each repeated call as a tool of its own.
  D3 A required tool is valid for us though it was not offered.
  D4 Without a budget ai-evaluation takes 10 steps for one; without calls it adds the whole weight of failures. We leave out
     what is not known and let the rest weigh in its place.
  D5 It rounds to four places; so does this comparison.
  D6 agentevals compares arguments too; we compare names (its mode "ignore"). We call nothing expected and nothing called
     a match, as it does.
  D7 A trajectory without any call has precision 0 where something is expected: 0/0 is not a success.
  D8 tool_args.valid reads the first level of a schema only; the schemas made here have one level.
  D9 The sketch joins neighboring bins above 128 of them (level L squares gamma L times), where ddsketch collapses the
     lowest; the oracle has the relative accuracy of that level and no limit. Below 0.001 ms is 0 for us.
"""
# peer: ai-evaluation, agentevals and ddsketch

import collections
import fractions
import importlib
import json
import pathlib
import random as random_module
import subprocess
import sys
import tempfile
import types

import ddsketch
import jsonschema

from flywheel import places, processes
from flywheel.checks import Checks
from flywheel.checks import arguments as given_arguments
from flywheel.daemon import lines_of
from flywheel.otlp_bytes import field, request, span

PINNED = {"ai-evaluation": "1.1.0", "agentevals": "0.0.9"}
CASES = 250
SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND


def install():
    """Wheels alone, once for each set of versions."""
    target = places.root / "build/oracles" / "-".join(f"{name}-{version}" for name, version in sorted(PINNED.items()))
    if not (target / "agentevals").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target",
                        str(target), *(f"{name}=={version}" for name, version in PINNED.items())], check=True)
    sys.path.insert(0, str(target))
    return target


def package_without_init(name, directory):
    module = types.ModuleType(name)
    module.__path__ = [str(directory)]
    sys.modules[name] = module


def load_ai_evaluation(target):
    for name in ("fi", "fi.evals", "fi.evals.metrics"):
        package_without_init(name, target / name.replace(".", "/"))
    return importlib.import_module("fi.evals.metrics.agents.metrics"), importlib.import_module("fi.evals.metrics.agents.types")


def load_agentevals():
    """Its modules name LangChain's and openevals' only for wrappers that are not called here."""
    for name, members in {"langchain_core": {}, "langchain_core.messages": {"BaseMessage": type("BaseMessage", (), {})},
                          "langchain_core.messages.utils": {"convert_to_openai_messages": list}, "openevals": {},
                          "openevals.types": collections.defaultdict(lambda: object),
                          "openevals.utils": {"_run_evaluator": None, "_arun_evaluator": None}}.items():
        module = types.ModuleType(name)
        module.__dict__.update(members)
        if name == "openevals.types":
            module.__getattr__ = lambda _: object
        sys.modules[name] = module
    package_without_init("agentevals.trajectory", pathlib.Path(importlib.import_module("agentevals").__path__[0]) / "trajectory")
    return {mode: importlib.import_module(f"agentevals.trajectory.{mode}")._scorer
            for mode in ("strict", "unordered", "superset")}


# --- runs -----------------------------------------------------------------------------------------------------------------


def trace(number, calls, definitions=(), failed=(), root=None):
    """One agent run: the agent, a model call that is offered tools, then the tool calls."""
    trace_id = number.to_bytes(16, "big")
    ids = [(number * 100 + i).to_bytes(8, "big") for i in range(len(calls) + 2)]
    start = START + number * SECOND
    attributes = {"gen_ai__operation__name": "invoke_agent", "intent": f"case-{number}", **(root or {})}
    out = [span(trace_id, ids[0], None, "invoke_agent", start, start + SECOND, **attributes)]
    offered = {"gen_ai__tool__definitions": json.dumps(definitions)} if definitions else {}
    out.append(span(trace_id, ids[1], ids[0], "chat", start + 1000, start + 2000, gen_ai__operation__name="chat",
                    gen_ai__request__model="m", **offered))
    for i, (name, arguments) in enumerate(calls):
        at = start + (i + 3) * 1000
        one = span(trace_id, ids[i + 2], ids[0], f"execute_tool {name}", at, at + 500, gen_ai__operation__name="execute_tool",
                   gen_ai__tool__name=name, gen_ai__tool__call__arguments=json.dumps(arguments))
        out.append(one + field(15, field(3, 2)) if i in failed else one)
    return out


def replay(flywheel, directory, measurements, config, spans):
    """{case: {measurement: value, or the reason why it is na}}."""
    path = pathlib.Path(directory)
    (path / "runs.pb").write_bytes(request(spans))
    rules = "".join(f"  - {{ name: r{i}, measure: {name}, fail_below: -1 }}\n" for i, name in enumerate(measurements))
    (path / "pipeline.yaml").write_text(f"{config}\nrules:\n{rules}", encoding="utf-8")
    result = processes.run(flywheel, "replay", "-c", path / "pipeline.yaml", "--all", path / "runs.pb", check=True)
    return {record["cohort"]["intent"]: {evaluation["measurement"]: evaluation.get("value", evaluation.get("na_reason"))
                                         for evaluation in record["evaluations"]}
            for record in map(json.loads, lines_of(result.stdout))}


def agree(checks, what, pairs, tolerance=1e-9):
    """Pairs of (found, wanted), of numbers or reasons."""
    wrong = [(found, wanted) for found, wanted in pairs
             if not (found == wanted or (not isinstance(found, str) and not isinstance(wanted, str)
                                         and abs(found - wanted) <= tolerance))]
    checks.check(f"{what}: {len(pairs)} cases", not wrong and len(pairs) >= 200, f"{len(wrong)} differ, such as {wrong[:3]}")


# --- tools ----------------------------------------------------------------------------------------------------------------

NAMES = ["find", "quote", "send", "close", "escalate"]


def random_calls(random):
    calls = [(random.choice(NAMES), {"id": random.randint(1, 3)}) for _ in range(random.choice([0, 1, 2, 3, 5, 9]))]
    return calls, {i for i in range(len(calls)) if random.random() < 0.2}


def tool_oracle(metrics, agent_types, calls, failed, required, available, budget=None):
    """ai-evaluation's input; the agent and the model call are steps without tools."""
    steps = [agent_types.AgentStep(step_number=i + 1) for i in range(2)]
    for i, (name, arguments) in enumerate(calls):
        call = agent_types.ToolCall(name=name, arguments=arguments, success=i not in failed)
        steps.append(agent_types.AgentStep(step_number=i + 3, tool_calls=[call]))
    task = agent_types.TaskDefinition(description="t", required_tools=required or None, max_steps=budget)
    return agent_types.AgentTrajectoryInput(trajectory=steps, task=task, available_tools=available or None)


def tool_selection(checks, flywheel, ai_evaluation, random):
    metrics, agent_types = ai_evaluation
    oracle = metrics.ToolSelectionAccuracy()
    cases, spans, expected = {}, [], []
    for number in range(1, 3 * CASES):
        calls, failed = random_calls(random)
        required = random.sample(NAMES, random.choice([0, 0, 1, 2, 3]))
        offered = random.sample(NAMES, random.choice([0, 2, 4, 5]))
        spans += trace(number, calls, [{"type": "function", "function": {"name": name}} for name in offered], failed)
        if required:
            expected.append(f'"case-{number}": [{", ".join(required)}]')
        cases[f"case-{number}"] = calls, failed, required, offered
    with tempfile.TemporaryDirectory() as directory:
        found = replay(flywheel, directory, ["tool_selection.accuracy"],
                       f"measurements: {{ tool_selection: {{ required: {{ {', '.join(expected)} }} }} }}", spans)
    same, nothing_called, nothing_to_judge = [], [], []
    for case, (calls, failed, required, offered) in cases.items():
        value = found[case]["tool_selection.accuracy"]
        if not calls:  # D1
            official = oracle.compute_one(tool_oracle(metrics, agent_types, calls, failed, required, offered))["output"]
            checks_value = value, 0 if required else "not_configured" if not offered else "no_calls"
            (nothing_called if required else nothing_to_judge).append(checks_value)
            assert official == 1.0
            continue
        if not required and not offered:
            nothing_to_judge.append((value, "not_configured"))
            continue
        seen, named, available = collections.Counter(), [], set(offered) | (set(required) if offered else set())  # D3
        for name, arguments in calls:  # D2
            seen[name] += 1
            own = name if seen[name] == 1 else f"{name}#{seen[name]}"
            if name in available:
                available.add(own)
            named.append((own, arguments))
        official = oracle.compute_one(tool_oracle(metrics, agent_types, named, failed, required, sorted(available)))
        same.append((round(value, 4), official["output"]))  # D5
    agree(checks, "tool_selection.accuracy, ai-evaluation ToolSelectionAccuracy", same, 1.01e-4)
    checks.check("no call of a required tool is 0, not 1 (D1)",
                 nothing_called and all(a == b for a, b in nothing_called), nothing_called[:3])
    checks.check("nothing to judge is na (D1)",
                 nothing_to_judge and all(a == b for a, b in nothing_to_judge), nothing_to_judge[:3])


def step_efficiency(checks, flywheel, ai_evaluation, random):
    metrics, agent_types = ai_evaluation
    oracle = metrics.StepEfficiency()
    cases, spans = {}, []
    for number in range(1, 2 * CASES):
        calls, failed = random_calls(random)
        spans += trace(number, calls, failed=failed)
        cases[f"case-{number}"] = calls, failed
    for budget in (None, 4, 7):
        config = f"measurements: {{ step_efficiency: {{ max_steps: {budget} }} }}" if budget else ""
        with tempfile.TemporaryDirectory() as directory:
            found = replay(flywheel, directory, ["step_efficiency"], config, spans)
        same = []
        for case, (calls, failed) in cases.items():
            official = oracle.compute_one(tool_oracle(metrics, agent_types, calls, failed, None, None, budget))["output"]
            if not budget:  # D4
                official -= 0.4 * min(1, 10 / (len(calls) + 2))
            if not calls:
                official -= 0.3
            official /= (0.4 if budget else 0) + 0.3 + (0.3 if calls else 0)
            same.append((found[case]["step_efficiency"], official))
        agree(checks, f"step_efficiency, ai-evaluation StepEfficiency, {f'budget {budget}' if budget else 'no budget'}", same, 2e-4)


def messages(names):
    """One assistant message for each call, as OpenAI's chat has it."""
    return [{"role": "assistant", "content": "", "tool_calls": [{"id": "", "type": "function",
                                                                  "function": {"name": name, "arguments": "{}"}}]}
            for name in names]


def is_subsequence(reference, predicted):
    rest = iter(predicted)
    return all(name in rest for name in reference)


def trajectories(checks, flywheel, agentevals, random):
    cases, spans, references = {}, [], []
    for number in range(1, 2 * CASES):
        calls, _ = random_calls(random)
        names = [name for name, _ in calls]
        reference = list(names)
        for _ in range(random.choice([0, 0, 1, 2, 3])):  # near enough to be equal now and then
            change = random.choice(["drop", "add", "swap", "none"])
            if change == "drop" and reference:
                reference.pop(random.randrange(len(reference)))
            elif change == "add":
                reference.insert(random.randint(0, len(reference)), random.choice(NAMES))
            elif change == "swap":
                random.shuffle(reference)
        spans += trace(number, calls)
        references.append(f'"case-{number}": [{", ".join(reference)}]')
        cases[f"case-{number}"] = names, reference
    measurements = [f"trajectory.{what}" for what in ("exact", "in_order", "any_order", "precision", "recall")]
    with tempfile.TemporaryDirectory() as directory:
        found = replay(flywheel, directory, measurements,
                       f"measurements: {{ trajectory: {{ reference: {{ {', '.join(references)} }} }} }}", spans)

    def scored(mode, names, reference):
        return float(agentevals[mode](outputs=messages(names), reference_outputs=messages(reference), tool_args_match_mode="ignore"))

    exact, any_order, both, in_order, precision, recall = [], [], [], [], [], []
    for case, (names, reference) in cases.items():
        values = found[case]
        exact.append((values["trajectory.exact"], scored("strict", names, reference)))
        any_order.append((values["trajectory.any_order"], scored("superset", names, reference)))
        both.append((float(values["trajectory.precision"] == 1 and values["trajectory.recall"] == 1),
                     scored("unordered", names, reference)))
        in_order.append((values["trajectory.in_order"], float(is_subsequence(reference, names))))
        common = (collections.Counter(names) & collections.Counter(reference)).total()
        precision.append((values["trajectory.precision"],
                          float(fractions.Fraction(common, len(names))) if names else float(not reference)))  # D7
        recall.append((values["trajectory.recall"], float(fractions.Fraction(common, len(reference))) if reference else 1.0))
    agree(checks, "trajectory.exact, agentevals strict", exact)
    agree(checks, "trajectory.any_order, agentevals superset", any_order)
    agree(checks, "precision and recall 1, agentevals unordered", both)
    agree(checks, "trajectory.in_order, Vertex AI", in_order)
    agree(checks, "trajectory.precision, Vertex AI", precision)
    agree(checks, "trajectory.recall, Vertex AI", recall)


def random_value(random):
    return random.choice(["text", "full", "part", "", 3, -1, 2.5, 4.0, True, None, [], ["a"], {}, {"a": 1}])


def random_schema(random):
    kinds = ["string", "number", "integer", "boolean", "array", "object", "null"]
    properties = {}
    for name in random.sample("abcd", random.randint(1, 4)):
        properties[name] = random.choice([{}, {"type": random.choice(kinds)}, {"type": random.sample(kinds, 2)},
                                          {"type": "string", "enum": ["full", "part"]},
                                          {"type": random.choice(kinds), "description": "d"}])
    schema = {"type": "object", "properties": properties}
    if random.random() < 0.7:
        schema["required"] = random.sample("abcd", random.randint(0, 2))
    if random.random() < 0.5:
        schema["additionalProperties"] = random.random() < 0.3
    return schema


def arguments(checks, flywheel, random):
    wanted, spans = {}, []
    for number in range(1, 3 * CASES):
        schema = random_schema(random)
        given = {name: random_value(random) for name in random.sample("abcde", random.randint(0, 4))}
        for name, kind in schema["properties"].items():  # most calls are right
            if random.random() < 0.6:
                given[name] = {"string": "full", "number": 2.5, "integer": 3, "boolean": True, "array": [], "object": {},
                               "null": None}.get(kind.get("type") if isinstance(kind.get("type"), str) else "string")
        function = {"name": "act", "parameters": schema}
        definition = random.choice([{"type": "function", "function": function}, {"type": "function", **function},
                                    {"name": "act", "input_schema": schema}, {"name": "act", "inputSchema": schema}])
        spans += trace(number, [("act", given)], [definition])
        wanted[f"case-{number}"] = float(jsonschema.Draft202012Validator(schema).is_valid(given))
    with tempfile.TemporaryDirectory() as directory:
        found = replay(flywheel, directory, ["tool_args.valid"], "", spans)
    agree(checks, f"tool_args.valid, jsonschema ({sum(wanted.values()):.0f} valid)",
          [(found[case]["tool_args.valid"], value) for case, value in wanted.items()])


# --- words ----------------------------------------------------------------------------------------------------------------

# Long enough for none to be a stop word of any language.
WORDS = ["payoff", "escrow", "interest", "branch", "mortgage", "holiday", "deadline", "transfer", "penguin", "glacier"]


def sentence(random, low, high):
    return " ".join(random.choice(WORDS) for _ in range(random.randint(low, high)))


def ground_truth(checks, flywheel, random):
    wanted, spans = {}, []
    for number in range(1, CASES + 20):
        answer, expected = sentence(random, 1, 8), sentence(random, 1, 8)
        expected = random.choice([expected, answer, answer.title() + "."])
        spans += trace(number, [], root={"output__value": answer, "input__value": "question", "expected_output": expected})
        a, b = answer.lower().split(), expected.lower().rstrip(".").split()
        common = (collections.Counter(a) & collections.Counter(b)).total()
        f1 = 2 * (common / len(a)) * (common / len(b)) / (common / len(a) + common / len(b)) if common else 0.0
        wanted[f"case-{number}"] = float(a == b), f1
    with tempfile.TemporaryDirectory() as directory:
        found = replay(flywheel, directory, ["ground_truth.exact", "ground_truth.f1"], "", spans)
    agree(checks, "ground_truth.exact, SQuAD", [(found[case]["ground_truth.exact"], one) for case, (one, _) in wanted.items()])
    agree(checks, "ground_truth.f1, SQuAD", [(found[case]["ground_truth.f1"], f1) for case, (_, f1) in wanted.items()])


def context_relevance(checks, flywheel, random):
    wanted, spans = {}, []
    for number in range(1, CASES + 20):
        question = sentence(random, 2, 6)
        documents = list(dict.fromkeys(sentence(random, 1, 6) for _ in range(random.randint(1, 6))))
        run = trace(number, [], root={"input__value": question, "output__value": "answer"})
        trace_id, start = number.to_bytes(16, "big"), START + number * SECOND
        retrieved = {f"retrieval__documents__{i}__document__content": text for i, text in enumerate(documents)}
        run.append(span(trace_id, (number * 100 + 50).to_bytes(8, "big"), (number * 100).to_bytes(8, "big"), "retrieve",
                        start + 100, start + 200, openinference__span__kind="RETRIEVER", **retrieved))
        spans += run
        words = set(question.split())
        shares = [len(words & set(text.split())) / len(words) for text in documents]
        verdicts = [share >= 0.3 for share in shares]
        precisions = [sum(verdicts[:k + 1]) / (k + 1) * verdicts[k] for k in range(len(verdicts))]
        wanted[f"case-{number}"] = {"context_relevance.max": max(shares), "context_relevance.mean": sum(shares) / len(shares),
                                    "context_relevance.ap": sum(precisions) / sum(verdicts) if any(verdicts) else 0.0}
    with tempfile.TemporaryDirectory() as directory:
        found = replay(flywheel, directory, ["context_relevance.max", "context_relevance.mean", "context_relevance.ap"], "", spans)
    for name in ("context_relevance.max", "context_relevance.mean", "context_relevance.ap"):
        agree(checks, f"{name}, Ragas", [(found[case][name], values[name]) for case, values in wanted.items()])


# --- sketch ---------------------------------------------------------------------------------------------------------------


def sketch(checks, random):
    with tempfile.TemporaryDirectory() as directory:
        driver = pathlib.Path(directory) / "sketch_driver"
        sources = [pathlib.Path(__file__).with_name("sketch_driver.c"), places.root / "state/cohorts/sketch.c",
                   places.root / "state/store/value.c", places.root / "processor/base/bytes.c"]
        processes.run("cc", "-std=c11", "-O1", "-g", "-D_GNU_SOURCE", "-fsanitize=address,undefined", f"-I{places.root}", *sources,
                      "-lm", "-o", driver, check=True)
        cases = []
        for _ in range(CASES):
            n = int(10 ** random.uniform(0, 3.3))
            draw = random.choice([lambda: random.lognormvariate(6, 0.3), lambda: random.lognormvariate(5, 3),
                                  lambda: random.choice([0.0, 1e-5, 17.0, 1e9]), lambda: random.uniform(1, 90000)])
            cases.append([draw() for _ in range(n)])
        lines = "".join(f"{random.randint(0, len(values))} {' '.join(map(repr, values))}\n" for values in cases)
        result = processes.run(driver, input=lines, check=True)
    answers = [[float(word) for word in line.split()] for line in result.stdout.splitlines()]
    same, exact, levels = [], [], collections.Counter()
    for values, (level, count, *quantiles) in zip(cases, answers, strict=True):
        levels[int(level)] += 1
        gamma = (1.01 / 0.99) ** 2 ** int(level)
        accuracy = (gamma - 1) / (gamma + 1)
        oracle = ddsketch.DDSketch(relative_accuracy=accuracy)
        kept = [value if value >= 1e-3 else 0.0 for value in values]  # D9
        for value in kept:
            oracle.add(value)
        ordered = sorted(kept)
        assert count == len(values)
        for percent, found in enumerate(quantiles):
            wanted = oracle.get_quantile_value(percent / 100)
            same.append((found / wanted if wanted else found, 1.0 if wanted else 0.0))
            true = ordered[int(percent / 100 * (len(ordered) - 1))]
            exact.append(abs(found - true) <= accuracy * true * (1 + 1e-9))
    agree(checks, f"sketch, ddsketch, levels {dict(sorted(levels.items()))}", same)
    checks.check(f"sketch is within its accuracy of the true quantile ({len(exact)} quantiles)", all(exact), exact.count(False))


def main():
    given = given_arguments(seed=20260503)
    checks, random = Checks(), random_module.Random(given.seed)
    target = install()
    ai_evaluation, agentevals = load_ai_evaluation(target), load_agentevals()
    tool_selection(checks, given.flywheel, ai_evaluation, random)
    step_efficiency(checks, given.flywheel, ai_evaluation, random)
    trajectories(checks, given.flywheel, agentevals, random)
    arguments(checks, given.flywheel, random)
    ground_truth(checks, given.flywheel, random)
    context_relevance(checks, given.flywheel, random)
    sketch(checks, random)
    checks.finish()


if __name__ == "__main__":
    main()
