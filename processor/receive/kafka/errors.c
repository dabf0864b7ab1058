/* What the receiver says of errors. Those of the network repeat for as long as it is away: one line
 * when it goes, one when it is back. Others are logged when they change, and once a minute. */
#include "processor/receive/kafka/errors.h"

#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/net/brokers.h"

void kafka_is_back(struct kafka_receiver *receiver)
{
    receiver->cause[0] = 0;
    if (!receiver->is_away)
        return;
    receiver->is_away = false;
    receiver->intake->reached(receiver->intake->context, true);
    log_info("kafka_broker_back", "topic=\"%s\"", receiver->topic);
}

/* What /readyz says of it. */
static void remember(struct kafka_receiver *receiver, rd_kafka_resp_err_t error, const char *text)
{
    int certificate = atomic_load(&receiver->certificate_error);
    if (error == RD_KAFKA_RESP_ERR__SSL && certificate)
        (void)snprintf(receiver->cause, sizeof receiver->cause,
                       "the broker's certificate is refused: %s: %s",
                       brokers_certificate_text(certificate), text);
    else if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        (void)snprintf(receiver->cause, sizeof receiver->cause, "%s%s",
                       brokers_hint(receiver->conf), text);
    else if (error == RD_KAFKA_RESP_ERR__SSL || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
             error == RD_KAFKA_RESP_ERR__RESOLVE)
        (void)snprintf(receiver->cause, sizeof receiver->cause, "%s", text);
    else if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        receiver->group_error = error;
    else if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
             error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        receiver->topic_error = error;
}

void kafka_note_error(struct kafka_receiver *receiver, rd_kafka_resp_err_t error, const char *text)
{
    counter_add(&receiver->kafka.errors, 1);
    bool is_network =
        error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || error == RD_KAFKA_RESP_ERR__TRANSPORT ||
        error == RD_KAFKA_RESP_ERR__RESOLVE || error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
        error == RD_KAFKA_RESP_ERR__WAIT_COORD;
    int64_t now_ms = clock_monotonic_ms();
    remember(receiver, error, text);
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL)
        text = receiver->cause; /* which says more */
    if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !receiver->is_away) {
        receiver->is_away = true;
        receiver->intake->reached(receiver->intake->context, false);
        receiver->metadata_at_ms = now_ms + KAFKA_ASK_MS; /* to see when one is back */
        log_warn("kafka_broker_away", "topic=\"%s\" reason=\"%s\" action=\"trying again\"",
                 receiver->topic, receiver->cause[0] ? receiver->cause : text);
    } else if (is_network || (error == receiver->last_error &&
                              now_ms - receiver->last_error_ms < KAFKA_ERROR_AGAIN_MS)) {
        log_debug("kafka_error", "topic=\"%s\" error=\"%s\" reason=\"%s\"", receiver->topic,
                  rd_kafka_err2name(error), text);
    } else {
        receiver->last_error = error;
        receiver->last_error_ms = now_ms;
        log_warn("kafka_error", "topic=\"%s\" error=\"%s\" reason=\"%s\"", receiver->topic,
                 rd_kafka_err2name(error), text);
    }
}

void kafka_note_fatal(struct kafka_receiver *receiver)
{
    char text[256] = "";
    rd_kafka_resp_err_t error = rd_kafka_fatal_error(receiver->consumer, text, sizeof text);
    receiver->is_fenced = error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
    if (!receiver->is_fatal && !receiver->is_fenced)
        log_error("kafka_consumer_fatal", "topic=\"%s\" error=\"%s\" reason=\"%s\" action=recreate",
                  receiver->topic, rd_kafka_err2name(error), text);
    receiver->is_fatal = true;
}
