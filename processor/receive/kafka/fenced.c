/* Two members with one group.instance.id, as a copied configuration or a copied volume makes them: the
 * group fences the older one. Were it to come back at once it would fence the other, and so on, and both
 * would count what they read in between. So it stays out, and looks at the group:
 *
 *   fenced --> look every second --a member has the id, or no answer--> start over
 *                     |
 *                     '--nobody has had it for one session timeout--> join again
 *
 * A restart of its process joins at once: then the other one is fenced, and stays out. */
#include "processor/receive/kafka/fenced.h"

#include "processor/base/log.h"
#include "processor/net/brokers.h"
#include "processor/receive/kafka/properties.h"

enum { LOOK_MS = 1000, ANSWER_MS = 5000 };

void kafka_fenced_begin(struct kafka_receiver *receiver, int64_t now_ms)
{
    log_error(
        "kafka_instance_id_taken",
        "topic=\"%s\" group_id=\"%s\" group_instance_id=\"%s\" reason=\"fenced: another member "
        "of the group has joined with it\" action=\"staying out until it has been free for one "
        "session timeout; give each instance an id and a volume of its own\"",
        receiver->topic, receiver->group_id, receiver->instance_id);
    receiver->watch.ask_at_ms = now_ms;
    receiver->watch.free_since_ms = -1;
}

void kafka_fenced_end(struct kafka_receiver *receiver)
{
    if (!receiver->watch.client)
        return;
    rd_kafka_queue_destroy(receiver->watch.answers);
    (void)brokers_destroy(receiver->watch.client,
                          receiver->watch.is_unsupported ? 0 : KAFKA_DESTROY_MS);
    receiver->watch.client = NULL;
    receiver->watch.is_asking = false;
}

/* A client that joins nothing. */
static bool open_watch(struct kafka_receiver *receiver)
{
    char text[256];
    if (receiver->watch.client)
        return true;
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(receiver->conf);
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    receiver->watch.client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!receiver->watch.client) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    receiver->watch.answers = rd_kafka_queue_new(receiver->watch.client);
    return true;
}

static void look(struct kafka_receiver *receiver, int64_t now_ms)
{
    const char *group = receiver->group_id;
    char text[256];
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(receiver->watch.client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    (void)rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, text, sizeof text);
    rd_kafka_DescribeConsumerGroups(receiver->watch.client, &group, 1, options,
                                    receiver->watch.answers);
    rd_kafka_AdminOptions_destroy(options);
    receiver->watch.is_asking = true;
    receiver->watch.ask_at_ms = now_ms + LOOK_MS;
}

static bool has_member(const rd_kafka_ConsumerGroupDescription_t *group, const char *instance_id)
{
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(group); i++) {
        const char *id = rd_kafka_MemberDescription_group_instance_id(
            rd_kafka_ConsumerGroupDescription_member(group, i));
        if (id && strcmp(id, instance_id) == 0)
            return true;
    }
    return false;
}

/* A broker that can't be asked at all leaves nothing but to try after a session timeout. */
static bool is_free(struct kafka_receiver *receiver, rd_kafka_event_t *event)
{
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    const rd_kafka_ConsumerGroupDescription_t *group = NULL;
    if (result) {
        size_t count = 0;
        const rd_kafka_ConsumerGroupDescription_t **groups =
            rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
        group = count == 1 ? groups[0] : NULL;
    }
    if (!error && group)
        error = rd_kafka_error_code(rd_kafka_ConsumerGroupDescription_error(group));
    receiver->watch.is_unsupported = error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
    if (receiver->watch.is_unsupported)
        return true;
    return !error && group && !has_member(group, receiver->instance_id);
}

static void take_answer(struct kafka_receiver *receiver, int64_t now_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(receiver->watch.answers, 0);
    if (!event)
        return;
    receiver->watch.is_asking = false;
    if (!is_free(receiver, event))
        receiver->watch.free_since_ms = -1;
    else if (receiver->watch.free_since_ms < 0)
        receiver->watch.free_since_ms = now_ms;
    rd_kafka_event_destroy(event);
}

bool kafka_fenced_turn(struct kafka_receiver *receiver, int64_t now_ms)
{
    int64_t session_ms = kafka_property_ms(receiver->conf, "session.timeout.ms");
    if (!open_watch(receiver))
        return false;
    (void)rd_kafka_poll(receiver->watch.client, 0);
    if (receiver->watch.is_asking)
        take_answer(receiver, now_ms);
    if (receiver->watch.is_asking)
        return false;
    int64_t since_ms = receiver->watch.free_since_ms;
    bool is_ours = since_ms >= 0 && now_ms - since_ms >= session_ms;
    if (!is_ours && !receiver->watch.is_unsupported && now_ms >= receiver->watch.ask_at_ms)
        look(receiver, now_ms);
    if (!is_ours)
        return false;
    log_info("kafka_instance_id_free", "topic=\"%s\" group_instance_id=\"%s\" action=joining",
             receiver->topic, receiver->instance_id);
    kafka_fenced_end(receiver);
    receiver->is_fenced = false;
    return true;
}
