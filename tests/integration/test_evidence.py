"""Every evidence of the recorded traffic, under rules that point at all they can, is found by its JSON pointer and code points: here in
Python, and in JavaScript, whose strings count UTF-16 units. `explain` shows it."""
# peer: Node
import collections, hashlib, json, pathlib, re, shutil, tempfile

import jsonschema

import record_schema
from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.otlp_bytes import request, span
from flywheel.places import corpus

args = arguments()
checks = Checks()
directory = pathlib.Path(tempfile.mkdtemp(prefix="flywheel-test-"))
# (measurement, side): thresholds that all runs are beyond, so that each has its say.
measures = {"groundedness.lexical": "fail_below: 0.99", "groundedness.numeric": "fail_below: 0.99", "context_relevance.mean": "fail_below: 0.99",
            "ground_truth.f1": "fail_below: 0.99", "trajectory.in_order": "fail_below: 0.99", "tool_selection.accuracy": "fail_below: 0.99",
            "tool_args.valid": "fail_below: 0.99", "step_efficiency": "fail_below: 0.99", "citation.validity": "fail_below: 0.99",
            "output.contract": "fail_below: 0.99", "loop": "fail_above: 0", "refusal": "fail_above: 0", "leak": "fail_above: 0",
            "errors": "fail_above: 0", "tool.errors": "fail_above: 0", "tool.repeats": "fail_above: 0", "route.fallback": "fail_above: 0",
            "route.cache_hit": "fail_above: 0"}
pipeline = directory / "pipeline.yaml"
pipeline.write_text("measurements: { tool_selection: { required: { \"*\": [lookup_payoff] } }, output_contract: { pattern: \"^{\" } }\n"
                    "service: { trace_url: 'https://traces.example.com/{trace_id}', pipelines: { traces: { receivers: [otlp], exporters: [file/annotations] } } }\n"
                    "rules:\n" +
                    "".join(f"  - {{ name: {m.replace('.', '_')}, measure: {m}, {side} }}\n" for m, side in measures.items()))

start = 1_790_000_000 * 10**9
trace = b"e" * 16
wide = request([
    span(trace, b"r" * 8, None, "agent \U0001f9ed", start, start + 10**9, gen_ai__operation__name="invoke_agent", openinference__span__kind="AGENT",
         input__value="\U0001f600 When does the branch open?", output__value="\U0001f680\U0001f680 The zoo has 77 elephants \U0001f418. Write to jo@example.com."),
    span(trace, b"d" * 8, b"r" * 8, "search", start, start + 10, openinference__span__kind="RETRIEVER",
         retrieval__documents__0__document__content="\U0001f3e6 The branch opens at nine.",
         retrieval__documents__1__document__content="\U0001f418 Something else, and longer than the first."),
    *(span(trace, bytes([65 + i]) * 8, b"r" * 8, "lookup", start + 20 + i, start + 30 + i, openinference__span__kind="TOOL", tool__name="lookup",
           input__value='{"city": "\U0001f307 K\u00f6ln"}', output__value="closed") for i in range(4)),
])
(directory / "wide.pb").write_bytes(wide)
turns = [{"role": "system", "content": "Be kind."}] + [{"role": "user" if n % 2 == 0 else "assistant", "content": f"turn {n}"} for n in range(31)]
(directory / "turns.pb").write_bytes(request([
    span(b"h" * 16, b"r" * 8, None, "agent", start, start + 10**9, gen_ai__operation__name="invoke_agent", input__value="turn 30", output__value="done"),
    span(b"h" * 16, b"m" * 8, b"r" * 8, "chat", start + 5, start + 10, gen_ai__operation__name="chat", gen_ai__input__messages=json.dumps(turns)),
]))
folders = [folder for folder in sorted(corpus.iterdir()) if folder.is_dir()]
result = processes.run(args.flywheel, "replay", "-c", pipeline, "--all", *folders, directory / "wide.pb", directory / "turns.pb")
lines = result.stdout.splitlines()
records = [json.loads(line) for line in lines]
checks.check("a record of each run", result.returncode == 0 and len(records) > 200, result.stderr)
validator = jsonschema.Draft202012Validator(record_schema.strict(record_schema.SCHEMA))
mistakes = [f"{record['trajectory_id']}: {m}" for record in records for m in record_schema.mistakes(record, validator)]
checks.check("each evidence is found by its pointer and code points", not mistakes, mistakes[:5])

places = [[place for e in record["evaluations"] for place in e["evidence"]] for record in records]
kinds = collections.Counter(place["field"] for found in places for place in found)
checks.check("evidence of many kinds", kinds.keys() >= {"output", "context", "arguments", "name"} and sum(kinds.values()) > 300, dict(kinds))
answer = processes.run("node", pathlib.Path(__file__).with_name("evidence.mjs"), input=result.stdout)
found = [json.loads(line)["quotes"] for line in answer.stdout.splitlines()]
wanted = [[record_schema.pointed_at(record, place["pointer"])[place["start"]:place["end"]] for place in in_it] for record, in_it in zip(records, places)]
checks.check("and JavaScript finds the same texts", answer.returncode == 0 and found == wanted, answer.stderr or sum(map(len, found)))
emoji = next(i for i, record in enumerate(records) if record["trajectory_id"] == trace.hex())
checks.check("beyond the basic plane as well", any("\U0001f418" in quote for quote in found[emoji]) and any("K\u00f6ln" in quote for quote in found[emoji]), found[emoji])
contexts = [place["pointer"] for place in places[emoji] if place["field"] == "context"]
checks.check("of several documents of one retriever each is told apart", "/contexts/1/text" in contexts, contexts)
text = processes.run(args.flywheel, "explain", "-c", pipeline, directory / "wide.pb").stdout
checks.check("explain quotes it, and says where it is", re.search(r'arguments\[0:\d+\]  "\{"city": "\U0001f307 K\u00f6ln"\}"  at /steps/\d+/arguments', text), text)

checks.check("each names the page of its trace", all(r["source"]["url"] == f"https://traces.example.com/{r['source']['trace_id']}" for r in records))
said = next(record for record in records if record["trajectory_id"] == (b"h" * 16).hex())
checks.check("history: the newest twenty turns before the input", said["input"] == "turn 30" and
             said.get("history") == [{"role": turn["role"], "text": turn["content"]} for turn in turns[-21:-1]], said.get("history"))


def content_digest(record):
    """As review.proto says it is made; of a record of which nothing was cut."""
    parents = {step["span_id"]: step.get("parent_span_id") for step in record["steps"]}
    kinds = {step["span_id"]: step["kind"] for step in record["steps"]}

    def is_judge(span_id):
        return span_id in kinds and (kinds[span_id] == "evaluator" or is_judge(parents[span_id]))

    texts = [("input", record.get("input")), *((f"history.{turn['role']}", turn["text"]) for turn in record.get("history", [])),
             ("output", record.get("output")), *(("context", context.get("text")) for context in record["contexts"])]
    texts += [(f"step.{key}", step.get(key)) for step in record["steps"] if not is_judge(step["span_id"])
              for key in ("name", "input", "output", "tool", "arguments", "error")]
    digests = (hashlib.sha256(f"{name}:{text}".encode()).digest() for name, text in texts if text is not None)
    return hashlib.sha256(b"".join(digests)).hexdigest()


other = [record["trajectory_id"] for record in records if not record["truncation"] and content_digest(record) != record["content_digest"]]
checks.check("content_digest is what a consumer computes from the record", not other, other[:5])
checks.check("explain says the summary", records[emoji]["summary"][:60] in text, text[:400])
shutil.rmtree(directory)
checks.finish()
