/* Every item, from the newest on, for what no table counts: curves, coverage, escape rates. Read in
 * short transactions, so beside a running daemon. */
#pragma once
#include "state/tables/item.h"

/* Borrowed until it returns. False: enough. */
typedef bool item_scan_fn(void *context, struct store_txn *txn, const struct item_row *row);
MUST_CHECK enum status item_scan(struct store *store, item_scan_fn *fn, void *context);
