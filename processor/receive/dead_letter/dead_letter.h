/* Where messages and requests go that can't be taken in: a directory or a Kafka topic. A letter is
 * the message exactly as it was received, so it holds people's prompts: its files are 0600 and
 * nothing of it is ever logged.
 *
 *   receiver threads --submit, a copy--> bounded queue --> own thread --> files | producer
 *
 * Dead letters are a help to people, not part of any promise: a letter that can't be kept (queue or
 * directory full, no broker) is counted by reason and given up. What is still queued at a crash is
 * lost; a message of a topic stays there, at the offset that was logged. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"
#include "processor/base/metrics.h"
#include "processor/receive/dead_letter/config.h"

struct dead_letter;

/* What is said of a letter. Texts are borrowed until submit returns. */
struct dead_letter_reason {
    const char *reason;      /* one word: "malformed", "too_large", "bad_trace_id" */
    const char *detail;      /* a sentence for people, without content of the message; NULL: none */
    const char *receiver;    /* "otlp/grpc", "otlp/http", "kafka" */
    const char *signal;      /* "traces", "logs"; NULL: not known */
    const char *encoding;    /* "otlp_proto", "otlp_json"; NULL: not known */
    const char *compression; /* "gzip": the body is still compressed; NULL: it is not */
    /* Of a message from a topic; NULL: it came over a connection. */
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct bytes key; /* of that message; absent: none */
};

/* Opens directory or producer and starts the thread. NULL with `ret_error`: not writable (as
 * EXIT_PERMISSION or EXIT_STATE_IO), or a property that can't be. */
struct dead_letter *dead_letter_create(const struct dead_letter_config *config,
                                       struct error *ret_error);
/* Any thread; copies the body and returns at once. False: the letter was not taken, and that is
 * counted. A NULL dead letter (none configured) takes nothing and counts nothing. */
bool dead_letter_submit(struct dead_letter *dead, const struct dead_letter_reason *reason,
                        struct bytes body);
/* Tries for at most `grace_ms` to keep what is queued, ends the thread and frees. No submit may run
 * or follow. Accepts NULL. */
void dead_letter_destroy(struct dead_letter *dead, int64_t grace_ms);

/* Before metrics are rendered; the dead letter must outlive the registry. Accepts NULL.
 *   flywheel_dead_letters_total{receiver}                   kept: written and synced, or produced
 *   flywheel_dead_letters_lost_total{receiver,reason}       queue_full, bound, failed */
void dead_letter_register_metrics(struct dead_letter *dead, struct metrics *metrics);

uint64_t dead_letter_kept(const struct dead_letter *dead);
uint64_t dead_letter_lost(const struct dead_letter *dead, enum dead_letter_loss reason);
