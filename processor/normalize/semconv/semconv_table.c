/* One row per attribute name that is understood. Rows of a concept stand together, the one that
 * counts most first. Names with an index or a free part inside (llm.input_messages.0...,
 * eval.<metric>) are no rows: messages_flat.c and scores.c read them by their prefix. */
#include "processor/normalize/semconv/semconv_table.h"

#include <assert.h>

const struct semconv_row semconv_rows[] = {
    {"openinference.span.kind", SC_KIND, FAMILY_OPENINFERENCE, 1},
    {"gen_ai.span.kind", SC_KIND, FAMILY_TRACEAI, 2},
    {"fi.span.kind", SC_KIND, FAMILY_TRACEAI, 3},
    {"traceloop.span.kind", SC_KIND, FAMILY_OPENLLMETRY, 4},
    {"mlflow.spanType", SC_KIND, FAMILY_MLFLOW, 5},
    {"ai.operationId", SC_KIND, FAMILY_VERCEL, 6},
    {"langfuse.observation.type", SC_KIND, FAMILY_LANGFUSE, 7},
    {"langsmith.span.kind", SC_KIND, FAMILY_LANGSMITH, 8},
    {"llm.request.type", SC_KIND, FAMILY_OPENLLMETRY, 9},
    {"genkit:metadata:subtype", SC_KIND, FAMILY_GENKIT, 10},
    {"langwatch.span.type", SC_KIND, FAMILY_LANGWATCH, 11},
    {"mastra.span.type", SC_KIND, FAMILY_MASTRA, 12},
    {"haystack.component.type", SC_KIND, FAMILY_HAYSTACK, 13},

    {"gen_ai.operation.name", SC_OPERATION, FAMILY_GEN_AI, 1},

    {"gen_ai.agent.name", SC_AGENT_NAME, FAMILY_GEN_AI, 1},
    {"agent.name", SC_AGENT_NAME, FAMILY_OPENINFERENCE, 2},
    {"traceloop.workflow.name", SC_AGENT_NAME, FAMILY_OPENLLMETRY, 3},
    {"ai.telemetry.functionId", SC_AGENT_NAME, FAMILY_VERCEL, 4},
    {"langfuse.trace.name", SC_AGENT_NAME, FAMILY_LANGFUSE, 5},
    {"langsmith.trace.name", SC_AGENT_NAME, FAMILY_LANGSMITH, 6},
    {"graph.node.name", SC_AGENT_NAME, FAMILY_OPENINFERENCE, 7},
    {"agent_name", SC_AGENT_NAME, FAMILY_LOGFIRE, 8},
    {"gen_ai.workflow.name", SC_AGENT_NAME, FAMILY_GEN_AI, 9},

    {"gen_ai.agent.version", SC_AGENT_VERSION, FAMILY_GEN_AI, 1},
    {"langfuse.version", SC_AGENT_VERSION, FAMILY_LANGFUSE, 2},

    {"gen_ai.conversation.id", SC_CONVERSATION, FAMILY_GEN_AI, 1},
    {"session.id", SC_CONVERSATION, FAMILY_OPENINFERENCE, 2},
    {"langfuse.session.id", SC_CONVERSATION, FAMILY_LANGFUSE, 3},
    {"traceloop.association.properties.session_id", SC_CONVERSATION, FAMILY_OPENLLMETRY, 4},
    {"traceloop.association.properties.conversation_id", SC_CONVERSATION, FAMILY_OPENLLMETRY, 5},
    {"traceloop.association.properties.thread_id", SC_CONVERSATION, FAMILY_OPENLLMETRY, 6},
    {"traceloop.association.properties.chat_id", SC_CONVERSATION, FAMILY_OPENLLMETRY, 7},
    {"ai.telemetry.metadata.sessionId", SC_CONVERSATION, FAMILY_VERCEL, 8},
    {"ai.telemetry.metadata.session_id", SC_CONVERSATION, FAMILY_VERCEL, 9},
    {"ai.telemetry.metadata.conversationId", SC_CONVERSATION, FAMILY_VERCEL, 10},
    {"ai.telemetry.metadata.threadId", SC_CONVERSATION, FAMILY_VERCEL, 11},
    {"ai.telemetry.metadata.chatId", SC_CONVERSATION, FAMILY_VERCEL, 12},
    {"langsmith.metadata.session_id", SC_CONVERSATION, FAMILY_LANGSMITH, 13},
    {"langsmith.metadata.thread_id", SC_CONVERSATION, FAMILY_LANGSMITH, 14},
    {"langsmith.metadata.conversation_id", SC_CONVERSATION, FAMILY_LANGSMITH, 15},
    {"langgraph.execution.thread_id", SC_CONVERSATION, FAMILY_TRACEAI, 16},
    {"mlflow.trace.session", SC_CONVERSATION, FAMILY_MLFLOW, 17},
    {"conversation.id", SC_CONVERSATION, FAMILY_ANY, 18},
    {"conversation_id", SC_CONVERSATION, FAMILY_ANY, 19},
    {"session_id", SC_CONVERSATION, FAMILY_ANY, 20},
    {"thread_id", SC_CONVERSATION, FAMILY_ANY, 21},
    {"thread.id", SC_CONVERSATION, FAMILY_ANY, 22},
    {"chat.id", SC_CONVERSATION, FAMILY_ANY, 23},
    {"gcp.vertex.agent.session_id", SC_CONVERSATION, FAMILY_GEN_AI, 24},
    {"langwatch.thread.id", SC_CONVERSATION, FAMILY_LANGWATCH, 25},
    {"mastra.metadata.threadId", SC_CONVERSATION, FAMILY_MASTRA, 26},
    {"mastra.metadata.sessionId", SC_CONVERSATION, FAMILY_MASTRA, 27},
    {"genkit:sessionId", SC_CONVERSATION, FAMILY_GENKIT, 28},
    {"gen_ai.workflow.session_id", SC_CONVERSATION, FAMILY_GEN_AI, 29},

    {"user.id", SC_USER, FAMILY_OPENINFERENCE, 1},
    {"enduser.id", SC_USER, FAMILY_GEN_AI, 2},
    {"langfuse.user.id", SC_USER, FAMILY_LANGFUSE, 3},
    {"traceloop.association.properties.user_id", SC_USER, FAMILY_OPENLLMETRY, 4},
    {"ai.telemetry.metadata.userId", SC_USER, FAMILY_VERCEL, 5},
    {"ai.telemetry.metadata.user_id", SC_USER, FAMILY_VERCEL, 6},
    {"langsmith.metadata.user_id", SC_USER, FAMILY_LANGSMITH, 7},
    {"mlflow.trace.user", SC_USER, FAMILY_MLFLOW, 8},
    {"user_id", SC_USER, FAMILY_ANY, 9},
    {"langwatch.user.id", SC_USER, FAMILY_LANGWATCH, 10},
    {"mastra.metadata.userId", SC_USER, FAMILY_MASTRA, 11},

    {"metadata", SC_METADATA, FAMILY_ANY, 1},
    {"langwatch.metadata", SC_METADATA, FAMILY_LANGWATCH, 2},
    {"langfuse.trace.metadata", SC_METADATA, FAMILY_LANGFUSE, 3},

    {"gen_ai.response.model", SC_MODEL, FAMILY_GEN_AI, 1},
    {"llm.response.model_name", SC_MODEL, FAMILY_OPENINFERENCE, 2},
    {"llm.model_name", SC_MODEL, FAMILY_OPENINFERENCE, 3},
    {"llm.response.model", SC_MODEL, FAMILY_OPENLLMETRY, 4},
    {"ai.response.model", SC_MODEL, FAMILY_VERCEL, 5},
    {"langfuse.observation.model.name", SC_MODEL, FAMILY_LANGFUSE, 6},
    {"mlflow.llm.model", SC_MODEL, FAMILY_MLFLOW, 7},
    {"embedding.model_name", SC_MODEL, FAMILY_OPENINFERENCE, 8},
    {"reranker.model_name", SC_MODEL, FAMILY_OPENINFERENCE, 9},

    {"gen_ai.request.model", SC_MODEL_ASKED, FAMILY_GEN_AI, 1},
    {"llm.request.model_name", SC_MODEL_ASKED, FAMILY_OPENINFERENCE, 2},
    {"llm.request.model", SC_MODEL_ASKED, FAMILY_OPENLLMETRY, 3},
    {"ai.model.id", SC_MODEL_ASKED, FAMILY_VERCEL, 4},
    {"langsmith.metadata.ls_model_name", SC_MODEL_ASKED, FAMILY_LANGSMITH, 5},
    {"model_name", SC_MODEL_ASKED, FAMILY_ANY, 6},

    {"gen_ai.provider.name", SC_PROVIDER, FAMILY_GEN_AI, 1},
    {"gen_ai.system", SC_PROVIDER, FAMILY_GEN_AI, 2},
    {"llm.provider", SC_PROVIDER, FAMILY_OPENINFERENCE, 3},
    {"llm.system", SC_PROVIDER, FAMILY_OPENINFERENCE, 4},
    {"llm.vendor", SC_PROVIDER, FAMILY_OPENLLMETRY, 5},
    {"ai.model.provider", SC_PROVIDER, FAMILY_VERCEL, 6},
    {"langsmith.metadata.ls_provider", SC_PROVIDER, FAMILY_LANGSMITH, 7},
    {"mlflow.llm.provider", SC_PROVIDER, FAMILY_MLFLOW, 8},

    {"gen_ai.response.id", SC_RESPONSE_ID, FAMILY_GEN_AI, 1},
    {"ai.response.id", SC_RESPONSE_ID, FAMILY_VERCEL, 2},
    {"llm.response.id", SC_RESPONSE_ID, FAMILY_OPENINFERENCE, 3},

    {"gen_ai.usage.input_tokens", SC_TOKENS_INPUT, FAMILY_GEN_AI, 1},
    {"gen_ai.usage.prompt_tokens", SC_TOKENS_INPUT, FAMILY_GEN_AI, 2},
    {"llm.token_count.prompt", SC_TOKENS_INPUT, FAMILY_OPENINFERENCE, 3},
    {"llm.usage.prompt_tokens", SC_TOKENS_INPUT, FAMILY_OPENLLMETRY, 4},
    {"ai.usage.inputTokens", SC_TOKENS_INPUT, FAMILY_VERCEL, 5},
    {"ai.usage.promptTokens", SC_TOKENS_INPUT, FAMILY_VERCEL, 6},

    {"gen_ai.usage.output_tokens", SC_TOKENS_OUTPUT, FAMILY_GEN_AI, 1},
    {"gen_ai.usage.completion_tokens", SC_TOKENS_OUTPUT, FAMILY_GEN_AI, 2},
    {"llm.token_count.completion", SC_TOKENS_OUTPUT, FAMILY_OPENINFERENCE, 3},
    {"llm.usage.completion_tokens", SC_TOKENS_OUTPUT, FAMILY_OPENLLMETRY, 4},
    {"ai.usage.outputTokens", SC_TOKENS_OUTPUT, FAMILY_VERCEL, 5},
    {"ai.usage.completionTokens", SC_TOKENS_OUTPUT, FAMILY_VERCEL, 6},

    {"langfuse.observation.usage_details", SC_TOKENS_JSON, FAMILY_LANGFUSE, 1},
    {"mlflow.chat.tokenUsage", SC_TOKENS_JSON, FAMILY_MLFLOW, 2},
    {"gen_ai.usage.details", SC_TOKENS_JSON, FAMILY_LANGFUSE, 3},
    {"langsmith.metadata.usage_metadata", SC_TOKENS_JSON, FAMILY_LANGSMITH, 4},
    {"langwatch.metrics", SC_TOKENS_JSON, FAMILY_LANGWATCH, 5},
    {"usage", SC_TOKENS_JSON, FAMILY_MLFLOW, 6},

    {"gen_ai.aggregated_usage.input_tokens", SC_AGGREGATE_INPUT, FAMILY_LOGFIRE, 1},

    {"gen_ai.aggregated_usage.output_tokens", SC_AGGREGATE_OUTPUT, FAMILY_LOGFIRE, 1},

    {"gen_ai.cost.total", SC_COST, FAMILY_TRACEAI, 1},
    {"llm.cost.total", SC_COST, FAMILY_OPENINFERENCE, 2},
    {"operation.cost", SC_COST, FAMILY_LOGFIRE, 3},
    {"gen_ai.usage.cost", SC_COST, FAMILY_GEN_AI, 4},
    {"llm.usage.cost", SC_COST, FAMILY_ANY, 5},
    {"cost_usd", SC_COST, FAMILY_ANY, 6},

    {"langfuse.observation.cost_details", SC_COST_JSON, FAMILY_LANGFUSE, 1},
    {"mlflow.llm.cost", SC_COST_JSON, FAMILY_MLFLOW, 2},

    {"llm.cost.prompt", SC_COST_INPUT, FAMILY_OPENINFERENCE, 1},
    {"gen_ai.cost.input", SC_COST_INPUT, FAMILY_TRACEAI, 2},
    {"gen_ai.usage.input_cost", SC_COST_INPUT, FAMILY_GEN_AI, 3},

    {"llm.cost.completion", SC_COST_OUTPUT, FAMILY_OPENINFERENCE, 1},
    {"gen_ai.cost.output", SC_COST_OUTPUT, FAMILY_TRACEAI, 2},
    {"gen_ai.usage.output_cost", SC_COST_OUTPUT, FAMILY_GEN_AI, 3},

    {"gen_ai.tool.name", SC_TOOL_NAME, FAMILY_GEN_AI, 1},
    {"tool.name", SC_TOOL_NAME, FAMILY_OPENINFERENCE, 2},
    {"ai.toolCall.name", SC_TOOL_NAME, FAMILY_VERCEL, 3},
    {"mcp.tool.name", SC_TOOL_NAME, FAMILY_GEN_AI, 4},
    {"haystack.tool.name", SC_TOOL_NAME, FAMILY_HAYSTACK, 5},

    {"gen_ai.tool.call.id", SC_TOOL_CALL_ID, FAMILY_GEN_AI, 1},
    {"tool_call.id", SC_TOOL_CALL_ID, FAMILY_OPENINFERENCE, 2},
    {"ai.toolCall.id", SC_TOOL_CALL_ID, FAMILY_VERCEL, 3},
    {"tool.id", SC_TOOL_CALL_ID, FAMILY_OPENINFERENCE, 4},
    {"haystack.tool.call.id", SC_TOOL_CALL_ID, FAMILY_HAYSTACK, 5},

    {"traceloop.entity.name", SC_ENTITY_NAME, FAMILY_OPENLLMETRY, 1},
    {"genkit:name", SC_ENTITY_NAME, FAMILY_GENKIT, 2},

    {"gen_ai.tool.definitions", SC_TOOL_DEFINITIONS, FAMILY_GEN_AI, 1},
    {"ai.prompt.tools", SC_TOOL_DEFINITIONS, FAMILY_VERCEL, 2},
    {"mlflow.chat.tools", SC_TOOL_DEFINITIONS, FAMILY_MLFLOW, 3},
    {"llm.tools", SC_TOOL_DEFINITIONS, FAMILY_TRACEAI, 4},
    {"gen_ai.request.tools", SC_TOOL_DEFINITIONS, FAMILY_GEN_AI, 5},

    {"llm.invocation_parameters", SC_INVOCATION, FAMILY_OPENINFERENCE, 1},
    {"gen_ai.request.parameters", SC_INVOCATION, FAMILY_TRACEAI, 2},
    {"invocation_params", SC_INVOCATION, FAMILY_MLFLOW, 3},

    {"gen_ai.response.finish_reasons", SC_FINISH_REASON, FAMILY_GEN_AI, 1},
    {"llm.finish_reason", SC_FINISH_REASON, FAMILY_OPENINFERENCE, 2},
    {"llm.response.finish_reason", SC_FINISH_REASON, FAMILY_OPENLLMETRY, 3},
    {"gen_ai.response.finish_reason", SC_FINISH_REASON, FAMILY_OPENLLMETRY, 4},
    {"ai.response.finishReason", SC_FINISH_REASON, FAMILY_VERCEL, 5},
    {"ai.finishReason", SC_FINISH_REASON, FAMILY_VERCEL, 6},

    {"error.type", SC_ERROR_TYPE, FAMILY_GEN_AI, 1},
    {"exception.type", SC_ERROR_TYPE, FAMILY_ANY, 2},

    {"error.message", SC_ERROR_MESSAGE, FAMILY_TRACEAI, 1},
    {"langfuse.observation.status_message", SC_ERROR_MESSAGE, FAMILY_LANGFUSE, 2},
    {"exception.message", SC_ERROR_MESSAGE, FAMILY_ANY, 3},

    {"langfuse.observation.level", SC_LEVEL, FAMILY_LANGFUSE, 1},

    {"gen_ai.task.status", SC_STATE, FAMILY_OPENLLMETRY, 1},
    {"genkit:state", SC_STATE, FAMILY_GENKIT, 2},

    {"haystack.tool.error", SC_FAILED, FAMILY_HAYSTACK, 1},
    {"mcp.tool.is_error", SC_FAILED, FAMILY_GEN_AI, 2},
    {"error", SC_FAILED, FAMILY_ANY, 3},

    {"gen_ai.response.time_to_first_chunk", SC_TTFT_SECONDS, FAMILY_GEN_AI, 1},
    {"gen_ai.server.time_to_first_token", SC_TTFT_SECONDS, FAMILY_GEN_AI, 2},

    {"ai.response.msToFirstChunk", SC_TTFT_MS, FAMILY_VERCEL, 1},
    {"ai.stream.msToFirstChunk", SC_TTFT_MS, FAMILY_VERCEL, 2},
    {"llm.time_to_first_token_ms", SC_TTFT_MS, FAMILY_ANY, 3},
    {"gen_ai.server.time_to_first_token_ms", SC_TTFT_MS, FAMILY_TRACEAI, 4},

    {"langfuse.observation.completion_start_time", SC_TTFT_TIME, FAMILY_LANGFUSE, 1},

    {"gen_ai.cache.hit", SC_CACHE_HIT, FAMILY_ANY, 1},
    {"gen_ai.response.cache_hit", SC_CACHE_HIT, FAMILY_ANY, 2},
    {"llm.cache.hit", SC_CACHE_HIT, FAMILY_ANY, 3},
    {"llm.cache_hit", SC_CACHE_HIT, FAMILY_ANY, 4},
    {"semantic_cache.hit", SC_CACHE_HIT, FAMILY_ANY, 5},
    {"cache.hit", SC_CACHE_HIT, FAMILY_ANY, 6},
    {"cache_hit", SC_CACHE_HIT, FAMILY_ANY, 7},
    {"litellm.cache_hit", SC_CACHE_HIT, FAMILY_ANY, 8},
    {"llm.is_cached", SC_CACHE_HIT, FAMILY_ANY, 9},
    {"gptcache.hit", SC_CACHE_HIT, FAMILY_ANY, 10},
    /* What gateways answer with, as HTTP instrumentation records it, and by the bare name. */
    {"http.response.header.x-agentcc-cache", SC_CACHE_HIT, FAMILY_ANY, 11},
    {"x-agentcc-cache", SC_CACHE_HIT, FAMILY_ANY, 12},
    {"http.response.header.x-portkey-cache-status", SC_CACHE_HIT, FAMILY_ANY, 13},
    {"x-portkey-cache-status", SC_CACHE_HIT, FAMILY_ANY, 14},
    {"http.response.header.cf-aig-cache-status", SC_CACHE_HIT, FAMILY_ANY, 15},
    {"cf-aig-cache-status", SC_CACHE_HIT, FAMILY_ANY, 16},
    {"http.response.header.helicone-cache", SC_CACHE_HIT, FAMILY_ANY, 17},
    {"helicone-cache", SC_CACHE_HIT, FAMILY_ANY, 18},
    {"http.response.header.x-cache-status", SC_CACHE_HIT, FAMILY_ANY, 19},
    {"x-cache-status", SC_CACHE_HIT, FAMILY_ANY, 20},

    {"gen_ai.fallback", SC_FALLBACK, FAMILY_ANY, 1},
    {"gen_ai.request.is_fallback", SC_FALLBACK, FAMILY_ANY, 2},
    {"llm.fallback", SC_FALLBACK, FAMILY_ANY, 3},
    {"llm.is_fallback", SC_FALLBACK, FAMILY_ANY, 4},
    {"route.fallback", SC_FALLBACK, FAMILY_ANY, 5},
    {"is_fallback", SC_FALLBACK, FAMILY_ANY, 6},
    {"litellm.fallback", SC_FALLBACK, FAMILY_ANY, 7},
    {"http.response.header.x-agentcc-fallback-used", SC_FALLBACK, FAMILY_ANY, 8},
    {"x-agentcc-fallback-used", SC_FALLBACK, FAMILY_ANY, 9},
    {"http.response.header.x-litellm-attempted-fallbacks", SC_FALLBACK, FAMILY_ANY, 10},
    {"x-litellm-attempted-fallbacks", SC_FALLBACK, FAMILY_ANY, 11},
    {"http.response.header.x-portkey-last-used-option-index", SC_FALLBACK, FAMILY_ANY, 12},
    {"x-portkey-last-used-option-index", SC_FALLBACK, FAMILY_ANY, 13},
    {"http.response.header.x-bifrost-fallback-index", SC_FALLBACK, FAMILY_ANY, 14},
    {"x-bifrost-fallback-index", SC_FALLBACK, FAMILY_ANY, 15},
    {"http.response.header.cf-aig-step", SC_FALLBACK, FAMILY_ANY, 16},
    {"cf-aig-step", SC_FALLBACK, FAMILY_ANY, 17},
    {"http.response.header.helicone-fallback-index", SC_FALLBACK, FAMILY_ANY, 18},
    {"helicone-fallback-index", SC_FALLBACK, FAMILY_ANY, 19},

    {"gen_ai.request.retry_count", SC_RETRIES, FAMILY_ANY, 1},
    {"llm.retry_count", SC_RETRIES, FAMILY_ANY, 2},
    {"http.request.resend_count", SC_RETRIES, FAMILY_GEN_AI, 3},
    {"http.response.header.x-litellm-attempted-retries", SC_RETRIES, FAMILY_ANY, 4},
    {"x-litellm-attempted-retries", SC_RETRIES, FAMILY_ANY, 5},
    {"http.response.header.x-portkey-retry-attempt-count", SC_RETRIES, FAMILY_ANY, 6},
    {"x-portkey-retry-attempt-count", SC_RETRIES, FAMILY_ANY, 7},

    /* "routing policy" is how gateways print it: with a space. */
    {"gen_ai.routing.policy", SC_ROUTING_POLICY, FAMILY_ANY, 1},
    {"gen_ai.request.routing_policy", SC_ROUTING_POLICY, FAMILY_ANY, 2},
    {"llm.routing.policy", SC_ROUTING_POLICY, FAMILY_ANY, 3},
    {"llm.routing_policy", SC_ROUTING_POLICY, FAMILY_ANY, 4},
    {"gateway.routing.policy", SC_ROUTING_POLICY, FAMILY_ANY, 5},
    {"gateway.routing_policy", SC_ROUTING_POLICY, FAMILY_ANY, 6},
    {"routing.policy", SC_ROUTING_POLICY, FAMILY_ANY, 7},
    {"routing_policy", SC_ROUTING_POLICY, FAMILY_ANY, 8},
    {"routing policy", SC_ROUTING_POLICY, FAMILY_ANY, 9},
    {"routing.strategy", SC_ROUTING_POLICY, FAMILY_ANY, 10},
    {"routing_strategy", SC_ROUTING_POLICY, FAMILY_ANY, 11},
    {"litellm.routing_strategy", SC_ROUTING_POLICY, FAMILY_ANY, 12},
    {"http.response.header.x-agentcc-routing-strategy", SC_ROUTING_POLICY, FAMILY_ANY, 13},
    {"x-agentcc-routing-strategy", SC_ROUTING_POLICY, FAMILY_ANY, 14},
    {"http.response.header.x-routing-policy", SC_ROUTING_POLICY, FAMILY_ANY, 15},
    {"x-routing-policy", SC_ROUTING_POLICY, FAMILY_ANY, 16},

    {"langgraph.interrupt", SC_INTERRUPTED, FAMILY_TRACEAI, 1},

    {"langfuse.release", SC_RELEASE, FAMILY_LANGFUSE, 1},

    {"deployment.environment.name", SC_ENVIRONMENT, FAMILY_GEN_AI, 1},
    {"deployment.environment", SC_ENVIRONMENT, FAMILY_GEN_AI, 2},
    {"langfuse.environment", SC_ENVIRONMENT, FAMILY_LANGFUSE, 3},
    {"environment", SC_ENVIRONMENT, FAMILY_ANY, 4},
    {"env", SC_ENVIRONMENT, FAMILY_ANY, 5},

    {"fi.simulator.is_simulator_trace", SC_JUDGE_RUN, FAMILY_TRACEAI, 1},
    {"langfuse.experiment.id", SC_JUDGE_RUN, FAMILY_LANGFUSE, 2},
    {"langfuse.experiment.name", SC_JUDGE_RUN, FAMILY_LANGFUSE, 3},
    {"langsmith.reference_example_id", SC_JUDGE_RUN, FAMILY_LANGSMITH, 4},
    {"langsmith.metadata.reference_example_id", SC_JUDGE_RUN, FAMILY_LANGSMITH, 5},

    {"flywheel.row_id", SC_ROW, FAMILY_ANY, 1},
    {"langfuse.experiment.item.id", SC_ROW, FAMILY_LANGFUSE, 2},
    {"langfuse.trace.metadata.row_id", SC_ROW, FAMILY_ANY, 3},
    {"langfuse.observation.metadata.row_id", SC_ROW, FAMILY_ANY, 4},
    {"langsmith.metadata.row_id", SC_ROW, FAMILY_ANY, 5},
    {"ai.telemetry.metadata.row_id", SC_ROW, FAMILY_ANY, 6},
    {"traceloop.association.properties.row_id", SC_ROW, FAMILY_ANY, 7},

    {"gen_ai.evaluation.name", SC_SCORE_NAME, FAMILY_GEN_AI, 1},
    {"eval.name", SC_SCORE_NAME, FAMILY_OPENINFERENCE, 2},

    {"gen_ai.evaluation.score.value", SC_SCORE_VALUE, FAMILY_GEN_AI, 1},
    {"eval.score", SC_SCORE_VALUE, FAMILY_OPENINFERENCE, 2},

    {"gen_ai.evaluation.score.label", SC_SCORE_LABEL, FAMILY_GEN_AI, 1},
    {"eval.label", SC_SCORE_LABEL, FAMILY_OPENINFERENCE, 2},

    {"gen_ai.evaluation.explanation", SC_SCORE_EXPLANATION, FAMILY_GEN_AI, 1},
    {"eval.explanation", SC_SCORE_EXPLANATION, FAMILY_OPENINFERENCE, 2},

    {"gen_ai.evaluation.evaluator.id", SC_SCORE_EVALUATOR, FAMILY_GEN_AI, 1},
    {"gen_ai.evaluation.evaluator.name", SC_SCORE_EVALUATOR, FAMILY_GEN_AI, 2},
    {"eval.model", SC_SCORE_EVALUATOR, FAMILY_OPENINFERENCE, 3},

    {"logfire.feedback.name", SC_FEEDBACK_NAME, FAMILY_LOGFIRE, 1},

    {"logfire.feedback.comment", SC_FEEDBACK_COMMENT, FAMILY_LOGFIRE, 1},

    {"gen_ai.tool.call.arguments", SC_TOOL_ARGUMENTS, FAMILY_GEN_AI, 1},
    {"ai.toolCall.args", SC_TOOL_ARGUMENTS, FAMILY_VERCEL, 2},
    {"ai.toolCall.input", SC_TOOL_ARGUMENTS, FAMILY_VERCEL, 3},
    {"tool_arguments", SC_TOOL_ARGUMENTS, FAMILY_LOGFIRE, 4},
    {"gcp.vertex.agent.tool_call_args", SC_TOOL_ARGUMENTS, FAMILY_GEN_AI, 5},
    {"haystack.agent.step.tool.input", SC_TOOL_ARGUMENTS, FAMILY_HAYSTACK, 6},
    {"gen_ai.tool.args", SC_TOOL_ARGUMENTS, FAMILY_GEN_AI, 7},
    {"gen_ai.tool.input", SC_TOOL_ARGUMENTS, FAMILY_GEN_AI, 8},
    {"gen_ai.agent.action.tool_input", SC_TOOL_ARGUMENTS, FAMILY_GEN_AI, 9},

    {"tool.parameters", SC_TOOL_PARAMETERS, FAMILY_OPENINFERENCE, 1},
    {"gen_ai.tool.parameters", SC_TOOL_PARAMETERS, FAMILY_TRACEAI, 2},

    {"gen_ai.tool.call.result", SC_TOOL_RESULT, FAMILY_GEN_AI, 1},
    {"ai.toolCall.result", SC_TOOL_RESULT, FAMILY_VERCEL, 2},
    {"ai.toolCall.output", SC_TOOL_RESULT, FAMILY_VERCEL, 3},
    {"tool_response", SC_TOOL_RESULT, FAMILY_LOGFIRE, 4},
    {"gen_ai.tool.message", SC_TOOL_RESULT, FAMILY_GEN_AI, 5},
    {"gcp.vertex.agent.tool_response", SC_TOOL_RESULT, FAMILY_GEN_AI, 6},
    {"haystack.agent.step.tool.output", SC_TOOL_RESULT, FAMILY_HAYSTACK, 7},
    {"gen_ai.tool.output", SC_TOOL_RESULT, FAMILY_GEN_AI, 8},

    {"gen_ai.retrieval.documents", SC_DOCUMENTS, FAMILY_GEN_AI, 1},
    {"retrieval.documents", SC_DOCUMENTS, FAMILY_TRACEAI, 2},
    {"langwatch.rag_contexts", SC_DOCUMENTS, FAMILY_LANGWATCH, 3},
    {"langwatch.rag.contexts", SC_DOCUMENTS, FAMILY_LANGWATCH, 4},
    {"langwatch.contexts", SC_DOCUMENTS, FAMILY_LANGWATCH, 5},

    {"gen_ai.retrieval.query.text", SC_QUERY, FAMILY_GEN_AI, 1},
    {"gen_ai.retrieval.query", SC_QUERY, FAMILY_TRACEAI, 2},
    {"query", SC_QUERY, FAMILY_TRACEAI, 3},
    {"reranker.query", SC_QUERY, FAMILY_OPENINFERENCE, 4},

    {"expected_output", SC_EXPECTED, FAMILY_ANY, 1},
    {"expected_response", SC_EXPECTED, FAMILY_ANY, 2},
    {"expected_answer", SC_EXPECTED, FAMILY_ANY, 3},
    {"gen_ai.evaluation.expected_output", SC_EXPECTED, FAMILY_ANY, 4},
    {"eval.expected_output", SC_EXPECTED, FAMILY_ANY, 5},
    {"ground_truth", SC_EXPECTED, FAMILY_ANY, 6},
    {"reference_answer", SC_EXPECTED, FAMILY_ANY, 7},
    {"langfuse.experiment.item.expected_output", SC_EXPECTED, FAMILY_ANY, 8},

    {"gen_ai.input.messages", SC_IN_MESSAGES, FAMILY_GEN_AI, 1},
    {"ai.prompt.messages", SC_IN_MESSAGES, FAMILY_VERCEL, 2},

    {"raw.input", SC_IN_RAW, FAMILY_TRACEAI, 1},

    {"input.value", SC_IN_VALUE, FAMILY_OPENINFERENCE, 1},

    {"input.mime_type", SC_IN_MIME, FAMILY_OPENINFERENCE, 1},

    {"ai.prompt", SC_IN_PROMPT, FAMILY_VERCEL, 1},

    {"traceloop.entity.input", SC_IN_ENTITY, FAMILY_OPENLLMETRY, 1},
    {"gen_ai.task.input", SC_IN_ENTITY, FAMILY_OPENLLMETRY, 2},

    {"mlflow.spanInputs", SC_IN_LIBRARY, FAMILY_MLFLOW, 1},
    {"langfuse.observation.input", SC_IN_LIBRARY, FAMILY_LANGFUSE, 2},
    {"langfuse.trace.input", SC_IN_LIBRARY, FAMILY_LANGFUSE, 3},
    {"langwatch.input", SC_IN_LIBRARY, FAMILY_LANGWATCH, 4},
    {"haystack.agent.input", SC_IN_LIBRARY, FAMILY_HAYSTACK, 5},
    {"haystack.pipeline.input_data", SC_IN_LIBRARY, FAMILY_HAYSTACK, 6},
    {"haystack.component.input", SC_IN_LIBRARY, FAMILY_HAYSTACK, 7},
    {"haystack.agent.step.llm.input", SC_IN_LIBRARY, FAMILY_HAYSTACK, 8},
    {"gen_ai.workflow.input", SC_IN_LIBRARY, FAMILY_GEN_AI, 9},
    {"gen_ai.framework.pipeline.input_data", SC_IN_LIBRARY, FAMILY_GEN_AI, 10},
    {"gen_ai.workflow.initial_input", SC_IN_LIBRARY, FAMILY_GEN_AI, 11},

    {"gen_ai.prompt", SC_IN_LEGACY, FAMILY_LANGSMITH, 1},
    {"llm.prompts", SC_IN_LEGACY, FAMILY_OPENLLMETRY, 2},
    {"prompt", SC_IN_LEGACY, FAMILY_LOGFIRE, 3},
    {"inputs", SC_IN_LEGACY, FAMILY_LANGSMITH, 4},
    {"crew_inputs", SC_IN_LEGACY, FAMILY_OPENINFERENCE, 5},
    {"gcp.vertex.agent.llm_request", SC_IN_LEGACY, FAMILY_GEN_AI, 6},
    {"genkit:input", SC_IN_LEGACY, FAMILY_GENKIT, 7},
    {"request_data", SC_IN_LEGACY, FAMILY_LOGFIRE, 8},
    {"crewai.task.description", SC_IN_LEGACY, FAMILY_OPENLLMETRY, 9},
    {"message", SC_IN_LEGACY, FAMILY_ANY, 10}, /* AutoGen */
    {"input", SC_IN_LEGACY, FAMILY_ANY, 11},

    {"crew_tasks", SC_IN_TASKS, FAMILY_OPENINFERENCE, 1},

    {"events", SC_EVENTS, FAMILY_LOGFIRE, 1},

    {"pydantic_ai.all_messages", SC_IN_ALL_MESSAGES, FAMILY_LOGFIRE, 1},
    {"all_messages_events", SC_IN_ALL_MESSAGES, FAMILY_LOGFIRE, 2},
    {"all_messages", SC_IN_ALL_MESSAGES, FAMILY_LOGFIRE, 3},

    {"final_result", SC_OUT_FINAL, FAMILY_LOGFIRE, 1},

    {"gen_ai.output.messages", SC_OUT_MESSAGES, FAMILY_GEN_AI, 1},

    {"raw.output", SC_OUT_RAW, FAMILY_TRACEAI, 1},

    {"output.value", SC_OUT_VALUE, FAMILY_OPENINFERENCE, 1},

    {"output.mime_type", SC_OUT_MIME, FAMILY_OPENINFERENCE, 1},

    {"ai.response.text", SC_OUT_TEXT, FAMILY_VERCEL, 1},
    {"ai.result.text", SC_OUT_TEXT, FAMILY_VERCEL, 2},
    {"ai.response.object", SC_OUT_TEXT, FAMILY_VERCEL, 3},
    {"ai.result.object", SC_OUT_TEXT, FAMILY_VERCEL, 4},

    {"traceloop.entity.output", SC_OUT_ENTITY, FAMILY_OPENLLMETRY, 1},
    {"gen_ai.task.output", SC_OUT_ENTITY, FAMILY_OPENLLMETRY, 2},

    {"mlflow.spanOutputs", SC_OUT_LIBRARY, FAMILY_MLFLOW, 1},
    {"langfuse.observation.output", SC_OUT_LIBRARY, FAMILY_LANGFUSE, 2},
    {"langfuse.trace.output", SC_OUT_LIBRARY, FAMILY_LANGFUSE, 3},
    {"langwatch.output", SC_OUT_LIBRARY, FAMILY_LANGWATCH, 4},
    {"haystack.agent.output", SC_OUT_LIBRARY, FAMILY_HAYSTACK, 5},
    {"haystack.pipeline.output_data", SC_OUT_LIBRARY, FAMILY_HAYSTACK, 6},
    {"haystack.component.output", SC_OUT_LIBRARY, FAMILY_HAYSTACK, 7},
    {"haystack.agent.step.llm.output", SC_OUT_LIBRARY, FAMILY_HAYSTACK, 8},
    {"gen_ai.workflow.output", SC_OUT_LIBRARY, FAMILY_GEN_AI, 9},
    {"gen_ai.framework.pipeline.output_data", SC_OUT_LIBRARY, FAMILY_GEN_AI, 10},
    {"gen_ai.workflow.final_output", SC_OUT_LIBRARY, FAMILY_GEN_AI, 11},
    {"gen_ai.agent.final_result", SC_OUT_LIBRARY, FAMILY_GEN_AI, 12},

    {"gen_ai.completion", SC_OUT_LEGACY, FAMILY_LANGSMITH, 1},
    {"llm.completions", SC_OUT_LEGACY, FAMILY_OPENLLMETRY, 2},
    {"outputs", SC_OUT_LEGACY, FAMILY_LANGSMITH, 3},
    {"gcp.vertex.agent.llm_response", SC_OUT_LEGACY, FAMILY_GEN_AI, 4},
    {"genkit:output", SC_OUT_LEGACY, FAMILY_GENKIT, 5},
    {"response_data", SC_OUT_LEGACY, FAMILY_LOGFIRE, 6},
    {"crewai.crew.result", SC_OUT_LEGACY, FAMILY_OPENLLMETRY, 7},
    {"crewai.task.result", SC_OUT_LEGACY, FAMILY_OPENLLMETRY, 8},
    {"output", SC_OUT_LEGACY, FAMILY_ANY, 9},

    {"fi.llm.output", SC_OUT_LAST_RESORT, FAMILY_TRACEAI, 1},

    {"service.name", SC_SERVICE, FAMILY_GEN_AI, 1},

    {"service.version", SC_VERSION, FAMILY_GEN_AI, 1},

    {"openinference.project.name", SC_PROJECT, FAMILY_OPENINFERENCE, 1},
    {"project_name", SC_PROJECT, FAMILY_TRACEAI, 2},
};
const uint32_t semconv_row_count = sizeof semconv_rows / sizeof *semconv_rows;

/* Open addressing over row numbers plus one; 0 is free. Written once, before main. */
enum { SLOTS = 1024 };
static uint16_t slots[SLOTS];
static uint8_t name_sizes[SLOTS]; /* of the name in each slot */

/* First, middle and last eight bytes tell the known names apart well enough; short names are
 * padded. */
uint32_t semconv_hash(struct bytes name)
{
    uint64_t first = 0, middle = 0, last = 0;
    if (name.size >= 8) {
        memcpy(&first, name.data, 8);
        memcpy(&middle, name.data + (name.size - 8) / 2, 8);
        memcpy(&last, name.data + name.size - 8, 8);
    } else if (name.size > 0) {
        memcpy(&first, name.data, name.size);
    }
    uint64_t hash = (first ^ name.size) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 29 ^ middle) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 32 ^ last) * 0x94d049bb133111ebu;
    return (uint32_t)(hash >> 40);
}

__attribute__((constructor)) static void build_slots(void)
{
    assert(semconv_row_count < SLOTS / 2);
    for (uint32_t row = 0; row < semconv_row_count; row++) {
        uint32_t slot = semconv_hash(bytes_of_text(semconv_rows[row].name)) % SLOTS;
        while (slots[slot])
            slot = (slot + 1) % SLOTS;
        slots[slot] = (uint16_t)(row + 1);
        name_sizes[slot] = (uint8_t)strlen(semconv_rows[row].name);
    }
}

const struct semconv_row *semconv_find(struct bytes name)
{
    for (uint32_t slot = semconv_hash(name) % SLOTS; slots[slot]; slot = (slot + 1) % SLOTS) {
        const struct semconv_row *row = &semconv_rows[slots[slot] - 1];
        if (name_sizes[slot] == name.size && memcmp(row->name, name.data, name.size) == 0)
            return row;
    }
    return NULL;
}
