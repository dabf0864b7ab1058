/* One read transaction sees buckets and folded_sequence as of the same commit, so a row is counted
 * either by its bucket or by the fold, never by both.
 *   cohorts of the grouping (hash) --name row--> values --projection--> result row */
#include "state/cohorts/query.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/arena.h"
#include "state/cohorts/delta.h"
#include "state/store/dictionary.h"
#include "state/store/key_index.h"
#include "state/tables/decided.h"

enum { RESULT_BYTES_MAX = 512 << 20 };

enum status cohort_window_resolve(int64_t as_of_ms, int64_t window_ms,
                                  struct cohort_window *ret_window)
{
    if (window_ms == 0) {
        *ret_window = (struct cohort_window){RING_TOTAL, 0, 0};
        return STATUS_OK;
    }
    if (window_ms < 0 || as_of_ms < 0)
        return STATUS_MALFORMED;
    for (enum cohort_ring ring = RING_MINUTE; ring < RING_TOTAL; ring++) {
        int64_t unit = cohort_ring_ms[ring];
        if (window_ms > unit * cohort_ring_buckets[ring])
            continue;
        int64_t buckets = (window_ms + unit - 1) / unit;
        int64_t to = cohort_bucket_start(ring, as_of_ms), from = to - (buckets - 1) * unit;
        *ret_window = (struct cohort_window){ring, from > 0 ? from : 0, to};
        return STATUS_OK;
    }
    return STATUS_MALFORMED;
}

struct query {
    struct store_txn *txn;
    struct cohort_result *result;
    struct key_index rows; /* hash of the values asked for -> row */
    size_t row_capacity;
    uint32_t keep[COHORT_DIMENSIONS_MAX]; /* places in the grouping, in the order asked for */
};

/* --- which grouping --- */

static uint32_t split(struct bytes text, struct bytes names[COHORT_DIMENSIONS_MAX])
{
    uint32_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.size && count < COHORT_DIMENSIONS_MAX; i++)
        if (i == text.size || text.data[i] == ',') {
            names[count++] = bytes_of(text.data + start, i - start);
            start = i + 1;
        }
    return count;
}

struct choice {
    struct bytes only; /* the grouping that may answer; absent: any */
    const struct bytes *dimensions;
    size_t count;
    uint16_t grouping;
    uint32_t size; /* dimensions of the best so far; 0: none */
    uint32_t keep[COHORT_DIMENSIONS_MAX];
};

static void consider(void *context, uint16_t id, struct bytes text)
{
    struct choice *choice = context;
    struct bytes names[COHORT_DIMENSIONS_MAX];
    uint32_t keep[COHORT_DIMENSIONS_MAX], size = split(text, names);
    if (choice->only.size > 0 && !bytes_equal(choice->only, text))
        return;
    for (size_t i = 0; i < choice->count; i++) {
        uint32_t at = 0;
        while (at < size && !bytes_equal(names[at], choice->dimensions[i]))
            at++;
        if (at == size)
            return;
        keep[i] = at;
    }
    if (choice->size != 0 && size >= choice->size)
        return;
    choice->grouping = id;
    choice->size = size;
    memcpy(choice->keep, keep, choice->count * sizeof *keep);
}

void cohort_groupings(struct store_txn *txn,
                      void (*fn)(void *context, uint16_t grouping, struct bytes text),
                      void *context)
{
    dictionary_scan(txn, DICTIONARY_GROUPING, fn, context);
}

/* --- rows of the result --- */

static struct cohort_result_row *add_row(struct query *query, const struct bytes *values,
                                         const uint8_t hash[COHORT_HASH_SIZE])
{
    struct cohort_result *result = query->result;
    if (result->row_count == query->row_capacity) {
        size_t capacity = query->row_capacity ? query->row_capacity * 2 : 64;
        struct cohort_result_row *rows = realloc(result->rows, capacity * sizeof *rows);
        if (!rows)
            return NULL;
        result->rows = rows;
        query->row_capacity = capacity;
    }
    struct cohort_result_row row = {0};
    row.values = arena_zalloc(result->arena, result->value_count + 1, sizeof *row.values);
    for (uint32_t i = 0; row.values && i < result->value_count; i++)
        row.values[i] = arena_copy(result->arena, values[i]);
    if (result->arena->failed || key_index_add(&query->rows, hash) == KEY_INDEX_NONE)
        return NULL;
    result->rows[result->row_count] = row;
    return &result->rows[result->row_count++];
}

/* The result row of a cohort, by way of its name row. NULL: the transaction has failed. */
static struct cohort_result_row *row_of(struct query *query, const uint8_t hash[COHORT_HASH_SIZE])
{
    struct state_key key = {.size = 0};
    struct bytes value, values[COHORT_DIMENSIONS_MAX];
    struct cohort_name name;
    uint8_t kept_hash[COHORT_HASH_SIZE];
    key_be16(&key, query->result->grouping);
    key_raw(&key, bytes_of(hash, COHORT_HASH_SIZE));
    bool is_named = store_get(query->txn, TABLE_COHORT_NAME, key_bytes(&key), &value) &&
                    cohort_name_decode(value, &name) == STATUS_OK;
    for (uint32_t i = 0; is_named && i < query->result->value_count; i++) {
        is_named = query->keep[i] < name.count;
        values[i] = is_named ? name.values[query->keep[i]] : bytes_of("", 0);
    }
    if (!is_named) {
        store_fail(query->txn, STATUS_FATAL, "a cohort has no name");
        return NULL;
    }
    cohort_hash(kept_hash, values, query->result->value_count);
    uint32_t number = key_index_find(&query->rows, kept_hash);
    struct cohort_result_row *row =
        number != KEY_INDEX_NONE ? &query->result->rows[number] : add_row(query, values, kept_hash);
    if (!row)
        store_fail(query->txn, STATUS_FATAL, "no memory for the result");
    return row;
}

static void add_stored(struct query *query, struct cohort_result_row *row, struct bytes value)
{
    struct cohort_bucket bucket = {0};
    if (!value.data || cohort_bucket_decode(value, &bucket) != STATUS_OK)
        store_fail(query->txn, STATUS_FATAL, "a row of table cohort is not understood");
    else if (!cohort_bucket_merge(&row->sums, &bucket))
        store_fail(query->txn, STATUS_FATAL, "no memory for the result");
    cohort_bucket_finish(&bucket);
}

static void take_largest(struct cohort_result *result, struct bytes value)
{
    double largest = value.data ? cohort_bucket_peek_largest(value) : 0;
    if (largest > result->largest_weight)
        result->largest_weight = largest;
}

double cohort_largest_weight(struct store_txn *txn, uint16_t grouping)
{
    struct cohort_result result = {.largest_weight = 0};
    struct store_cursor cursor;
    struct cohort_key at;
    struct state_key seek = {.size = 0};
    key_be16(&seek, grouping);
    store_cursor_begin(txn, TABLE_COHORT, key_bytes(&seek), 2, &cursor);
    while (store_cursor_next(&cursor) &&
           cohort_key_decode(key_bytes(&cursor.key), &at) == STATUS_OK) {
        if (at.ring == RING_TOTAL)
            take_largest(&result, store_cursor_value(&cursor));
        at.ring = at.ring < RING_TOTAL ? RING_TOTAL : COHORT_RINGS;
        at.start_ms = 0;
        cohort_key_encode(&at, &seek);
        store_cursor_seek(&cursor, key_bytes(&seek));
    }
    store_cursor_finish(&cursor);
    return result.largest_weight;
}

/* Every cohort of the grouping: seek to the window, sum its buckets, seek to the next cohort. */
static void read_buckets(struct query *query)
{
    const struct cohort_window *window = &query->result->window;
    struct store_cursor cursor;
    struct cohort_key at;
    struct state_key seek = {.size = 0};
    uint8_t current[COHORT_HASH_SIZE] = {0};
    bool is_inside = false;
    struct cohort_result_row *row = NULL;
    key_be16(&seek, query->result->grouping);
    store_cursor_begin(query->txn, TABLE_COHORT, key_bytes(&seek), 2, &cursor);
    while (store_cursor_next(&cursor)) {
        if (cohort_key_decode(key_bytes(&cursor.key), &at) != STATUS_OK) {
            store_fail(query->txn, STATUS_FATAL, "a key of table cohort is not understood");
            break;
        }
        if (!is_inside || memcmp(current, at.hash, sizeof current) != 0) {
            memcpy(current, at.hash, sizeof current);
            is_inside = true;
            row = NULL;
            struct cohort_key first = at;
            first.ring = window->ring;
            first.start_ms = window->from_ms;
            cohort_key_encode(&first, &seek);
            if (at.ring < window->ring ||
                (at.ring == window->ring && at.start_ms < window->from_ms)) {
                store_cursor_seek(&cursor, key_bytes(&seek));
                continue;
            }
        }
        if (at.ring == window->ring && at.start_ms <= window->to_ms) {
            row = row ? row : row_of(query, at.hash);
            if (!row)
                break;
            add_stored(query, row, store_cursor_value(&cursor));
            if (at.ring == RING_TOTAL)
                take_largest(query->result, store_cursor_value(&cursor));
            continue;
        }
        if (at.ring == RING_TOTAL)
            take_largest(query->result, store_cursor_value(&cursor));
        /* To the total of this cohort, and from there above all its rows. */
        at.ring = at.ring < RING_TOTAL ? RING_TOTAL : COHORT_RINGS;
        at.start_ms = 0;
        cohort_key_encode(&at, &seek);
        store_cursor_seek(&cursor, key_bytes(&seek));
    }
    store_cursor_finish(&cursor);
}

/* --- the fold of what is not in the buckets yet --- */

static void fold(struct query *query, const struct cohort_contribution *contribution)
{
    const struct cohort_window *window = &query->result->window;
    int64_t start_ms = cohort_bucket_start(window->ring, contribution->event_ms);
    if (contribution->weight > query->result->largest_weight)
        query->result->largest_weight = contribution->weight;
    if (start_ms < window->from_ms || start_ms > window->to_ms)
        return;
    for (uint32_t i = 0; i < contribution->group_count; i++) {
        if (contribution->groups[i].grouping != query->result->grouping)
            continue;
        struct cohort_result_row *row = row_of(query, contribution->groups[i].hash);
        if (row && !cohort_bucket_add(&row->sums, contribution))
            store_fail(query->txn, STATUS_FATAL, "no memory for the result");
    }
}

static bool fold_row(void *context, uint64_t sequence, const struct decided_row *decided)
{
    struct query *query = context;
    struct value_reader reader;
    struct cohort_contribution contribution;
    (void)sequence;
    value_reader_init(&reader, decided->contribution);
    while (reader.at < reader.end && query->txn->status == STATUS_OK) {
        cohort_contribution_decode(&reader, &contribution);
        if (reader.failed)
            store_fail(query->txn, STATUS_FATAL, "a contribution is not understood");
        else
            fold(query, &contribution);
    }
    return query->txn->status == STATUS_OK;
}

/* --- the whole --- */

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct cohort_result_row *left = a, *right = b;
    const struct cohort_result *result = context;
    int64_t n_left = cohort_bucket_total(&left->sums), n_right = cohort_bucket_total(&right->sums);
    int order = (n_left < n_right) - (n_left > n_right);
    for (uint32_t i = 0; order == 0 && i < result->value_count; i++)
        order = bytes_compare(left->values[i], right->values[i]);
    return order;
}

static void settle_rows(struct cohort_result *result)
{
    size_t kept = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        if (cohort_bucket_total(&result->rows[i].sums) <= 0) {
            cohort_bucket_finish(&result->rows[i].sums);
            continue;
        }
        cohort_bucket_settle(&result->rows[i].sums);
        result->rows[kept++] = result->rows[i];
    }
    result->row_count = kept;
    if (kept > 0)
        qsort_r(result->rows, kept, sizeof *result->rows, compare_rows, result);
}

static void read_rule_names(struct query *query)
{
    struct cohort_result *result = query->result;
    static_assert(UINT16_MAX == 65535, "one bit for each rule number");
    uint8_t *is_used = arena_zalloc(result->arena, (UINT16_MAX + 1) / 8, 1);
    size_t count = 0;
    for (size_t i = 0; is_used && i < result->row_count; i++)
        for (uint32_t k = 0; k < result->rows[i].sums.rule_count; k++) {
            uint16_t rule = result->rows[i].sums.rules[k].rule;
            count += !(is_used[rule / 8] & 1 << rule % 8);
            is_used[rule / 8] |= (uint8_t)(1 << rule % 8);
        }
    result->rules = arena_zalloc(result->arena, count + 1, sizeof *result->rules);
    for (uint32_t rule = 0; is_used && result->rules && rule <= UINT16_MAX; rule++) {
        struct bytes text;
        if (!(is_used[rule / 8] & 1 << rule % 8))
            continue;
        if (!dictionary_text(query->txn, DICTIONARY_RULE, (uint16_t)rule, &text))
            text = BYTES_LITERAL("?");
        result->rules[result->rule_count++] =
            (struct cohort_result_rule){(uint16_t)rule, arena_copy(result->arena, text)};
    }
    if (result->arena->failed)
        store_fail(query->txn, STATUS_FATAL, "no memory for the result");
}

static enum status run(const struct choice *choice, struct store_txn *txn,
                       struct cohort_result *result)
{
    struct query query = {.txn = txn, .result = result, .rows = {.key_size = COHORT_HASH_SIZE}};
    memcpy(query.keep, choice->keep, sizeof query.keep);
    read_buckets(&query);
    decided_scan(txn, cohort_folded_sequence(txn) + 1, fold_row, &query);
    settle_rows(result);
    read_rule_names(&query);
    key_index_finish(&query.rows);
    return txn->status;
}

enum status cohort_query(struct store *store, const struct bytes *dimensions, size_t count,
                         int64_t as_of_ms, int64_t window_ms, struct cohort_result *ret_result,
                         struct error *ret_error)
{
    return cohort_query_in(store, (struct bytes){0}, dimensions, count, as_of_ms, window_ms,
                           ret_result, ret_error);
}

enum status cohort_query_in(struct store *store, struct bytes grouping,
                            const struct bytes *dimensions, size_t count, int64_t as_of_ms,
                            int64_t window_ms, struct cohort_result *ret_result,
                            struct error *ret_error)
{
    struct cohort_result result = {.value_count = (uint32_t)count};
    struct choice choice = {.only = grouping, .dimensions = dimensions, .count = count};
    struct store_txn txn;
    if (cohort_window_resolve(as_of_ms, window_ms, &result.window) != STATUS_OK) {
        error_set(ret_error, EXIT_USAGE, "window: must be between 1m and 35d");
        return STATUS_MALFORMED;
    }
    store_begin(store, false, &txn);
    if (count > 0 && count <= COHORT_DIMENSIONS_MAX)
        dictionary_scan(&txn, DICTIONARY_GROUPING, consider, &choice);
    if (choice.size == 0 && txn.status == STATUS_OK) {
        store_abort(&txn);
        error_set(ret_error, EXIT_USAGE, "no grouping of cohorts.group_by covers these dimensions");
        return STATUS_NOT_FOUND;
    }
    result.grouping = choice.grouping;
    result.arena = malloc(sizeof *result.arena);
    if (!result.arena) {
        store_abort(&txn);
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return STATUS_FATAL;
    }
    arena_init(result.arena, RESULT_BYTES_MAX);
    enum status status = run(&choice, &txn, &result);
    if (status == STATUS_OK) {
        *ret_result = result;
    } else {
        error_set(ret_error, EXIT_STATE_IO, "data directory %s: %s", store_path(store), txn.reason);
        cohort_result_finish(&result);
    }
    store_abort(&txn);
    return status;
}

void cohort_result_finish(struct cohort_result *result)
{
    for (size_t i = 0; i < result->row_count; i++)
        cohort_bucket_finish(&result->rows[i].sums);
    free(result->rows);
    if (result->arena)
        arena_finish(result->arena);
    free(result->arena);
    *result = (struct cohort_result){0};
}

struct bytes cohort_result_rule_name(const struct cohort_result *result, uint16_t rule)
{
    for (size_t i = 0; i < result->rule_count; i++)
        if (result->rules[i].rule == rule)
            return result->rules[i].name;
    return (struct bytes){0};
}
