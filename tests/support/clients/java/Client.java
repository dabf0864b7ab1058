import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Sends agent runs with the OpenTelemetry SDK of Java: Client grpc|http gzip|none RUNS HOST:PORT
 *
 * <p>Prints the trace id of each run. Exits 1 when the exporter reports a failure: the SDK alone
 * decides whether the endpoint behaves as OTLP asks.
 */
public final class Client {
    static final String QUESTION = "What is my mortgage payoff amount?";
    static final String ANSWER = "Your payoff amount is 182,340.11 dollars, valid through June 30.";

    /** Counts what the exporter made of each answer; the batch processor would swallow it. */
    record Checked(SpanExporter inner, AtomicInteger batches, AtomicInteger failures) implements SpanExporter {
        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            CompletableResultCode result = inner.export(spans);
            result.whenComplete(() -> {
                batches.incrementAndGet();
                if (!result.isSuccess()) failures.incrementAndGet();
            });
            return result;
        }

        @Override
        public CompletableResultCode flush() {
            return inner.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return inner.shutdown();
        }
    }

    static String message(String role, String text) {
        return "[{\"role\":\"" + role + "\",\"parts\":[{\"type\":\"text\",\"content\":\"" + text + "\"}]}]";
    }

    static SpanExporter exporter(String protocol, String compression, String endpoint) {
        return protocol.equals("grpc")
            ? OtlpGrpcSpanExporter.builder().setEndpoint("http://" + endpoint).setCompression(compression).build()
            : OtlpHttpSpanExporter.builder().setEndpoint("http://" + endpoint + "/v1/traces").setCompression(compression).build();
    }

    static String runAgent(Tracer tracer) {
        Span agent = tracer.spanBuilder("invoke_agent loans").setNoParent()
            .setAttribute("gen_ai.operation.name", "invoke_agent").setAttribute("gen_ai.agent.name", "loans")
            .setAttribute("gen_ai.input.messages", message("user", QUESTION))
            .setAttribute("gen_ai.output.messages", message("assistant", ANSWER)).startSpan();
        Context inside = Context.root().with(agent);
        tracer.spanBuilder("execute_tool lookup_payoff").setParent(inside)
            .setAttribute("gen_ai.operation.name", "execute_tool").setAttribute("gen_ai.tool.name", "lookup_payoff")
            .startSpan().setStatus(StatusCode.ERROR, "upstream timed out").end();
        tracer.spanBuilder("chat gpt-x").setParent(inside).setSpanKind(SpanKind.CLIENT)
            .setAttribute("gen_ai.operation.name", "chat").setAttribute("gen_ai.request.model", "gpt-x")
            .setAttribute("gen_ai.usage.input_tokens", 412)
            .setAttribute("gen_ai.output.messages", message("assistant", ANSWER)).startSpan().end();
        agent.addEvent("gen_ai.evaluation.result", Attributes.of(
            AttributeKey.stringKey("gen_ai.evaluation.name"), "Groundedness",
            AttributeKey.doubleKey("gen_ai.evaluation.score.value"), 0.31));
        agent.end();
        return agent.getSpanContext().getTraceId();
    }

    public static void main(String[] arguments) {
        if (arguments.length != 4) {
            System.err.println("usage: Client grpc|http gzip|none RUNS HOST:PORT");
            System.exit(2);
        }
        Checked exporter = new Checked(exporter(arguments[0], arguments[1], arguments[3]), new AtomicInteger(), new AtomicInteger());
        SdkTracerProvider provider = SdkTracerProvider.builder()
            .setResource(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), "java-agent")))
            .addSpanProcessor(BatchSpanProcessor.builder(exporter).setMaxQueueSize(65536).build()).build();
        Tracer tracer = provider.get("client");
        for (int run = 0; run < Integer.parseInt(arguments[2]); run++) System.out.println(runAgent(tracer));
        boolean isFlushed = provider.shutdown().join(60, TimeUnit.SECONDS).isSuccess();
        System.exit(isFlushed && exporter.failures().get() == 0 && exporter.batches().get() > 0 ? 0 : 1);
    }
}
