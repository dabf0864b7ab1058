/* A record under way: texts go through the writer, which masks, cuts and measures them. */
#pragma once
#include "processor/base/json/writer.h"
#include "processor/emit/record/cut.h"
#include "processor/emit/record/input.h"

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
    size_t start;     /* of the record in the buffer */
    size_t unwritten; /* of texts that were only measured: the record is too large anyway */
    struct cut_plan plan;
    struct cut_measures measured;
    struct truncation *cuts;
    uint32_t cut_count, cut_capacity;
    struct redaction_counts counts;
    struct redacted_text texts[3];  /* input, output, expected: evidence points into them */
    struct bytes evidence_original; /* the text that evidence pointed into last, and as it leaves */
    struct redacted_text evidence_redacted;
    uint64_t start_ns, end_ns; /* of the run; 0: absent */
    bool has_duration;
    struct buffer *digests; /* of what a reviewer reads, one each; NULL: they are known already */
    bool failed;            /* no memory */
};

enum { TEXTS_INPUT, TEXTS_OUTPUT, TEXTS_EXPECTED };

/* Writes a string that is redacted already; cut to the cap of its class. */
void record_string(struct record_writer *record, enum text_class class, struct bytes text,
                   struct text_field field);
/* A text through the policy; one that the masks gave up on is told in truncation[]. */
struct redacted_text record_redact(struct record_writer *record, struct bytes text,
                                   struct text_field field);
/* The next three redact first, and write nothing when the text is absent (or was dropped). Content
 * and names are given back as they leave. */
struct bytes record_content(struct record_writer *record, const char *key, enum text_class class,
                            struct bytes text, struct text_field field);
struct bytes record_name(struct record_writer *record, const char *key, struct bytes name,
                         struct text_field field);
void record_id(struct record_writer *record, const char *key, struct bytes attribute,
               struct bytes value, struct text_field field);
/* A list of names; always written. */
void record_names(struct record_writer *record, const char *key, const struct bytes_list *names,
                  struct text_field field);
void record_truncation(struct record_writer *record, struct text_field field, uint64_t bytes);
/* A text that a reviewer reads, before anything is cut: part of content_digest. */
void record_digest(struct record_writer *record, const char *name, struct bytes text);
/* Milliseconds with all their nanoseconds: 12.000345. */
void record_ms(struct record_writer *record, const char *key, int64_t ns);
struct bytes record_redact_name(struct record_writer *record, struct bytes name);
/* Does the policy let texts leave? */
bool record_has_content(const struct record_writer *record);
enum { RECORD_PATH_SIZE = 256 }; /* a place and an attribute's key */
/* steps[3].output */
void record_cut_path(const struct text_field *field, char ret_path[RECORD_PATH_SIZE]);
/* truncation[]: all that was cut, as the last part of a record. */
void record_cuts(struct record_writer *record);
