/* Short numbers for texts that are stored often: a grouping (its dimension names joined by commas)
 * or a rule's name. A number, once given, keeps its text for the life of the data directory. Looked
 * up at start and at reload only: both functions scan. */
#pragma once
#include "state/store/store.h"

enum dictionary_kind { DICTIONARY_GROUPING = 'g', DICTIONARY_RULE = 'r' };
enum { DICTIONARY_TEXT_BYTES_MAX = 4000 };

/* The number of `text`; a new one is given in a write transaction. Fails the transaction with BUSY
 * when all 65,535 are in use. */
uint16_t dictionary_id(struct store_txn *txn, enum dictionary_kind kind, struct bytes text);
/* False when `text` has no number. */
bool dictionary_find(struct store_txn *txn, enum dictionary_kind kind, struct bytes text,
                     uint16_t *ret_id);
/* Borrowed from the transaction; false when there is no such number. */
bool dictionary_text(struct store_txn *txn, enum dictionary_kind kind, uint16_t id,
                     struct bytes *ret_text);
/* Every entry of a kind, in order of its number. */
void dictionary_scan(struct store_txn *txn, enum dictionary_kind kind,
                     void (*fn)(void *context, uint16_t id, struct bytes text), void *context);
