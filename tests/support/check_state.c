/* One read transaction over all tables. */
#include "tests/support/check_state.h"

#include <check.h>

#include "state/cohorts/audit.h"
#include "state/inspect.h"

static void check_table(struct store_txn *txn, enum state_table table)
{
    struct store_cursor cursor;
    struct inspection inspection = {0};
    store_cursor_begin(txn, table, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        ck_assert(store_cursor_is_intact(&cursor));
        ck_assert_int_eq(inspect_row(&inspection, table, key_bytes(&cursor.key),
                                     store_cursor_value(&cursor), NULL),
                         STATUS_OK);
    }
    store_cursor_finish(&cursor);
    ck_assert_int_eq(inspect_end(&inspection), STATUS_OK);
}

void check_state(struct store *store)
{
    struct store_txn txn;
    struct cohort_audit audit;
    store_begin(store, false, &txn);
    for (int table = 0; table < STATE_TABLES; table++)
        check_table(&txn, (enum state_table)table);
    ck_assert_int_eq(cohort_audit(&txn, &audit), STATUS_OK);
    ck_assert_uint_eq(audit.different, 0);
    ck_assert_int_eq(store_commit(&txn), STATUS_OK);
}
