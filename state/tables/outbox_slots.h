/* Whose the rows of the outbox are, whatever the order of the pipeline file. */
#pragma once
#include "state/store/chunked.h"

enum { OUTBOX_EXPORTERS_MAX = 16 };

/* The part of the table that holds the rows of an exporter, and the way back. */
uint8_t outbox_slot(struct store_txn *txn, uint8_t exporter);
uint8_t outbox_slot_exporter(struct store_txn *txn, uint8_t slot);

/* Gives each exporter the slot that its name had before. Rows of an exporter that is not named any
 * more wait for it; one with a new name at its place takes them over. False: so many wait that a
 * new exporter finds no slot. */
MUST_CHECK bool outbox_slots_assign(struct store_txn *txn, const char *const *names,
                                    uint32_t count);
