"""One run, three forms: the recorded corpus goes to three topics as JSON, as proto/review.proto and as OTLP spans. The messages are read
by protobuf itself: each field of the second must say what the JSON says, and the third must be the spans that were sent, redacted, with
the verdict on the root."""
import datetime, json

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from flywheel import processes
from flywheel.broker import Broker
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import corpus_requests, root
from flywheel.waiting import patiently

args = arguments()
checks = Checks()
broker = Broker()


def review_message():
    """The class of ReviewRecord, from the definition in the repository."""
    target = broker.directory / "review.desc"
    processes.run("protoc", f"--proto_path={root / 'proto'}", f"--descriptor_set_out={target}", "review.proto", check=True)
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("flywheel.review.v1.ReviewRecord"))


def consume(topic):
    """(key, headers, value) of every message."""
    return [(message.key.decode(), message.headers, message.value) for message in broker.messages(topic)]


def nanoseconds(text):
    when = datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return int(when.timestamp()) * 10**9 + int(text[20:29])


def nano(milliseconds):
    return round(milliseconds * 10**6)


def enum(message, field, value):
    return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[value].name.split("_")[-1].lower()


def step_of(step):
    out = {"span_id": step.span_id.hex(), "kind": enum(step, "kind", step.kind), "name": step.name,
           "start_ms": step.start_nano if step.HasField("start_nano") else "", "duration_ms": step.duration_nano if step.HasField("duration_nano") else "", "status": enum(step, "status", step.status)}
    for key in ("input", "output", "tool", "arguments", "model", "error"):
        out[key] = getattr(step, key)
    out["parent_span_id"] = step.parent_span_id.hex()
    out["tokens"] = {"input": step.tokens.input, "output": step.tokens.output} if step.HasField("tokens") else ""
    return out


def evaluation_of(evaluation):
    out = {key: getattr(evaluation, key) for key in ("rule", "measurement", "na_reason", "explanation")}
    out["outcome"] = enum(evaluation, "outcome", evaluation.outcome)
    out["direction"] = enum(evaluation, "direction", evaluation.direction)
    for key in ("value", "fail", "borderline", "margin"):
        out[key] = getattr(evaluation, key) if evaluation.HasField(key) else ""
    out["evidence"] = [{"pointer": e.pointer, "span_id": e.span_id.hex(), "field": e.field, "start": e.start, "end": e.end, "quote": e.quote} for e in evaluation.evidence]
    out["evaluator"] = {"id": evaluation.evaluator.id, "version": evaluation.evaluator.version, "type": enum(evaluation.evaluator, "type", evaluation.evaluator.type)}
    return out


def as_json(m):
    """The message in the words of the JSON; what is absent is ''."""
    return {
        "schema": m.schema, "record_id": m.record_id, "revision": m.revision, "supersedes": m.supersedes, "queue": m.queue, "priority": m.priority, "summary": m.summary, "content_digest": m.content_digest.hex(),
        "source": {"trace_id": m.source.trace_id.hex(), "root_span_id": m.source.root_span_id.hex(), "conversation_id": m.source.conversation_id,
                   "service": m.source.service, "environment": m.source.environment,
                   "links": [{"trace_id": x.trace_id.hex(), "span_id": x.span_id.hex()} for x in m.source.links], "url": m.source.url},
        "trajectory_id": m.trajectory_id.hex(), "scope": m.scope,
        "completeness": {f.name: getattr(m.completeness, f.name) for f in m.completeness.DESCRIPTOR.fields},
        "time": {"start": m.time.start_unix_nano, "end": m.time.end_unix_nano, "duration_ms": m.time.duration_nano if m.time.HasField("duration_nano") else "",
                 "ttft_ms": m.time.ttft_nano if m.time.HasField("ttft_nano") else ""},
        "agent": {"name": m.agent.name, "version": m.agent.version, "models": list(m.agent.models), "providers": list(m.agent.providers),
                  "tools": list(m.agent.tools), "release": m.agent.release},
        "cohort": {d.name: d.value for d in m.cohort},
        "input": m.input, "history": [{"role": t.role, "text": t.text} for t in m.history] or "", "output": m.output, "expected": m.expected,
        "contexts": [{"id": c.id, "score": c.score if c.HasField("score") else "", "text": c.text, "span_id": c.span_id.hex(), "source": c.source} for c in m.contexts],
        "steps": [step_of(s) for s in m.steps],
        "verdict": enum(m, "verdict", m.verdict), "labels": list(m.labels),
        "evaluations": [evaluation_of(e) for e in m.evaluations],
        "selection": {f.name: getattr(m.selection, f.name) for f in m.selection.DESCRIPTOR.fields},
        "ruleset": {"sha256": m.ruleset_sha256.hex()},
        "usage": {"input_tokens": m.usage.input_tokens, "output_tokens": m.usage.output_tokens, "cost_usd": m.usage.cost_usd if m.usage.HasField("cost_usd") else "",
                  "llm_calls": m.usage.llm_calls, "tool_calls": m.usage.tool_calls, "steps": m.usage.steps},
        "signals": {"errors": list(m.signals.errors), "fallback": m.signals.fallback, "cache_hit": m.signals.cache_hit, "refusal": m.signals.refusal,
                    "finish_reasons": list(m.signals.finish_reasons), "routing_policy": m.signals.routing_policy,
                    "feedback": [{"name": f.name, "value": f.value if f.HasField("value") else "", "text": f.text, "negative": f.negative} for f in m.signals.feedback]},
        "redaction": {"policy": m.redaction.policy, "counts": {c.kind: c.count for c in m.redaction.counts}},
        "truncation": [{"field": t.field, "original_bytes": t.original_bytes} for t in m.truncation],
    }


def normalized(value, key=""):
    """The JSON with times as nanoseconds."""
    if isinstance(value, dict):
        return {k: normalized(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [normalized(v) for v in value]
    if key in ("start_ms", "duration_ms", "ttft_ms"):
        return nano(value)
    if key in ("start", "end") and isinstance(value, str):
        return nanoseconds(value)
    return value


def differences(said, wanted, path=""):
    if isinstance(wanted, dict):
        for key in said.keys() | wanted.keys():
            yield from differences(said.get(key, ""), wanted.get(key, ""), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(said, list) and len(wanted) == len(said):
        for i, pair in enumerate(zip(said, wanted)):
            yield from differences(*pair, f"{path}[{i}]")
    elif said != wanted:
        yield f"{path}: {str(said)[:60]!r} for {str(wanted)[:60]!r}"


def value_of(any_value):
    kind = any_value.WhichOneof("value")
    return [value_of(v) for v in any_value.array_value.values] if kind == "array_value" else getattr(any_value, kind) if kind else None


exporters = []
for name, encoding in (("json", "json"), ("proto", "protobuf"), ("otlp", "otlp_proto")):
    broker.topic(name, 3)
    exporters.append(f"kafka/{name}: {{ brokers: [{broker.address}], topic: {name}, encoding: {encoding} }}")
rules = (root / "pipelines/default.yaml").read_text().split("\nrules:")[1].split("\n# Which verdicts")[0]
daemon = Daemon(args.flywheel, "trajectory: { settle: 1s, idle_timeout: 4s }\nselection: { fail: 1, borderline: 1, unscored: 1, pass: 1 }\n"
                "redaction: { allow: [llm.provider] }\nrules:" + rules, exporters=", ".join(exporters))
daemon.start()
sent_spans = {}
files, requests = corpus_requests()
with daemon.channel() as channel:
    for service, body in requests:
        channel.unary_unary(service)(body, timeout=patiently(60))
        if "Trace" in service:
            for group in TracesData.FromString(body).resource_spans:
                for scope in group.scope_spans:
                    for span in scope.spans:
                        sent_spans[span.trace_id, span.span_id] = span
daemon.settle()
records = {h["record_id"]: (key, h, json.loads(value)) for key, h, value in consume("json")}
messages = {h["record_id"]: (key, h, value) for key, h, value in consume("proto")}
traces = {h["record_id"]: (key, h, value) for key, h, value in consume("otlp")}
checks.check("the same records on each topic", records.keys() == messages.keys() == traces.keys() and len(records) > 100, f"{len(records)} {len(messages)} {len(traces)}")
ReviewRecord = review_message()
wrong, unknown = [], 0
for record_id, (key, headers, record) in records.items():
    message = ReviewRecord.FromString(messages[record_id][2])
    wrong += [f"{record_id}{d}" for d in differences(as_json(message), normalized(record))]
checks.check("each field of the message says what the JSON says", not wrong, wrong[:3] if wrong else f"{len(records)} records")
checks.check("keys are the same", all(records[r][0] == messages[r][0] == traces[r][0] for r in records))
checks.check("headers are the same but the type", all({**records[r][1], "content-type": "application/x-protobuf"} == messages[r][1] for r in records),
             next(iter(messages.values()))[1])
smaller = sum(len(v) for _, _, v in messages.values()) / sum(len(json.dumps(v, separators=(",", ":"), ensure_ascii=False).encode()) for _, _, v in records.values())
checks.check("protobuf is smaller", smaller < 1, f"{smaller:.2f} of the JSON")

spans_right = verdicts_right = masked = True
leaked, total, extra = set(), 0, set()
for record_id, (key, headers, value) in traces.items():
    record, roots = records[record_id][2], []
    spans = [span for group in TracesData.FromString(value).resource_spans for scope in group.scope_spans for span in scope.spans]
    total += len(spans)
    spans_right &= len(spans) == record["completeness"]["spans"] and len({s.span_id for s in spans}) == len(spans)
    for span in spans:
        before = sent_spans[span.trace_id, span.span_id]
        spans_right &= (span.parent_span_id, span.start_time_unix_nano, span.end_time_unix_nano, span.kind, span.status.code, len(span.links), len(span.events)) == \
            (before.parent_span_id, before.start_time_unix_nano, before.end_time_unix_nano, before.kind, before.status.code, len(before.links), len(before.events))
        attributes = {a.key: value_of(a.value) for a in span.attributes}
        leaked |= {k for k in attributes if not k.startswith(("flywheel.", "gen_ai.")) and k not in ("input.value", "output.value", "llm.provider")}
        if "flywheel.verdict" in attributes:
            roots.append(attributes)
    verdicts_right &= len(roots) == 1 and roots[0]["flywheel.verdict"] == record["verdict"] and roots[0]["flywheel.record_id"] == record_id and \
        roots[0]["flywheel.labels"] == record["labels"] and roots[0]["flywheel.queue"] == record["queue"] and roots[0]["flywheel.ruleset.sha256"] == record["ruleset"]["sha256"] and \
        all(roots[0][f"flywheel.cohort.{d}"] == v for d, v in record["cohort"].items())
    extra.add((headers["otelcol.signal"], headers["content-type"], headers["schema"]))
checks.check("the spans are those that were sent", spans_right, f"{total} spans")
checks.check("the root carries the verdict", verdicts_right)
checks.check("no attribute leaves that no list names", not leaked, sorted(leaked)[:5])
checks.check("headers say what it is", extra == {("traces", "application/x-protobuf", "opentelemetry.proto.trace.v1.TracesData")}, extra)
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.remove()
broker.remove()
checks.finish()
