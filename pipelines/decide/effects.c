/* Creation and emptying; who fills and who reads it is said in effects.h. */
#include "pipelines/decide/effects.h"

#include <stdlib.h>

const char *const log_drop_names[LOG_DROPS] = {"no_ids", "log_without_spans", "late",
                                               "log_overflow"};

/* A step stops at EFFECTS_BYTES_FULL; above it comes what one trajectory adds, whose record and
 * content have limits of their own. So this is never reached, and ends the process if it is. */
enum { EFFECTS_BYTES_MAX = 512 << 20 };

struct effects *effects_create(uint32_t shard)
{
    struct effects *effects = calloc(1, sizeof(*effects));
    if (!effects)
        return NULL;
    effects->shard = shard;
    arena_init(&effects->arena, EFFECTS_BYTES_MAX);
    return effects;
}

void effects_destroy(struct effects *effects)
{
    if (!effects)
        return;
    arena_finish(&effects->arena);
    free(effects);
}

void effects_clear(struct effects *effects)
{
    arena_reset(&effects->arena);
    effects->first = effects->last = NULL;
    effects->first_spilled = effects->last_spilled = NULL;
    effects->unspilled = NULL;
    effects->first_part = effects->last_part = NULL;
    effects->closed_count = 0;
    effects->revoked_spans = effects->repeated_spans = 0;
    effects->late_spans = effects->logs_ignored = effects->logs_joined = 0;
    memset(effects->logs_dropped, 0, sizeof(effects->logs_dropped));
}

bool effects_is_empty(const struct effects *effects)
{
    uint64_t counts = effects->logs_ignored + effects->logs_joined + effects->late_spans +
                      effects->revoked_spans + effects->repeated_spans;
    for (int i = 0; i < LOG_DROPS; i++)
        counts += effects->logs_dropped[i];
    return effects->closed_count == 0 && !effects->first_spilled && !effects->unspilled &&
           !effects->first_part && counts == 0;
}
