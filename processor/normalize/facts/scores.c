/* Where scores stand:
 *   gen_ai.evaluation.{name,score.value,score.label,explanation}   a span, a span event or a log record
 *   eval.{name,score,label,explanation,model}                      an EVALUATOR span
 *   [trace.|session.]annotations.N.annotation.{name,score,...}     OpenInference, by index
 *   [trace.|session.]evaluations.N.evaluation.{name,score,...}
 *   eval.<metric>[.score|.label|.explanation]                      traceAI
 *   logfire.feedback.name, and the value under the key that it names
 * A score of a judge that failed is kept without its value. */
#include "processor/normalize/facts/scores.h"

#include <math.h>

#include "processor/base/json/number.h"
#include "processor/otlp/span_fields.h"

enum { INDEXED_MAX = 64 }; /* indexed scores of one span that are kept */

static void add_score(struct score_list *list, struct score score)
{
    if (score.name.size == 0 || (!score.has_value && score.label.size == 0 && !score.is_error))
        return;
    void *items = list->scores;
    if (!list_reserve(&items, list->score_count, &list->score_capacity, sizeof score, list->arena))
        return;
    list->scores = items;
    list->scores[list->score_count++] = score;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool equal_folded(struct bytes text, const char *word)
{
    size_t i = 0;
    for (; i < text.size && word[i]; i++)
        if (lower(text.data[i]) != (uint8_t)word[i])
            return false;
    return i == text.size && !word[i];
}

static bool is_negative_word(struct bytes text)
{
    static const char *const words[] = {
        "down", "thumbs_down", "thumbs-down", "thumbs down", "thumbsdown", "negative",
        "bad",  "dislike",     "disliked",    "wrong",       "incorrect",  "unhelpful",
        "no",   "false",       "fail",        "failed",      "-1",         "\xf0\x9f\x91\x8e"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (equal_folded(text, words[i]))
            return true;
    return false;
}

static void add_feedback(struct score_list *list, struct feedback feedback)
{
    void *items = list->feedback;
    if (!list_reserve(&items, list->feedback_count, &list->feedback_capacity, sizeof feedback,
                      list->arena))
        return;
    list->feedback = items;
    list->feedback[list->feedback_count++] = feedback;
}

/* Numbers and booleans are values; text is a label, unless it is a number. */
static void put_value(struct score *score, struct value value, struct arena *arena)
{
    double number;
    if (value.type == VALUE_INT || value.type == VALUE_DOUBLE) {
        score->has_value = isfinite(value.number);
        score->value = value.number;
    } else if (value.type == VALUE_BOOL) {
        score->has_value = true;
        score->value = value.integer ? 1 : 0;
    } else if (value.type == VALUE_STRING && number_parse(value.bytes, &number)) {
        score->has_value = true;
        score->value = number;
    } else if (value.type == VALUE_STRING && score->label.size == 0) {
        score->label = value_text(value, arena);
    }
}

/* gen_ai.evaluation.* and eval.* of one bag of attributes. False when it names no score. */
static bool named_score(const struct semconv *semconv, struct arena *arena, struct score *ret)
{
    *ret = (struct score){.name = semconv_text(semconv, SC_SCORE_NAME)};
    if (ret->name.size == 0)
        return false;
    ret->label = semconv_text(semconv, SC_SCORE_LABEL);
    const struct value *label = semconv_get(semconv, SC_SCORE_LABEL);
    if (label && ret->label.size == 0)
        ret->label = value_text(*label, arena);
    const struct value *value = semconv_get(semconv, SC_SCORE_VALUE);
    if (value)
        put_value(ret, *value, arena);
    ret->explanation = semconv_text(semconv, SC_SCORE_EXPLANATION);
    ret->evaluator = semconv_text(semconv, SC_SCORE_EVALUATOR);
    return true;
}

static bool take_prefix(struct bytes *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->data, prefix, size) != 0)
        return false;
    *text = bytes_of(text->data + size, text->size - size);
    return true;
}

struct indexed_score {
    struct score score;
    uint64_t index;
    uint8_t space; /* annotations and evaluations, each of span, trace and session */
    bool is_human;
};

/* Splits "trace.annotations.12.annotation.score". */
static bool split_indexed(struct bytes key, uint8_t *ret_space, uint64_t *ret_index,
                          struct bytes *ret_field)
{
    uint8_t space = take_prefix(&key, "trace.") ? 2 : take_prefix(&key, "session.") ? 4 : 0;
    bool is_evaluation = take_prefix(&key, "evaluations.");
    if (!is_evaluation && !take_prefix(&key, "annotations."))
        return false;
    uint64_t index = 0;
    size_t digits = 0;
    while (digits < key.size && digits < 19 && key.data[digits] >= '0' && key.data[digits] <= '9')
        index = index * 10 + (uint64_t)(key.data[digits++] - '0');
    if (digits == 0 || digits == key.size)
        return false;
    key = bytes_of(key.data + digits, key.size - digits);
    if (!take_prefix(&key, is_evaluation ? ".evaluation." : ".annotation."))
        return false;
    *ret_space = (uint8_t)(space | is_evaluation);
    *ret_index = index;
    *ret_field = key;
    return true;
}

static void put_indexed(struct indexed_score *indexed, struct bytes field, struct value value,
                        struct arena *arena)
{
    struct score *score = &indexed->score;
    struct bytes text = value.type == VALUE_STRING ? value.bytes : (struct bytes){0};
    if (bytes_equal_text(field, "name"))
        score->name = text;
    else if (bytes_equal_text(field, "score") || bytes_equal_text(field, "value") ||
             bytes_equal_text(field, "result.score"))
        put_value(score, value, arena);
    else if (bytes_equal_text(field, "label") || bytes_equal_text(field, "result.label"))
        score->label = value_text(value, arena);
    else if (bytes_equal_text(field, "explanation") ||
             bytes_equal_text(field, "result.explanation"))
        score->explanation = text;
    else if (bytes_equal_text(field, "identifier") || bytes_equal_text(field, "model"))
        score->evaluator = text;
    else if (bytes_equal_text(field, "annotator_kind") || bytes_equal_text(field, "kind"))
        indexed->is_human = equal_folded(text, "human");
}

/* eval.<metric>: the value itself, or its parts behind another dot. */
static void put_metric(struct score_list *list, struct bytes key, struct value value, uint32_t span,
                       uint64_t time_ns)
{
    static const char *const own[] = {"input", "output", "evaluated_at",   "name",
                                      "score", "label",  "explanation",    "model",
                                      "tags",  "id",     "expected_output"};
    if (!take_prefix(&key, "eval.") || key.size == 0)
        return;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (bytes_equal_text(key, own[i]))
            return;
    const uint8_t *dot = memchr(key.data, '.', key.size);
    if (dot) {
        struct bytes part = bytes_of(dot + 1, key.size - (size_t)(dot + 1 - key.data));
        if (!bytes_equal_text(part, "score") && !bytes_equal_text(part, "value") &&
            !bytes_equal_text(part, "score.value"))
            return;
        key.size = (size_t)(dot - key.data);
    }
    struct score score = {.name = key, .span = span, .time_ns = time_ns};
    put_value(&score, value, list->arena);
    add_score(list, score);
}

static void indexed_scores(struct score_list *list, const struct trajectory *trajectory,
                           uint32_t index)
{
    const struct span *span = &trajectory->spans[index];
    struct indexed_score found[INDEXED_MAX];
    uint32_t count = 0;
    struct attributes attributes = attributes_of(span->wire, OF_SPAN);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute)) {
        uint8_t space;
        uint64_t position;
        struct bytes field;
        if (!split_indexed(attribute.key, &space, &position, &field)) {
            put_metric(list, attribute.key, attribute.value, index, span->end_ns);
            continue;
        }
        uint32_t i = 0;
        while (i < count && (found[i].index != position || found[i].space != space))
            i++;
        if (i == INDEXED_MAX)
            continue;
        if (i == count)
            found[count++] = (struct indexed_score){.index = position, .space = space};
        put_indexed(&found[i], field, attribute.value, list->arena);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct score score = found[i].score;
        score.span = found[i].space < 2 ? index : NO_SPAN;
        score.time_ns = span->end_ns;
        add_score(list, score);
        if (!found[i].is_human || score.name.size == 0)
            continue;
        add_feedback(list, (struct feedback){.name = score.name,
                                             .has_value = score.has_value,
                                             .value = score.value,
                                             .text = score.label,
                                             .is_negative = is_negative_word(score.label) ||
                                                            (score.has_value && score.value < 0),
                                             .time_ns = span->end_ns});
    }
}

/* Logfire: `logfire.feedback.name` = thumbs, `thumbs` = "down". */
static void feedback_of_span(struct score_list *list, const struct trajectory *trajectory,
                             uint32_t index, const struct semconv *semconv)
{
    const struct span *span = &trajectory->spans[index];
    struct score score = {.name = semconv_text(semconv, SC_FEEDBACK_NAME),
                          .explanation = semconv_text(semconv, SC_FEEDBACK_COMMENT),
                          .span = trajectory->parents[index],
                          .time_ns = span->end_ns};
    put_value(&score, attributes_find(span->wire, OF_SPAN, score.name), list->arena);
    add_score(list, score);
    struct bytes text = score.label.size ? score.label : score.explanation;
    add_feedback(list, (struct feedback){.name = score.name,
                                         .has_value = score.has_value,
                                         .value = score.value,
                                         .text = text,
                                         .is_negative = is_negative_word(score.label) ||
                                                        (score.has_value && score.value < 0),
                                         .time_ns = span->end_ns});
}

static void event_scores(struct score_list *list, const struct span *span, uint32_t index)
{
    struct span_events events = span_events_of(span);
    struct span_event event;
    while (span_events_next(&events, &event)) {
        if (!bytes_starts_with(event.name, BYTES_LITERAL("gen_ai.evaluation.")))
            continue;
        struct semconv semconv;
        struct score score;
        semconv_read(event.wire, OF_EVENT, &semconv);
        if (!named_score(&semconv, list->arena, &score))
            continue;
        score.is_error =
            !score.has_value && score.label.size == 0 && semconv_has(&semconv, SC_ERROR_TYPE);
        score.span = index;
        score.time_ns = event.time_ns;
        add_score(list, score);
    }
}

void scores_of_span(struct score_list *list, const struct trajectory *trajectory, uint32_t index,
                    const struct semconv *semconv, enum step_kind kind)
{
    const struct span *span = &trajectory->spans[index];
    struct score score;
    if (named_score(semconv, list->arena, &score)) {
        bool is_judge = kind == STEP_EVALUATOR;
        score.span = is_judge ? trajectory->parents[index] : index;
        score.time_ns = span->end_ns;
        score.is_error = is_judge && span_has_failed(span);
        if (score.is_error)
            score.has_value = false;
        add_score(list, score);
    }
    if (semconv_has(semconv, SC_FEEDBACK_NAME))
        feedback_of_span(list, trajectory, index, semconv);
    if (semconv->seen & SEEN_SCORES)
        indexed_scores(list, trajectory, index);
    if (semconv->seen & SEEN_SCORE_EVENTS)
        event_scores(list, span, index);
}

void scores_of_log(struct score_list *list, const struct trajectory *trajectory,
                   const struct log_record *log)
{
    if (!bytes_starts_with(log->event_name, BYTES_LITERAL("gen_ai.evaluation.")))
        return;
    struct semconv semconv;
    struct score score;
    semconv_read(log->wire, OF_LOG_RECORD, &semconv);
    if (!named_score(&semconv, list->arena, &score))
        return;
    score.is_error =
        !score.has_value && score.label.size == 0 && semconv_has(&semconv, SC_ERROR_TYPE);
    score.span = trajectory_find(trajectory, log->span_id);
    score.time_ns = log->time_ns;
    add_score(list, score);
}
