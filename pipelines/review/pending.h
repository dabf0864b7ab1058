/* Results that came before their record. */
#pragma once
#include "pipelines/review/state.h"

/* The record went out from another instance: its result is not ours to wait for. */
bool review_pending_is_of_another(const struct review *review, const struct result *result);
/* The oldest leaves when there is no room. False: not even then. */
MUST_CHECK bool review_pending_add(const struct review_event *event, const struct result *result,
                                   struct bytes json);
/* An item has come: what waits for it is applied. */
void review_pending_apply(struct review *review, struct store_txn *txn, const uint8_t id[16],
                          int64_t wall_ms);
/* Deletes what waits of the person. How many there were. */
uint32_t review_pending_erase_person(struct results *results, struct store_txn *txn,
                                     struct bytes person);
/* Looks at some of what waits. */
void review_pending_turn(struct review *review, struct store_txn *txn, int64_t wall_ms);
