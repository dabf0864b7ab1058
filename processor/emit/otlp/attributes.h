/* Attributes on their way out as OTLP: every value passes the redaction policy here. */
#pragma once
#include "processor/emit/redact.h"
#include "processor/otlp/attributes.h"

struct attribute_writer {
    const struct redaction_policy *policy;
    struct regex_scratch *scratch;
    struct arena *arena;
    size_t text_max; /* bytes of a text; longer ones are cut */
};

/* What the pipeline itself says, as it is. */
void attribute_put_text(struct attribute_writer *writer, struct buffer *span, const char *key,
                        struct bytes text);
void attribute_put_integer(struct attribute_writer *writer, struct buffer *span, const char *key,
                           int64_t value);
void attribute_put_real(struct attribute_writer *writer, struct buffer *span, const char *key,
                        double value);
/* A name, masked; a text, masked or dropped. Nothing when absent. */
void attribute_put_name(struct attribute_writer *writer, struct buffer *span, const char *key,
                        struct bytes name);
void attribute_put_content(struct attribute_writer *writer, struct buffer *span, const char *key,
                           struct bytes text);
/* The attributes of `message` that may leave, as fields `field` of `to`. Keys that are written by
 * the above are left out. */
void attribute_put_allowed(struct attribute_writer *writer, struct buffer *to, uint32_t field,
                           struct bytes message, enum attribute_owner owner);
/* A name, masked and cut; a text likewise, absent when the policy drops it. */
struct bytes attribute_name(struct attribute_writer *writer, struct bytes name);
struct bytes attribute_content(struct attribute_writer *writer, struct bytes text);
