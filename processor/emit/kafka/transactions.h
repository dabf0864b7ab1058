/* Records to a topic with the place in the outbox in each transaction of them: a reader of
 * committed records sees each of them once, also over a crash. */
#pragma once
#include "processor/emit/emitter.h"
#include "processor/emit/kafka/config.h"

struct kafka_transactions_config {
    struct kafka_emitter_config kafka;
    const char *transactional_id; /* of this data directory and exporter alone; also the group */
    uint64_t next_sequence;       /* of the store at the start: a place beyond it is not believed */
};

/* As kafka_emitter_create. */
struct emitter *kafka_transactions_create(const struct kafka_transactions_config *config,
                                          const struct emit_acknowledge *acknowledge,
                                          struct emitter_counters *counters,
                                          struct error *ret_error);
