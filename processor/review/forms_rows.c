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
    {.name = NULL},
};
