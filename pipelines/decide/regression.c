/* A run meets rows by what is cheapest first: its signature when it failed, its question as asked, then
 * questions near to it. Only what it meets is checked, and only so many rows: of further ones with the
 * run's signature it is known that it failed as they did, of others nothing is said.
 *
 *   exact question, or signature of a failed run: a failed check fails it
 *   a near question:                              makes it borderline, at most
 *   the signature, and every check holds:         it failed as the row did */
#include "pipelines/decide/regression_state.h"
#include "processor/normalize/content/content.h"

enum { CHECKED_MAX = 256 };

struct look {
    const struct regression_set *set;
    struct regression_answer answer;
    struct regression_report *report;
    bool has_failed;
    uint64_t signature;
    struct bytes question;
    int64_t now_ms;
    uint32_t checked;
};

/* --- what is told: failed first, then borderline, then passed; by row id --- */

static int rank_of(const struct regression_hit *hit)
{
    return hit->check == CHECK_NONE ? 2 : hit->is_fail ? 0 : 1;
}

static bool is_before(const struct regression_hit *a, const struct regression_hit *b)
{
    if (rank_of(a) != rank_of(b))
        return rank_of(a) < rank_of(b);
    return memcmp(a->row_id_bytes, b->row_id_bytes, 16) < 0;
}

static void tell(struct regression_report *report, uint32_t *told, const struct regression_hit *hit)
{
    uint32_t at = *told < REGRESSION_HITS_MAX ? *told : REGRESSION_HITS_MAX - 1;
    if (*told == REGRESSION_HITS_MAX && !is_before(hit, &report->hits[at]))
        return;
    for (; at > 0 && is_before(hit, &report->hits[at - 1]); at--)
        report->hits[at] = report->hits[at - 1];
    report->hits[at] = *hit;
    *told += *told < REGRESSION_HITS_MAX;
}

/* --- a row --- */

static bool fails_alike(const struct look *it, const struct regression_row *row)
{
    return it->has_failed && row->has_signature && row->signature == it->signature;
}

static bool asks_the_same(const struct look *it, const struct regression_row *row)
{
    return it->question.size > 0 && bytes_equal(it->question, row->question);
}

static void judge_by_match(const struct look *it, const struct regression_row *row,
                           struct regression_hit *hit)
{
    bool is_alike = fails_alike(it, row);
    hit->match = asks_the_same(it, row) ? MATCH_EXACT : is_alike ? MATCH_SIGNATURE : MATCH_NEAR;
    if (hit->check == CHECK_NONE && is_alike) {
        hit->check = CHECK_IDENTITY;
        hit->is_fail = true;
    }
    hit->is_fail = hit->is_fail && hit->match != MATCH_NEAR;
}

static void consider(struct look *it, const struct regression_row *row)
{
    struct regression_report *report = it->report;
    struct regression_hit hit;
    uint32_t told = report->count < REGRESSION_HITS_MAX ? report->count : REGRESSION_HITS_MAX;
    bool is_known = false;
    if (regression_row_is_stale(row, it->now_ms))
        return;
    if (it->checked < CHECKED_MAX) {
        it->checked++;
        is_known = regression_checks_run(row, &it->answer, true, &hit);
    } else {
        regression_hit_begin(row, &hit);
    }
    judge_by_match(it, row, &hit);
    if (!is_known && hit.check == CHECK_NONE)
        return;
    report->count++;
    tell(report, &told, &hit);
}

/* --- ways to a row --- */

/* As rows have it; what nothing was masked in is compared as it is. */
static struct bytes masked(const struct regression_set *set, struct score_context *context,
                           struct bytes text)
{
    return set->has_masked_questions ? regression_mask(context, text).text : text;
}

/* The other texts are read for one that says little alone. */
static struct bytes question_of(const struct regression_set *set, struct score_context *context)
{
    struct agent_run *run = context->run;
    struct bytes nothing = {0};
    if (agent_run_lost(run) & RUN_TEXT_INPUT)
        return nothing;
    struct bytes asked = masked(set, context, content_question(run));
    struct bytes question = regression_question(asked, nothing, context->arena);
    if (question.size == 0 || question.size >= QUESTION_ALONE_BYTES)
        return question;
    content_read(run);
    struct bytes before =
        run->history_count > 0 ? run->history[run->history_count - 1].text : nothing;
    return regression_question(asked, masked(set, context, before), context->arena);
}

static void look_by_signature(struct look *it)
{
    uint32_t at =
        it->has_failed ? regression_set_by_signature(it->set, it->signature) : ROW_INDEX_NONE;
    for (; at != ROW_INDEX_NONE; at = it->set->rows[at].next_alike)
        consider(it, &it->set->rows[at]);
}

/* Those that it fails like were met by that already. */
static void look_by_question(struct look *it, uint32_t at)
{
    for (; at != ROW_INDEX_NONE; at = it->set->rows[at].next_asked)
        if (!fails_alike(it, &it->set->rows[at]))
            consider(it, &it->set->rows[at]);
}

static void look_near(struct look *it, struct arena *arena)
{
    uint32_t found[NEAR_FOUND_MAX];
    uint32_t count = near_questions_find(it->set->near, it->question, arena, found);
    for (uint32_t i = 0; i < count; i++)
        if (!asks_the_same(it, &it->set->rows[found[i]]))
            look_by_question(it, found[i]);
}

static void count_told(struct regression_report *report)
{
    uint32_t told = report->count < REGRESSION_HITS_MAX ? report->count : REGRESSION_HITS_MAX;
    for (uint32_t i = 0; i < told; i++) {
        report->failed += rank_of(&report->hits[i]) == 0;
        report->borderline += rank_of(&report->hits[i]) == 1;
    }
}

void regression_look(const struct regression_set *set, struct score_context *context,
                     const struct verdict_report *report, int64_t now_ms,
                     struct regression_report *ret_regressions)
{
    struct look it = {.set = set,
                      .answer = {.context = context},
                      .report = ret_regressions,
                      .has_failed = report->verdict == VERDICT_FAIL,
                      .now_ms = now_ms};
    struct arena *arena = context->arena;
    *ret_regressions = (struct regression_report){.snapshot = set->snapshot};
    if (set->count == 0)
        return;
    it.has_failed =
        it.has_failed && regression_signature_read(report->signature, 16, &it.signature);
    if (set->has_questions)
        it.question = question_of(set, context);
    look_by_signature(&it);
    if (it.question.size > 0) {
        look_by_question(&it, regression_set_by_question(set, it.question));
        look_near(&it, arena);
    }
    count_told(ret_regressions);
}
