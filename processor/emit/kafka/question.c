/* One queue of answers a handle, one open question at a time. */
#include "processor/emit/kafka/question.h"

#include <stdlib.h>
#include <string.h>

#include "processor/base/clock.h"

enum { ANSWER_MS = 5000 };

void kafka_question_ask(struct kafka_question *question, rd_kafka_t *handle, const char *topic,
                        void (*wake)(rd_kafka_t *handle, void *opaque), void *opaque)
{
    char text[128];
    if (question->is_open)
        return;
    if (!question->answers) {
        question->answers = rd_kafka_queue_new(handle);
        rd_kafka_queue_cb_event_enable(question->answers, wake, opaque);
    }
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, text, sizeof text);
    rd_kafka_DescribeConfigs(handle, &resource, 1, options, question->answers);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    question->is_open = true;
    question->asked_ms = clock_monotonic_ms();
}

static struct kafka_answer read_resource(const rd_kafka_ConfigResource_t *resource)
{
    size_t count;
    struct kafka_answer answer = {.error = rd_kafka_ConfigResource_error(resource)};
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; !answer.error && i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value && strcmp(rd_kafka_ConfigEntry_name(entries[i]), "max.message.bytes") == 0)
            answer.max_message_bytes = strtoul(value, NULL, 10);
    }
    if (!answer.error && answer.max_message_bytes == 0)
        answer.error = RD_KAFKA_RESP_ERR__NOENT;
    return answer;
}

bool kafka_question_answer(struct kafka_question *question, struct kafka_answer *ret_answer)
{
    rd_kafka_event_t *event = question->is_open ? rd_kafka_queue_poll(question->answers, 0) : NULL;
    if (!event)
        return false;
    size_t count = 0;
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    const rd_kafka_ConfigResource_t **resources =
        result ? rd_kafka_DescribeConfigs_result_resources(result, &count) : NULL;
    *ret_answer = (struct kafka_answer){.error = rd_kafka_event_error(event)};
    if (!ret_answer->error)
        *ret_answer = count == 1 ? read_resource(resources[0])
                                 : (struct kafka_answer){.error = RD_KAFKA_RESP_ERR__NOENT};
    rd_kafka_event_destroy(event);
    question->is_open = false;
    return true;
}

void kafka_question_forget(struct kafka_question *question)
{
    if (question->answers) {
        rd_kafka_queue_cb_event_enable(question->answers, NULL, NULL);
        rd_kafka_queue_destroy(question->answers);
    }
    question->answers = NULL;
    question->is_open = false;
}
