/* The audit trail as it was written: lines of `flywheel.audit/v1`, from a sequence on. */
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "state/tables/audit_line.h"

enum { ENTRIES_MAX = 1000 };

static const char lines[] = "application/x-ndjson";

/* As the lines of the exporters name it. */
static void instance_of(const struct store *store, char to[2 * INSTANCE_UUID_SIZE + 1])
{
    hex_encode(to, store_instance(store)->uuid, INSTANCE_UUID_SIZE);
    to[2 * INSTANCE_UUID_SIZE] = 0;
}

/* A parameter that is a number; false: it is none. */
static bool take_number(struct http_api_call *call, const char *name, uint64_t most,
                        uint64_t *ret_number)
{
    struct bytes text = http_query_get(http_api_query(call), name);
    uint64_t number = 0;
    if (!text.data)
        return true;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || number > most / 10)
            return false;
        number = number * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret_number = number;
    return text.size > 0 && number <= most;
}

unsigned review_api_audit(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct buffer *to = http_api_body_to(call);
    struct store_txn txn;
    struct audit_texts texts;
    struct audit_entry entry;
    char instance[2 * INSTANCE_UUID_SIZE + 1];
    uint64_t since = 0, limit = ENTRIES_MAX;
    if (!take_number(call, "since", UINT64_MAX - 1, &since))
        return review_api_malformed(call, "a sequence", "since");
    if (!take_number(call, "limit", ENTRIES_MAX, &limit))
        return review_api_malformed(call, "at most 1000", "limit");
    instance_of(review->store, instance);
    http_api_set_type(call, lines);
    store_begin(review->store, false, &txn);
    struct audit_cut cut = {0};
    (void)audit_cut_read(&txn, &cut);
    since = since > cut.sequence ? since : cut.sequence;
    for (uint64_t at = since + 1; limit > 0 && audit_read(&txn, at, &texts, &entry); at++) {
        audit_line_write_entry(&entry, instance, to);
        buffer_append_byte(to, '\n');
        limit--;
    }
    if (store_commit(&txn) != STATUS_OK)
        return http_api_refuse(call, 500, "the audit trail cannot be read", NULL);
    return 200;
}

/* --- a checkpoint: where the chain stands, to be kept where the owner of this disk does not write --- */

struct checkpoint {
    struct review_call call; /* first: the call is the checkpoint */
    struct http_api_call *http;
    struct store *store;
    struct audit_checkpoint made; /* sequence 0: there is no entry yet */
};

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct checkpoint *checkpoint = (struct checkpoint *)call;
    struct audit *trail = review_audit_trail(review);
    (void)review_checkpoint_audit(review, txn, wall_ms); /* without an exporter the answer is all */
    checkpoint->made =
        (struct audit_checkpoint){.sequence = audit_sequence_open(trail), .time_ms = wall_ms};
    audit_head_open(trail, checkpoint->made.hash);
}

static void done(struct review_call *call, enum status status)
{
    struct checkpoint *checkpoint = (struct checkpoint *)call;
    struct http_api_call *http = checkpoint->http;
    char instance[2 * INSTANCE_UUID_SIZE + 1];
    unsigned code = 200;
    if (status != STATUS_OK) {
        code = review_api_refuse_unstored(http);
    } else if (checkpoint->made.sequence == 0) {
        code = http_api_refuse(http, 404, "the audit trail has no entry yet", NULL);
    } else {
        instance_of(checkpoint->store, instance);
        http_api_set_type(http, lines);
        audit_line_write_checkpoint(&checkpoint->made, instance, http_api_body_to(http));
        buffer_append_byte(http_api_body_to(http), '\n');
    }
    free(checkpoint);
    http_api_answer(http, code);
}

unsigned review_api_checkpoint(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (!checkpoint)
        return review_api_refuse_memory(call);
    checkpoint->call = (struct review_call){run, done, sizeof *checkpoint, NULL};
    checkpoint->http = call;
    checkpoint->store = review->store;
    if (runtime_review_call(review->runtime, &checkpoint->call) == STATUS_OK)
        return HTTP_LATER;
    free(checkpoint);
    return http_api_refuse_busy(call, "too much waits; send it again", 1);
}
