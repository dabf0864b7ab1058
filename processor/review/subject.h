/* What a name and a value of another tool mean here. Tools let people choose words, so a word is held
 * against a short list, as people write it; what is in no list means nothing, and the caller says so. */
#pragma once
#include "processor/base/json/json.h"
#include "processor/review/result.h"

enum { SUBJECT_WORD_SIZE = 64, SAID_TEXTS_MAX = 64 };

enum subject_kind {
    SUBJECT_NONE,
    SUBJECT_VERDICT,
    SUBJECT_LABELS,
    SUBJECT_FAILURE_MODE,
    SUBJECT_ONE_LABEL, /* its name is a label's: that holds, or not */
    SUBJECT_EXPECTED,
    SUBJECT_MUST,
    SUBJECT_MUST_NOT,
    SUBJECT_COMMENT,
    SUBJECT_SKIP,
};
struct subject {
    enum subject_kind kind;
    int32_t label; /* of SUBJECT_ONE_LABEL */
};
/* Of a control or a score, by its name. */
struct subject subject_of(const struct label_set *labels, struct bytes name);

/* By id, former id or name; -1: there is none. */
int32_t subject_label(const struct label_set *labels, struct bytes text);
/* False: the text is no such value. */
bool subject_verdict(struct bytes text, enum reviewer_verdict *ret_verdict);
bool subject_truth(struct bytes text, bool *ret_holds);
bool subject_skip_cause(struct bytes text, enum skip_cause *ret_cause);

/* The texts of a value, however a tool wraps them. */
struct subject_said {
    struct bytes texts[SAID_TEXTS_MAX];
    uint32_t count;
    bool is_cut; /* there were more */
};
/* A text, a number, true or false, a list of such, or an object with one of the members in which tools
 * keep them. Nothing else says anything. */
void subject_said_read(const struct json_reader *reader, const struct json_value *value,
                       struct subject_said *ret_said);
