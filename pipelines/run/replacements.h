/* Records that an exporter sends otherwise than their rows say, until the rows say so too:
 *
 *   asked --add_to--> taken by a transaction --settle--> durable --is_durable, once--> gone
 *             ^---- the transaction failed ----'
 *
 * Any thread asks and is told; the writer's takes and settles. They are as
 * few as an emitter holds. */
#pragma once
#include <pthread.h>

#include "pipelines/commit/writer.h"

struct replacement {
    uint64_t sequence;
    struct buffer frame; /* until it is durable */
    bool is_taken, is_durable;
};

struct replacements {
    pthread_mutex_t lock;
    struct replacement *items;
    size_t count, capacity;
};

void replacements_init(struct replacements *replacements);
void replacements_finish(struct replacements *replacements);
void replacements_ask(struct replacements *replacements, uint64_t sequence, struct bytes frame);
/* True once for each. */
bool replacements_is_durable(struct replacements *replacements, uint64_t sequence);
/* Does one wait for a transaction? */
bool replacements_has_news(struct replacements *replacements);
void replacements_add_to(struct replacements *replacements, struct writer *writer,
                         uint8_t exporter);
/* The last transaction that they were added to has succeeded, or, when not, failed. */
void replacements_settle(struct replacements *replacements, bool is_durable);
