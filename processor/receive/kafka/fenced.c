/* Two members with one group.instance.id, as a copied configuration or a copied volume makes them:
 * the group fences the older one. Were it to come back at once it would fence the other, and so on,
 * and both would count what they read in between. So it stays out, and looks at the group:
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

/* A look waits for its answer: this member reads nothing meanwhile, but a stop waits for it. */
enum { LOOK_MS = 1000, ANSWER_MS = 1000, UUID_SIZE = 36 };

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
    (void)brokers_destroy(receiver->watch.client,
                          receiver->watch.is_unsupported ? 0 : KAFKA_DESTROY_MS);
    receiver->watch.client = NULL;
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
    return true;
}

/* The coordinator names a static member by its instance id, a hyphen and a UUID. */
static bool has_instance(const struct rd_kafka_group_info *group, const char *instance_id)
{
    size_t size = strlen(instance_id);
    for (int i = 0; i < group->member_cnt; i++) {
        const char *id = group->members[i].member_id;
        if (strlen(id) == size + 1 + UUID_SIZE && memcmp(id, instance_id, size) == 0 &&
            id[size] == '-')
            return true;
    }
    return false;
}

/* Asked by rd_kafka_list_groups: DescribeConsumerGroups, which would name the instance id, ends the
 * process when its request can't be sent (librdkafka#4605). A broker that can't be asked at all
 * leaves nothing but to try after a session timeout. */
static bool is_free(struct kafka_receiver *receiver)
{
    const struct rd_kafka_group_list *groups = NULL;
    rd_kafka_resp_err_t error =
        rd_kafka_list_groups(receiver->watch.client, receiver->group_id, &groups, ANSWER_MS);
    receiver->watch.is_unsupported = error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE;
    bool is_taken = false;
    for (int i = 0; groups && i < groups->group_cnt; i++)
        is_taken |= groups->groups[i].err || has_instance(&groups->groups[i], receiver->instance_id);
    if (groups)
        rd_kafka_group_list_destroy(groups);
    return receiver->watch.is_unsupported || (!error && !is_taken);
}

static void look(struct kafka_receiver *receiver, int64_t now_ms)
{
    if (!is_free(receiver))
        receiver->watch.free_since_ms = -1;
    else if (receiver->watch.free_since_ms < 0)
        receiver->watch.free_since_ms = now_ms;
    receiver->watch.ask_at_ms = now_ms + LOOK_MS;
}

bool kafka_fenced_turn(struct kafka_receiver *receiver, int64_t now_ms)
{
    int64_t session_ms = kafka_property_ms(receiver->conf, "session.timeout.ms");
    if (!open_watch(receiver))
        return false;
    (void)rd_kafka_poll(receiver->watch.client, 0);
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
