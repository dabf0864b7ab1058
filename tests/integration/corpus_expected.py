#!/usr/bin/env python3
"""Replays every recorded scenario through the binary and compares the records with expected.json.

    corpus_expected.py build/release/flywheel [LIBRARY ...]

`flywheel replay --all` with `content: full` reads the files of one scenario at a time. Compared are the fields that a
consumer of the review topic sees: input, output, the tools of the steps, contexts, usage, conversation, errors, spans,
whether the root was seen, and imported scores (by rules made for them). Prints one table by field and one by library;
exits 1 below 99 %.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).resolve().parent.parent / "data" / "corpus"
FLOOR = 0.99

# (library, scenario, index, field): why the record says something else.
KNOWN = {
    ("langsmith-otel", "rag", 0, "contexts"): "gen_ai.completion of the retriever holds its three documents",
    ("openinference-agno", "rag", 0, "conversation"): "the library makes up a session.id for each run",
}


def pipeline(scores):
    """A pipeline whose rules import the scores by name, so that evaluations show their values."""
    lines = ["redaction: { content: full }", "rules:"]
    lines.append("  - { name: slow, measure: duration_ms, fail_above: 86400000 }")
    for name, value in scores.items():
        if isinstance(value, (int, float)):
            lines.append(f"  - {{ name: import_{name.lower()}, measure: score.{name}, fail_below: -1000000 }}")
    return "\n".join(lines) + "\n"


def replay(binary, files, scores):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(pipeline(scores))
        config.flush()
        command = [binary, "replay", "--all", "-c", config.name, *map(str, files)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {result.returncode}\n{result.stderr}")
    return {r["source"]["trace_id"]: r for r in map(json.loads, result.stdout.splitlines())}


def scenario_files(folder, scenario):
    pattern = re.compile(re.escape(scenario) + r"-\d\d\.(otlp\.pb|otlp-logs\.pb|otlp\.json-body)$")
    return sorted(path for path in folder.iterdir() if pattern.match(path.name))


def wanted_text(expected, key):
    hidden = key in expected.get("not_in_the_spans", []) and "content_in" not in expected
    return None if hidden else expected[key]


def comparisons(expected, record):
    """(field, wanted, found) of one trace. Without a record everything is missing."""
    record = record or {}
    steps = record.get("steps", [])
    usage = record.get("usage", {})
    completeness = record.get("completeness", {})
    yield "spans", expected["spans"], completeness.get("spans")
    yield "root_seen", expected["root_span"] is not None, completeness.get("root_seen")
    yield "input", wanted_text(expected, "input"), record.get("input")
    yield "output", wanted_text(expected, "output"), record.get("output")
    yield "tools", expected["tool_calls"], [s.get("tool") for s in steps if s["kind"] == "tool"]
    yield "contexts", expected["retrieved_documents"], sum(context["source"] == "retriever" for context in record.get("contexts", []))
    has_error_text = "error_text" in expected
    for field, key in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
        # Recordings with error texts leave out what the library estimates.
        if expected[key] is not None or not has_error_text:
            yield field, expected[key] or 0, usage.get(field) or 0
    sessions = expected["session_ids"]
    found = record.get("source", {}).get("conversation_id")
    yield "conversation", sessions[:1] and (found if found in sessions else sessions[0]) or None, found
    is_any_error = expected["any_span_error"] or expected.get("error_text") is not None
    yield "any_error", is_any_error, any(s["status"] == "error" for s in steps)
    errors = record.get("signals", {}).get("errors", [])
    if has_error_text:
        wanted = expected["error_text"]
        # A status code is the server's; what the library writes of it is its own.
        is_told = bool(errors) if wanted and wanted.isdigit() else any((wanted or "") in error for error in errors)
        yield "errors", wanted, wanted if wanted and is_told else (errors or None)
        failed_output = None if expected["outcome"] == "failed" else record.get("output")
        yield "failed_says_nothing", failed_output, record.get("output")
        return
    root = record.get("source", {}).get("root_span_id")
    root_errors = [s["status"] == "error" for s in steps if s["span_id"] == root]
    yield "root_error", expected["root_span_error"], bool(root_errors and root_errors[0])
    judges_only = "error" in expected.get("scores", {}).values()
    yield "errors", expected["any_span_error"] and not judges_only, bool(errors)
    evaluations = {e["rule"]: e.get("value") for e in record.get("evaluations", [])}
    for name, value in expected.get("scores", {}).items():
        if isinstance(value, (int, float)):
            got = evaluations.get(f"import_{name.lower()}")
            yield "scores", value, value if got is not None and abs(got - value) < 1e-9 else got


def table(title, counts):
    print(f"\n{title:<30} {'right':>6} {'of':>6}")
    for name, (right, total) in sorted(counts.items()):
        print(f"{name:<30} {right:>6} {total:>6}  {100 * right / total:6.2f} %")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary, libraries = sys.argv[1], sys.argv[2:]
    by_field = collections.defaultdict(lambda: [0, 0])
    by_library = collections.defaultdict(lambda: [0, 0])
    for path in sorted(CORPUS.glob("*/expected.json")):
        library = path.parent.name
        if libraries and library not in libraries:
            continue
        for scenario, traces in json.loads(path.read_text()).items():
            scores = {k: v for trace in traces for k, v in trace.get("scores", {}).items()}
            records = replay(binary, scenario_files(path.parent, scenario), scores)
            for index, expected in enumerate(traces):
                for field, wanted, found in comparisons(expected, records.get(expected["trace_id"])):
                    is_right = wanted == found
                    for counts in (by_field[field], by_library[library]):
                        counts[0] += is_right
                        counts[1] += 1
                    if not is_right:
                        reason = KNOWN.get((library, scenario, index, field), "UNEXPECTED")
                        print(f"{library}/{scenario}[{index}] {field}: wanted {wanted!r} found {found!r}: {reason}")
    table("field", by_field)
    table("library", by_library)
    right = sum(counts[0] for counts in by_field.values())
    total = sum(counts[1] for counts in by_field.values())
    print(f"\n{right} of {total} right, {100 * right / total:.2f} %")
    return 0 if right >= FLOOR * total else 1


if __name__ == "__main__":
    sys.exit(main())
