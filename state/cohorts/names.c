/* Name rows stand by grouping and hash. */
#include "state/cohorts/names.h"

#include "state/store/dictionary.h"

void cohort_names(struct store_txn *txn, uint16_t grouping, cohort_names_fn *fn, void *context)
{
    struct state_key from = {.size = 0};
    struct store_cursor cursor;
    struct cohort_name name;
    bool goes_on = true;
    key_be16(&from, grouping);
    store_cursor_begin(txn, TABLE_COHORT_NAME, key_bytes(&from), from.size, &cursor);
    while (goes_on && store_cursor_next(&cursor)) {
        struct bytes value = store_cursor_value(&cursor);
        if (!value.data || cohort_name_decode(value, &name) != STATUS_OK) {
            store_fail(txn, STATUS_FATAL, "the name of a cohort is not understood");
            break;
        }
        goes_on = fn(context, &name);
    }
    store_cursor_finish(&cursor);
}

bool cohort_names_read(struct store_txn *txn, uint16_t grouping,
                       const uint8_t hash[COHORT_HASH_SIZE], struct cohort_name *ret_name)
{
    struct state_key key = {.size = 0};
    struct bytes value;
    key_be16(&key, grouping);
    key_raw(&key, bytes_of(hash, COHORT_HASH_SIZE));
    return store_get(txn, TABLE_COHORT_NAME, key_bytes(&key), &value) &&
           cohort_name_decode(value, ret_name) == STATUS_OK;
}

uint32_t cohort_names_place(struct store_txn *txn, uint16_t grouping, struct bytes dimension)
{
    struct bytes text;
    uint32_t place = 0;
    size_t start = 0;
    if (!dictionary_text(txn, DICTIONARY_GROUPING, grouping, &text))
        return COHORT_DIMENSIONS_MAX;
    for (size_t i = 0; i <= text.size && place < COHORT_DIMENSIONS_MAX; i++) {
        if (i < text.size && text.data[i] != ',')
            continue;
        if (bytes_equal(bytes_of(text.data + start, i - start), dimension))
            return place;
        place++;
        start = i + 1;
    }
    return COHORT_DIMENSIONS_MAX;
}
