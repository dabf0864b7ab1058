/* The audit trail as it was written: lines of `flywheel.audit/v1`, from a sequence on. */
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "processor/base/clock.h"
#include "state/tables/audit_line.h"

enum { ENTRIES_MAX = 1000 };

static const char lines[] = "application/x-ndjson";

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
    char instance[INSTANCE_UUID_TEXT_SIZE];
    uint64_t since = 0, limit = ENTRIES_MAX;
    if (!take_number(call, "since", UINT64_MAX - 1, &since))
        return review_api_malformed(call, "a sequence", "since");
    if (!take_number(call, "limit", ENTRIES_MAX, &limit))
        return review_api_malformed(call, "at most 1000", "limit");
    schema_instance_text(store_instance(review->store), instance);
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

/* Where the chain stands now, to be kept elsewhere: what is before it can't be changed unseen. */
unsigned review_api_checkpoint(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct store_txn txn;
    struct audit_texts texts;
    struct audit_entry entry;
    struct state_key key;
    char instance[INSTANCE_UUID_TEXT_SIZE];
    bool is_there = false;
    store_begin(review->store, false, &txn);
    if (store_last_key(&txn, TABLE_AUDIT, (struct bytes){(const uint8_t *)"", 0}, &key))
        is_there = audit_read(&txn, get_be64(key.data), &texts, &entry);
    struct audit_checkpoint checkpoint = {.time_ms = clock_realtime_ms()};
    if (is_there) {
        checkpoint.sequence = entry.sequence;
        memcpy(checkpoint.hash, entry.hash, sizeof checkpoint.hash);
    }
    if (store_commit(&txn) != STATUS_OK)
        return http_api_refuse(call, 500, "the audit trail cannot be read", NULL);
    if (!is_there)
        return http_api_refuse(call, 404, "the audit trail has no entry yet", NULL);
    schema_instance_text(store_instance(review->store), instance);
    http_api_set_type(call, lines);
    audit_line_write_checkpoint(&checkpoint, instance, http_api_body_to(call));
    buffer_append_byte(http_api_body_to(call), '\n');
    return 200;
}
