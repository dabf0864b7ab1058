/* A run is erased from every table that holds its texts, in one transaction:
 *   rows in all versions, their questions | item_content, results, pending | retained | spill | outbox
 * What stays are ids and digests: the entry of the row (erased), the item without content, the trail.
 * A keyed fingerprint keeps it from coming back. Pages that were freed hold the texts until they are
 * written again: the answer says so, and the meta rows erase_pending and erase_file remember it until
 * the file is another one, as after `flywheel state compact`. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "pipelines/review/dataset_changes.h"
#include "pipelines/review/dataset_state.h"
#include "pipelines/review/dead_letters.h"
#include "pipelines/review/texts.h"
#include "processor/emit/outgoing.h"
#include "processor/review/question.h"
#include "state/tables/decided.h"
#include "state/tables/outbox_slots.h"
#include "state/tables/result.h"
#include "state/tables/retained.h"
#include "state/tables/spill.h"

enum { TRAJECTORY_SIZE = 16, PATH_BYTES_MAX = 4096, ROWS_LOOKED_AT = 64 /* a turn */ };

struct erasing {
    struct row_change change; /* of the row at hand; dataset, transaction, settings, actor, time */
    struct dataset_answer *answer;
    struct buffer no_texts; /* what a result says that says nothing more */
    uint8_t trajectory_id[TRAJECTORY_SIZE];
    char hex[2 * TRAJECTORY_SIZE + 1];
};

/* Ids of runs or rows, gathered before anything is deleted under a cursor. */
struct ids {
    uint8_t (*items)[16];
    size_t count, capacity;
};

static void add_id(struct store_txn *txn, struct ids *ids, const uint8_t id[16])
{
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity ? 2 * ids->capacity : 64;
        void *grown = realloc(ids->items, capacity * sizeof *ids->items);
        if (!grown) {
            store_fail(txn, STATUS_FATAL, "out of memory");
            return;
        }
        ids->items = grown;
        ids->capacity = capacity;
    }
    memcpy(ids->items[ids->count++], id, 16);
}

/* --- rows --- */

static void erase_question(struct erasing *it, const uint8_t row_id[16])
{
    struct store_txn *txn = it->change.txn;
    struct arena *arena = &it->change.dataset->arena;
    uint8_t cluster[CLUSTER_ID_SIZE];
    uint64_t bands[QUESTION_BANDS];
    struct bytes question;
    if (!cluster_question(txn, row_id, cluster, &question))
        return;
    struct question_grams grams = question_grams(question, arena);
    if (grams.count > 0)
        question_bands(grams, bands);
    cluster_delete_question(txn, row_id, bands, grams.count > 0 ? QUESTION_BANDS : 0);
}

static void erase_version(struct erasing *it, const uint8_t row_id[16], uint64_t version)
{
    int64_t bytes = row_version_delete(it->change.txn, version, row_id);
    if (bytes != 0)
        dataset_count_bytes(it->change.dataset, it->change.txn, -bytes);
}

/* Revisions between its first and its last are looked for: most rows have none. */
static void erase_versions(struct erasing *it, const uint8_t row_id[16])
{
    const struct row_entry *entry = &it->change.entry;
    struct store_cursor cursor;
    struct row_version_head head;
    struct ids versions = {0};
    uint8_t from[8];
    erase_version(it, row_id, 0);
    if (entry->revision <= 2) { /* the second is its tombstone */
        if (entry->first_version > 0 && entry->first_version != entry->version)
            erase_version(it, row_id, entry->first_version);
        return;
    }
    put_be64(from, entry->first_version);
    store_cursor_begin(it->change.txn, TABLE_ROW_VERSION, bytes_of(from, sizeof from), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        uint8_t number[16] = {0};
        if (key.size != 26 || get_be64(key.data) > entry->version)
            break;
        if (memcmp(key.data + 8, row_id, 16) != 0 || get_be16(key.data + 24) != 0)
            continue;
        if (row_version_decode(key, store_cursor_value(&cursor), &head) != STATUS_OK ||
            head.action == ROW_RETIRE)
            continue; /* the tombstone has no text */
        put_be64(number, head.version);
        add_id(it->change.txn, &versions, number);
    }
    store_cursor_finish(&cursor);
    for (size_t i = 0; i < versions.count; i++)
        erase_version(it, row_id, get_be64(versions.items[i]));
    free(versions.items);
}

static void erase_row(struct erasing *it, const uint8_t row_id[16], const char *reason)
{
    struct row_change *change = &it->change;
    if (!dataset_row_begin(change, row_id) || change->entry.is_erased)
        return;
    erase_question(it, row_id);
    change->entry.is_erased = true;
    memset(change->entry.salt, 0, sizeof change->entry.salt);
    change->draft = (struct bytes){0};
    if (change->was_live) {
        memset(change->before.salt, 0, sizeof change->before.salt);
        dataset_row_retire(change, reason);
    } else {
        dataset_row_unfold(change);
        dataset_row_keep(change, ROW_STATE_RETIRED, reason);
    }
    if (change->entry.first_version > 0)
        dataset_row_send_null(change); /* it had left */
    erase_versions(it, row_id);
    it->answer->rows++;
}

static void erase_rows(struct erasing *it)
{
    struct store_cursor cursor;
    struct row_entry entry;
    struct ids rows = {0};
    store_cursor_begin(it->change.txn, TABLE_ROW, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor))
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) ==
                STATUS_OK &&
            memcmp(entry.trajectory_id, it->trajectory_id, TRAJECTORY_SIZE) == 0)
            add_id(it->change.txn, &rows, entry.row_id);
    store_cursor_finish(&cursor);
    for (size_t i = 0; i < rows.count; i++)
        erase_row(it, rows.items[i], "retired(erased)");
    free(rows.items);
}

void dataset_turn(struct dataset *dataset, struct store_txn *txn,
                  const struct dataset_settings *settings, int64_t wall_ms)
{
    const struct audit_entry program = {
        .actor = BYTES_LITERAL(""), .role = BYTES_LITERAL(""), .trust = AUDIT_SYSTEM};
    struct dataset_answer told = {.fate = DATASET_DONE};
    struct erasing it = {.change = {.dataset = dataset,
                                    .txn = txn,
                                    .settings = settings,
                                    .actor = &program,
                                    .wall_ms = wall_ms},
                         .answer = &told};
    struct store_cursor cursor;
    struct row_entry entry;
    struct ids old = {0};
    uint32_t looked = 0;
    if (settings->retain_ms == 0 || store_count(txn, TABLE_ROW) == 0)
        return;
    store_cursor_begin(txn, TABLE_ROW, bytes_of(dataset->looked_at, ROW_ID_SIZE), 0, &cursor);
    memset(dataset->looked_at, 0, ROW_ID_SIZE); /* from the first again, unless there is more */
    while (store_cursor_next(&cursor)) {
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) !=
            STATUS_OK)
            continue;
        if (looked++ == ROWS_LOOKED_AT) {
            memcpy(dataset->looked_at, entry.row_id, ROW_ID_SIZE);
            break;
        }
        if (!entry.is_erased && entry.created_ms < wall_ms - settings->retain_ms)
            add_id(txn, &old, entry.row_id);
    }
    store_cursor_finish(&cursor);
    for (size_t i = 0; i < old.count; i++)
        erase_row(&it, old.items[i], "retired(age)");
    free(old.items);
}

/* --- items and results --- */

static void erase_results(struct erasing *it, uint64_t item)
{
    struct results *results = it->change.dataset->tables.results;
    uint64_t principals[RESULT_KEYS_MAX];
    struct result_row row;
    uint32_t count = result_principals(it->change.txn, item, principals);
    for (uint32_t i = 0; i < count; i++)
        if (result_row_read(it->change.txn, item, principals[i], &it->change.dataset->arena,
                            &row)) {
            row.texts = buffer_bytes(&it->no_texts);
            memset(row.salt, 0, sizeof row.salt);
            results_put(results, it->change.txn, &row); /* verdicts and labels go on counting */
            it->answer->records++;
        }
}

static void erase_items(struct erasing *it)
{
    struct store_txn *txn = it->change.txn;
    struct items *items = it->change.dataset->tables.items;
    struct item_row item;
    uint64_t before = UINT64_MAX, sequence;
    while (items && (sequence = item_of_trajectory(txn, it->trajectory_id, before)) != 0) {
        before = sequence;
        arena_reset(&it->change.dataset->arena);
        if (!item_read(txn, sequence, &it->change.dataset->arena, &item))
            continue;
        if (item.has_content)
            items_drop_content(items, txn, sequence);
        if (item.state == ITEM_OPEN || item.state == ITEM_WAITING)
            item.state = ITEM_EXPIRED;
        item.has_content = item.is_row = false;
        item.drop_ms = 0;
        items_put(items, txn, &item);
        erase_results(it, sequence);
        it->answer->records++;
    }
}

static void erase_pending(struct erasing *it)
{
    struct store_txn *txn = it->change.txn;
    struct results *results = it->change.dataset->tables.results;
    struct buffer body = {0};
    for (uint64_t at = 1; results && (at = result_pending_next(txn, at)) != 0; at++) {
        buffer_clear(&body);
        if (result_pending_read(txn, at, &body) != STATUS_OK ||
            !memmem(body.data, body.size, it->hex, 2 * TRAJECTORY_SIZE))
            continue;
        result_pending_delete(results, txn, at);
        it->answer->records++;
    }
    buffer_finish(&body);
}

/* --- runs --- */

static void erase_retained(struct erasing *it)
{
    struct store_txn *txn = it->change.txn;
    struct decided_row row;
    uint64_t from = 0, sequence;
    if (!it->change.dataset->tables.retained)
        return;
    while (decided_search(txn, from, it->trajectory_id, &sequence, &row)) {
        if (row.record_sequence > 0 &&
            retained_delete(it->change.dataset->tables.retained, txn, row.record_sequence))
            it->answer->records++;
        from = sequence + 1;
    }
}

static void erase_spilled(struct erasing *it)
{
    struct store_cursor cursor;
    struct spill_header header;
    struct bytes head, part;
    uint64_t size;
    uint8_t number[16] = {0};
    struct ids found = {0};
    store_cursor_begin(it->change.txn, TABLE_SPILL, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        if (key.size != 10 || get_be16(key.data + 8) != 0 ||
            chunked_first_decode(store_cursor_value(&cursor), &head, &size, &part) != STATUS_OK ||
            spill_header_decode(head, &header) != STATUS_OK ||
            memcmp(header.trace_id, it->trajectory_id, TRAJECTORY_SIZE) != 0)
            continue;
        memcpy(number, key.data, 8);
        add_id(it->change.txn, &found, number);
    }
    store_cursor_finish(&cursor);
    for (size_t i = 0; it->change.dataset->tables.spill && i < found.count; i++)
        it->answer->records += spill_delete(it->change.dataset->tables.spill, it->change.txn,
                                            get_be64(found.items[i]));
    free(found.items);
}

/* Frames that tell of the run: its records and rows. What an exporter has taken already is out. */
static void erase_outgoing(struct erasing *it)
{
    struct store_txn *txn = it->change.txn;
    struct store_cursor cursor;
    struct buffer frame = {0};
    struct outgoing record;
    struct ids found = {0};
    store_cursor_begin(txn, TABLE_OUTBOX, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes key = key_bytes(&cursor.key);
        uint8_t place[16] = {0};
        if (key.size != 11 || get_be16(key.data + 9) != 0)
            continue;
        memcpy(place, key.data, 9);
        buffer_clear(&frame);
        struct chunked_place at = {TABLE_OUTBOX, bytes_of(place, 1)};
        if (chunked_get(txn, at, get_be64(place + 1), &frame) == STATUS_OK &&
            outgoing_decode(buffer_bytes(&frame), &record) == STATUS_OK &&
            memmem(record.payload.data, record.payload.size, it->hex, 2 * TRAJECTORY_SIZE))
            add_id(txn, &found, place);
    }
    store_cursor_finish(&cursor);
    for (size_t i = 0; i < found.count; i++)
        it->answer->records += outbox_delete(it->change.dataset->outbox, txn,
                                             outbox_slot_exporter(txn, found.items[i][0]),
                                             get_be64(found.items[i] + 1));
    free(found.items);
    buffer_finish(&frame);
}

/* --- the whole --- */

void dataset_tell_erased(const struct row_change *change, const char *kind, struct bytes id)
{
    struct audit_entry entry = *change->actor;
    entry.sequence = 0;
    entry.time_ms = change->wall_ms;
    entry.action = AUDIT_DATASET_ERASED;
    entry.subject_count = 1;
    entry.subjects[0] = (struct audit_subject){kind, id};
    memset(entry.content, 0, sizeof entry.content);
    audit_append(change->dataset->audit, change->txn, &entry);
}

static void erase_trajectory(struct erasing *it, const uint8_t trajectory_id[TRAJECTORY_SIZE])
{
    uint8_t fingerprint[FINGERPRINT_SIZE];
    char hex[2 * FINGERPRINT_SIZE];
    memcpy(it->trajectory_id, trajectory_id, TRAJECTORY_SIZE);
    hex_encode(it->hex, trajectory_id, TRAJECTORY_SIZE);
    erase_outgoing(it);
    erase_pending(it);
    erase_retained(it);
    erase_spilled(it);
    erase_rows(it);
    erase_items(it);
    it->answer->records +=
        dead_letters_erase(store_path(it->change.dataset->store), it->trajectory_id);
    erased_add(it->change.dataset->erased, it->change.txn, trajectory_id, fingerprint);
    hex_encode(hex, fingerprint, sizeof fingerprint);
    dataset_tell_erased(&it->change, "fingerprint", bytes_of(hex, sizeof hex));
}

/* Runs of the conversation: those that are rows, and those that are items. */
static void find_conversation(struct erasing *it, struct bytes id, struct ids *found)
{
    struct store_txn *txn = it->change.txn;
    struct store_cursor cursor;
    struct row_entry entry;
    struct item_row item;
    uint8_t fingerprint[FINGERPRINT_SIZE];
    erased_fingerprint(txn, "conversation", id, fingerprint);
    store_cursor_begin(txn, TABLE_ROW, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor))
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) ==
                STATUS_OK &&
            memcmp(entry.conversation, fingerprint, sizeof fingerprint) == 0)
            add_id(txn, found, entry.trajectory_id);
    store_cursor_finish(&cursor);
    store_cursor_begin(txn, TABLE_ITEM, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor))
        if (item_row_decode(store_cursor_value(&cursor), &item) == STATUS_OK &&
            item.conversation == digest_fnv1a64(id))
            add_id(txn, found, item.trajectory_id);
    store_cursor_finish(&cursor);
}

static uint64_t file_of(const struct dataset *dataset)
{
    char path[PATH_BYTES_MAX];
    struct stat stated;
    snprintf(path, sizeof path, "%s/data.mdb", store_path(dataset->store));
    return stat(path, &stated) == 0 ? (uint64_t)stated.st_ino : 0;
}

uint64_t dataset_erase_pending(const struct dataset *dataset, struct store_txn *txn)
{
    return store_get_number(txn, "erase_file") == file_of(dataset)
               ? store_get_number(txn, "erase_pending")
               : 0;
}

static void note_pending(struct erasing *it)
{
    struct dataset *dataset = it->change.dataset;
    uint64_t pending = dataset_erase_pending(dataset, it->change.txn) + 1;
    dataset_touch(dataset, it->change.txn);
    dataset->open.erase_pending = pending;
    store_put_number(it->change.txn, "erase_pending", pending);
    store_put_number(it->change.txn, "erase_file", file_of(dataset));
    it->answer->is_pending_compact = true;
}

void dataset_erase(struct dataset *dataset, struct store_txn *txn,
                   const struct dataset_settings *settings, enum erase_subject subject,
                   struct bytes id, const struct audit_entry *actor, int64_t wall_ms,
                   struct dataset_answer *ret_answer)
{
    struct ids found = {0};
    uint8_t trajectory_id[TRAJECTORY_SIZE];
    struct erasing it = {.change = {.dataset = dataset,
                                    .txn = txn,
                                    .settings = settings,
                                    .actor = actor,
                                    .wall_ms = wall_ms},
                         .answer = ret_answer};
    *ret_answer = (struct dataset_answer){.fate = DATASET_DONE};
    texts_encode(&(struct result){.failure_mode = -1}, &it.no_texts);
    if (subject == ERASE_TRACE) {
        if (id.size != 2 * TRAJECTORY_SIZE ||
            !hex_decode(trajectory_id, (const char *)id.data, TRAJECTORY_SIZE))
            ret_answer->fate = DATASET_MALFORMED;
        else
            add_id(txn, &found, trajectory_id);
    } else if (subject == ERASE_CONVERSATION) {
        find_conversation(&it, id, &found);
        ret_answer->fate = found.count > 0 ? DATASET_DONE : DATASET_UNKNOWN;
    } else if (!dataset_erase_person(&it.change, id, &it.answer->records)) {
        ret_answer->fate = DATASET_UNKNOWN;
    }
    for (size_t i = 0; i < found.count; i++)
        if (i == 0 || !erased_has(dataset->erased, txn, found.items[i]))
            erase_trajectory(&it, found.items[i]);
    if (ret_answer->fate == DATASET_DONE)
        note_pending(&it);
    else
        snprintf(ret_answer->reason, sizeof ret_answer->reason, "%s",
                 ret_answer->fate == DATASET_MALFORMED ? "a trace id is 32 hexadecimal digits"
                                                       : "nothing of it is here");
    ret_answer->version = dataset->open.version;
    buffer_finish(&it.no_texts);
    free(found.items);
}
