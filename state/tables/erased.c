/* key = fingerprint 16; value = u8 version. The key of the HMAC is the meta row erase_key. */
#include "state/tables/erased.h"

#include <stdlib.h>
#include <sys/random.h>

#include "processor/base/digest.h"

enum { ERASED_VERSION = 1, HMAC_KEY_BYTES = 32, KEY_VALUE_BYTES = 1 + HMAC_KEY_BYTES };
static const char key_name[] = "erase_key";

struct erased {
    uint64_t count, open;
};

/* Made before anything is erased: a backup of that time must know what was erased after it. */
static enum status make_key(struct store *store)
{
    uint8_t made[KEY_VALUE_BYTES] = {ERASED_VERSION};
    struct bytes key;
    struct store_txn txn;
    store_begin(store, false, &txn);
    bool is_there = store_get(&txn, TABLE_META, bytes_of_text(key_name), &key);
    enum status status = store_commit(&txn);
    if (is_there || status != STATUS_OK)
        return status;
    if (getrandom(made + 1, HMAC_KEY_BYTES, 0) != HMAC_KEY_BYTES)
        return STATUS_FATAL;
    store_begin(store, true, &txn);
    store_put(&txn, TABLE_META, bytes_of_text(key_name), bytes_of(made, sizeof made));
    return store_commit(&txn);
}

enum status erased_open(struct store *store, struct erased **ret_erased)
{
    struct store_txn txn;
    enum status status = make_key(store);
    if (status != STATUS_OK)
        return status;
    struct erased *erased = calloc(1, sizeof *erased);
    if (!erased)
        return STATUS_FATAL;
    store_begin(store, false, &txn);
    erased->count = erased->open = store_count(&txn, TABLE_ERASED);
    status = store_commit(&txn);
    if (status == STATUS_OK)
        *ret_erased = erased;
    else
        erased_close(erased);
    return status;
}

void erased_close(struct erased *erased)
{
    free(erased);
}

void erased_fingerprint(struct store_txn *txn, const char *what, struct bytes id,
                        uint8_t ret_fingerprint[FINGERPRINT_SIZE])
{
    uint8_t made[KEY_VALUE_BYTES] = {ERASED_VERSION}, hash[SHA256_SIZE];
    struct bytes key = {0};
    struct buffer text = {0};
    if (store_get(txn, TABLE_META, bytes_of_text(key_name), &key) && key.size == KEY_VALUE_BYTES)
        memcpy(made, key.data, key.size);
    else if (txn->status == STATUS_OK)
        store_fail(txn, STATUS_FATAL, "the key of what was erased is not there");
    buffer_append_text(&text, what);
    buffer_append_byte(&text, 0);
    buffer_append_bytes(&text, id);
    if (text.failed)
        store_fail(txn, STATUS_FATAL, "out of memory");
    digest_hmac_sha256(hash, bytes_of(made + 1, HMAC_KEY_BYTES), buffer_bytes(&text));
    memcpy(ret_fingerprint, hash, FINGERPRINT_SIZE);
    buffer_finish(&text);
}

static void erased_end(void *context, bool is_committed)
{
    struct erased *erased = context;
    if (is_committed)
        erased->count = erased->open;
    erased->open = erased->count;
}

void erased_add(struct erased *erased, struct store_txn *txn, const uint8_t trajectory_id[16],
                uint8_t ret_fingerprint[FINGERPRINT_SIZE])
{
    erased_fingerprint(txn, "trajectory", bytes_of(trajectory_id, 16), ret_fingerprint);
    erased_add_fingerprint(erased, txn, ret_fingerprint);
}

void erased_add_fingerprint(struct erased *erased, struct store_txn *txn,
                            const uint8_t fingerprint[FINGERPRINT_SIZE])
{
    static const uint8_t value = ERASED_VERSION;
    struct bytes key = bytes_of(fingerprint, FINGERPRINT_SIZE), there;
    store_on_end(txn, erased_end, erased);
    erased->open += !store_get(txn, TABLE_ERASED, key, &there);
    store_put(txn, TABLE_ERASED, key, bytes_of(&value, 1));
}

bool erased_has(const struct erased *erased, struct store_txn *txn, const uint8_t trajectory_id[16])
{
    uint8_t fingerprint[FINGERPRINT_SIZE];
    struct bytes value;
    if (erased->open == 0)
        return false;
    erased_fingerprint(txn, "trajectory", bytes_of(trajectory_id, 16), fingerprint);
    return store_get(txn, TABLE_ERASED, bytes_of(fingerprint, sizeof fingerprint), &value);
}

uint64_t erased_count(const struct erased *erased)
{
    return erased->count;
}
