/* Serving order. What somebody was asked to see comes first; then the control stratum while less than
 * its share was served; then, over all queues, the most urgent and of these the oldest. A queue in
 * sample order offers, of its oldest day, the item of the least u, so that whatever part gets reviewed
 * is a simple random sample. */
#include "pipelines/review/next_item.h"

enum { LOOKED_AT_MAX = 500 /* of a queue */, TRIES_MAX = 8 };

struct serving {
    struct store_txn txn;
    const struct review_settings *settings;
    struct leases *leases;
    const struct review_next *next;
    struct arena *arena;
    uint64_t person, last_conversation;
    struct item_row best, again; /* `again`: of the conversation that they had last */
    bool has_best, has_again;
};

static uint32_t places_of(const struct serving *serving, const struct item_row *row)
{
    uint32_t wanted = row->wanted < serving->next->people ? row->wanted : serving->next->people;
    wanted = wanted > 0 ? wanted : 1;
    return wanted > row->results ? wanted - row->results : 0;
}

static bool has_said(struct serving *serving, uint64_t item)
{
    struct result_row row;
    return result_row_read(&serving->txn, item, serving->person, serving->arena, &row) &&
           row.is_given;
}

static bool is_before(const struct item_row *a, const struct item_row *b)
{
    if (a->priority != b->priority)
        return a->priority < b->priority;
    return a->emitted_ms != b->emitted_ms ? a->emitted_ms < b->emitted_ms
                                          : a->sequence < b->sequence;
}

static void keep_better(struct item_row *kept, bool *has_kept, const struct item_row *row)
{
    if (!*has_kept || is_before(row, kept))
        *kept = *row;
    *has_kept = true;
}

/* True: it may be served, and no later one of its queue is better. */
static bool consider(struct serving *serving, uint64_t sequence)
{
    struct item_row row;
    if (!item_read(&serving->txn, sequence, serving->arena, &row) || !row.has_content ||
        (row.state != ITEM_OPEN && row.state != ITEM_WAITING))
        return false;
    uint32_t places = places_of(serving, &row);
    if (places <=
            leases_of_others(serving->leases, sequence, serving->person, serving->next->wall_ms) ||
        has_said(serving, sequence))
        return false;
    if (row.conversation != 0 && row.conversation == serving->last_conversation) {
        keep_better(&serving->again, &serving->has_again, &row);
        return false;
    }
    keep_better(&serving->best, &serving->has_best, &row);
    return true;
}

/* In the order of the keys behind the prefix, to the first that may be served. */
static void look_at(struct serving *serving, char kind, uint64_t hash)
{
    struct state_key from = {.size = 0};
    struct store_cursor cursor;
    uint32_t looked_at = 0;
    key_u8(&from, (uint8_t)kind);
    key_be64(&from, hash);
    store_cursor_begin(&serving->txn, TABLE_ITEM_OPEN, key_bytes(&from), from.size, &cursor);
    while (looked_at++ < LOOKED_AT_MAX && store_cursor_next(&cursor))
        if (consider(serving, get_be64(cursor.key.data + cursor.key.size - 8)))
            break;
    store_cursor_finish(&cursor);
}

static void look_at_queue(struct serving *serving, struct bytes queue)
{
    bool is_sample = review_settings_queue(serving->settings, queue)->order == ORDER_SAMPLE;
    look_at(serving, is_sample ? 's' : 'p', item_row_hash(queue));
}

static void look_at_all(struct serving *serving)
{
    struct item_queue *queues = arena_zalloc(serving->arena, ITEM_QUEUES_MAX, sizeof *queues);
    uint32_t count = queues ? item_queues_read(&serving->txn, serving->arena, queues) : 0;
    for (uint32_t i = 0; i < count; i++)
        if (queues[i].counts[ITEM_OPEN] + queues[i].counts[ITEM_WAITING] > 0)
            look_at_queue(serving, queues[i].name);
}

static void find(struct serving *serving)
{
    look_at(serving, 'q', item_row_hash(serving->next->name));
    if (!serving->has_best && serving->next->queue.data) {
        look_at(serving, 'q', item_row_hash(serving->next->queue));
        if (!serving->has_best)
            look_at_queue(serving, serving->next->queue);
        return;
    }
    if (!serving->has_best && leases_wants_control(serving->leases, serving->settings->mix))
        look_at_queue(serving, BYTES_LITERAL("control"));
    if (!serving->has_best)
        look_at_all(serving);
}

/* One try: somebody else may have been faster to the lease. */
static bool serve(struct serving *serving, bool *ret_is_nothing)
{
    serving->has_best = serving->has_again = false;
    store_begin(serving->txn.store, false, &serving->txn);
    find(serving);
    store_abort(&serving->txn);
    *ret_is_nothing = !serving->has_best && !serving->has_again;
    const struct item_row *row = serving->has_best ? &serving->best : &serving->again;
    return !*ret_is_nothing &&
           leases_take(serving->leases, row->sequence, serving->person, places_of(serving, row),
                       serving->next->wall_ms,
                       review_settings_queue(serving->settings, row->queue)->lease_ms);
}

bool review_next_item(struct store *store, const struct review_settings *settings,
                      struct leases *leases, const struct review_next *next, struct arena *arena,
                      struct item_row *ret_row)
{
    struct serving serving = {.txn.store = store,
                              .settings = settings,
                              .leases = leases,
                              .next = next,
                              .arena = arena,
                              .person = item_row_hash(next->person)};
    bool is_nothing = false, is_served = false;
    serving.last_conversation = leases_last_conversation(leases, serving.person);
    for (int i = 0; i < TRIES_MAX && !is_served && !is_nothing; i++)
        is_served = serve(&serving, &is_nothing);
    if (!is_served)
        return false;
    *ret_row = serving.has_best ? serving.best : serving.again;
    leases_note_served(leases, serving.person, ret_row->conversation,
                       bytes_equal_text(ret_row->queue, "control"));
    return true;
}
