/* Words are compared in lower case, with `_` for blanks and dashes and without apostrophes. */
#include "processor/review/subject.h"

#include "processor/base/text/text.h"

enum { WRAPPINGS_MAX = 3 };

static void fold(char to[SUBJECT_WORD_SIZE], struct bytes text)
{
    static const char curly[] = "\xe2\x80\x99";
    size_t size = 0;
    text = text_trim(text);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (bytes_starts_with(bytes_of(text.data + i, text.size - i), BYTES_LITERAL(curly))) {
            i += sizeof curly - 2;
            continue;
        }
        if (c == '\'' || c == 0)
            continue;
        if (size == SUBJECT_WORD_SIZE - 1) {
            size = 0; /* too long for any of ours */
            break;
        }
        bool is_between = c == ' ' || c == '-' || c == '/';
        to[size++] = (char)(is_between ? '_' : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    to[size] = 0;
}

struct word {
    const char *text;
    int means;
};

/* -1: not among them. */
static int meaning(const struct word *words, struct bytes text)
{
    char folded[SUBJECT_WORD_SIZE];
    fold(folded, text);
    while (words->text && strcmp(words->text, folded) != 0)
        words++;
    return words->text ? words->means : -1;
}

/* --- names --- */

static const struct word names[] = {
    {"verdict", SUBJECT_VERDICT},
    {"labels", SUBJECT_LABELS},
    {"label", SUBJECT_LABELS},
    {"failure_mode", SUBJECT_FAILURE_MODE},
    {"expected_response", SUBJECT_EXPECTED},
    {"must_include", SUBJECT_MUST},
    {"must_not_include", SUBJECT_MUST_NOT},
    {"comment", SUBJECT_COMMENT},
    {"note", SUBJECT_COMMENT},
    {"notes", SUBJECT_COMMENT},
    {"skip_reason", SUBJECT_SKIP},
    {NULL, 0},
};

struct subject subject_of(const struct label_set *labels, struct bytes name)
{
    int kind = meaning(names, name);
    int32_t label = kind < 0 ? subject_label(labels, name) : -1;
    return (struct subject){label >= 0 ? SUBJECT_ONE_LABEL
                            : kind < 0 ? SUBJECT_NONE
                                       : (enum subject_kind)kind,
                            label};
}

int32_t subject_label(const struct label_set *labels, struct bytes text)
{
    char wanted[SUBJECT_WORD_SIZE], name[SUBJECT_WORD_SIZE];
    int32_t label = label_set_find(labels, text);
    fold(wanted, text);
    if (label >= 0 || wanted[0] == 0)
        return label;
    label = label_set_find(labels, bytes_of_text(wanted));
    for (uint32_t i = 0; label < 0 && i < labels->count; i++) {
        fold(name, labels->items[i].name);
        if (strcmp(name, wanted) == 0)
            label = (int32_t)i;
    }
    return label;
}

/* --- values --- */

static const struct word verdicts[] = {
    {"pass", REVIEW_PASS},
    {"passed", REVIEW_PASS},
    {"right", REVIEW_PASS},
    {"correct", REVIEW_PASS},
    {"good", REVIEW_PASS},
    {"up", REVIEW_PASS},
    {"thumbs_up", REVIEW_PASS},
    {"yes", REVIEW_PASS},
    {"true", REVIEW_PASS},
    {"1", REVIEW_PASS},
    {"fail", REVIEW_FAIL},
    {"failed", REVIEW_FAIL},
    {"wrong", REVIEW_FAIL},
    {"incorrect", REVIEW_FAIL},
    {"bad", REVIEW_FAIL},
    {"down", REVIEW_FAIL},
    {"thumbs_down", REVIEW_FAIL},
    {"no", REVIEW_FAIL},
    {"false", REVIEW_FAIL},
    {"0", REVIEW_FAIL},
    {"unsure", REVIEW_UNSURE},
    {"cant_tell", REVIEW_UNSURE},
    {"i_cant_tell", REVIEW_UNSURE},
    {"cannot_tell", REVIEW_UNSURE},
    {NULL, 0},
};

bool subject_verdict(struct bytes text, enum reviewer_verdict *ret_verdict)
{
    int verdict = meaning(verdicts, text);
    if (verdict >= 0)
        *ret_verdict = (enum reviewer_verdict)verdict;
    return verdict >= 0;
}

static const struct word truths[] = {
    {"true", 1}, {"yes", 1},  {"up", 1},          {"thumbs_up", 1}, {"1", 1},  {"false", 0},
    {"no", 0},   {"down", 0}, {"thumbs_down", 0}, {"0", 0},         {NULL, 0},
};

bool subject_truth(struct bytes text, bool *ret_holds)
{
    int holds = meaning(truths, text);
    if (holds >= 0)
        *ret_holds = holds == 1;
    return holds >= 0;
}

bool subject_skip_cause(struct bytes text, enum skip_cause *ret_cause)
{
    char folded[SUBJECT_WORD_SIZE];
    fold(folded, text);
    for (int i = 0; i < SKIPPED_CAUSES; i++) {
        if (strcmp(skip_cause_names[i], folded) == 0) {
            *ret_cause = (enum skip_cause)i;
            return true;
        }
    }
    return false;
}

/* --- what is said --- */

static void add(struct subject_said *said, struct bytes text)
{
    said->is_cut |= said->count == SAID_TEXTS_MAX;
    if (said->count < SAID_TEXTS_MAX && text_trim(text).size > 0)
        said->texts[said->count++] = text_trim(text);
}

static void gather(const struct json_reader *reader, const struct json_value *value, int wrappings,
                   struct subject_said *said)
{
    static const char *const wraps[] = {"choices", "selected", "text",   "value", "rating",
                                        "label",   "answer",   "output", NULL};
    struct json_reader items;
    struct json_value item;
    if (value->type == JSON_STRING)
        add(said, value->text);
    else if (value->type == JSON_NUMBER)
        add(said, value->number == 1   ? BYTES_LITERAL("1")
                  : value->number == 0 ? BYTES_LITERAL("0")
                                       : value->text);
    else if (value->type == JSON_BOOL)
        add(said, value->boolean ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
    if (wrappings == WRAPPINGS_MAX)
        return;
    if (value->type == JSON_ARRAY) {
        json_children(reader, value, &items);
        while (json_next(&items, &item) > JSON_END && item.type != JSON_BROKEN)
            gather(reader, &item, wrappings + 1, said);
    } else if (value->type == JSON_OBJECT) {
        for (int i = 0; wraps[i] && said->count == 0; i++)
            if (json_member(reader, value, wraps[i], &item))
                gather(reader, &item, wrappings + 1, said);
    }
}

void subject_said_read(const struct json_reader *reader, const struct json_value *value,
                       struct subject_said *ret_said)
{
    ret_said->count = 0;
    ret_said->is_cut = false;
    gather(reader, value, 0, ret_said);
}
