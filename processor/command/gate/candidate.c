/* Answers in lines are judged in batches, so that what is open at a time is bounded. Requests are not:
 * spans of one trace may stand in several files. */
#include "processor/command/gate/candidate.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipelines/decide/replay.h"
#include "processor/base/memory.h"
#include "processor/command/gate/candidate_span.h"
#include "processor/command/gate/candidate_state.h"
#include "processor/command/replay/input.h"
#include "processor/otlp/otlp_json.h"

enum { LINES_PER_BATCH = 512, LINE_ARENA_MAX = 512 << 20 };

const char *const candidate_texts_names[CANDIDATE_TEXTS + 1] = {"none", "cut", "full", NULL};

/* --- judging --- */

/* All was seen while it was judged. */
static bool go_on(void *context, const struct closed *closed, struct bytes json)
{
    (void)context;
    (void)closed;
    (void)json;
    return true;
}

static enum status fail_memory(struct error *ret_error)
{
    error_set(ret_error, EXIT_BUG, "out of memory");
    return STATUS_FATAL;
}

static struct replay *begin(struct judging *it)
{
    struct replay *replay =
        replay_create(&it->config, false, (uint64_t)it->terms->now_ms, go_on, it);
    if (replay)
        replay_set_watch(replay, &it->watch);
    return replay;
}

static enum status end(struct replay **replay, struct error *ret_error)
{
    enum status status = *replay ? replay_finish(*replay) : STATUS_OK;
    replay_destroy(*replay);
    *replay = NULL;
    return status == STATUS_OK ? STATUS_OK : fail_memory(ret_error);
}

/* --- reading --- */

static void note_digest(struct judging *it, struct bytes body)
{
    if (it->digest_count == it->digest_capacity) {
        it->digest_capacity = it->digest_capacity ? 2 * it->digest_capacity : 256;
        it->digests = memory_need(realloc(it->digests, it->digest_capacity * sizeof *it->digests));
    }
    digest_sha256(it->digests[it->digest_count++], body);
}

static enum status add_request(struct judging *it, struct replay **to, enum wire_gate_signal signal,
                               struct bytes body, const char *name, struct error *ret_error)
{
    if (!*to)
        *to = begin(it);
    enum status status = *to ? replay_add(*to, signal, body) : STATUS_FATAL;
    if (status == STATUS_MALFORMED)
        error_set(ret_error, EXIT_USAGE, "%s: this is not an OTLP export request", name);
    else if (status != STATUS_OK)
        return fail_memory(ret_error);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

static enum status take_request(void *context, const struct input_request *request,
                                struct error *ret_error)
{
    struct judging *it = context;
    note_digest(it, request->body);
    return add_request(it, &it->requests, request->signal, request->body, request->name, ret_error);
}

static enum status refuse_line(const struct input_line *line, const char *problem,
                               struct error *ret_error)
{
    error_set(ret_error, EXIT_USAGE, "%s:%llu: this is no answer of a candidate: %s", line->name,
              (unsigned long long)line->number, problem);
    return STATUS_FATAL;
}

static void compare_snapshot(struct judging *it, struct bytes said)
{
    const struct gate_rows *rows = it->terms->rows;
    if (said.data && !bytes_equal_text(said, rows->snapshot) &&
        !bytes_equal_text(said, rows->exported))
        candidate_name(it->to, &it->to->other_snapshots, said);
}

/* The answers of one candidate have traces of their own: by what they say and where they stand. */
static void name_trace(const struct judging *it, uint8_t ret_trace_id[CANDIDATE_TRACE_ID_SIZE])
{
    uint8_t number[4], digest[SHA256_SIZE];
    put_be32(number, it->digest_count);
    digest_sha256_two(digest, bytes_of(it->digests[it->digest_count - 1], SHA256_SIZE),
                      bytes_of(number, sizeof number));
    memcpy(ret_trace_id, digest, CANDIDATE_TRACE_ID_SIZE);
}

static enum status take_line(void *context, const struct input_line *text, struct error *ret_error)
{
    struct judging *it = context;
    struct candidate_line line;
    const char *problem;
    uint8_t id[16], trace_id[CANDIDATE_TRACE_ID_SIZE];
    struct refused_parts parts = {0};
    arena_reset(&it->line);
    enum status status = candidate_line_read(text->text, &it->line, &line, &problem);
    if (status == STATUS_NOT_FOUND)
        return status;
    if (status == STATUS_MALFORMED)
        return refuse_line(text, problem, ret_error);
    note_digest(it, text->text);
    compare_snapshot(it, line.snapshot);
    const struct gate_row *row =
        row_id_parse(line.row_id, id) ? gate_rows_find(it->terms->rows, id) : NULL;
    if (!row) {
        candidate_name(it->to, &it->to->unknown, line.row_id);
        return STATUS_OK;
    }
    name_trace(it, trace_id);
    buffer_clear(&it->json);
    buffer_clear(&it->wire);
    candidate_line_write(&line, row->input, row->history, trace_id,
                         (uint64_t)it->terms->now_ms * 1000000, &it->json);
    status =
        otlp_json_to_wire(buffer_bytes(&it->json), WIRE_GATE_TRACES, &it->line, &it->wire, &parts);
    if (status != STATUS_OK || it->json.failed || it->wire.failed)
        return refuse_line(text, "it is too large", ret_error);
    status = add_request(it, &it->lines, WIRE_GATE_TRACES, buffer_bytes(&it->wire), text->name,
                         ret_error);
    if (status != STATUS_OK || ++it->batch < LINES_PER_BATCH)
        return status;
    it->batch = 0;
    return end(&it->lines, ret_error);
}

/* --- what all runs come to --- */

static int compare_digests(const void *a, const void *b)
{
    return memcmp(a, b, SHA256_SIZE);
}

static void name_candidate(struct judging *it)
{
    uint8_t digest[SHA256_SIZE];
    if (it->digest_count > 0)
        qsort(it->digests, it->digest_count, SHA256_SIZE, compare_digests);
    digest_sha256(digest, bytes_of(it->digests ? (void *)it->digests : "",
                                   (size_t)it->digest_count * SHA256_SIZE));
    hex_encode(it->to->digest, digest, SHA256_SIZE);
    it->to->digest[2 * SHA256_SIZE] = 0;
}

static int compare_runs(const void *a, const void *b)
{
    const struct candidate_run *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return memcmp(x->trace_id, y->trace_id, sizeof x->trace_id);
}

static void conclude(struct judging *it)
{
    struct candidate *to = it->to;
    uint32_t rows = it->terms->rows->count, at = 0;
    if (to->run_count > 0)
        qsort(to->runs, to->run_count, sizeof *to->runs, compare_runs);
    for (uint32_t row = 0; row < rows; row++) {
        struct gate_row_result *result = &to->results[row];
        to->first_run[row] = at;
        result->is_unjudged = true;
        for (; at < to->run_count && to->runs[at].row == row; at++) {
            result->runs++;
            result->passed += to->runs[at].has_passed;
            result->is_unjudged = result->is_unjudged && !to->runs[at].is_judged;
        }
        gate_row_conclude(result, it->terms->repeats);
    }
    to->first_run[rows] = at;
    name_candidate(it);
}

enum status candidate_judge(const struct candidate_terms *terms, char *const *paths, int path_count,
                            struct candidate *ret_candidate, struct error *ret_error)
{
    struct judging it = {.terms = terms, .to = ret_candidate, .config = *terms->config};
    it.config.scope_is_conversation = false;
    it.watch = (struct judge_watch){.look = candidate_look, .context = &it};
    *ret_candidate = (struct candidate){.run_count = 0};
    arena_init(&ret_candidate->arena, SIZE_MAX / 2);
    arena_init(&it.line, LINE_ARENA_MAX);
    size_t rows = terms->rows->count + (size_t)1, rules = it.config.ruleset.rule_count + (size_t)1;
    ret_candidate->results = memory_need(calloc(rows, sizeof *ret_candidate->results));
    ret_candidate->first_run = memory_need(calloc(rows, sizeof *ret_candidate->first_run));
    ret_candidate->rule_judged = memory_need(calloc(rules, sizeof *ret_candidate->rule_judged));
    ret_candidate->rule_failed = memory_need(calloc(rules, sizeof *ret_candidate->rule_failed));
    enum status status =
        input_read_lines(paths, path_count, take_request, take_line, &it, ret_error);
    if (status == STATUS_OK)
        status = end(&it.lines, ret_error);
    if (status == STATUS_OK)
        status = end(&it.requests, ret_error);
    if (status == STATUS_OK)
        conclude(&it);
    if (status == STATUS_OK && ret_candidate->arena.failed)
        status = fail_memory(ret_error);
    replay_destroy(it.lines);
    replay_destroy(it.requests);
    free(it.digests);
    buffer_finish(&it.json);
    buffer_finish(&it.wire);
    arena_finish(&it.line);
    return status;
}

void candidate_finish(struct candidate *candidate)
{
    free(candidate->runs);
    free(candidate->results);
    free(candidate->first_run);
    free(candidate->rule_judged);
    free(candidate->rule_failed);
    arena_finish(&candidate->arena);
}
