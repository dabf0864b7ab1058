/* Rows come in any order, also those of a log in which a row stands several times: its newest revision
 * counts, and a tombstone takes out what came before it. */
#include <stdlib.h>

#include "pipelines/decide/regression_state.h"

enum {
    BYTES_PER_ROW = 16 * 1024, /* on average; what a row of a few sentences takes is a tenth */
    BYTES_MIN = 16 << 20,
    SCRATCH_BYTES_MAX = 64 << 20,
    ROWS_AT_FIRST = 256,
};

struct regression_builder {
    struct regression_set *set;
    struct arena scratch;
    struct row_table by_id;
    uint32_t capacity, rows_max, live;
    double similarity;
    bool takes_all; /* eval rows that are no regression rows too */
};

/* --- tables --- */

static bool table_make(struct row_table *table, uint32_t rows)
{
    uint32_t slots = 16;
    while (slots < 2 * rows)
        slots *= 2;
    table->slots = malloc(slots * sizeof *table->slots);
    table->mask = slots - 1;
    for (uint32_t i = 0; table->slots && i < slots; i++)
        table->slots[i].row = ROW_INDEX_NONE;
    return table->slots != NULL;
}

/* The slot of the key, or the free one where it would stand. */
static struct slot *table_find(const struct row_table *table, uint64_t key)
{
    uint32_t at = (uint32_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15U >> 32) & table->mask;
    while (table->slots[at].row != ROW_INDEX_NONE && table->slots[at].key != key)
        at = (at + 1) & table->mask;
    return &table->slots[at];
}

static size_t table_bytes(const struct row_table *table)
{
    return table->slots ? (table->mask + (size_t)1) * sizeof *table->slots : 0;
}

/* --- building --- */

struct regression_builder *regression_builder_create(double similarity, uint32_t rows_max)
{
    struct regression_builder *builder = calloc(1, sizeof *builder);
    struct regression_set *set = calloc(1, sizeof *set);
    if (!builder || !set || !table_make(&builder->by_id, ROWS_AT_FIRST)) {
        free(builder);
        free(set);
        return NULL;
    }
    builder->set = set;
    builder->similarity = similarity;
    builder->rows_max = rows_max;
    atomic_init(&set->holders, 1);
    arena_init(&set->arena, BYTES_MIN + (size_t)rows_max * BYTES_PER_ROW);
    arena_init(&builder->scratch, SCRATCH_BYTES_MAX);
    return builder;
}

void regression_builder_destroy(struct regression_builder *builder)
{
    if (!builder)
        return;
    regression_set_release(builder->set);
    arena_finish(&builder->scratch);
    free(builder->by_id.slots);
    free(builder);
}

void regression_builder_take_all(struct regression_builder *builder)
{
    builder->takes_all = true;
}

/* Row ids are UUIDs of a digest: any eight bytes of them are a hash. */
static uint64_t id_key(const uint8_t row_id[16])
{
    return get_be64(row_id + 8);
}

static bool grow(struct regression_builder *builder)
{
    struct regression_set *set = builder->set;
    struct row_table grown;
    uint32_t capacity = builder->capacity ? 2 * builder->capacity : ROWS_AT_FIRST;
    struct regression_row *rows = realloc(set->rows, capacity * sizeof *rows);
    if (!rows)
        return false;
    set->rows = rows;
    if (!table_make(&grown, capacity))
        return false;
    builder->capacity = capacity;
    free(builder->by_id.slots);
    builder->by_id = grown;
    for (uint32_t i = 0; i < set->count; i++)
        *table_find(&builder->by_id, id_key(rows[i].row_id)) =
            (struct slot){id_key(rows[i].row_id), i};
    return true;
}

enum status regression_builder_add(struct regression_builder *builder, struct bytes json)
{
    struct regression_row row;
    struct regression_set *set = builder->set;
    enum status status =
        regression_row_read(json, builder->takes_all, &builder->scratch, &set->arena, &row);
    if (status != STATUS_OK) {
        set->left_out += status == STATUS_BUSY;
        return status;
    }
    struct slot *slot = table_find(&builder->by_id, id_key(row.row_id));
    struct regression_row *known = slot->row == ROW_INDEX_NONE ? NULL : &set->rows[slot->row];
    if (known ? known->revision > row.revision : !row.is_live)
        return STATUS_OK;
    bool is_more = row.is_live && !(known && known->is_live);
    if (is_more && builder->live >= builder->rows_max) {
        set->left_out++;
        return STATUS_BUSY;
    }
    builder->live = builder->live + is_more - (known && known->is_live && !row.is_live);
    if (known) {
        *known = row;
        return STATUS_OK;
    }
    if (set->count == builder->capacity && !grow(builder)) {
        set->left_out++;
        builder->live--;
        return STATUS_BUSY;
    }
    set->rows[set->count] = row;
    *table_find(&builder->by_id, id_key(row.row_id)) =
        (struct slot){id_key(row.row_id), set->count};
    set->count++;
    return STATUS_OK;
}

/* --- the set --- */

static int compare_rows(const void *a, const void *b)
{
    return memcmp(((const struct regression_row *)a)->row_id,
                  ((const struct regression_row *)b)->row_id, 16);
}

static bool keep_live(struct regression_set *set)
{
    struct row_snapshot snapshot = {0};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < set->count; i++)
        if (set->rows[i].is_live)
            set->rows[kept++] = set->rows[i];
    set->count = kept;
    if (kept > 0)
        qsort(set->rows, kept, sizeof *set->rows, compare_rows);
    for (uint32_t i = 0; i < kept; i++)
        row_snapshot_add(&snapshot, set->rows[i].row_id, set->rows[i].revision, set->rows[i].split,
                         set->rows[i].sha256);
    return row_snapshot_finish(&snapshot, set->snapshot);
}

/* The slot of a question: where two have one key, the next one. */
static struct slot *question_slot(const struct regression_set *set, struct bytes question)
{
    uint64_t key = digest_fnv1a64(question);
    for (;; key++) {
        struct slot *slot = table_find(&set->by_question, key);
        if (slot->row == ROW_INDEX_NONE || bytes_equal(set->rows[slot->row].question, question)) {
            slot->key = key;
            return slot;
        }
    }
}

/* From the last on, so that chains go by row id. */
static bool chain(struct regression_set *set)
{
    if (!table_make(&set->by_signature, set->count) || !table_make(&set->by_question, set->count))
        return false;
    for (uint32_t i = set->count; i-- > 0;) {
        struct regression_row *row = &set->rows[i];
        if (row->has_signature) {
            struct slot *slot = table_find(&set->by_signature, row->signature);
            row->next_alike = slot->row;
            *slot = (struct slot){row->signature, i};
        }
        if (row->question.size > 0) {
            struct slot *slot = question_slot(set, row->question);
            row->next_asked = slot->row;
            slot->row = i;
            set->has_questions = true;
            set->has_masked_questions |= row->has_masked_question;
        }
    }
    return true;
}

/* Each question once, at the place of its first row; the others are empty. */
static bool index_questions(struct regression_set *set, double similarity)
{
    struct bytes *questions = calloc(set->count + 1, sizeof *questions);
    if (!questions)
        return false;
    for (uint32_t i = 0; i < set->count; i++) {
        bool is_first =
            set->rows[i].question.size > 0 && question_slot(set, set->rows[i].question)->row == i;
        questions[i] = is_first ? set->rows[i].question : (struct bytes){0};
    }
    set->near = near_questions_create(questions, set->count, similarity);
    free(questions);
    return set->near != NULL;
}

struct regression_set *regression_builder_finish(struct regression_builder *builder)
{
    struct regression_set *set = builder->set;
    bool is_made = keep_live(set) && chain(set) && index_questions(set, builder->similarity);
    if (is_made)
        regression_set_hold(set);
    regression_builder_destroy(builder);
    return is_made ? set : NULL;
}

void regression_set_hold(struct regression_set *set)
{
    atomic_fetch_add_explicit(&set->holders, 1, memory_order_relaxed);
}

void regression_set_release(struct regression_set *set)
{
    if (!set || atomic_fetch_sub_explicit(&set->holders, 1, memory_order_acq_rel) > 1)
        return;
    arena_finish(&set->arena);
    near_questions_destroy(set->near);
    free(set->by_signature.slots);
    free(set->by_question.slots);
    free(set->rows);
    free(set);
}

uint32_t regression_set_rows(const struct regression_set *set)
{
    return set->count;
}

uint32_t regression_set_left_out(const struct regression_set *set)
{
    return set->left_out;
}

size_t regression_set_bytes(const struct regression_set *set)
{
    return sizeof *set + set->arena.used + set->count * sizeof *set->rows +
           table_bytes(&set->by_signature) + table_bytes(&set->by_question) +
           near_questions_bytes(set->near);
}

const char *regression_set_snapshot(const struct regression_set *set)
{
    return set->snapshot;
}

uint32_t regression_set_by_signature(const struct regression_set *set, uint64_t signature)
{
    return table_find(&set->by_signature, signature)->row;
}

uint32_t regression_set_by_question(const struct regression_set *set, struct bytes question)
{
    uint64_t key = digest_fnv1a64(question);
    for (;; key++) {
        uint32_t row = table_find(&set->by_question, key)->row;
        if (row == ROW_INDEX_NONE || bytes_equal(set->rows[row].question, question))
            return row;
    }
}

const struct regression_row *regression_set_find(const struct regression_set *set,
                                                 const uint8_t row_id[16])
{
    struct regression_row wanted;
    memcpy(wanted.row_id, row_id, sizeof wanted.row_id);
    return set->count == 0 ? NULL
                           : bsearch(&wanted, set->rows, set->count, sizeof wanted, compare_rows);
}

bool regression_row_is_stale(const struct regression_row *row, int64_t now_ms)
{
    return now_ms >= row->stale_from_ms;
}
