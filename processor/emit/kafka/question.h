/* Asks the brokers what the largest batch of a topic is (DescribeConfigs), without waiting. They
 * may deny it, or not know the request. */
#pragma once
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kafka_question {
    rd_kafka_queue_t *answers; /* NULL: nothing was ever asked of this handle */
    bool is_open;              /* asked, not answered */
    int64_t asked_ms;          /* monotonic; 0: never */
};

struct kafka_answer {
    rd_kafka_resp_err_t error;
    size_t max_message_bytes; /* when there is no error */
};

/* `wake` comes from a thread of librdkafka when there is an answer. Nothing while one is open. */
void kafka_question_ask(struct kafka_question *question, rd_kafka_t *handle, const char *topic,
                        void (*wake)(rd_kafka_t *handle, void *opaque), void *opaque);
/* False: there is none yet. */
bool kafka_question_answer(struct kafka_question *question, struct kafka_answer *ret_answer);
/* Before the handle is destroyed. */
void kafka_question_forget(struct kafka_question *question);
