/* An approved decision with its content, `flywheel.row/v1`: what datasets are made of.
 *
 *   review record + decision -> row_draft -> what the row says
 *   draft + stamp            -> row_stamp (row_stamp.h)
 *
 * Keys stand in the order of proto/row.schema.json; an optional one that is absent is left out.
 * row_id is the upsert key everywhere: UUIDv5 of dataset, trajectory and content. Pure. */
#pragma once
#include "processor/base/digest.h"
#include "processor/review/result.h"

#define ROW_SCHEMA_NAME "flywheel.row/v1"

enum { ROW_PERSONS_MAX = 16 };
enum row_agreement { AGREE_UNANIMOUS, AGREE_MAJORITY, AGREE_ADJUDICATED, AGREE_SINGLE, AGREEMENTS };

struct row { /* all borrowed */
    const char *row_id;
    struct bytes dataset;
    struct bytes record; /* the review record, as JSON */
    int64_t decided_ms;  /* 0: not said */
    enum reviewer_verdict verdict;
    const struct result *texts; /* NULL: nobody's */
    const struct label_set *label_set;
    const uint16_t *labels;
    uint32_t label_count;
    int32_t failure_mode; /* -1: none */
    bool is_adjudicated;
    uint32_t reviewers;
    enum row_agreement agreement;
    const struct bytes *reviewed_by; /* pseudonyms, with dataset.export_reviewers */
    uint32_t reviewed_by_count;
    bool has_comment; /* dataset.export_comment */
};

void row_id_of(char ret_row_id[UUID_TEXT_SIZE], struct bytes dataset,
               const uint8_t trajectory_id[16], const uint8_t content_digest[32]);
/* Does it demand something that an answer can fail? */
bool row_has_checks(const struct row *row);
/* The same of what a row says, which failed: may it test answers? */
bool row_may_test(struct bytes json, struct arena *arena, bool *ret_is_adjudicated);
/* What clusters look at, of a record or a row; absent: there is none. In the arena. */
struct bytes row_question(struct bytes json, struct arena *arena);
struct bytes row_conversation(struct bytes json, struct arena *arena);
/* Appends the JSON object of what it says. MALFORMED: the record is none. */
MUST_CHECK enum status row_draft(const struct row *row, struct arena *arena, struct buffer *to);
void row_id_text(char to[UUID_TEXT_SIZE], const uint8_t row_id[16]);
MUST_CHECK bool row_id_parse(struct bytes text, uint8_t ret_row_id[16]);
