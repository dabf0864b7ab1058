/* What the files of the regression set share; nobody else sees it.
 *   regression_rows.c    one flywheel.row/v1 becomes a row of the set
 *   regression_set.c     rows become a set: newest revisions, indexes, snapshot
 *   regression.c         a run meets rows
 *   regression_checks.c  a run is held against one row */
#pragma once
#include <stdatomic.h>

#include "pipelines/decide/near_questions.h"
#include "pipelines/decide/regression.h"
#include "processor/emit/redact.h"
#include "processor/review/result.h"
#include "processor/review/row_snapshot.h"
#include "processor/score/language/facts.h"

enum { ROW_INDEX_NONE = UINT32_MAX };
/* Below this a question leans on what was said before it. */
enum { QUESTION_ALONE_BYTES = 16 };

struct regression_demand {                                     /* any of the alternatives */
    const struct facts_text *phrases[RESULT_ALTERNATIVES_MAX]; /* NULL: one that is never said */
    struct bytes texts[RESULT_ALTERNATIVES_MAX];
    uint32_t count;
};
struct regression_demands {
    struct regression_demand *items;
    uint32_t count;
};

struct regression_row { /* texts lie in the arena of the set */
    uint8_t row_id[16], sha256[SHA256_SIZE];
    char row_id_text[UUID_TEXT_SIZE];
    uint32_t revision;
    enum row_split split;
    bool is_live; /* false: retired, or no regression row any more */
    bool is_critical, has_volatile_numbers;
    bool has_masked_question, has_masked_facts; /* when it became a row: so runs are, too */
    bool expects_answer, expects_refusal;       /* neither: nothing is known */
    int64_t stale_from_ms;                      /* INT64_MAX: never */
    struct bytes failure_mode;
    struct bytes expected; /* held against by its words; absent: there are facts, or nothing */
    struct regression_demands must_include, must_not_include;
    struct bytes_list required_tools, forbidden_tools;
    struct bytes question; /* as regression_question() makes it; empty: none */
    bool has_signature;    /* of a run that the machine failed */
    uint64_t signature;
    uint32_t next_alike, next_asked; /* of the set: with this signature, with this question */
};

struct slot { /* of an open-addressed table; row ROW_INDEX_NONE: free */
    uint64_t key;
    uint32_t row; /* the first of its chain */
};
struct row_table {
    struct slot *slots;
    uint32_t mask; /* slots - 1 */
};

struct regression_set {
    _Atomic uint32_t holders;
    struct arena arena;
    struct regression_row *rows; /* by row id */
    uint32_t count, left_out;
    bool has_questions, has_masked_questions;
    struct row_table by_signature, by_question;
    struct near_questions *near; /* its numbers: the first row of a question */
    char snapshot[REGRESSION_SNAPSHOT_SIZE];
};

/* Into `arena`; `scratch` is reset. `is_any`: one that is no regression row is live too. MALFORMED: it
 * is no row. BUSY: no room. */
MUST_CHECK enum status regression_row_read(struct bytes json, bool is_any, struct arena *scratch,
                                           struct arena *arena, struct regression_row *ret_row);
/* What is compared: normalized; one of a few words together with what was said before it, as "yes" asks
 * nothing by itself. In the arena; empty: no question. */
struct bytes regression_question(struct bytes question, struct bytes said_before,
                                 struct arena *arena);

/* The first row of the chain; ROW_INDEX_NONE: none. */
uint32_t regression_set_by_signature(const struct regression_set *set, uint64_t signature);
uint32_t regression_set_by_question(const struct regression_set *set, struct bytes question);
bool regression_signature_read(const char *text, size_t size, uint64_t *ret_signature);

/* One run while it is held against rows: its answer is read once. */
struct regression_answer {
    struct score_context *context;
    struct regression_said {
        const struct facts_text *text; /* NULL: not read yet, or there is no answer */
        struct redacted_text masked;
        bool is_read;
    } plain, masked;
};
/* A text of the run as rows have it. */
struct redacted_text regression_mask(struct score_context *context, struct bytes text);
/* What a hit says of its row; no check. */
void regression_hit_begin(const struct regression_row *row, struct regression_hit *ret_hit);
/* The first check that the run fails; is_fail is false where that proves no failure. `is_lenient`: what
 * did not come in is not held against the run; then false: it neither passed nor failed. */
bool regression_checks_run(const struct regression_row *row, struct regression_answer *answer,
                           bool is_lenient, struct regression_hit *ret_hit);
