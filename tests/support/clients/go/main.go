// Sends agent runs with the OpenTelemetry Go SDK: client grpc|http gzip|none RUNS HOST:PORT
//
// Prints the trace id of each run. Exits 1 when the exporter reports a failure: the SDK alone
// decides whether the endpoint behaves as OTLP asks.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	question = "What is my mortgage payoff amount?"
	answer   = "Your payoff amount is 182,340.11 dollars, valid through June 30."
)

func newExporter(ctx context.Context, protocol, compression, endpoint string) (*otlptrace.Exporter, error) {
	if protocol == "grpc" {
		options := []otlptracegrpc.Option{otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure()}
		if compression == "gzip" {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpoint(endpoint), otlptracehttp.WithInsecure()}
	if compression == "gzip" {
		options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	}
	return otlptracehttp.New(ctx, options...)
}

func message(role, text string) attribute.KeyValue {
	key := "gen_ai.input.messages"
	if role == "assistant" {
		key = "gen_ai.output.messages"
	}
	return attribute.String(key, fmt.Sprintf(`[{"role":%q,"parts":[{"type":"text","content":%q}]}]`, role, text))
}

func runAgent(ctx context.Context, tracer trace.Tracer) string {
	ctx, agent := tracer.Start(ctx, "invoke_agent loans", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "invoke_agent"), attribute.String("gen_ai.agent.name", "loans"),
		message("user", question), message("assistant", answer)))
	_, tool := tracer.Start(ctx, "execute_tool lookup_payoff", trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "execute_tool"), attribute.String("gen_ai.tool.name", "lookup_payoff")))
	tool.SetStatus(codes.Error, "upstream timed out")
	tool.End()
	_, chat := tracer.Start(ctx, "chat gpt-x", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("gen_ai.operation.name", "chat"), attribute.String("gen_ai.request.model", "gpt-x"),
		attribute.Int("gen_ai.usage.input_tokens", 412), message("assistant", answer)))
	chat.End()
	agent.AddEvent("gen_ai.evaluation.result", trace.WithAttributes(
		attribute.String("gen_ai.evaluation.name", "Groundedness"), attribute.Float64("gen_ai.evaluation.score.value", 0.31)))
	agent.End()
	return agent.SpanContext().TraceID().String()
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: client grpc|http gzip|none RUNS HOST:PORT")
		os.Exit(2)
	}
	ctx, failures := context.Background(), 0
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		failures++
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(fail))
	runs, err := strconv.Atoi(os.Args[3])
	if err != nil {
		fail(err)
	}
	exporter, err := newExporter(ctx, os.Args[1], os.Args[2], os.Args[4])
	if err != nil {
		fail(err)
		os.Exit(1)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter, sdk.WithBatchTimeout(time.Second)),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "go-agent"))))
	tracer := provider.Tracer("client")
	for range runs {
		fmt.Println(runAgent(ctx, tracer))
	}
	if err := provider.Shutdown(ctx); err != nil {
		fail(err)
	}
	if failures > 0 {
		os.Exit(1)
	}
}
