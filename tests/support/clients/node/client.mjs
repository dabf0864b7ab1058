// Sends agent runs with the OpenTelemetry SDK of Node: client.mjs grpc|http|json gzip|none RUNS HOST:PORT
//
// Prints the trace id of each run. Exits 1 when the exporter reports a failure: the SDK alone
// decides whether the endpoint behaves as OTLP asks. `json` is OTLP/HTTP with JSON bodies.
import { SpanKind, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const question = "What is my mortgage payoff amount?";
const answer = "Your payoff amount is 182,340.11 dollars, valid through June 30.";
const [protocol, compression, runs, endpoint] = process.argv.slice(2);
if (!endpoint) {
  console.error("usage: client.mjs grpc|http|json gzip|none RUNS HOST:PORT");
  process.exit(2);
}

const message = (role, content) => JSON.stringify([{ role, parts: [{ type: "text", content }] }]);

function newExporter() {
  if (protocol === "grpc") return new GrpcExporter({ url: `http://${endpoint}`, compression });
  const Exporter = protocol === "json" ? JsonExporter : ProtoExporter;
  return new Exporter({ url: `http://${endpoint}/v1/traces`, compression });
}

// The batch processor would swallow what the exporter makes of each answer.
let batches = 0, failures = 0;
function checked(exporter) {
  const send = exporter.export.bind(exporter);
  exporter.export = (spans, done) => send(spans, (result) => {
    batches++;
    if (result.code !== 0) {
      failures++;
      console.error(result.error);
    }
    done(result);
  });
  return exporter;
}

function runAgent(tracer) {
  const agent = tracer.startSpan("invoke_agent loans", { attributes: {
    "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "loans",
    "gen_ai.input.messages": message("user", question), "gen_ai.output.messages": message("assistant", answer) } });
  const inside = trace.setSpan(context.active(), agent);
  const tool = tracer.startSpan("execute_tool lookup_payoff", { attributes: {
    "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup_payoff" } }, inside);
  tool.setStatus({ code: SpanStatusCode.ERROR, message: "upstream timed out" });
  tool.end();
  tracer.startSpan("chat gpt-x", { kind: SpanKind.CLIENT, attributes: {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-x", "gen_ai.usage.input_tokens": 412,
    "gen_ai.output.messages": message("assistant", answer) } }, inside).end();
  agent.addEvent("gen_ai.evaluation.result", {
    "gen_ai.evaluation.name": "Groundedness", "gen_ai.evaluation.score.value": 0.31 });
  agent.end();
  return agent.spanContext().traceId;
}

const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": "node-agent" }),
  spanProcessors: [new BatchSpanProcessor(checked(newExporter()), { scheduledDelayMillis: 500 })],
});
const tracer = provider.getTracer("client");
for (let run = 0; run < Number(runs); run++) console.log(runAgent(tracer));
await provider.forceFlush();
await provider.shutdown();
process.exitCode = failures || !batches ? 1 : 0;
