/* A directory is walked beside its daemon, a read transaction for each thousand entries; a file line by
 * line. In a directory every live row is followed, too: row -> its entry -> decision -> results
 * -> record, by their ids. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "processor/base/clock.h"
#include "processor/base/memory.h"
#include "processor/command/audit/verify.h"
#include "processor/review/row.h"
#include "state/store/key_index.h"
#include "state/tables/audit_line.h"
#include "state/tables/item.h"
#include "state/tables/row.h"

enum { ENTRIES_PER_READ = 1000, MS_PER_READ = 1000, LINE_BYTES_MAX = 1 << 20, ITEM_HEX = 32 };
enum { ARENA_BYTES_MAX = 4 << 20 };

/* Items that the trail names, by what it says of them. */
struct seen {
    struct key_index decided, judged;
};

static void note(struct key_index *index, const struct audit_entry *entry)
{
    struct bytes item = audit_subject_of(entry, "item");
    bool is_new = item.size == ITEM_HEX && key_index_find(index, item.data) == KEY_INDEX_NONE;
    if (is_new && key_index_add(index, item.data) == KEY_INDEX_NONE)
        memory_need(NULL);
}

static void note_entry(struct seen *seen, const struct audit_entry *entry)
{
    if (entry->action == AUDIT_DECISION || entry->action == AUDIT_ADJUDICATION)
        note(&seen->decided, entry);
    else if (entry->action == AUDIT_RESULT_ACCEPTED || entry->action == AUDIT_RESULT_REVISED)
        note(&seen->judged, entry);
}

static int say_broken(const char *path, const struct audit_chain *chain)
{
    printf("%s: broken at %llu: %s\n", path, (unsigned long long)chain->bad, chain->reason);
    return EXIT_GATE_FAILED;
}

static void say_whole(const char *path, const struct audit_chain *chain)
{
    char head[2 * AUDIT_HASH_SIZE];
    hex_encode(head, chain->hash, sizeof chain->hash);
    printf("%s: whole: %llu entries", path, (unsigned long long)chain->entries);
    if (chain->entries > 0)
        printf(", %llu to %llu, head %.64s", (unsigned long long)chain->first,
               (unsigned long long)chain->last, head);
    if (chain->checkpoint_count > 0)
        printf("; %zu of %zu checkpoints met", chain->met, chain->checkpoint_count);
    putchar('\n');
}

/* --- a directory --- */

static bool walk_some(struct store_txn *txn, struct audit_chain *chain, struct seen *seen,
                      uint64_t *next)
{
    struct store_cursor cursor;
    struct state_key from = {.size = 0};
    struct audit_texts texts;
    struct audit_entry entry;
    int64_t since_ms = clock_monotonic_ms();
    uint32_t count = 0;
    bool is_more = false;
    key_be64(&from, *next);
    store_cursor_begin(txn, TABLE_AUDIT, key_bytes(&from), 0, &cursor);
    while (!is_more && store_cursor_next(&cursor)) {
        uint64_t sequence = get_be64(cursor.key.data);
        if (audit_decode(sequence, store_cursor_value(&cursor), &texts, &entry) != STATUS_OK) {
            if (txn->status == STATUS_OK && chain->bad == 0) {
                chain->bad = sequence;
                snprintf(chain->reason, sizeof chain->reason, "it is not understood");
            }
            break;
        }
        if (!audit_chain_add(chain, &entry))
            break;
        note_entry(seen, &entry);
        *next = sequence + 1;
        is_more = ++count >= ENTRIES_PER_READ || clock_monotonic_ms() - since_ms > MS_PER_READ;
    }
    store_cursor_finish(&cursor);
    return is_more && chain->bad == 0;
}

/* The record that its entry tells of is the row's, and one that the item was made of. */
static const char *record_fault_of(struct store_txn *txn, const struct row_entry *row,
                                   const struct audit_entry *entry)
{
    uint8_t record_id[ITEM_ID_BYTES];
    if (row->revision_id.size == 0 && !audit_subject_of(entry, "record").data)
        return NULL; /* of an item without one */
    if (!bytes_equal(audit_subject_of(entry, "record"), row->revision_id) ||
        !row_id_parse(row->revision_id, record_id))
        return "its entry tells of another record";
    uint64_t item = item_find(txn, 'i', row->item_id), told = item_find(txn, 'r', record_id);
    return told != 0 && told != item ? "its record belongs to another item" : NULL;
}

/* Why the row does not follow from the trail; NULL: it does. A row whose entry has been cut is in what
 * was exported. */
static const char *fault_of(struct store_txn *txn, const struct row_entry *row,
                            const struct seen *seen, bool is_cut)
{
    uint8_t item[ITEM_HEX];
    struct row_version_head head;
    struct audit_texts texts;
    struct audit_entry entry;
    hex_encode((char *)item, row->item_id, sizeof row->item_id);
    if (!row_version_read(txn, row->version, row->row_id, &head, NULL))
        return "its version is not there";
    bool is_told = audit_read(txn, row->audit_sequence, &texts, &entry);
    if (is_told && !bytes_equal(audit_subject_of(&entry, "item"), bytes_of(item, ITEM_HEX)))
        return "its entry is about another item";
    const char *fault = is_told ? record_fault_of(txn, row, &entry) : NULL;
    if (fault)
        return fault;
    if (is_cut)
        return NULL;
    if (!is_told)
        return "its entry is not there";
    if (key_index_find(&seen->decided, item) == KEY_INDEX_NONE)
        return "no decision of its item is in the trail";
    return key_index_find(&seen->judged, item) == KEY_INDEX_NONE
               ? "no result of its item is in the trail"
               : NULL;
}

struct following {
    const char *path;
    const struct seen *seen;
    bool is_cut;
    struct state_key next; /* the row to go on with */
    uint64_t rows, bad;
};

/* As many rows as one read transaction may see; true: there may be more. */
static bool follow_some(struct store_txn *txn, struct following *it, struct buffer *to)
{
    struct store_cursor cursor;
    struct row_entry row;
    uint32_t count = 0;
    bool is_more = false;
    store_cursor_begin(txn, TABLE_ROW, key_bytes(&it->next), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        it->next.size = 0;
        key_raw(&it->next, key_bytes(&cursor.key));
        if ((is_more = count++ == ENTRIES_PER_READ))
            break; /* this one begins the next */
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &row) !=
                STATUS_OK ||
            row.state != ROW_STATE_LIVE)
            continue;
        const char *fault = fault_of(txn, &row, it->seen, it->is_cut);
        char row_id[2 * ROW_ID_SIZE];
        hex_encode(row_id, row.row_id, sizeof row.row_id);
        if (fault)
            buffer_printf(to, "%s: row %.32s: %s\n", it->path, row_id, fault);
        it->bad += fault != NULL;
        it->rows++;
    }
    store_cursor_finish(&cursor);
    return is_more;
}

static enum status follow_rows(struct store *store, struct store_txn *txn, struct following *it)
{
    struct buffer lines = {0};
    enum status status = STATUS_OK;
    for (bool is_more = true; is_more && status == STATUS_OK;) {
        buffer_clear(&lines);
        store_begin(store, false, txn);
        is_more = follow_some(txn, it, &lines);
        status = store_commit(txn);
        fwrite(buffer_bytes(&lines).data, 1, lines.size, stdout);
    }
    buffer_finish(&lines);
    return status;
}

static int verify_directory(const char *path, const struct audit_checkpoints *checkpoints,
                            struct error *ret_error)
{
    struct store *store = NULL;
    struct store_txn txn;
    struct audit_cut cut = {0};
    struct audit_chain chain;
    struct seen seen = {{.key_size = ITEM_HEX}, {.key_size = ITEM_HEX}};
    struct following following = {.path = path, .seen = &seen};
    uint64_t next = 1;
    if (store_open(path, 0, STORE_READER, &store, ret_error) != STATUS_OK) {
        ret_error->exit_code = EXIT_STATE_IO; /* whatever it is, nothing was proved */
        return EXIT_STATE_IO;
    }
    store_begin(store, false, &txn);
    (void)audit_cut_read(&txn, &cut);
    enum status status = store_commit(&txn);
    audit_chain_begin(&chain, &cut, checkpoints->items, checkpoints->count);
    for (bool is_more = status == STATUS_OK; is_more && status == STATUS_OK;) {
        store_begin(store, false, &txn);
        is_more = walk_some(&txn, &chain, &seen, &next);
        status = store_commit(&txn);
    }
    bool is_whole = audit_chain_end(&chain);
    following.is_cut = cut.sequence > 0;
    if (status == STATUS_OK && is_whole)
        status = follow_rows(store, &txn, &following);
    store_close(store);
    key_index_finish(&seen.decided);
    key_index_finish(&seen.judged);
    if (status != STATUS_OK) {
        error_set(ret_error, EXIT_STATE_IO, "%s: %s", path, txn.reason);
        return EXIT_STATE_IO;
    }
    if (!is_whole)
        return say_broken(path, &chain);
    say_whole(path, &chain);
    printf("%s: %llu row%s followed to decisions, results and records%s\n", path,
           (unsigned long long)following.rows, following.rows == 1 ? "" : "s",
           cut.sequence > 0 ? " as far as the trail reaches: its front was exported and cut" : "");
    return following.bad > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}

/* --- a file --- */

typedef bool line_fn(void *context, const struct audit_line *line, size_t number);

/* False: it can't be read, or a line is none of ours. */
static bool each_line(const char *path, line_fn *fn, void *context, struct error *ret_error)
{
    char *text = NULL;
    size_t capacity = 0, number = 0;
    ssize_t size;
    struct arena arena;
    struct audit_line line;
    FILE *file = fopen(path, "rb");
    if (!file) {
        error_set(ret_error, EXIT_STATE_IO, "%s: %s", path, strerror(errno));
        return false;
    }
    arena_init(&arena, ARENA_BYTES_MAX);
    while (!ret_error->is_set && (size = getline(&text, &capacity, file)) >= 0) {
        number++;
        arena_reset(&arena);
        if (size > LINE_BYTES_MAX ||
            audit_line_read(bytes_of(text, (size_t)size), &arena, &line) != STATUS_OK)
            error_set(ret_error, EXIT_STATE_IO, "%s:%zu: no line of an audit trail", path, number);
        else if (!fn(context, &line, number))
            break;
    }
    if (ferror(file))
        error_set(ret_error, EXIT_STATE_IO, "%s can't be read", path);
    arena_finish(&arena);
    free(text);
    fclose(file);
    return !ret_error->is_set;
}

struct file_walk {
    const char *path;
    struct audit_chain chain;
    char instance[64];
    struct error *error;
};

static bool walk_line(void *context, const struct audit_line *line, size_t number)
{
    struct file_walk *it = context;
    char instance[64] = "";
    if (line->instance.size < sizeof instance)
        memcpy(instance, line->instance.data, line->instance.size);
    if (number == 1)
        memcpy(it->instance, instance, sizeof instance);
    if (strcmp(it->instance, instance) != 0) {
        error_set(it->error, EXIT_STATE_IO,
                  "%s:%zu: an entry of another instance: each has a chain of its own", it->path,
                  number);
        return false;
    }
    return line->is_checkpoint ? audit_chain_meet(&it->chain, &line->checkpoint)
                               : audit_chain_add(&it->chain, &line->entry);
}

static int verify_file(const char *path, const struct audit_checkpoints *checkpoints,
                       struct error *ret_error)
{
    struct file_walk it = {.path = path, .error = ret_error};
    audit_chain_begin(&it.chain, NULL, checkpoints->items, checkpoints->count);
    if (!each_line(path, walk_line, &it, ret_error))
        return EXIT_STATE_IO;
    if (!audit_chain_end(&it.chain))
        return say_broken(path, &it.chain);
    say_whole(path, &it.chain);
    return EXIT_DONE;
}

/* --- checkpoints --- */

static bool take_checkpoint(void *context, const struct audit_line *line, size_t number)
{
    struct audit_checkpoints *it = context;
    (void)number;
    if (line->is_checkpoint && it->count < AUDIT_CHECKPOINTS_MAX)
        it->items[it->count++] = line->checkpoint;
    return true;
}

bool audit_checkpoints_read(const char *path, struct audit_checkpoints *ret,
                            struct error *ret_error)
{
    ret->items = calloc(AUDIT_CHECKPOINTS_MAX, sizeof *ret->items);
    ret->count = 0;
    if (!ret->items)
        error_set(ret_error, EXIT_STATE_IO, "out of memory");
    if (!ret->items || !each_line(path, take_checkpoint, ret, ret_error))
        return false;
    if (ret->count == 0)
        error_set(ret_error, EXIT_USAGE, "%s holds no checkpoint", path);
    return ret->count > 0;
}

int audit_verify(const char *path, const struct audit_checkpoints *checkpoints,
                 struct error *ret_error)
{
    struct stat found;
    bool is_directory = stat(path, &found) == 0 && S_ISDIR(found.st_mode);
    return is_directory ? verify_directory(path, checkpoints, ret_error)
                        : verify_file(path, checkpoints, ret_error);
}
