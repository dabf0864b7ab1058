/* Rows of a dataset as the items of other tools. What the tool evaluates on stands where it looks for
 * it; all else a row says is its metadata, so that nothing has to be looked up here. The wrong answer of
 * the run is never what is expected: it is `output` of the metadata.
 *
 * row_id is the id everywhere, so an import of a later version changes items and doubles none. */
#include "processor/review/forms_state.h"
#include "processor/review/row.h"

/* What every row has, and a tombstone has not. */
static const char *const rows_alone[] = {"source", NULL};

static const struct form_rule inputs[] = {
    FORM_COPY("input", "input"),
    FORM_COPY("history", "history"),
    FORM_COPY("contexts", "contexts"),
    FORM_END,
};

/* What an answer is held against. */
static const struct form_rule expected[] = {
    FORM_COPY("expected_response", "expected_response"),
    FORM_COPY("expected_kind", "expected_kind"),
    FORM_COPY("expected_until", "expected_until"),
    FORM_COPY("checks", "checks"),
    FORM_END,
};

static const struct form_rule metadata[] = {
    FORM_COPY("row_id", "row_id"),
    FORM_COPY("row_revision", "row_revision"),
    FORM_COPY("dataset", "dataset"),
    FORM_COPY("dataset_version", "dataset_version"),
    FORM_COPY("split", "split"),
    FORM_COPY("regression", "regression"),
    FORM_COPY("severity", "severity"),
    FORM_COPY("output", "output"),
    FORM_COPY("failure_mode", "failure_mode"),
    FORM_COPY("labels", "labels"),
    FORM_COPY("verdict", "verdict"),
    FORM_COPY("machine_verdict", "machine_verdict"),
    FORM_COPY("reviewer_status", "reviewer_status"),
    FORM_COPY("reviewers", "reviewers"),
    FORM_COPY("reviewed_by", "reviewed_by"),
    FORM_COPY("agreement", "agreement"),
    FORM_COPY("comment", "comment"),
    FORM_COPY("source", "source"),
    FORM_COPY("time", "time"),
    FORM_COPY("cohort", "cohort"),
    FORM_COPY("route", "route"),
    FORM_COPY("agent", "agent"),
    FORM_COPY("evaluations", "evaluations"),
    FORM_COPY("signature", "signature"),
    FORM_COPY("cluster", "cluster"),
    FORM_COPY("occurrences", "occurrences"),
    FORM_COPY("selection", "selection"),
    FORM_COPY("ruleset", "ruleset"),
    FORM_COPY("label_set", "label_set"),
    FORM_COPY("redaction", "redaction"),
    FORM_COPY("sha256", "sha256"),
    FORM_END,
};

static const struct form_rule langfuse[] = {
    FORM_COPY("id", "row_id"),
    FORM_COPY("datasetName", "dataset"),
    FORM_GROUP("input", inputs),
    FORM_COPY("expectedOutput", "expected_response"),
    FORM_GROUP("metadata", metadata),
    FORM_COPY("metadata/expected_kind", "expected_kind"),
    FORM_COPY("metadata/expected_until", "expected_until"),
    FORM_COPY("metadata/checks", "checks"),
    FORM_COPY("sourceTraceId", "source/trace_id"),
    FORM_COPY("sourceObservationId", "source/root_span_id"),
    FORM_END,
};

/* No source_run_id: their runs have ids of their own. */
static const struct form_rule langsmith[] = {
    FORM_COPY("id", "row_id"),        FORM_GROUP("inputs", inputs), FORM_GROUP("outputs", expected),
    FORM_GROUP("metadata", metadata), FORM_COPY("split", "split"),  FORM_END,
};

static const struct form_rule phoenix[] = {
    FORM_COPY("id", "row_id"),
    FORM_GROUP("input", inputs),
    FORM_GROUP("output", expected),
    FORM_GROUP("metadata", metadata),
    FORM_COPY("splits", "split"),
    FORM_COPY("span_id", "source/root_span_id"),
    FORM_END,
};

static const struct form_rule document[] = {
    {.to = "id", .from = "id", .how = form_as_is, .otherwise = "\"\""},
    {.to = "text", .from = "text", .how = form_as_is, .otherwise = "\"\""},
    FORM_END,
};

static const struct form_rule label_choices[] = {
    FORM_CONSTANT("from_name", "\"labels\""),
    FORM_CONSTANT("to_name", "\"output\""),
    FORM_CONSTANT("type", "\"choices\""),
    FORM_COPY("value/choices", "labels"),
    FORM_END,
};

static const struct form_rule expected_text[] = {
    FORM_CONSTANT("from_name", "\"expected_response\""),
    FORM_CONSTANT("to_name", "\"output\""),
    FORM_CONSTANT("type", "\"textarea\""),
    FORM_COPY("value/text/[]", "expected_response"),
    FORM_END,
};

/* The labelling configuration of `queue export` (labelling.h) shows rows as well: its objects take
 * their values from `data`, so all of them are there; rows have no steps. The
 * decision stands as a prediction: controls `verdict`, `labels`, `expected_response` on `output`. */
static const struct form_rule label_studio[] = {
    FORM_COPY("data/row_id", "row_id"),
    FORM_COPY("data/record_id", "source/record_id"),
    {.to = "data/input", .from = "input", .how = form_as_is, .otherwise = "\"\""},
    {.to = "data/history", .from = "history", .how = form_as_is, .otherwise = "[]"},
    {.to = "data/contexts",
     .from = "contexts",
     .how = form_items,
     .rules = document,
     .otherwise = "[]"},
    {.to = "data/output", .from = "output", .how = form_as_is, .otherwise = "\"\""},
    FORM_CONSTANT("data/steps", "[]"),
    FORM_GROUP("meta", metadata),
    FORM_COPY("meta/expected_kind", "expected_kind"),
    FORM_COPY("meta/expected_until", "expected_until"),
    FORM_COPY("meta/checks", "checks"),
    FORM_CONSTANT("predictions/[decision]/model_version", "\"flywheel\""),
    FORM_CONSTANT("predictions/[decision]/result/[verdict]/from_name", "\"verdict\""),
    FORM_CONSTANT("predictions/[decision]/result/[verdict]/to_name", "\"output\""),
    FORM_CONSTANT("predictions/[decision]/result/[verdict]/type", "\"choices\""),
    FORM_COPY("predictions/[decision]/result/[verdict]/value/choices/[]", "verdict"),
    {.to = "predictions/[decision]/result/[labels]",
     .how = form_group,
     .rules = label_choices,
     .when = "labels"},
    {.to = "predictions/[decision]/result/[expected]",
     .how = form_group,
     .rules = expected_text,
     .when = "expected_response"},
    FORM_END,
};

/* A column is a text in every row, an empty one where a row has nothing to say. */
#define CELL(column, source)                                                                       \
    FORM_CONSTANT("cells/[" column "]/column_name", "\"" column "\""),                             \
    {                                                                                              \
        .to = "cells/[" column "]/value", .from = (source), .how = form_text, .otherwise = "\"\""  \
    }

static const struct form_rule futureagi[] = {
    FORM_COPY("id", "row_id"),
    CELL("row_id", "row_id"),
    CELL("dataset_version", "dataset_version"),
    CELL("split", "split"),
    CELL("input", "input"),
    CELL("history", "history"),
    FORM_CONSTANT("cells/[contexts]/column_name", "\"contexts\""),
    {.to = "cells/[contexts]/value", .from = "contexts", .how = form_lines},
    CELL("output", "output"),
    CELL("expected_response", "expected_response"),
    CELL("expected_kind", "expected_kind"),
    CELL("expected_until", "expected_until"),
    CELL("checks", "checks"),
    CELL("failure_mode", "failure_mode"),
    CELL("severity", "severity"),
    CELL("labels", "labels"),
    CELL("verdict", "verdict"),
    CELL("machine_verdict", "machine_verdict"),
    CELL("reviewer_status", "reviewer_status"),
    CELL("agreement", "agreement"),
    CELL("comment", "comment"),
    CELL("cohort", "cohort"),
    CELL("trace_id", "source/trace_id"),
    CELL("record_id", "source/record_id"),
    FORM_END,
};

static const struct form_rule turn[] = {
    FORM_COPY("role", "role"),
    FORM_COPY("content", "text"),
    FORM_END,
};

/* All texts are there, empty ones too: graders name them in templates of their own. */
static const struct form_rule openai_evals[] = {
    FORM_COPY("item/row_id", "row_id"),
    {.to = "item/input", .from = "input", .how = form_as_is, .otherwise = "\"\""},
    {.to = "item/expected_response",
     .from = "expected_response",
     .how = form_as_is,
     .otherwise = "\"\""},
    {.to = "item/context", .from = "contexts", .how = form_lines},
    {.to = "item/failure_mode", .from = "failure_mode", .how = form_as_is, .otherwise = "\"\""},
    FORM_COPY("item/must_include", "checks/must_include"),
    FORM_COPY("item/must_not_include", "checks/must_not_include"),
    {.to = "item/messages", .from = "history", .how = form_items, .rules = turn},
    FORM_CONSTANT("item/messages/[input]/role", "\"user\""),
    {.to = "item/messages/[input]/content",
     .from = "input",
     .how = form_as_is,
     .otherwise = "\"\""},
    FORM_END,
};

static const char openai_item_schema[] =
    "{\"type\":\"object\",\"properties\":{\"row_id\":{\"type\":\"string\"},"
    "\"input\":{\"type\":\"string\"},\"expected_response\":{\"type\":\"string\"},"
    "\"context\":{\"type\":\"string\"},\"failure_mode\":{\"type\":\"string\"},"
    "\"must_include\":{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":"
    "{\"type\":\"string\"}}},\"must_not_include\":{\"type\":\"array\",\"items\":"
    "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
    "\"messages\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":"
    "{\"role\":{\"type\":\"string\"},\"content\":{\"type\":\"string\"}},"
    "\"required\":[\"role\",\"content\"]}}},"
    "\"required\":[\"row_id\",\"input\",\"expected_response\",\"context\",\"failure_mode\","
    "\"must_include\",\"must_not_include\",\"messages\"]}\n";

/* A conversation to train on: the turns before, the question, the answer that was approved. */
static const struct form_rule messages[] = {
    {.to = "messages", .from = "history", .how = form_items, .rules = turn},
    FORM_CONSTANT("messages/[input]/role", "\"user\""),
    FORM_COPY("messages/[input]/content", "input"),
    FORM_CONSTANT("messages/[answer]/role", "\"assistant\""),
    FORM_COPY("messages/[answer]/content", "expected_response"),
    FORM_END,
};
static const char *const messages_need[] = {"source", "input", "expected_response", NULL};

const struct form form_rows[] = {
    {.name = "langfuse",
     .schema = ROW_SCHEMA_NAME,
     .rules = langfuse,
     .needs = rows_alone,
     .untrusted = "[\"input\",\"expectedOutput\",\"metadata\"]",
     .retired = "set the status of their items to ARCHIVED"},
    {.name = "langsmith",
     .schema = ROW_SCHEMA_NAME,
     .rules = langsmith,
     .needs = rows_alone,
     .untrusted = "[\"inputs\",\"outputs\",\"metadata\"]",
     .retired = "delete their examples"},
    {.name = "phoenix",
     .schema = ROW_SCHEMA_NAME,
     .rules = phoenix,
     .needs = rows_alone,
     .untrusted = "[\"input\",\"output\",\"metadata\"]",
     .retired = "delete their examples"},
    {.name = "futureagi",
     .schema = ROW_SCHEMA_NAME,
     .rules = futureagi,
     .needs = rows_alone,
     .text_max = 65535,
     .untrusted = "[\"cells\"]",
     .retired = "delete their rows"},
    {.name = "label-studio",
     .schema = ROW_SCHEMA_NAME,
     .rules = label_studio,
     .needs = rows_alone,
     .is_list = true,
     .untrusted = "[\"data\",\"meta\",\"predictions\"]",
     .retired = "delete their tasks"},
    {.name = "openai-evals",
     .schema = ROW_SCHEMA_NAME,
     .rules = openai_evals,
     .needs = rows_alone,
     .item_schema = openai_item_schema,
     .untrusted = "[\"item\"]",
     .retired = "take this file in the place of the earlier one"},
    {.name = "messages",
     .schema = ROW_SCHEMA_NAME,
     .rules = messages,
     .needs = messages_need,
     .is_for_training = true,
     .untrusted = "[\"messages\"]",
     .retired = "train anew without them"},
    {.name = NULL},
};
