/* Reads an item's results and lets each table add, or take back, what they say. */
#include "pipelines/review/tally.h"

#include <stdlib.h>

#include "pipelines/review/tally_state.h"
#include "processor/review/result.h"

enum {
    RESULTS_BYTES_MAX = 64 << 20, /* of one item, with their texts */
    COUNTED_MAX = 1000,           /* items a turn */
    CLEARED_MAX = 5000,           /* rows a turn */
    DAY_MS = 24 * 60 * 60 * 1000,
};

static const char day_name[] = "tally_day";

/* What is counted together, and anew together. */
struct part {
    const char *version_name, *next_name;
    bool follows_rules; /* what is counted hangs on groupings, rules and labels; else on how many
                           persons are told apart */
    enum state_table tables[2];
    uint32_t table_count;
    void (*tally)(struct store_txn *txn, const struct item_tally *tally);
};

static const struct part parts[TALLY_PARTS] = {
    [TALLY_AGREEMENT] = {"agreement_version",
                         "agreement_next",
                         false,
                         {TABLE_AGREEMENT, TABLE_PAIR},
                         2,
                         agreement_tally},
    [TALLY_CALIBRATION] = {"calibration_version",
                           "calibration_next",
                           true,
                           {TABLE_CALIBRATION},
                           1,
                           calibration_tally},
};

/* Of the counts that these settings make. */
static uint64_t version_of(const struct part *part, const struct review_settings *settings)
{
    uint64_t of = part->follows_rules ? settings->calibration.fingerprint : settings->reviewers_max;
    return of << 8 | TALLY_VERSION;
}

int64_t tally_day(int64_t ms)
{
    return ms / DAY_MS - (ms % DAY_MS < 0);
}

/* --- what counts --- */

static bool is_planned(const struct result_row *row)
{
    return row->is_given && row->status == RESULT_COMPLETED && row->role == RESULT_REVIEWER &&
           !row->is_extra && !row->is_chosen && row->first_verdict < REVIEWER_VERDICTS;
}

/* Those on an item that was superseded are no extra ones, however many there are: the places are. */
uint32_t tally_planned(const struct item_tally *tally,
                       const struct result_row *ret_rows[TALLY_PLANNED_MAX])
{
    uint32_t count = 0, places = tally->item->wanted;
    if (places > TALLY_PLANNED_MAX)
        places = TALLY_PLANNED_MAX;
    for (uint32_t i = 0; i < tally->result_count && count < places; i++)
        if (is_planned(&tally->results[i]))
            ret_rows[count++] = &tally->results[i];
    return count;
}

/* Of pass or fail: who is unsure agrees with nobody. */
static bool is_unanimous(const struct result_row *const *rows, uint32_t count)
{
    bool is_one = count > 0 && rows[0]->first_verdict != REVIEW_UNSURE;
    for (uint32_t i = 1; i < count; i++)
        is_one = is_one && rows[i]->first_verdict == rows[0]->first_verdict;
    return is_one;
}

bool tally_find_bad(const struct item_tally *tally, bool *ret_is_bad)
{
    const struct result_row *planned[TALLY_PLANNED_MAX];
    const struct item_decision *decision = &tally->item->decision;
    bool is_one = is_unanimous(planned, tally_planned(tally, planned));
    if (!is_one && (!decision->is_decided || decision->verdict == REVIEW_UNSURE))
        return false;
    *ret_is_bad = (is_one ? planned[0]->first_verdict : decision->verdict) == REVIEW_FAIL;
    return true;
}

static bool is_among(struct bytes label, const struct bytes *labels, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (bytes_equal(labels[i], label))
            return true;
    return false;
}

static bool has_any(const struct bytes *given, uint32_t given_count, const struct bytes *labels,
                    uint32_t count)
{
    for (uint32_t i = 0; i < given_count; i++)
        if (is_among(given[i], labels, count))
            return true;
    return false;
}

bool tally_has_label(const struct item_tally *tally, const struct bytes *labels, uint32_t count)
{
    const struct result_row *planned[TALLY_PLANNED_MAX];
    const struct item_decision *decision = &tally->item->decision;
    uint32_t given = 0, all = tally_planned(tally, planned);
    if (!is_unanimous(planned, all))
        return decision->is_decided &&
               has_any(decision->labels, decision->label_count, labels, count);
    for (uint32_t i = 0; i < all; i++)
        given += has_any(planned[i]->first_labels, planned[i]->first_label_count, labels, count);
    return 2 * given > all;
}

/* --- one item --- */

static int by_time(const void *first, const void *second)
{
    const struct result_row *a = first, *b = second;
    if (a->received_ms != b->received_ms)
        return a->received_ms < b->received_ms ? -1 : 1;
    return a->principal_hash < b->principal_hash ? -1 : a->principal_hash > b->principal_hash;
}

struct result_row *tally_results(struct store_txn *txn, uint64_t item, struct arena *arena,
                                 uint32_t *ret_count)
{
    uint64_t principals[RESULT_KEYS_MAX];
    uint32_t count = result_principals(txn, item, principals), found = 0;
    struct result_row *rows = arena_zalloc(arena, count > 0 ? count : 1, sizeof *rows);
    for (uint32_t i = 0; rows && i < count; i++)
        found += result_row_read(txn, item, principals[i], arena, &rows[found]);
    if (rows && found > 1)
        qsort(rows, found, sizeof *rows, by_time);
    *ret_count = found;
    return rows;
}

/* A bit for each part that has the item among what is counted. */
static uint32_t counted(const struct review_settings *settings, struct store_txn *txn,
                        const struct item_row *item)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < TALLY_PARTS; i++)
        if (store_get_number(txn, parts[i].version_name) == version_of(&parts[i], settings) &&
            item->sequence < store_get_number(txn, parts[i].next_name))
            bits |= 1u << i;
    return bits;
}

static void tally_parts(struct store_txn *txn, const struct item_tally *tally, uint32_t bits)
{
    for (uint32_t i = 0; i < TALLY_PARTS; i++)
        if (bits & 1u << i)
            parts[i].tally(txn, tally);
}

static void add(const struct review_settings *settings, struct store_txn *txn,
                const struct item_row *item, int sign, uint32_t bits)
{
    struct arena arena;
    struct item_tally tally = {.settings = settings, .item = item, .sign = sign};
    if (bits == 0)
        return;
    arena_init(&arena, RESULTS_BYTES_MAX);
    tally.first_day = (int64_t)store_get_number(txn, day_name);
    tally.results = tally_results(txn, item->sequence, &arena, &tally.result_count);
    if (tally.results)
        tally_parts(txn, &tally, bits);
    else
        store_fail(txn, STATUS_FATAL, "out of memory");
    arena_finish(&arena);
}

static uint32_t whole_parts(struct store_txn *txn)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < TALLY_PARTS; i++)
        bits |= tally_is_whole(txn, (enum tally_part)i) ? 1u << i : 0;
    return bits;
}

void tally_tell(struct store_txn *txn, const struct item_row *item, const struct tally_sink *sink)
{
    static const struct review_settings none;
    struct arena arena;
    struct item_tally tally = {.settings = &none, .item = item, .sign = -1, .sink = sink};
    arena_init(&arena, RESULTS_BYTES_MAX);
    tally.first_day = (int64_t)store_get_number(txn, day_name);
    tally.results = tally_results(txn, item->sequence, &arena, &tally.result_count);
    if (tally.results)
        tally_parts(txn, &tally, whole_parts(txn));
    else
        store_fail(txn, STATUS_FATAL, "out of memory");
    arena_finish(&arena);
}

void tally_take_back(const struct review_settings *settings, struct store_txn *txn,
                     const struct item_row *item)
{
    add(settings, txn, item, -1, counted(settings, txn, item));
}

void tally_count(const struct review_settings *settings, struct store_txn *txn,
                 const struct item_row *item)
{
    add(settings, txn, item, +1, counted(settings, txn, item));
}

void tally_count_new(const struct review_settings *settings, struct store_txn *txn,
                     const struct item_row *item)
{
    struct item_tally tally = {.settings = settings, .item = item, .sign = +1};
    tally.first_day = (int64_t)store_get_number(txn, day_name);
    tally_parts(txn, &tally, counted(settings, txn, item));
}

/* --- all items --- */

bool tally_is_whole(struct store_txn *txn, enum tally_part part)
{
    return (store_get_number(txn, parts[part].version_name) & UINT8_MAX) == TALLY_VERSION &&
           store_get_number(txn, parts[part].next_name) == UINT64_MAX;
}

/* Deletes at most `rows` rows whose keys begin like `from`. True: no more are left. */
static bool clear(struct store_txn *txn, enum state_table table, struct bytes from, size_t prefix,
                  uint32_t rows)
{
    struct store_cursor cursor;
    uint32_t left = rows;
    store_cursor_begin(txn, table, from, prefix, &cursor);
    while (left > 0 && store_cursor_next(&cursor)) {
        store_cursor_delete(&cursor);
        left--;
    }
    store_cursor_finish(&cursor);
    return left > 0;
}

/* What another version has counted leaves first; meanwhile it is of none. */
static void begin_anew(const struct part *part, const struct review_settings *settings,
                       struct store_txn *txn)
{
    if (store_get_number(txn, part->version_name) != 0)
        store_put_number(txn, part->version_name, 0);
    for (uint32_t i = 0; i < part->table_count; i++)
        if (!clear(txn, part->tables[i], bytes_of("", 0), 0, CLEARED_MAX))
            return;
    store_put_number(txn, part->next_name, 1);
    store_put_number(txn, part->version_name, version_of(part, settings));
}

/* The first item not below `from`; 0: there is none. */
static uint64_t find_item(struct store_txn *txn, uint64_t from)
{
    struct state_key key = {.size = 0};
    struct store_cursor cursor;
    key_be64(&key, from);
    store_cursor_begin(txn, TABLE_ITEM, key_bytes(&key), 0, &cursor);
    bool is_there = store_cursor_next(&cursor) && cursor.key.size == 8;
    uint64_t sequence = is_there ? get_be64(cursor.key.data) : 0;
    store_cursor_finish(&cursor);
    return sequence;
}

static void count_more(uint32_t part, const struct review_settings *settings, struct store_txn *txn)
{
    uint64_t next = store_get_number(txn, parts[part].next_name);
    struct arena arena;
    struct item_row item;
    arena_init(&arena, RESULTS_BYTES_MAX);
    for (uint32_t i = 0; i < COUNTED_MAX && next != UINT64_MAX && txn->status == STATUS_OK; i++) {
        uint64_t sequence = find_item(txn, next);
        arena_reset(&arena);
        if (item_read(txn, sequence, &arena, &item))
            add(settings, txn, &item, +1, 1u << part);
        next = sequence != 0 ? sequence + 1 : UINT64_MAX;
    }
    store_put_number(txn, parts[part].next_name, next);
    arena_finish(&arena);
}

/* Keys of all three tables begin with 'd' and the day where they are of one. */
static void drop_days(struct store_txn *txn, int64_t wall_ms)
{
    static const enum state_table tables[] = {TABLE_AGREEMENT, TABLE_PAIR, TABLE_CALIBRATION};
    uint64_t first = store_get_number(txn, day_name);
    int64_t due = tally_day(wall_ms) - TALLY_DAYS + 1;
    if (due > 0 && first < (uint64_t)due)
        store_put_number(txn, day_name, first = (uint64_t)due);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct store_cursor cursor;
        uint32_t left = CLEARED_MAX;
        store_cursor_begin(txn, tables[i], bytes_of("d", 1), 1, &cursor);
        while (left > 0 && store_cursor_next(&cursor) && cursor.key.size >= 5 &&
               get_be32(cursor.key.data + 1) < first) {
            store_cursor_delete(&cursor);
            left--;
        }
        store_cursor_finish(&cursor);
    }
}

void tally_turn(const struct review_settings *settings, struct store_txn *txn, int64_t wall_ms)
{
    drop_days(txn, wall_ms);
    for (uint32_t i = 0; i < TALLY_PARTS; i++) {
        const struct part *part = &parts[i];
        if (store_get_number(txn, part->version_name) != version_of(part, settings))
            begin_anew(part, settings, txn);
        if (store_get_number(txn, part->version_name) == version_of(part, settings) &&
            store_get_number(txn, part->next_name) != UINT64_MAX)
            count_more(i, settings, txn);
    }
}
