/* The way in of a topic: its partitions are sources, and its offsets are positions. */
#pragma once
#include "processor/receive/kafka/topic.h"

struct runtime;

/* The intake of the topic whose first partition is source number `source`. Valid until
 * runtime_destroy. */
struct topic_intake topic_intake_of_source(struct runtime *runtime, uint32_t source);
/* At start: which sources are partitions. */
void topic_intake_open(struct runtime *runtime);
/* At start: which partitions are behind the run before. False: none. */
bool topic_intake_begin(struct runtime *runtime);
/* Can nothing of this source come now, though it may be there? False when it is no partition, or
 * when we refuse it. Any thread. */
bool topic_intake_stands(struct runtime *runtime, uint32_t source, int64_t now_ms);
