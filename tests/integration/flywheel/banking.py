"""The bank of pipelines/banking-support.yaml: its assistant's runs, and its pipeline file with a place of its own."""
import re, time

from flywheel.otlp_bytes import attribute, field, fixed64, request, span
from flywheel.places import root

CLAIM = "no prepayment fee applies"
ANSWER = f"Your payoff amount is 182,340.12. Good news: {CLAIM}."
POLICY = "A prepayment fee of 2 % is charged when a mortgage is paid off within the first three years."
QUESTION = "What is the payoff amount of my mortgage {}?"


def payoff(trace, release, customer, answer=ANSWER, question=QUESTION, groundedness=0.31, intent="mortgage payoff", relevance=None, **more):
    """A run of the assistant: it retrieved the policy, asked the tool, and answers; its evaluator says how grounded that is."""
    now = time.time_ns()
    ids = trace.to_bytes(16, "big"), trace.to_bytes(8, "big")
    scores = {"Groundedness": groundedness, **({} if relevance is None else {"ContextRelevance": relevance})}
    events = b"".join(field(11, fixed64(1, now) + field(2, "gen_ai.evaluation.result") + attribute(3, "gen_ai.evaluation.name", name) + attribute(3, "gen_ai.evaluation.score.value", value))
                      for name, value in scores.items())
    return request([
        span(*ids, b"", "agent", now - 10**9, now, gen_ai__operation__name="invoke_agent", input__value=question.format(customer),
             output__value=answer, intent=intent, service__version=release, **more) + events,
        span(ids[0], (10**6 + trace).to_bytes(8, "big"), ids[1], "policies", now - 9 * 10**8, now - 8 * 10**8, openinference__span__kind="RETRIEVER",
             **{"retrieval__documents__0__document__content": POLICY}),
        span(ids[0], (2 * 10**6 + trace).to_bytes(8, "big"), ids[1], "lookup_payoff", now - 7 * 10**8, now - 6 * 10**8, gen_ai__operation__name="execute_tool",
             gen_ai__tool__name="lookup_payoff", input__value='{"loan": "4711"}', output__value='{"payoff": "182,340.12"}')], service="assistant")


def configure(daemon, broker=None, replace={}):
    """pipelines/banking-support.yaml for this daemon; only where things are is changed, and what `replace` says."""
    text = (root / "pipelines/banking-support.yaml").read_text()
    for before, after in replace.items():
        assert before in text, before
        text = text.replace(before, after, 1)
    text = text.replace("review:\n", f"review:\n  http: {{ endpoint: 127.0.0.1:{daemon.review_port} }}\n", 1)
    text = text.replace('"${env:FLYWHEEL_REVIEWERS:-}"', "reviewers", 1)
    receivers = f"otlp: {{ protocols: {{ grpc: {{ endpoint: '127.0.0.1:{daemon.port}' }} }} }}"
    if broker:
        kafka = f"brokers: [{broker.address}]"
        receivers += f", kafka/results: {{ {kafka}, topic: results, signal: results, dead_letter: {{ topic: dead }} }}"
        exporters = f"kafka/annotations: {{ {kafka}, topic: annotations }}, kafka/rows: {{ {kafka}, topic: rows }}, file/audit: {{ path: audit.jsonl }}"
        results = "{ receivers: [kafka/results], exporters: [kafka/rows], audit: [file/audit] }"
        traces = "traces: { receivers: [otlp], exporters: [kafka/annotations] }"
    else:
        exporters = f"file/annotations: {{ path: {daemon.annotations} }}, file/rows: {{ path: rows.jsonl }}, file/audit: {{ path: audit.jsonl }}"
        results = "{ exporters: [file/rows], audit: [file/audit] }"
        traces = "traces: { receivers: [otlp], exporters: [file/annotations] }"
    text = re.sub(r"    results: \{\}.*\n", f"    results: {results}\n    {traces}\n", text, count=1)
    text += f"  telemetry: {{ http: {{ endpoint: 127.0.0.1:{daemon.admin} }} }}\n"
    text += f"receivers: {{ {receivers} }}\nexporters: {{ {exporters} }}\nstate: {{ directory: {daemon.state} }}\n"
    daemon.config.write_text(text)
