/* Changes of the dataset by a command, where no daemon holds the directory. */
#pragma once
#include "processor/command/dataset/dataset.h"

/* Says in the audit trail that a version was exported, through the daemon that holds the directory; on
 * stderr, when the trail does not know. */
void change_note_export(const struct dataset_arguments *arguments, uint64_t version,
                        const uint8_t sha256[32]);
