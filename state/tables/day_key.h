/* How keys of counts by day begin: 'd' | be32 day since 1970, or 't', what all days come to. */
#pragma once
#include "state/store/schema.h"
#include "state/store/value.h"

enum { DAY_KEY_TOTAL = -1 }; /* as a day: all of them */

/* `ret_key` holds that alone; days are in [0, UINT32_MAX], or DAY_KEY_TOTAL. */
void day_key_begin(struct state_key *ret_key, int64_t day);
/* False: it begins otherwise. */
bool day_key_read(struct value_reader *name, int64_t *ret_day);
