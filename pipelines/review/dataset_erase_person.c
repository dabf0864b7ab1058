/* A person is erased from the table of actors and from their results, under every name that they have: as
 * themselves, by a topic and by services, each an actor of its own. The actor stands in place of each, so
 * that pairs and the trail go on meaning the same one, and nobody knows whom. What they judged goes on
 * counting; what still waits for its record leaves, for it would bring the name back. */
#include "pipelines/review/dataset_state.h"
#include "pipelines/review/pending.h"
#include "state/tables/result.h"
#include "state/tables/reviewer.h"

enum { PRINCIPALS_MAX = 64, PRINCIPALS_BYTES = 64 * 1024 /* names have a limit of their own */ };

/* As many as there is room for are erased in one pass over the results; the rest in the next. */
struct principals {
    struct bytes names[PRINCIPALS_MAX];
    uint32_t count;
    bool has_more;
    struct arena arena; /* of the names */
};

static bool note_principal(struct principals *to, struct bytes name)
{
    for (uint32_t i = 0; i < to->count; i++)
        if (bytes_equal(to->names[i], name))
            return true;
    if (to->count == PRINCIPALS_MAX) {
        to->has_more = true;
        return false;
    }
    to->names[to->count++] = arena_copy(&to->arena, name);
    return true;
}

static bool erase_result(const struct row_change *change, struct result_row *row,
                         struct principals *principals)
{
    char actor[REVIEWER_ACTOR_SIZE];
    if (!note_principal(principals, row->principal))
        return false;
    reviewer_actor(change->txn, row->principal, change->wall_ms, actor);
    row->reviewer = row->principal = bytes_of_text(actor);
    results_put(change->dataset->tables.results, change->txn, row);
    return true;
}

static uint32_t erase_results(const struct row_change *change, struct bytes name,
                              struct principals *principals)
{
    struct arena *arena = &change->dataset->arena;
    struct store_cursor cursor;
    struct result_row row;
    uint32_t count = 0;
    store_cursor_begin(change->txn, TABLE_RESULT, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        const uint8_t *key = cursor.key.data;
        bool is_first = cursor.key.size == 18 && get_be16(key + 16) == 0;
        arena_reset(arena);
        if (!is_first ||
            !result_row_read(change->txn, get_be64(key), get_be64(key + 8), arena, &row) ||
            !bytes_equal(row.reviewer, name))
            continue;
        count += erase_result(change, &row, principals);
    }
    store_cursor_finish(&cursor);
    return count;
}

/* One pass; how many names went. */
static uint32_t erase_names(const struct row_change *change, struct bytes name, uint32_t *records,
                            bool *ret_has_more)
{
    struct principals principals = {.count = 0};
    char actor[REVIEWER_ACTOR_SIZE];
    uint32_t erased = 0;
    arena_init(&principals.arena, PRINCIPALS_BYTES);
    (void)note_principal(&principals, name);
    if (change->dataset->tables.results)
        *records += erase_results(change, name, &principals);
    for (uint32_t i = 0; i < principals.count; i++)
        if (reviewer_erase(change->txn, principals.names[i], actor)) {
            dataset_tell_erased(change, "actor", bytes_of_text(actor));
            erased++;
        }
    arena_finish(&principals.arena);
    *ret_has_more = principals.has_more;
    return erased;
}

bool dataset_erase_person(const struct row_change *change, struct bytes name, uint32_t *records)
{
    uint32_t erased = 0, waiting = 0;
    bool has_more = true;
    while (has_more)
        erased += erase_names(change, name, records, &has_more);
    if (change->dataset->tables.results)
        waiting = review_pending_erase_person(change->dataset->tables.results, change->txn, name);
    *records += waiting;
    return erased + waiting > 0;
}
