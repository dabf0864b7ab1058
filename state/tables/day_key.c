/* Days sort before their total. */
#include "state/tables/day_key.h"

#include <assert.h>

enum { KIND_DAY = 'd', KIND_TOTAL = 't' };

void day_key_begin(struct state_key *ret_key, int64_t day)
{
    uint8_t number[4];
    ret_key->size = 0;
    if (day == DAY_KEY_TOTAL) {
        key_u8(ret_key, KIND_TOTAL);
        return;
    }
    assert(day >= 0 && day <= UINT32_MAX);
    put_be32(number, (uint32_t)day);
    key_u8(ret_key, KIND_DAY);
    key_raw(ret_key, bytes_of(number, sizeof number));
}

bool day_key_read(struct value_reader *name, int64_t *ret_day)
{
    uint8_t kind = value_get_u8(name);
    *ret_day = kind == KIND_DAY ? (int64_t)value_get_be32(name) : DAY_KEY_TOTAL;
    return kind == KIND_DAY || kind == KIND_TOTAL;
}
