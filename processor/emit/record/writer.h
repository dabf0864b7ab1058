/* What the files that write a review record share. A record is written by one pass over its parts;
 * texts go through record_text(), which masks, cuts and measures them:
 *
 *   pass 1   with the widest plan; too large?
 *   pass 2   texts of the first class that helps get a common cap, then the next class (review_cut)
 *   pass 3.. steps are left out from the middle, until it fits
 *
 * So almost every record is written once, and a large one depends only on its own content. */
#pragma once
#include "processor/base/json/writer.h"
#include "processor/emit/record/record.h"

/* In the order in which they are cut. */
enum text_class {
    TEXT_CONTEXT, /* of retrieved documents */
    TEXT_STEP,    /* input, output and arguments of steps */
    TEXT_MESSAGE, /* the run's own input, output and expected */
    TEXT_REASON,  /* explanations, errors, comments: cut only when nothing else helps */
    TEXT_NAME,
    TEXT_CLASSES
};

/* A text may be this much over its cap: what stating the cut costs, at most. */
enum { CUT_COST = 88 };

struct cut_plan {
    uint32_t caps[TEXT_CLASSES]; /* bytes of JSON, quotes not counted */
    uint32_t steps_max, contexts_max, list_max, evidence_max;
    size_t steps_whole; /* bytes of the steps before anything was cut */
};

struct text_sizes {
    uint32_t *items; /* bytes of JSON of the texts that could be cut */
    uint32_t count, capacity;
};

/* The place of a text: input, steps[3].output, agent.tools. */
struct text_field {
    const char *name;
    uint32_t index;     /* NO_INDEX: none */
    const char *member; /* NULL: none */
};
#define NO_INDEX UINT32_MAX

struct truncation {
    struct text_field field;
    uint64_t original_bytes;
};

struct record_writer {
    const struct review_input *input;
    struct json_writer json;
    size_t start; /* of the record in the buffer */
    size_t
        unwritten; /* JSON bytes of texts that were only measured: the record is too large anyway */
    size_t steps_bytes; /* of the steps, texts included */
    size_t cuts_bytes;  /* of truncation[] */
    struct cut_plan plan;
    struct text_sizes sizes[TEXT_CLASSES];
    struct truncation *cuts;
    uint32_t cut_count, cut_capacity;
    struct redaction_counts counts;
    struct redacted_text texts[3];  /* input, output, expected: evidence points into them */
    struct bytes evidence_original; /* the text that evidence pointed into last, and as it leaves */
    struct redacted_text evidence_redacted;
    uint64_t start_ns, end_ns; /* of the run */
    bool failed;               /* no memory */
};

enum { TEXTS_INPUT, TEXTS_OUTPUT, TEXTS_EXPECTED };

/* review_text.c */
/* Writes a string that is redacted already; cut to the cap of its class. */
void record_string(struct record_writer *record, enum text_class class, struct bytes text,
                   struct text_field field);
/* The next three redact first, and write nothing when the text is absent (or was dropped). */
void record_content(struct record_writer *record, const char *key, enum text_class class,
                    struct bytes text, struct text_field field);
void record_name(struct record_writer *record, const char *key, struct bytes name,
                 struct text_field field);
void record_id(struct record_writer *record, const char *key, struct bytes attribute,
               struct bytes value, struct text_field field);
/* A list of names; always written. */
void record_names(struct record_writer *record, const char *key, const struct bytes_list *names,
                  struct text_field field);
void record_truncation(struct record_writer *record, struct text_field field, uint64_t bytes);
void record_hex(struct record_writer *record, const char *key, const uint8_t *id, size_t size);
/* Milliseconds with all their nanoseconds: 12.000345. */
void record_ms(struct record_writer *record, const char *key, int64_t ns);
struct bytes record_redact_name(struct record_writer *record, struct bytes name);
bool record_has_content(const struct record_writer *record);

/* review_steps.c, review_evaluations.c, review_signals.c: one part each, key and value. */
void record_steps(struct record_writer *record);
void record_evaluations(struct record_writer *record);
void record_usage(struct record_writer *record);
void record_signals(struct record_writer *record);
void record_redaction(struct record_writer *record);
void record_cuts(struct record_writer *record);

/* review_cut.c */
struct cut_plan cut_plan_widest(void);
/* Narrows `plan` for a record that came out `excess` bytes too long; false when nothing is left to
 * cut. `round` counts from 0. */
bool cut_plan_narrow(struct cut_plan *plan, const struct record_writer *record, size_t excess,
                     int round);
