/* `review` and `dataset`: labels, queues, and what the listener, the topic and the store must be
 * able to hold. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_review_load_require;

/* Once the rules are known: their labels may be reviewers' too. */
void config_review_load(struct config_loader *loader);
/* Once the pipelines are. */
void config_review_check(struct config_loader *loader);
