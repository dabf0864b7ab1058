/* value = u8 version | be64 count. What was added waits in `open` until the transaction has
 * ended. */
#include "state/tables/counters.h"

#include <assert.h>
#include <stdlib.h>

struct persistent_counter {
    struct counter value; /* durable */
    uint64_t open;        /* added by the transaction under way */
    bool is_unwritten;    /* of `open`, something is not in the transaction */
    char name[COUNTER_NAME_BYTES_MAX + 1];
};

struct counters {
    struct persistent_counter *items[COUNTERS_MAX];
    _Atomic size_t count; /* items below it may be read from any thread */
    struct persistent_counter *touched[COUNTERS_MAX];
    size_t touched_count;
};

enum status counter_value_decode(struct bytes value, uint64_t *ret_value)
{
    return schema_number_decode(value, ret_value);
}

static struct persistent_counter *create(struct counters *counters, struct bytes name)
{
    size_t count = atomic_load_explicit(&counters->count, memory_order_relaxed);
    if (count == COUNTERS_MAX || name.size > COUNTER_NAME_BYTES_MAX)
        return NULL;
    struct persistent_counter *counter = calloc(1, sizeof *counter);
    if (!counter)
        return NULL;
    memcpy(counter->name, name.data, name.size);
    counters->items[count] = counter;
    atomic_store_explicit(&counters->count, count + 1, memory_order_release);
    return counter;
}

enum status counters_open(struct store *store, struct counters **ret_counters)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct counters *counters = calloc(1, sizeof *counters);
    if (!counters)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, TABLE_COUNTER, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        uint64_t number = 0;
        struct bytes value = store_cursor_value(&cursor);
        struct persistent_counter *counter = NULL;
        if (value.data && counter_value_decode(value, &number) == STATUS_OK)
            counter = create(counters, key_bytes(&cursor.key));
        if (counter)
            counter_set(&counter->value, number);
        else
            store_fail(&txn, STATUS_FATAL, "a row of table counter is not understood");
    }
    store_cursor_finish(&cursor);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_counters = counters;
    else
        counters_close(counters);
    return status;
}

void counters_close(struct counters *counters)
{
    if (!counters)
        return;
    for (size_t i = 0; i < counters->count; i++)
        free(counters->items[i]);
    free(counters);
}

struct persistent_counter *counters_get(struct counters *counters, const char *name)
{
    struct bytes wanted = bytes_of_text(name);
    assert(wanted.size > 0);
    for (size_t i = 0; i < counters->count; i++)
        if (bytes_equal_text(wanted, counters->items[i]->name))
            return counters->items[i];
    return create(counters, wanted);
}

const struct counter *persistent_counter_value(const struct persistent_counter *counter)
{
    return &counter->value;
}

const char *persistent_counter_name(const struct persistent_counter *counter)
{
    return counter->name;
}

struct persistent_counter *counters_at(struct counters *counters, size_t index)
{
    size_t count = atomic_load_explicit(&counters->count, memory_order_acquire);
    return index < count ? counters->items[index] : NULL;
}

static void counters_end(void *context, bool is_committed)
{
    struct counters *counters = context;
    for (size_t i = 0; i < counters->touched_count; i++) {
        struct persistent_counter *counter = counters->touched[i];
        assert(!is_committed || !counter->is_unwritten);
        if (is_committed)
            counter_add(&counter->value, counter->open);
        counter->open = 0;
        counter->is_unwritten = false;
    }
    counters->touched_count = 0;
}

void counters_add(struct counters *counters, struct store_txn *txn,
                  struct persistent_counter *counter, uint64_t by)
{
    if (by == 0)
        return;
    if (counter->open == 0) {
        store_on_end(txn, counters_end, counters);
        counters->touched[counters->touched_count++] = counter;
    }
    counter->open += by;
    counter->is_unwritten = true;
}

void counters_write(struct counters *counters, struct store_txn *txn)
{
    uint8_t memory[32];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    for (size_t i = 0; i < counters->touched_count; i++) {
        struct persistent_counter *counter = counters->touched[i];
        if (!counter->is_unwritten)
            continue;
        buffer_clear(&value);
        schema_number_encode(counter_get(&counter->value) + counter->open, &value);
        assert(!value.failed);
        store_put(txn, TABLE_COUNTER, bytes_of_text(counter->name), buffer_bytes(&value));
        counter->is_unwritten = false;
    }
}
