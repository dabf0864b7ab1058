"""Sends one small agent run with the OpenTelemetry Python SDK's own OTLP exporter, gRPC or HTTP.

    sdk_export.py [--http] [--gzip] [--service NAME] [--intent NAME] [--runs N] [--fail] HOST:PORT

The run is what an agent instrumented by hand looks like: an agent span over a retriever, a tool
and a chat span, in the gen_ai vocabulary, with one evaluation result as a span event. The trace
id of each run is printed, one a line. Exits 1 when the exporter reports a failure, which is the
point of the script: the SDK alone decides whether the endpoint behaves as OTLP asks.
"""

import argparse
import json
import sys

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode

import grpc

QUESTION = "What is my mortgage payoff amount?"
ANSWER = "Your payoff amount is 182,340.11 dollars, valid through June 30."


class Answers:
    failures = 0
    batches = 0


class Checked:
    """Remembers what the exporter made of each answer; the batch processor would swallow it."""

    def export(self, spans):
        result = super().export(spans)
        Answers.batches += 1
        if result is not SpanExportResult.SUCCESS:
            Answers.failures += 1
        return result


class CheckedExporter(Checked, OTLPSpanExporter):
    pass


class CheckedHttpExporter(Checked, HttpSpanExporter):
    pass


def messages(role, text):
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def run_agent(tracer, intent, fails):
    with tracer.start_as_current_span("invoke_agent loans", kind=SpanKind.INTERNAL) as agent:
        agent.set_attribute("gen_ai.operation.name", "invoke_agent")
        agent.set_attribute("gen_ai.agent.name", "loans")
        agent.set_attribute("intent", intent)
        agent.set_attribute("locale", "en-US")
        agent.set_attribute("gen_ai.input.messages", messages("user", QUESTION))
        with tracer.start_as_current_span("retrieval policies", kind=SpanKind.CLIENT) as retrieval:
            retrieval.set_attribute("openinference.span.kind", "RETRIEVER")
            retrieval.set_attribute("input.value", QUESTION)
            retrieval.set_attribute("retrieval.documents.0.document.id", "payoff-1")
            retrieval.set_attribute("retrieval.documents.0.document.content", ANSWER)
            retrieval.set_attribute("retrieval.documents.0.document.score", 0.91)
        with tracer.start_as_current_span("execute_tool lookup_payoff") as tool:
            tool.set_attribute("gen_ai.operation.name", "execute_tool")
            tool.set_attribute("gen_ai.tool.name", "lookup_payoff")
            tool.set_attribute("gen_ai.tool.call.arguments", json.dumps({"account": "42"}))
            if fails:
                tool.set_status(Status(StatusCode.ERROR, "upstream timed out"))
            else:
                tool.set_attribute("gen_ai.tool.call.result", json.dumps({"payoff": 182340.11}))
        with tracer.start_as_current_span("chat gpt-x", kind=SpanKind.CLIENT) as chat:
            chat.set_attribute("gen_ai.operation.name", "chat")
            chat.set_attribute("gen_ai.provider.name", "openai")
            chat.set_attribute("gen_ai.request.model", "gpt-x")
            chat.set_attribute("gen_ai.response.model", "gpt-x")
            chat.set_attribute("gen_ai.usage.input_tokens", 412)
            chat.set_attribute("gen_ai.usage.output_tokens", 38)
            chat.set_attribute("gen_ai.output.messages", messages("assistant", ANSWER))
        agent.add_event(
            "gen_ai.evaluation.result",
            {
                "gen_ai.evaluation.name": "Groundedness",
                "gen_ai.evaluation.score.value": 0.31 if fails else 0.97,
            },
        )
        if fails:
            agent.set_status(Status(StatusCode.ERROR, "tool failed"))
        else:
            agent.set_attribute("gen_ai.output.messages", messages("assistant", ANSWER))
        return format(agent.get_span_context().trace_id, "032x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="HOST:PORT of an OTLP endpoint")
    parser.add_argument("--http", action="store_true")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--service", default="loan-agent")
    parser.add_argument("--intent", default="mortgage payoff")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--fail", action="store_true", help="runs with a failing tool and score")
    arguments = parser.parse_args()

    if arguments.http:
        exporter = CheckedHttpExporter(
            endpoint=f"http://{arguments.endpoint}/v1/traces", timeout=20,
            compression=Compression.Gzip if arguments.gzip else Compression.NoCompression,
        )
    else:
        compression = grpc.Compression.Gzip if arguments.gzip else grpc.Compression.NoCompression
        exporter = CheckedExporter(
            endpoint=arguments.endpoint, insecure=True, compression=compression, timeout=20
        )
    resource = Resource.create({"service.name": arguments.service, "service.version": "1.4.0"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    tracer = trace.get_tracer("sdk_export", "1.0")
    for _ in range(arguments.runs):
        print(run_agent(tracer, arguments.intent, arguments.fail))
    provider.force_flush(30000)
    provider.shutdown()
    if Answers.failures or Answers.batches == 0:
        print(f"{Answers.failures} batches failed", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
