/* Rings, keys and the set of known cohorts. The set is an index of grouping + hash; entries added
 * by a transaction are the last ones, so that an abort cuts them off again. */
#include "state/cohorts/cohort.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"
#include "state/store/key_index.h"

enum { NAME_VERSION = 1, NAME_KEY_BYTES = 2 + COHORT_HASH_SIZE, MINUTE_MS = 60000 };

const int64_t cohort_ring_ms[COHORT_RINGS] = {
    [RING_MINUTE] = MINUTE_MS,
    [RING_HOUR] = 60 * MINUTE_MS,
    [RING_DAY] = 24 * 60 * MINUTE_MS,
    [RING_TOTAL] = 0,
};
const uint32_t cohort_ring_buckets[COHORT_RINGS] = {60, 48, 35, 1};

int64_t cohort_bucket_start(enum cohort_ring ring, int64_t event_ms)
{
    if (ring == RING_TOTAL || event_ms < 0)
        return 0;
    return event_ms - event_ms % cohort_ring_ms[ring];
}

int64_t cohort_ring_horizon(enum cohort_ring ring, int64_t now_ms)
{
    int64_t oldest = cohort_bucket_start(ring, now_ms) -
                     (int64_t)(cohort_ring_buckets[ring] - 1) * cohort_ring_ms[ring];
    return oldest > 0 ? oldest : 0;
}

/* What is assigned fits on the stack; only a name row can be longer, and then, like a digest, this
 * has no answer but success. */
void cohort_hash(uint8_t ret_hash[COHORT_HASH_SIZE], const struct bytes *values, size_t count)
{
    uint8_t memory[COHORT_DIMENSIONS_MAX * (COHORT_VALUE_BYTES_MAX + 2)], digest[SHA256_SIZE];
    struct buffer text = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    struct buffer longer = {0};
    for (size_t i = 0; i < count; i++)
        value_put_bytes(&text, values[i]);
    for (size_t i = 0; i < count && text.failed; i++)
        value_put_bytes(&longer, values[i]);
    assert(!longer.failed);
    digest_sha256(digest, buffer_bytes(text.failed ? &longer : &text));
    buffer_finish(&longer);
    memcpy(ret_hash, digest, COHORT_HASH_SIZE);
}

void cohort_key_encode(const struct cohort_key *key, struct state_key *to)
{
    to->size = 0;
    key_be16(to, key->grouping);
    key_raw(to, bytes_of(key->hash, COHORT_HASH_SIZE));
    key_u8(to, (uint8_t)key->ring);
    key_be64(to, (uint64_t)key->start_ms);
}

enum status cohort_key_decode(struct bytes key, struct cohort_key *ret_key)
{
    struct value_reader reader;
    value_reader_init(&reader, key);
    ret_key->grouping = value_get_be16(&reader);
    value_get_copy(&reader, ret_key->hash, COHORT_HASH_SIZE);
    uint8_t ring = value_get_u8(&reader);
    ret_key->ring = (enum cohort_ring)ring;
    ret_key->start_ms = (int64_t)value_get_be64(&reader);
    bool is_sane = ring < COHORT_RINGS && ret_key->start_ms >= 0;
    return is_sane ? value_reader_finish(&reader) : STATUS_MALFORMED;
}

/* --- names --- */

static void name_encode(int64_t first_seen_ms, const struct bytes *values, size_t count,
                        struct buffer *to)
{
    buffer_append_byte(to, NAME_VERSION);
    value_put_signed(to, first_seen_ms);
    value_put_varint(to, count);
    for (size_t i = 0; i < count; i++)
        value_put_bytes(to, values[i]);
}

enum status cohort_name_decode(struct bytes value, struct cohort_name *ret_name)
{
    struct value_reader reader;
    value_reader_init(&reader, value);
    bool is_known = value_get_u8(&reader) == NAME_VERSION;
    ret_name->first_seen_ms = value_get_signed(&reader);
    ret_name->count = (uint32_t)value_get_count(&reader, COHORT_DIMENSIONS_MAX);
    for (uint32_t i = 0; i < ret_name->count; i++)
        ret_name->values[i] = value_get_bytes(&reader);
    return is_known ? value_reader_finish(&reader) : STATUS_MALFORMED;
}

/* --- the known cohorts --- */

struct cohorts {
    struct key_index known, pinned;
    uint32_t durable_count; /* of known */
    uint32_t max_per_group;
    uint32_t per_group[UINT16_MAX + 1]; /* known ones, of the open transaction too */
    uint64_t assigned, overflowed, open_assigned, open_overflowed;
};

static void make_key(uint8_t key[NAME_KEY_BYTES], uint16_t grouping, const struct bytes *values,
                     size_t count)
{
    put_be16(key, grouping);
    cohort_hash(key + 2, values, count);
}

static bool remember(struct cohorts *cohorts, const uint8_t *key)
{
    if (key_index_add(&cohorts->known, key) == KEY_INDEX_NONE)
        return false;
    cohorts->per_group[get_be16(key)]++;
    return true;
}

enum status cohorts_open(struct store *store, uint32_t max_per_group, struct cohorts **ret_cohorts)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct cohorts *cohorts = calloc(1, sizeof *cohorts);
    if (!cohorts)
        return STATUS_FATAL;
    cohorts->known.key_size = cohorts->pinned.key_size = NAME_KEY_BYTES;
    cohorts->max_per_group = max_per_group;
    store_begin(store, false, &txn);
    store_cursor_begin(&txn, TABLE_COHORT_NAME, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        if (cursor.key.size != NAME_KEY_BYTES || !remember(cohorts, cursor.key.data))
            store_fail(&txn, STATUS_FATAL, "a key of table cohort_name is not understood");
    }
    store_cursor_finish(&cursor);
    enum status status = store_commit(&txn);
    cohorts->durable_count = cohorts->known.count;
    if (status == STATUS_OK)
        *ret_cohorts = cohorts;
    else
        cohorts_close(cohorts);
    return status;
}

void cohorts_close(struct cohorts *cohorts)
{
    if (!cohorts)
        return;
    key_index_finish(&cohorts->known);
    key_index_finish(&cohorts->pinned);
    free(cohorts);
}

void cohorts_pin(struct cohorts *cohorts, uint16_t grouping, const struct bytes *values,
                 size_t count)
{
    uint8_t key[NAME_KEY_BYTES];
    make_key(key, grouping, values, count);
    if (key_index_find(&cohorts->pinned, key) != KEY_INDEX_NONE)
        return;
    uint32_t number = key_index_add(&cohorts->pinned, key);
    assert(number != KEY_INDEX_NONE); /* configuration: without memory there is no start */
}

static void cohorts_end(void *context, bool is_committed)
{
    struct cohorts *cohorts = context;
    if (is_committed) {
        cohorts->durable_count = cohorts->known.count;
        cohorts->assigned += cohorts->open_assigned;
        cohorts->overflowed += cohorts->open_overflowed;
    }
    for (uint32_t i = cohorts->durable_count; i < cohorts->known.count; i++)
        cohorts->per_group[get_be16(key_index_at(&cohorts->known, i))]--;
    key_index_truncate(&cohorts->known, cohorts->durable_count);
    cohorts->open_assigned = cohorts->open_overflowed = 0;
}

static void write_name(struct cohorts *cohorts, struct store_txn *txn,
                       const uint8_t key[NAME_KEY_BYTES], const struct bytes *values, size_t count,
                       int64_t now_ms)
{
    struct buffer value = {0};
    name_encode(now_ms, values, count, &value);
    if (value.failed || !remember(cohorts, key))
        store_fail(txn, STATUS_FATAL, "no memory for a new cohort");
    store_put(txn, TABLE_COHORT_NAME, bytes_of(key, NAME_KEY_BYTES), buffer_bytes(&value));
    buffer_finish(&value);
}

bool cohort_assign(struct cohorts *cohorts, struct store_txn *txn, uint16_t grouping,
                   const struct bytes *values, size_t count, int64_t now_ms,
                   uint8_t ret_hash[COHORT_HASH_SIZE])
{
    uint8_t key[NAME_KEY_BYTES];
    struct bytes others[COHORT_DIMENSIONS_MAX] = {0};
    assert(count <= COHORT_DIMENSIONS_MAX);
    make_key(key, grouping, values, count);
    store_on_end(txn, cohorts_end, cohorts);
    cohorts->open_assigned++;
    bool is_new = key_index_find(&cohorts->known, key) == KEY_INDEX_NONE;
    if (is_new && cohorts->per_group[grouping] >= cohorts->max_per_group &&
        key_index_find(&cohorts->pinned, key) == KEY_INDEX_NONE) {
        for (size_t i = 0; i < count; i++)
            others[i] = BYTES_LITERAL(COHORT_OTHER);
        values = others;
        make_key(key, grouping, values, count);
        cohorts->open_overflowed++;
        is_new = key_index_find(&cohorts->known, key) == KEY_INDEX_NONE;
    }
    if (is_new)
        write_name(cohorts, txn, key, values, count, now_ms);
    memcpy(ret_hash, key + 2, COHORT_HASH_SIZE);
    return is_new;
}

uint64_t cohorts_assigned(const struct cohorts *cohorts)
{
    return cohorts->assigned;
}

uint64_t cohorts_overflowed(const struct cohorts *cohorts)
{
    return cohorts->overflowed;
}

uint32_t cohorts_known(const struct cohorts *cohorts, uint16_t grouping)
{
    return cohorts->per_group[grouping];
}
