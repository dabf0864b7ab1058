/* Names of versions: meta rows `dataset_tag:NAME`. */
#pragma once
#include "state/store/store.h"

enum { DATASET_TAG_BYTES_MAX = 64 };

bool dataset_tag_is_valid(struct bytes name);
/* False: there is none. */
bool dataset_tag_read(struct store_txn *txn, struct bytes name, uint64_t *ret_version);
void dataset_tag_write(struct store_txn *txn, struct bytes name, uint64_t version);
/* Appends the tags of that version, after commas. */
void dataset_tags_of(struct store_txn *txn, uint64_t version, struct buffer *to);
