/* The attribute names of every convention, as data: one row per known name says which concept it
 * spells, in which family's words, and how much it counts against other spellings of the concept on
 * one span. Adding a vendor is adding rows. */
#pragma once
#include "processor/base/bytes.h"

/* The vocabularies. Order is precedence where they say the same of one span. */
enum semconv_family {
    FAMILY_NONE,
    FAMILY_GEN_AI, /* OpenTelemetry GenAI, any age */
    FAMILY_OPENINFERENCE,
    FAMILY_OPENLLMETRY,
    FAMILY_VERCEL,
    FAMILY_LANGFUSE,
    FAMILY_LANGSMITH,
    FAMILY_TRACEAI,
    FAMILY_MLFLOW,
    FAMILY_LOGFIRE, /* Logfire and Pydantic AI where they go beyond GenAI */
    FAMILY_HAYSTACK,
    FAMILY_LANGWATCH,
    FAMILY_MASTRA,
    FAMILY_GENKIT,
    FAMILY_ANY, /* keys that applications and gateways use without a convention */
    SEMCONV_FAMILIES
};

/* What can be said of a span. A value is one attribute, by the best row that is there. */
enum semconv_concept {
    SC_KIND,
    SC_OPERATION,
    SC_AGENT_NAME,
    SC_AGENT_VERSION,
    SC_CONVERSATION,
    SC_USER,
    SC_METADATA,    /* a JSON object of the application's own; conversation and user may be in it */
    SC_MODEL,       /* that answered */
    SC_MODEL_ASKED, /* that was asked */
    SC_PROVIDER,
    SC_RESPONSE_ID, /* the provider's own name for the answer of a model */
    SC_TOKENS_INPUT,
    SC_TOKENS_OUTPUT,
    SC_TOKENS_JSON,     /* both, as members of a JSON object */
    SC_AGGREGATE_INPUT, /* tokens of the children, summed by the library */
    SC_AGGREGATE_OUTPUT,
    SC_COST,
    SC_COST_JSON,
    SC_COST_INPUT, /* the two parts of a cost without a total */
    SC_COST_OUTPUT,
    SC_TOOL_NAME,
    SC_TOOL_CALL_ID, /* which call of the model's it is */
    SC_ENTITY_NAME,  /* what the library calls the span, when it is a tool */
    SC_TOOL_DEFINITIONS,
    SC_INVOCATION, /* parameters of the call; tool definitions may be among them */
    SC_FINISH_REASON,
    SC_ERROR_TYPE,
    SC_ERROR_MESSAGE,
    SC_LEVEL,  /* ERROR stands for a failed span whose status says nothing */
    SC_STATE,  /* how the library says that it ended: success, failure, ... */
    SC_FAILED, /* true, or the error itself: only there when it failed */
    SC_TTFT_SECONDS,
    SC_TTFT_MS,
    SC_TTFT_TIME, /* wall clock time of the first token, ISO 8601 */
    SC_CACHE_HIT,
    SC_FALLBACK,
    SC_RETRIES,
    SC_ROUTING_POLICY,
    SC_INTERRUPTED, /* paused for a human */
    SC_RELEASE,
    SC_ENVIRONMENT,
    SC_JUDGE_RUN, /* an experiment's, simulator's or evaluator's trace */
    SC_ROW,       /* the dataset row that a candidate answers */
    SC_SCORE_NAME,
    SC_SCORE_VALUE,
    SC_SCORE_LABEL,
    SC_SCORE_EXPLANATION,
    SC_SCORE_EVALUATOR,
    SC_FEEDBACK_NAME,
    SC_FEEDBACK_COMMENT,
    SC_TOOL_ARGUMENTS,
    SC_TOOL_PARAMETERS, /* arguments, or the schema of the tool */
    SC_TOOL_RESULT,
    SC_DOCUMENTS,
    SC_IN_MIME, /* what kind of text a value is */
    SC_OUT_MIME,
    SC_QUERY,
    SC_EXPECTED,

    /* Where the question may be, the most telling first. */
    SC_IN_MESSAGES,
    SC_IN_RAW,
    SC_IN_VALUE,
    SC_IN_PROMPT,
    SC_IN_ENTITY,
    SC_IN_LIBRARY,
    SC_IN_LEGACY,
    SC_IN_TASKS, /* CrewAI: the tasks stand for a question */
    SC_IN_ALL_MESSAGES,
    SC_IN_ENDING, /* by the ending of a name that no row knows */
    SC_EVENTS, /* Pydantic AI before 2: the legacy events as one JSON list; question and answer */

    /* Where the answer may be. */
    SC_OUT_FINAL,
    SC_OUT_MESSAGES,
    SC_OUT_RAW,
    SC_OUT_VALUE,
    SC_OUT_TEXT,
    SC_OUT_ENTITY,
    SC_OUT_LIBRARY,
    SC_OUT_LEGACY,
    SC_OUT_ENDING,
    SC_OUT_LAST_RESORT,

    /* Of a resource. */
    SC_SERVICE,
    SC_VERSION,
    SC_PROJECT,
    SEMCONV_CONCEPTS
};

struct semconv_row {
    const char *name;
    uint8_t concept;    /* enum semconv_concept */
    uint8_t family;     /* enum semconv_family */
    uint8_t precedence; /* within concept: the lower counts; equal ones: the later attribute */
};

/* The row of an attribute name, NULL when it is none that is known. Constant time. */
const struct semconv_row *semconv_find(struct bytes name);
/* A cheap hash of attribute names: 24 bits. Names that outsiders choose may collide at will, so it
 * is for tables of names that we know, never for tables that grow with input. */
uint32_t semconv_hash(struct bytes name);
/* All rows, for tests and reference. */
extern const struct semconv_row semconv_rows[];
extern const uint32_t semconv_row_count;
