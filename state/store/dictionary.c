/* value = u8 version | text */
#include "state/store/dictionary.h"

#include <assert.h>

enum { DICTIONARY_VERSION = 1, DICTIONARY_KEY_BYTES = 3 };

static void make_key(struct state_key *key, enum dictionary_kind kind, uint16_t id)
{
    key->size = 0;
    key_u8(key, (uint8_t)kind);
    key_be16(key, id);
}

static bool text_of(struct store_txn *txn, struct bytes value, struct bytes *ret_text)
{
    if (!value.data)
        return false;
    if (value.size >= 1 && value.data[0] == DICTIONARY_VERSION) {
        *ret_text = bytes_of(value.data + 1, value.size - 1);
        return true;
    }
    store_fail(txn, STATUS_FATAL, "a row of table dictionary is not understood");
    return false;
}

void dictionary_scan(struct store_txn *txn, enum dictionary_kind kind,
                     void (*fn)(void *context, uint16_t id, struct bytes text), void *context)
{
    struct store_cursor cursor;
    struct bytes text;
    uint8_t prefix = (uint8_t)kind;
    store_cursor_begin(txn, TABLE_DICTIONARY, bytes_of(&prefix, 1), 1, &cursor);
    while (store_cursor_next(&cursor) && cursor.key.size == DICTIONARY_KEY_BYTES &&
           text_of(txn, store_cursor_value(&cursor), &text))
        fn(context, get_be16(cursor.key.data + 1), text);
    store_cursor_finish(&cursor);
}

struct finding {
    struct bytes text;
    uint16_t id, last;
    bool is_found;
};

static void find(void *context, uint16_t id, struct bytes text)
{
    struct finding *finding = context;
    finding->last = id;
    if (finding->is_found || !bytes_equal(text, finding->text))
        return;
    finding->is_found = true;
    finding->id = id;
}

bool dictionary_find(struct store_txn *txn, enum dictionary_kind kind, struct bytes text,
                     uint16_t *ret_id)
{
    struct finding finding = {.text = text};
    dictionary_scan(txn, kind, find, &finding);
    if (finding.is_found)
        *ret_id = finding.id;
    return finding.is_found;
}

uint16_t dictionary_id(struct store_txn *txn, enum dictionary_kind kind, struct bytes text)
{
    struct finding finding = {.text = text};
    struct state_key key;
    const uint8_t version = DICTIONARY_VERSION;
    assert(text.size <= DICTIONARY_TEXT_BYTES_MAX);
    dictionary_scan(txn, kind, find, &finding);
    if (finding.is_found)
        return finding.id;
    if (finding.last == UINT16_MAX)
        store_fail(txn, STATUS_BUSY, "table dictionary is full");
    uint16_t id = (uint16_t)(finding.last + 1);
    make_key(&key, kind, id);
    store_append(txn, TABLE_DICTIONARY, key_bytes(&key), bytes_of(&version, 1), text);
    return id;
}

bool dictionary_text(struct store_txn *txn, enum dictionary_kind kind, uint16_t id,
                     struct bytes *ret_text)
{
    struct state_key key;
    struct bytes value;
    make_key(&key, kind, id);
    return store_get(txn, TABLE_DICTIONARY, key_bytes(&key), &value) &&
           text_of(txn, value, ret_text);
}
