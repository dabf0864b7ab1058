/* A state that was set back to a backup: what its exporters' files say of the time since. Numbers of
 * the trail and versions of the dataset that are out are not given away again, and what was erased
 * since is erased again, before anything else happens. The first entry, audit.restored, names the
 * lost span and its head.
 *
 *   audit.jsonl, rows.jsonl -> restore_look_back -> audit.restored, erasures | nothing
 *
 * Topics are not read: a trail that goes to a topic alone begins anew at the backup's number. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/dataset.h"

/* In a transaction of its own. FATAL: the store can't be read or written. A file that can't be read
 * says nothing. */
MUST_CHECK enum status restore_look_back(struct store *store, struct audit *audit,
                                         struct dataset *dataset,
                                         const struct pipeline_config *config, int64_t wall_ms);
