"""A labelled set: runs that are right, and the same runs with one fault put in, so that it is known which measurement
should speak up. Texts are those of tests/data/labelled/texts.json in six languages, written for this, and the answers and
tool calls of tests/data/corpus ("recorded").

    labelled_set.py --flywheel BINARY [--write]     prints the tables; --write puts them into processor/score/README.md

A class is one kind of run: right, right but hard to tell (a paraphrase, polling), with a fault that a measurement is meant
to see, or with one that it cannot see by its nature. Precision and recall count the first three; the last are listed beside
them. All choices come from one seed: the tables are the same on every machine.
"""

import json
import pathlib
import random as random_module
import re
import sys
import tempfile

from flywheel import processes
from flywheel.checks import arguments
from flywheel.daemon import lines_of
from flywheel.otlp_bytes import field, request, span
from flywheel.places import corpus, root

README = root / "processor/score/README.md"
BEGIN, END = "<!-- labelled set: begin -->", "<!-- labelled set: end -->"
SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND
MAX_STEPS = 8

# What counts as flagged: the thresholds of pipelines/default.yaml, or ones stated here (*).
FLAGS = {
    "groundedness.lexical": ("< 0.55", lambda value: value < 0.55),
    "groundedness.lexical at 0.8": ("< 0.8 *", lambda value: value < 0.8),
    "groundedness.numeric": ("< 1", lambda value: value < 1),
    "citation.validity": ("< 1 *", lambda value: value < 1),
    "context_relevance.max": ("< 0.25", lambda value: value < 0.25),
    "context_relevance.mean": ("< 0.1 *", lambda value: value < 0.1),
    "context_relevance.ap": ("< 0.5 *", lambda value: value < 0.5),
    "ground_truth.exact": ("< 1 *", lambda value: value < 1),
    "ground_truth.f1": ("< 0.8 *", lambda value: value < 0.8),
    "ground_truth.recall": ("< 0.5", lambda value: value < 0.5),
    "ground_truth.recall at 1": ("< 1", lambda value: value < 1),
    "ground_truth.contains": ("< 1 *", lambda value: value < 1),
    "refusal": ("> 0", lambda value: value > 0),
    "leak": ("> 0 *", lambda value: value > 0),
    "output.contract": ("< 1 *", lambda value: value < 1),
    "tool_selection.accuracy": ("< 0.8", lambda value: value < 0.8),
    "tool_selection.accuracy at 1": ("< 1 *", lambda value: value < 1),
    "tool_args.valid": ("< 1 *", lambda value: value < 1),
    "trajectory.exact": ("< 1 *", lambda value: value < 1),
    "trajectory.in_order": ("< 1 *", lambda value: value < 1),
    "trajectory.any_order": ("< 1 *", lambda value: value < 1),
    "trajectory.precision": ("< 1 *", lambda value: value < 1),
    "trajectory.recall": ("< 1 *", lambda value: value < 1),
    "loop": ("< 0.7", lambda value: value < 0.7),
    "step_efficiency": ("< 0.8 *", lambda value: value < 0.8),
}

LEXICAL = ("groundedness.lexical", "groundedness.lexical at 0.8")
RELEVANCE = ("context_relevance.max", "context_relevance.mean", "context_relevance.ap")
RECALL = ("ground_truth.recall", "ground_truth.recall at 1", "ground_truth.contains")
TRUTH = ("ground_truth.exact", "ground_truth.f1", *RECALL)
TRAJECTORY = tuple(f"trajectory.{what}" for what in ("exact", "in_order", "any_order", "precision", "recall"))
SELECTION = ("tool_selection.accuracy", "tool_selection.accuracy at 1")
TOOLS = (*SELECTION, "tool_args.valid", *TRAJECTORY, "loop", "step_efficiency")

# Class of run: what it should pass, what should flag it, what cannot see it.
CLASSES = {
    "as it was": (LEXICAL + ("groundedness.numeric",) + RELEVANCE + TRUTH + ("refusal", "leak"), (), ()),
    "paraphrase": (LEXICAL + ("ground_truth.f1", *RECALL), (), ()),
    "numbers and dates in another notation": (("groundedness.numeric",), (), ()),
    "a sentence of another topic": ((), LEXICAL + TRUTH, ()),
    "another topic's answer": ((), LEXICAL + TRUTH, ()),
    "a number changed": ((), ("groundedness.numeric", "ground_truth.exact", "ground_truth.recall at 1", "ground_truth.contains"),
                         LEXICAL + ("ground_truth.f1", "ground_truth.recall")),
    "a sentence negated": ((), (), LEXICAL + ("groundedness.numeric", "ground_truth.f1", "ground_truth.recall")),
    "the right document not retrieved": ((), LEXICAL + ("context_relevance.max", "context_relevance.mean"), ()),
    "the right document ranked last": (("context_relevance.max",), ("context_relevance.ap",), ()),
    "citations of retrieved documents": (("citation.validity",), (), ()),
    "a citation of a missing document": ((), ("citation.validity",), ()),
    "a citation of the wrong document": ((), (), ("citation.validity",)),
    "a refusal": ((), ("refusal",), ()),
    "an apology that helps": (("refusal",), (), ()),
    "a refusal without the usual words": ((), (), ("refusal",)),
    "an address, card number or key told": ((), ("leak",), ()),
    "the user's own address repeated": (("leak",), (), ()),
    "a stranger's name and street told": ((), (), ("leak",)),
    "JSON as demanded": (("output.contract",), (), ()),
    "a key missing, prose around it, cut off": ((), ("output.contract",), ()),
    "a wrong value in the right form": ((), (), ("output.contract",)),
    "calls as they were": (TOOLS, (), ()),
    "a failed call repeated with success": (SELECTION + ("tool_args.valid", "trajectory.in_order", "loop"), (), ()),
    "pages of one tool": (("tool_args.valid", "loop"), (), ()),
    "polling one tool": (("tool_args.valid", "loop"), (), ()),
    "a tool swapped for another": ((), SELECTION + TRAJECTORY, ()),
    "a tool that was not offered": ((), SELECTION + TRAJECTORY, ()),
    "a call dropped": ((), SELECTION + ("trajectory.exact", "trajectory.in_order", "trajectory.any_order", "trajectory.recall"), ()),
    "order of calls reversed": (("trajectory.any_order", "trajectory.precision", "trajectory.recall"),
                                ("trajectory.exact", "trajectory.in_order"), SELECTION),
    "a step repeated six times": (("tool_args.valid", "trajectory.in_order", "trajectory.recall"),
                                  ("loop", "step_efficiency", "trajectory.exact", "trajectory.precision"), ()),
    "two steps in turn, six times": (("tool_args.valid",), ("loop", "step_efficiency"), ()),
    "an argument dropped": ((), ("tool_args.valid",), TRAJECTORY),
    "an argument of another type": ((), ("tool_args.valid",), ()),
    "an argument with a wrong value": ((), (), ("tool_args.valid",) + SELECTION),
}

NEGATIONS = {"en": [(" is ", " is not "), (" are ", " are not ")], "de": [(" gilt ", " gilt nicht "), (" beträgt ", " beträgt nicht "),
             (" werden ", " werden nicht ")], "fr": [(" est ", " n'est pas "), (" sont ", " ne sont pas ")],
             "es": [(" es ", " no es "), (" se ", " no se ")], "ja": [("できます", "できません"), ("です", "ではありません")],
             "zh": [("为", "不为"), ("在", "不在")]}
MONTHS = {"en": "May", "de": "Mai", "fr": "mai", "es": "mayo"}


class Run:
    """What one trajectory says. `documents` are (id, text); `calls` are (tool, arguments, failed)."""

    def __init__(self, locale, kind, question="", answer="", documents=(), expected=None, calls=(), offered=(), required=None):
        self.locale, self.kind, self.question, self.answer = locale, kind, question, answer
        self.documents, self.expected, self.calls, self.offered = list(documents), expected, list(calls), list(offered)
        self.required = required


def sentences(text):
    return [part.strip() for part in re.findall(r"[^.。？！?!]*(?:\d[.,]\d[^.。？！?!]*)*[.。？！?!]+", text) if part.strip()]


def with_other_sentence(random, answer, foreign, separator):
    """The last sentence replaced by one of another topic."""
    own, other = sentences(answer), sentences(foreign)
    own[-1] = random.choice(other)
    return separator.join(own)


def change_number(random, text):
    """One digit of one number of at least two digits, or of any."""
    places = [match for match in re.finditer(r"\d[\d.,:\u202f ]*\d|\d", text)]
    match = random.choice([m for m in places if len(m[0]) > 1] or places)
    digits = [i for i in range(match.start(), match.end()) if text[i].isdigit()]
    at = digits[0] if len(digits) < 3 else random.choice(digits[:3])
    changed = str((int(text[at]) + random.randint(1, 8)) % 10)
    if at == digits[0] and changed == "0":
        changed = "9" if text[at] != "9" else "8"
    return text[:at] + changed + text[at + 1:]


def reformat(text, locale):
    """The same values in another notation."""
    month = MONTHS.get(locale)
    if month:
        text = re.sub(rf"3\.? (?:de )?{month} (?:de )?2026", "2026-05-03", text)
        text = re.sub(r"\b1(?:er|\.)? (?:de )?(?:July|Juli|juillet|julio)\b", {"en": "July 1st", "de": "01. Juli", "fr": "1 juillet",
                                                                             "es": "1º de julio"}[locale], text)
    else:
        text = text.replace("2026年5月3日", "2026-05-03")
    swap = str.maketrans(".,", ",.")
    gap = "[., ]" if locale == "fr" else "[.,]"
    return re.sub(rf"(?<!\d)\d{{1,3}}(?:{gap}\d{{3}})+(?:[.,]\d+)?", lambda m: m[0].replace(" ", "'") if " " in m[0] else
                  (m[0].translate(swap) if re.search(r"[.,]\d{1,2}$", m[0]) else re.sub(r"[.,]", "", m[0])), text)


def answers_of(locale, texts, random):
    items = texts["items"]
    separator = "" if locale in ("ja", "zh") else " "
    for i, item in enumerate(items):
        others = [other for j, other in enumerate(items) if j != i]
        distractors = random.sample(others, min(2, len(others)))
        rest = [other for other in others if other not in distractors] or others
        own = (f"KB-{i + 1}", item["document"])
        found = [own] + [(f"KB-{items.index(other) + 1}", other["document"]) for other in distractors]
        strangers = [(f"KB-{items.index(other) + 1}", other["document"]) for other in random.sample(others, min(3, len(others)))]

        def run(kind, answer, documents=found, question=item["question"], expected=None):
            return Run(locale, kind, question, answer, documents, expected)

        yield run("as it was", item["answer"], expected=item["answer"])
        if "paraphrase" in item:
            yield run("paraphrase", item["paraphrase"], expected=item["answer"])
        if reformat(item["answer"], locale) != item["answer"]:
            yield run("numbers and dates in another notation", reformat(item["answer"], locale))
        foreign = random.choice(rest)
        if len(sentences(item["answer"])) > 1 and foreign not in distractors:
            yield run("a sentence of another topic", with_other_sentence(random, item["answer"], foreign["answer"], separator),
                      expected=item["answer"])
        if foreign not in distractors:
            yield run("another topic's answer", foreign["answer"], expected=item["answer"])
        if re.search(r"\d", item["answer"]):
            yield run("a number changed", change_number(random, item["answer"]), expected=item["answer"])
        for old, new in NEGATIONS.get(locale, []):
            if old in item["answer"]:
                yield run("a sentence negated", item["answer"].replace(old, new, 1), expected=item["answer"])
                break
        yield run("the right document not retrieved", item["answer"], strangers)
        yield run("the right document ranked last", item["answer"], found[1:] + found[:1])
        parts = sentences(item["answer"])
        for cited in ("[1]", "[KB-%d]" % (i + 1)):
            yield run("citations of retrieved documents", separator.join(f"{part} {cited}" for part in parts))
        for cited in ("[7]", "[KB-90]", "(source: KB-91)"):
            yield run("a citation of a missing document", separator.join(parts) + " " + cited)
        yield run("a citation of the wrong document", separator.join(parts) + " [2]")
        for told in ("jane.roe@example.com", "4111 1111 1111 1111", "sk-proj-4f9aB2cD8eF1gH6iJ3kL7mN0"):
            yield run("an address, card number or key told", item["answer"] + separator + told)
        yield run("the user's own address repeated", item["answer"] + separator + "jane.roe@example.com",
                  question=item["question"] + " (jane.roe@example.com)")
        yield run("a stranger's name and street told", item["answer"] + separator + "Jane Roe, Elm Street 14")
    for kind, phrases in (("a refusal", "refusals"), ("an apology that helps", "apologies"),
                          ("a refusal without the usual words", "hidden_refusals")):
        for phrase in texts.get(phrases, []):
            yield Run(locale, kind, items[0]["question"], phrase, [("KB-1", items[0]["document"])])


def contracts_of(locale, texts):
    for i, item in enumerate(texts["items"]):
        whole = json.dumps({"answer": item["answer"], "sources": [f"KB-{i + 1}"]}, ensure_ascii=False)
        yield Run(locale, "JSON as demanded", item["question"], whole)
        for broken in (json.dumps({"answer": item["answer"]}, ensure_ascii=False), f"{item['question']} {whole}", whole[:-12]):
            yield Run(locale, "a key missing, prose around it, cut off", item["question"], broken)
        yield Run(locale, "a wrong value in the right form", item["question"], json.dumps({"answer": "no", "sources": []}))


def schema_of(tool, arguments):
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}
    properties = {name: {"type": kinds[type(value)]} for name, value in arguments.items()}
    return {"type": "function", "function": {"name": tool, "parameters": {"type": "object", "properties": properties,
                                                                           "required": list(arguments)}}}


def tools_of(locale, calls, random):
    """Mutations of one right list of calls (tool, arguments)."""
    names = [tool for tool, _ in calls]
    spare = [name for name in ("find_account", "send_mail", "close_case", "get_weather") if name not in names]
    offered = {}
    for tool, arguments in calls:
        offered.setdefault(tool, schema_of(tool, arguments))
    offered = list(offered.values()) + [schema_of(name, {"id": "1"}) for name in spare[:2]]
    right = [(tool, arguments, False) for tool, arguments in calls]

    def run(kind, made):
        return Run(locale, kind, calls=made, offered=offered, required=names)

    at = random.randrange(len(right))
    tool, arguments, _ = right[at]
    yield run("calls as they were", right)
    yield run("a failed call repeated with success", right[:at] + [(tool, arguments, True)] + right[at:])
    yield run("pages of one tool", right[:at] + [(tool, {**arguments, "page": page}, False) for page in range(5)] + right[at:])
    yield run("polling one tool", right[:at] + [(tool, arguments, False)] * 3 + right[at:])
    yield run("a tool swapped for another", right[:at] + [(spare[0], {"id": "1"}, False)] + right[at + 1:])
    yield run("a tool that was not offered", right[:at] + [("delete_all", {"id": "1"}, False)] + right[at + 1:])
    yield run("a call dropped", right[:at] + right[at + 1:])
    if names != names[::-1]:
        yield run("order of calls reversed", right[::-1])
    yield run("a step repeated six times", right[:at] + [(tool, arguments, False)] * 5 + right[at:])
    yield run("two steps in turn, six times", right[:at + 1] + [(spare[0], {"id": "1"}, False), (tool, arguments, False)] * 6
              + right[at + 1:])
    if arguments:
        first = next(iter(arguments))
        less = {name: value for name, value in arguments.items() if name != first}
        yield run("an argument dropped", right[:at] + [(tool, less, False)] + right[at + 1:])
        other = {**arguments, first: {"value": arguments[first]}}
        yield run("an argument of another type", right[:at] + [(tool, other, False)] + right[at + 1:])
        if isinstance(arguments[first], str):
            wrong = {**arguments, first: arguments[first][::-1] + "0"}
            yield run("an argument with a wrong value", right[:at] + [(tool, wrong, False)] + right[at + 1:])


def spans_of(number, run):
    trace_id, start = number.to_bytes(16, "big"), START + number * SECOND
    identify = iter(range(number * 1000, number * 1000 + 1000))
    ids = lambda: next(identify).to_bytes(8, "big")  # noqa: E731
    root = ids()
    attributes = {"gen_ai__operation__name": "invoke_agent", "intent": f"case-{number}", "locale": run.locale}
    for key, value in (("input__value", run.question), ("output__value", run.answer), ("expected_output", run.expected)):
        if value:
            attributes[key] = value
    out = [span(trace_id, root, None, "invoke_agent", start, start + SECOND, **attributes)]
    if run.documents:
        found = {}
        for i, (name, text) in enumerate(run.documents):
            found[f"retrieval__documents__{i}__document__id"] = name
            found[f"retrieval__documents__{i}__document__content"] = text
        out.append(span(trace_id, ids(), root, "retrieve", start + 100, start + 200, openinference__span__kind="RETRIEVER", **found))
    if run.offered:
        out.append(span(trace_id, ids(), root, "chat", start + 300, start + 400, gen_ai__operation__name="chat",
                        gen_ai__request__model="m", gen_ai__tool__definitions=json.dumps(run.offered)))
    for i, (tool, arguments, failed) in enumerate(run.calls):
        one = span(trace_id, ids(), root, f"execute_tool {tool}", start + 1000 + 10 * i, start + 1005 + 10 * i,
                   gen_ai__operation__name="execute_tool", gen_ai__tool__name=tool,
                   gen_ai__tool__call__arguments=json.dumps(arguments))
        out.append(one + field(15, field(3, 2)) if failed else one)
    return out


def replay(flywheel, config, paths):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / "pipeline.yaml"
        file.write_text(config, encoding="utf-8")
        result = processes.run(flywheel, "replay", "-c", file, "--all", *paths, check=True)
    return [json.loads(line) for line in lines_of(result.stdout)]


def recorded(flywheel):
    """Right answers with their documents, and right lists of calls, of the recordings."""
    records = []
    for folder in sorted(path for path in corpus.iterdir() if path.is_dir()):
        records += replay(flywheel, "redaction: { content: full }\nrules: [{ name: r, measure: steps, fail_below: 0 }]\n", [folder])
    items, lists = {}, {}
    for record in records:
        texts = [context["text"] for context in record["contexts"] if context.get("text") and context["source"] == "retriever"]
        # The answer to the flight question is a tool's, not the documents'.
        if texts and record.get("output") and not re.search(r"flight", record.get("input", "")):
            best = max(texts, key=lambda text: len(set(text.lower().split()) & set(record["output"].lower().split())))
            items.setdefault(record["input"], {"question": record["input"], "document": best, "answer": record["output"]})
        calls = [(step["tool"], step.get("arguments"), step["status"]) for step in record["steps"]
                 if step["kind"] == "tool" and step.get("tool")]
        if calls and all(status != "error" and arguments and arguments.startswith("{") for _, arguments, status in calls):
            made = [(tool, json.loads(arguments)) for tool, arguments, _ in calls]
            lists.setdefault(json.dumps(made), made)
    return {"items": [items[key] for key in sorted(items)]}, [lists[key] for key in sorted(lists)]


WRITTEN_CALLS = [
    [("lookup_loan", {"loan_id": "LN-2041"}), ("payoff_quote", {"loan_id": "LN-2041", "days": 10}), ("send_quote", {"to": "customer"})],
    [("find_card", {"last_digits": "4711"}), ("block_card", {"card_id": "C-9", "reason": "lost"})],
    [("get_rates", {"currency": "EUR", "amount": 1250.5})],
    [("lookup_account", {"account": "A-1"}), ("close_account", {"account": "A-1", "signed": True})],
]


def build(flywheel, random):
    written = json.loads((root / "tests/data/labelled/texts.json").read_text(encoding="utf-8"))
    texts, lists = recorded(flywheel)
    runs = []
    for locale, part in [*written.items(), ("recorded", texts)]:
        runs += answers_of(locale, part, random)
        runs += contracts_of(locale, part)
    for locale, calls in [("written", calls) for calls in WRITTEN_CALLS] + [("recorded", calls) for calls in lists]:
        runs += tools_of(locale, calls, random)
    return runs


def measure(flywheel, runs):
    """One dictionary of values (None: na) for each run."""
    measured = sorted({name.split(" at ")[0] for name in FLAGS})
    rules = "".join(f"  - {{ name: r{i}, measure: {name}, fail_below: -1 }}\n" for i, name in enumerate(measured))
    required = ", ".join(f'"case-{number}": [{", ".join(run.required)}]' for number, run in enumerate(runs, 1) if run.required)
    config = (f"measurements:\n  tool_selection: {{ required: {{ {required} }} }}\n"
              f"  step_efficiency: {{ max_steps: {MAX_STEPS} }}\n"
              f"  output_contract: {{ json: true, required_keys: [answer, sources] }}\nrules:\n{rules}")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "runs.pb"
        path.write_bytes(request([one for number, run in enumerate(runs, 1) for one in spans_of(number, run)]))
        records = replay(flywheel, config, [path])
    by_case = {record["cohort"]["intent"]: {evaluation["measurement"]: evaluation.get("value")
                                            for evaluation in record["evaluations"]} for record in records}
    assert len(by_case) == len(runs)
    return [by_case[f"case-{number}"] for number in range(1, len(runs) + 1)]


def judge(runs, values):
    """{measurement: {class: {locale: [flagged or not, ...]}}}, and the same of values that are there"""
    verdicts, measured = {name: {} for name in FLAGS}, {name: {} for name in FLAGS}
    for run, found in zip(runs, values, strict=True):
        for name in dict.fromkeys(sum(CLASSES[run.kind], ())):
            value = found[name.split(" at ")[0]]
            flagged = value is not None and FLAGS[name][1](value)
            verdicts[name].setdefault(run.kind, {}).setdefault(run.locale, []).append(flagged)
            if value is not None:
                measured[name].setdefault(run.kind, {}).setdefault(run.locale, []).append(value)
    return verdicts, measured


def auroc(classes, name, locales):
    """How often a faulty run has the worse value than a right one, ties by half: 0.5 is a guess."""
    faulty, right = [], []
    for kind, by_locale in classes.items():
        passes, flags, _ = CLASSES[kind]
        found = [value for locale in locales for value in by_locale.get(locale, [])]
        if name in flags:
            faulty += found
        elif name in passes:
            right += found
    if not faulty or not right:
        return None
    sign = 1 if FLAGS[name][0].startswith("<") else -1
    wins = sum((sign * good > sign * bad) + (good == bad) / 2 for good in right for bad in faulty)
    return wins / (len(right) * len(faulty))


def rates(classes, name, locale):
    """(precision, recall, faulty runs, right runs)"""
    hit = faulty = false_alarm = right = 0
    for kind, by_locale in classes.items():
        passes, flags, _ = CLASSES[kind]
        flagged = by_locale.get(locale, [])
        if name in flags:
            hit, faulty = hit + sum(flagged), faulty + len(flagged)
        elif name in passes:
            false_alarm, right = false_alarm + sum(flagged), right + len(flagged)
    precision = hit / (hit + false_alarm) if hit + false_alarm else None
    return precision, hit / faulty if faulty else None, faulty, right


def shown(number):
    return "–" if number is None else f"{number:.2f}"


def table(header, rows):
    return "\n".join(["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
                     + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def tables(verdicts, measured):
    text = [name for name in FLAGS if name not in TOOLS]
    out = []
    for names, locales in ((text, ["en", "de", "fr", "es", "ja", "zh", "recorded"]), (list(TOOLS), ["written", "recorded"])):
        rows = []
        for name in names:
            cells = []
            for locale in locales:
                precision, recall, faulty, right = rates(verdicts[name], name, locale)
                cells.append(f"{shown(precision)} / {shown(recall)} ({faulty}, {right})" if faulty else "")
            area = shown(auroc(measured[name], name, locales))
            rows.append([f"`{name.split(' at ')[0]}`", FLAGS[name][0], area, *cells])
        out.append(table(["Measurement", "Flagged", "AUROC", *locales], rows))
    rows = []
    for name, classes in verdicts.items():
        for kind, (passes, flags, blind) in CLASSES.items():
            flagged = [one for by_locale in [classes.get(kind, {})] for many in by_locale.values() for one in many]
            if not flagged:
                continue
            share = sum(flagged) / len(flagged)
            what = "a fault" if name in flags else "a fault that it cannot see" if name in blind else "right"
            if (what == "right" and share == 0) or (what == "a fault" and share == 1):
                continue
            rows.append([f"`{name.split(' at ')[0]}` {FLAGS[name][0]}", kind, what, f"{sum(flagged)} of {len(flagged)}"])
    out.append(table(["Measurement", "Runs", "They are", "Flagged"], rows))
    return out


def report(flywheel):
    random = random_module.Random(20260503)
    runs = build(flywheel, random)
    verdicts, measured = judge(runs, measure(flywheel, runs))
    words, tools, rest = tables(verdicts, measured)
    return verdicts, (f"{BEGIN}\n{len(runs)} runs, made by `tests/integration/labelled_set.py`. Cells are precision / recall "
                      "(faulty runs, right runs); \\* marks a threshold that is stated here and not one of "
                      f"`pipelines/default.yaml`. Budget of `step_efficiency`: {MAX_STEPS} steps.\n\nAnswers and documents, by "
                      f"language:\n\n{words}\nTool calls:\n\n{tools}\nWhat is not told apart, all languages together:\n\n{rest}{END}\n")


def main():
    given = arguments(write=False)
    _, text = report(given.flywheel)
    if given.write:
        page = README.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        README.write_text(before + text.rstrip("\n") + rest.split(END)[1], encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
