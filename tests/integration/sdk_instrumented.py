"""A program under a published instrumentation package, sent to an OTLP/gRPC endpoint.

    sdk_instrumented.py [--gzip] HOST:PORT

openinference-instrumentation-openai watches the real openai client. The only thing imitated is the
model: a local HTTP server that answers like the OpenAI chat API, first with a tool call and then
with a text. The spans are the package's own. The trace id is printed; exits 1 when the exporter
reports a failure.
"""

import argparse
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from openai import OpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

ANSWER = "Order 42 was shipped on Monday and arrives on Thursday."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "order_status",
            "description": "Where an order is",
            "parameters": {"type": "object", "properties": {"order": {"type": "string"}}},
        },
    }
]


class FakeModel(BaseHTTPRequestHandler):
    """POST /v1/chat/completions: a tool call, unless a tool has already answered."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        has_result = any(message["role"] == "tool" for message in body["messages"])
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "order_status", "arguments": '{"order": "42"}'},
        }
        message = {"role": "assistant", "content": ANSWER if has_result else None}
        if not has_result:
            message["tool_calls"] = [call]
        reply = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": body["model"] + "-2026-01-01",
            "choices": [
                {
                    "index": 0,
                    "message": message,
                    "finish_reason": "stop" if has_result else "tool_calls",
                }
            ],
            "usage": {"prompt_tokens": 57, "completion_tokens": 18, "total_tokens": 75},
        }
        text = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass


class CheckedExporter(OTLPSpanExporter):
    results = []

    def export(self, spans):
        result = super().export(spans)
        CheckedExporter.results.append(result)
        return result


def converse(client):
    messages = [{"role": "user", "content": "Where is order 42?"}]
    first = client.chat.completions.create(model="gpt-x", messages=messages, tools=TOOLS)
    call = first.choices[0].message.tool_calls[0]
    messages.append(first.choices[0].message.model_dump(exclude_none=True))
    result = json.dumps({"shipped": "Monday", "arrives": "Thursday"})
    messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    second = client.chat.completions.create(model="gpt-x", messages=messages, tools=TOOLS)
    assert second.choices[0].message.content == ANSWER


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="HOST:PORT of an OTLP/gRPC endpoint")
    parser.add_argument("--gzip", action="store_true")
    arguments = parser.parse_args()

    compression = grpc.Compression.Gzip if arguments.gzip else grpc.Compression.NoCompression
    exporter = CheckedExporter(
        endpoint=arguments.endpoint, insecure=True, compression=compression, timeout=20
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "order-agent"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    OpenAIInstrumentor().instrument(tracer_provider=provider)

    model = ThreadingHTTPServer(("127.0.0.1", 0), FakeModel)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    client = OpenAI(api_key="none", base_url=f"http://127.0.0.1:{model.server_port}/v1")

    tracer = provider.get_tracer("order-agent")
    with using_attributes(session_id="session-7", metadata={"intent": "order status"}):
        with tracer.start_as_current_span("order agent") as agent:
            agent.set_attribute("openinference.span.kind", "AGENT")
            agent.set_attribute("input.value", "Where is order 42?")
            agent.set_attribute("intent", "order status")
            converse(client)
            agent.set_attribute("output.value", ANSWER)
            print(format(agent.get_span_context().trace_id, "032x"))
    provider.force_flush(30000)
    provider.shutdown()
    model.shutdown()
    if not CheckedExporter.results or any(
        result is not SpanExportResult.SUCCESS for result in CheckedExporter.results
    ):
        print(f"export results: {CheckedExporter.results}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
