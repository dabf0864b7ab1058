/* value = u8 version | actor 8 | signed created_ms | bytes name */
#include "state/tables/reviewer.h"

#include <sys/random.h>

#include "processor/base/digest.h"
#include "state/store/value.h"

enum { REVIEWER_VERSION = 1, ACTOR_BYTES = (REVIEWER_ACTOR_SIZE - 1) / 2, KEY_BYTES = 16 };

static void encode_key(struct bytes name, struct state_key *to)
{
    uint8_t hash[SHA256_SIZE];
    digest_sha256(hash, name);
    to->size = 0;
    key_raw(to, bytes_of(hash, KEY_BYTES));
}

enum status reviewer_row_decode(struct bytes value, struct reviewer_row *ret_row)
{
    struct value_reader reader;
    struct reviewer_row row = {0};
    value_reader_init(&reader, value);
    if (value_get_u8(&reader) != REVIEWER_VERSION)
        return STATUS_MALFORMED;
    struct bytes actor = value_get_raw(&reader, ACTOR_BYTES);
    hex_encode(row.actor, actor.data, actor.size);
    row.created_ms = value_get_signed(&reader);
    row.name = value_get_bytes(&reader);
    enum status status = value_reader_finish(&reader);
    if (status == STATUS_OK)
        *ret_row = row;
    return status;
}

bool reviewer_read(struct store_txn *txn, struct bytes name, struct reviewer_row *ret_row)
{
    struct state_key key;
    struct bytes value;
    encode_key(name, &key);
    if (!store_get(txn, TABLE_REVIEWER, key_bytes(&key), &value))
        return false;
    if (reviewer_row_decode(value, ret_row) == STATUS_OK)
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table reviewer is not understood");
    return false;
}

void reviewer_actor(struct store_txn *txn, struct bytes name, int64_t wall_ms,
                    char ret_actor[REVIEWER_ACTOR_SIZE])
{
    struct reviewer_row row;
    struct state_key key;
    struct buffer value = {0};
    uint8_t actor[ACTOR_BYTES] = {0};
    if (reviewer_read(txn, name, &row)) {
        memcpy(ret_actor, row.actor, REVIEWER_ACTOR_SIZE);
        return;
    }
    if (getrandom(actor, sizeof actor, 0) != sizeof actor)
        store_fail(txn, STATUS_FATAL, "the system gives no random bytes");
    hex_encode(ret_actor, actor, sizeof actor);
    ret_actor[REVIEWER_ACTOR_SIZE - 1] = 0;
    encode_key(name, &key);
    buffer_append_byte(&value, REVIEWER_VERSION);
    buffer_append(&value, actor, sizeof actor);
    value_put_signed(&value, wall_ms);
    value_put_bytes(&value, name);
    if (value.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    else
        store_put(txn, TABLE_REVIEWER, key_bytes(&key), buffer_bytes(&value));
    buffer_finish(&value);
}

void reviewer_actor_of_row(struct store_txn *txn, struct bytes name, int64_t wall_ms,
                           char ret_actor[REVIEWER_ACTOR_SIZE])
{
    struct reviewer_row known;
    uint8_t actor[ACTOR_BYTES];
    bool is_actor = name.size == REVIEWER_ACTOR_SIZE - 1 && !reviewer_read(txn, name, &known) &&
                    hex_decode(actor, (const char *)name.data, sizeof actor);
    if (!is_actor) {
        reviewer_actor(txn, name, wall_ms, ret_actor);
        return;
    }
    memcpy(ret_actor, name.data, name.size);
    ret_actor[name.size] = 0;
}

bool reviewer_erase(struct store_txn *txn, struct bytes name, char ret_actor[REVIEWER_ACTOR_SIZE])
{
    struct reviewer_row row;
    struct state_key key;
    if (!reviewer_read(txn, name, &row))
        return false;
    memcpy(ret_actor, row.actor, REVIEWER_ACTOR_SIZE);
    encode_key(name, &key);
    return store_delete(txn, TABLE_REVIEWER, key_bytes(&key));
}
