/* One walk over the results of the window, and one over the pairs. */
#include "pipelines/review/agreement_persons.h"

#include <stdlib.h>

#include "pipelines/review/tally.h"
#include "processor/review/result.h"
#include "state/tables/reviewer.h"

enum {
    ARENA_BYTES = 64 << 20,
    ROW_BYTES_MAX = 64 << 20,
    RESULTS_PER_TRANSACTION = 1000,
    PAIRS_MAX = 4096,
    DAY_MS = 24 * 60 * 60 * 1000,
};

/* --- results --- */

struct walk {
    struct persons_report *report;
    struct arena row; /* of one result and its item */
    double *seconds;  /* PERSON_SECONDS_MAX a person */
    struct bytes only;
    int64_t from_ms;
};

/* Of that name; a new one when there is none. NULL: no more fit. */
static struct person_report *find_person(struct walk *walk, struct bytes name)
{
    struct persons_report *report = walk->report;
    for (uint32_t i = 0; i < report->person_count; i++)
        if (bytes_equal(report->persons[i].name, name))
            return &report->persons[i];
    report->is_cut |= report->person_count == PERSONS_MAX;
    if (report->is_cut)
        return NULL;
    struct person_report *person = &report->persons[report->person_count];
    *person = (struct person_report){.name = arena_copy(&report->arena, name)};
    report->person_count += person->name.data != NULL;
    return person->name.data ? person : NULL;
}

static void note_seconds(struct walk *walk, struct person_report *person,
                         const struct result_row *row)
{
    if (!row->is_served || row->served_ms == 0 || row->received_ms < row->served_ms ||
        person->timed == PERSON_SECONDS_MAX)
        return;
    size_t place = (size_t)(person - walk->report->persons) * PERSON_SECONDS_MAX;
    walk->seconds[place + person->timed++] = (double)(row->received_ms - row->served_ms) / 1000;
}

static void take_result(struct walk *walk, const struct item_row *item,
                        const struct result_row *row)
{
    if (!row->is_given || row->received_ms < walk->from_ms ||
        (walk->only.data && !bytes_equal(row->principal, walk->only)))
        return;
    struct person_report *person = find_person(walk, row->principal);
    if (!person)
        return;
    if (row->status == RESULT_SKIPPED) {
        person->skips++;
        return;
    }
    person->results++;
    note_seconds(walk, person, row);
    person->revealed += row->is_blind;
    person->changed += row->is_blind && row->first_verdict != row->verdict;
    bool is_judged = item->decision.is_adjudicated && row->role == RESULT_REVIEWER;
    person->adjudicated += is_judged;
    person->agreeing += is_judged && row->first_verdict == item->decision.verdict;
}

/* The principals of one item, and what each said. */
static void take_item(struct walk *walk, struct store_txn *txn, uint64_t sequence)
{
    uint64_t principals[RESULT_KEYS_MAX];
    struct item_row item;
    struct result_row row;
    arena_reset(&walk->row);
    uint32_t count = result_principals(txn, sequence, principals);
    if (!item_read(txn, sequence, &walk->row, &item))
        return;
    for (uint32_t i = 0; i < count && txn->status == STATUS_OK; i++) {
        if (result_row_read(txn, sequence, principals[i], &walk->row, &row))
            take_result(walk, &item, &row);
    }
}

static enum status walk_results(struct store *store, struct walk *walk)
{
    enum status status = STATUS_OK;
    uint64_t next = 1;
    while (next != 0 && status == STATUS_OK) {
        struct store_txn txn;
        store_begin(store, false, &txn);
        for (uint32_t i = 0; i < RESULTS_PER_TRANSACTION && next != 0; i++) {
            struct store_cursor cursor;
            struct state_key from = {.size = 0};
            key_be64(&from, next);
            store_cursor_begin(&txn, TABLE_RESULT, key_bytes(&from), 0, &cursor);
            uint64_t item = store_cursor_next(&cursor) ? get_be64(cursor.key.data) : 0;
            store_cursor_finish(&cursor);
            if (item != 0)
                take_item(walk, &txn, item);
            next = item != 0 ? item + 1 : 0;
        }
        status = store_commit(&txn);
    }
    return status;
}

static int by_size(const void *first, const void *second)
{
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

static void put_medians(struct walk *walk)
{
    for (uint32_t i = 0; i < walk->report->person_count; i++) {
        struct person_report *person = &walk->report->persons[i];
        double *seconds = walk->seconds + (size_t)i * PERSON_SECONDS_MAX;
        size_t n = person->timed;
        if (n == 0)
            continue;
        qsort(seconds, n, sizeof *seconds, by_size);
        person->median_s = (seconds[(n - 1) / 2] + seconds[n / 2]) / 2;
    }
}

/* --- pairs --- */

struct pairing {
    struct persons_report *report;
    struct pair_sum {
        uint8_t actors[2][AGREEMENT_ACTOR_SIZE];
        double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX];
    } * sums; /* PAIRS_MAX */
    uint32_t count;
};

static void take_pair(void *context, const struct agreement_pair *pair)
{
    struct pairing *pairing = context;
    uint32_t at = 0;
    if (pair->is_actor || pair->subject != AGREEMENT_VERDICT)
        return;
    while (at < pairing->count &&
           memcmp(pairing->sums[at].actors, pair->actors, sizeof pair->actors) != 0)
        at++;
    if (at == PAIRS_MAX)
        return;
    if (at == pairing->count)
        memcpy(pairing->sums[pairing->count++].actors, pair->actors, sizeof pair->actors);
    pairing->sums[at].cells[pair->categories[0]][pair->categories[1]] += (double)pair->count;
}

/* The name of whose actor it is; the machine "", others "__other__", erased ones their id. */
static struct bytes name_of(struct store_txn *txn, struct persons_report *report,
                            const uint8_t actor[AGREEMENT_ACTOR_SIZE])
{
    char text[REVIEWER_ACTOR_SIZE];
    struct store_cursor cursor;
    struct reviewer_row row;
    struct bytes name = {NULL, 0};
    if (memcmp(actor, agreement_machine, AGREEMENT_ACTOR_SIZE) == 0)
        return BYTES_LITERAL("");
    if (memcmp(actor, agreement_other, AGREEMENT_ACTOR_SIZE) == 0)
        return BYTES_LITERAL("__other__");
    hex_encode(text, actor, AGREEMENT_ACTOR_SIZE);
    text[sizeof text - 1] = 0;
    store_cursor_begin(txn, TABLE_REVIEWER, bytes_of("", 0), 0, &cursor);
    while (!name.data && store_cursor_next(&cursor))
        if (reviewer_row_decode(store_cursor_value(&cursor), &row) == STATUS_OK &&
            strcmp(row.actor, text) == 0)
            name = arena_copy(&report->arena, row.name);
    store_cursor_finish(&cursor);
    return name.data ? name : arena_copy(&report->arena, bytes_of_text(text));
}

static void put_pair(struct store_txn *txn, struct persons_report *report, struct pair_sum *sum,
                     struct bytes only)
{
    struct pair_report pair;
    bool is_machine = memcmp(sum->actors[0], agreement_machine, AGREEMENT_ACTOR_SIZE) == 0;
    if (only.data && !is_machine)
        return;
    /* The machine's actor is the least: it comes first there, and second here. */
    pair.names[0] = name_of(txn, report, sum->actors[is_machine]);
    pair.names[1] = name_of(txn, report, sum->actors[!is_machine]);
    if (only.data && !bytes_equal(pair.names[0], only))
        return;
    agreement_measure_pair(sum->cells, REVIEWER_VERDICTS, &pair.figures);
    report->pairs[report->pair_count++] = pair;
}

static enum status read_pairs(struct store *store, const struct agreement_request *request,
                              struct bytes only, struct persons_report *report)
{
    struct store_txn txn;
    struct pairing pairing = {.report = report};
    pairing.sums = calloc(PAIRS_MAX, sizeof *pairing.sums);
    report->pairs = arena_zalloc(&report->arena, PAIRS_MAX, sizeof *report->pairs);
    if (!pairing.sums || !report->pairs) {
        free(pairing.sums);
        return STATUS_BUSY;
    }
    store_begin(store, false, &txn);
    agreement_scan_pairs(&txn, request->from_day, request->to_day, take_pair, &pairing);
    for (uint32_t i = 0; i < pairing.count; i++)
        put_pair(&txn, report, &pairing.sums[i], only);
    free(pairing.sums);
    return store_commit(&txn);
}

/* --- the report --- */

enum status agreement_persons_read(struct store *store, const struct agreement_request *request,
                                   struct bytes only, struct persons_report *ret_report)
{
    struct walk walk = {.report = ret_report, .only = only, .from_ms = request->from_day * DAY_MS};
    *ret_report = (struct persons_report){.persons = NULL};
    arena_init(&ret_report->arena, ARENA_BYTES);
    arena_init(&walk.row, ROW_BYTES_MAX);
    ret_report->persons =
        arena_zalloc(&ret_report->arena, PERSONS_MAX, sizeof *ret_report->persons);
    walk.seconds = calloc((size_t)PERSONS_MAX * PERSON_SECONDS_MAX, sizeof *walk.seconds);
    enum status status = ret_report->persons && walk.seconds ? STATUS_OK : STATUS_BUSY;
    if (status == STATUS_OK)
        status = walk_results(store, &walk);
    if (status == STATUS_OK) {
        put_medians(&walk);
        status = read_pairs(store, request, only, ret_report);
    }
    free(walk.seconds);
    arena_finish(&walk.row);
    if (status != STATUS_OK)
        arena_finish(&ret_report->arena);
    return status;
}

void agreement_persons_finish(struct persons_report *report)
{
    arena_finish(&report->arena);
}
