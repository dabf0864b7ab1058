/* Records to a topic by the idempotent producer, each trajectory's in order. */
#pragma once
#include "processor/emit/emitter.h"
#include "processor/emit/kafka/config.h"

/* NULL with `ret_error` for a property that can't be. `counters` stay the caller's. */
struct emitter *kafka_emitter_create(const struct kafka_emitter_config *config,
                                     const struct emit_acknowledge *acknowledge,
                                     struct emitter_counters *counters, struct error *ret_error);
