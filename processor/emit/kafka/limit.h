/* How large a batch of a topic may be, as far as its producer knows. A broker refuses a batch as a
 * whole, for its size or for one of its records, so a refusal says nothing of its members:
 *
 *   presumed --told (max.message.bytes)--> told
 *      | a batch was refused: its members go alone, one a batch ...
 *      +--> ... until all of them have settled: told by then, else half of what was presumed
 *
 * A record that was refused alone is at fault itself. librdkafka counts a batch before it
 * compresses it and the broker after, so a lone record above the limit may pass. */
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

enum kafka_refusal {
    REFUSED_FOR_NOW,     /* topic, rights, quota: a person can mend it, no record is at fault */
    REFUSED_FOR_SIZE,    /* of the batch, or of the record when it was alone */
    REFUSED_FOR_CONTENT, /* of one record of the batch */
};
enum kafka_refusal kafka_refusal_of(rd_kafka_resp_err_t error);

struct kafka_limit {
    size_t own;   /* message.max.bytes of the properties: no record above it is ever sent */
    size_t bytes; /* of a batch of several records, before compression; at most `own` */
    bool is_told;
    bool is_alone;         /* one record a batch */
    bool has_refused_lone; /* since then: a record alone was too large, and the limit has learned */
};

struct kafka_limit kafka_limit_presumed(size_t own);
/* The topic says what it takes. */
void kafka_limit_tell(struct kafka_limit *limit, size_t topic_bytes);
/* A batch of several was refused. */
void kafka_limit_suspect(struct kafka_limit *limit);
/* All its members have settled. */
void kafka_limit_settle(struct kafka_limit *limit);
/* A record of `size` bytes was refused alone; returns what it may have. */
size_t kafka_limit_refuse(struct kafka_limit *limit, size_t size);
/* The largest record that surely fits, with key and headers of the usual size. */
size_t kafka_limit_record(const struct kafka_limit *limit);
