/* The options of `flywheel gate` as parameters. */
#include "pipelines/daemon/api_gate.h"

#include <assert.h>
#include <stddef.h>

#include "pipelines/cohorts/release_gate_question.h"
#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/review/calibrated_gate.h"
#include "processor/base/clock.h"

enum { TEXTS_BYTES_MAX = 1 << 20 };

const char *const api_gate_parameters[] = {
    "cohort",  "min_pass_rate", "window",     "confidence", "min_scored",
    "require", "max_missing",   "missing",    "baseline",   "as_of",
    "strict",  "repeated",      "calibrated", "format",     NULL};

/* Where each goes, in the same order; 0 in `flag`: a text. */
static const struct {
    size_t text, flag;
} places[] = {
#define TEXT(name) offsetof(struct release_gate_words, name), 0
#define FLAG(name) 0, offsetof(struct release_gate_words, is_##name)
    {TEXT(cohort)},     {TEXT(min_pass_rate)}, {TEXT(window)},      {TEXT(confidence)},
    {TEXT(min_scored)}, {TEXT(require)},       {TEXT(max_missing)}, {TEXT(missing)},
    {TEXT(baseline)},   {TEXT(as_of)},         {FLAG(strict)},      {FLAG(repeated)},
    {FLAG(calibrated)},
};

enum { PLACES = sizeof(places) / sizeof(places[0]) };
static_assert(sizeof(api_gate_parameters) / sizeof(api_gate_parameters[0]) == PLACES + 2,
              "with format and the end");

static bool take_flag(const char *name, struct bytes value, bool *ret_flag, struct error *ret_error)
{
    if (http_query_read_flag(value, ret_flag))
        return true;
    error_set(ret_error, EXIT_USAGE, "%s is true or false", name);
    return false;
}

static bool take_words(const struct http_query *query, struct release_gate_words *words,
                       struct error *ret_error)
{
    struct bytes format = http_query_get(query, "format");
    if (format.data && !bytes_equal_text(format, "json")) {
        error_set(ret_error, EXIT_USAGE, "format is json");
        return false;
    }
    for (size_t i = 0; i < PLACES; i++) {
        struct bytes value = http_query_get(query, api_gate_parameters[i]);
        if (!value.data)
            continue;
        if (places[i].flag > 0 && !take_flag(api_gate_parameters[i], value,
                                             (bool *)((char *)words + places[i].flag), ret_error))
            return false;
        if (places[i].flag == 0)
            *(struct bytes *)(void *)((char *)words + places[i].text) = value;
    }
    return true;
}

enum status api_gate_write(struct store *store, const struct pipeline_config *config,
                           const struct http_query *query, struct buffer *to,
                           struct error *ret_error)
{
    struct release_gate_words words = {.are_options = false};
    struct release_gate_question question;
    struct release_gate_answer answer;
    struct arena arena;
    if (!take_words(query, &words, ret_error))
        return STATUS_MALFORMED;
    arena_init(&arena, TEXTS_BYTES_MAX);
    enum status status =
        release_gate_question_parse(&words, clock_realtime_ms(), &arena, &question, ret_error);
    if (status == STATUS_OK)
        status = release_gate_ask(store, config, &question, &answer, ret_error);
    if (status == STATUS_OK)
        status = calibrated_gate_decide(store, config, &question, &answer, ret_error);
    if (status == STATUS_OK)
        release_gate_text_write_json(config, &question, &answer, to);
    arena_finish(&arena);
    return status;
}
