/* Halves go down to a least that ends them; only what is told goes up again. */
#include "processor/emit/kafka/limit.h"

enum {
    LEAST = 1024,       /* a topic that takes less is not one for records */
    AROUND_BYTES = 2048 /* key, headers and frame of a record and its batch, generously */
};

enum kafka_refusal kafka_refusal_of(rd_kafka_resp_err_t error)
{
    static const struct {
        rd_kafka_resp_err_t error;
        enum kafka_refusal refusal;
    } rows[] = {
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, REFUSED_FOR_SIZE},
        {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, REFUSED_FOR_SIZE},
        {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, REFUSED_FOR_SIZE},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, REFUSED_FOR_CONTENT},
        {RD_KAFKA_RESP_ERR_INVALID_MSG, REFUSED_FOR_CONTENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].error == error)
            return rows[i].refusal;
    return REFUSED_FOR_NOW;
}

struct kafka_limit kafka_limit_presumed(size_t own)
{
    return (struct kafka_limit){.own = own, .bytes = own};
}

void kafka_limit_tell(struct kafka_limit *limit, size_t topic_bytes)
{
    limit->is_told = true;
    limit->bytes = topic_bytes < limit->own ? topic_bytes : limit->own;
}

void kafka_limit_suspect(struct kafka_limit *limit)
{
    if (!limit->is_alone)
        limit->has_refused_lone = false;
    limit->is_alone = true;
}

static void halve(struct kafka_limit *limit, size_t bytes)
{
    limit->bytes = bytes / 2 > LEAST ? bytes / 2 : LEAST;
}

void kafka_limit_settle(struct kafka_limit *limit)
{
    if (limit->is_alone && !limit->is_told && !limit->has_refused_lone)
        halve(limit, limit->bytes);
    limit->is_alone = false;
}

size_t kafka_limit_refuse(struct kafka_limit *limit, size_t size)
{
    limit->has_refused_lone = true;
    if (size > limit->bytes)
        return limit->bytes;
    if (limit->is_told)
        return size / 2; /* the topic may have said so before somebody changed it */
    halve(limit, size);
    return limit->bytes;
}

size_t kafka_limit_record(const struct kafka_limit *limit)
{
    return limit->bytes > 2 * AROUND_BYTES ? limit->bytes - AROUND_BYTES : limit->bytes / 2;
}
