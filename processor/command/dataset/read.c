/* What the dataset holds: the rows of a version, one row, or what lies between two versions. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipelines/review/dataset_tags.h"
#include "pipelines/review/regression_report.h"
#include "processor/base/clock.h"
#include "processor/base/text/terminal.h"
#include "processor/base/text/utf8.h"
#include "processor/command/dataset/dataset.h"

enum { QUESTION_SHOWN_BYTES = 60, DATE_SIZE = 10, ARENA_BYTES_MAX = 8 << 20 };

struct listing {
    struct store *store;
    struct dataset_listing rows;
};

static int open_listing(const struct dataset_arguments *arguments, const char *version,
                        struct listing *ret, struct error *ret_error)
{
    uint64_t number;
    *ret = (struct listing){.store = NULL};
    if (dataset_store_open(arguments, &ret->store, ret_error) != STATUS_OK ||
        !dataset_read_version(ret->store, bytes_of_text(version), &number, ret_error) ||
        dataset_read_listing(ret->store, number, &ret->rows, ret_error) != STATUS_OK)
        return (int)ret_error->exit_code;
    return EXIT_DONE;
}

static void close_listing(struct listing *listing)
{
    dataset_listing_finish(&listing->rows);
    store_close(listing->store);
}

/* --- list --- */

static void print_text(struct bytes text, size_t most)
{
    struct buffer line = {0};
    struct bytes cut = utf8_cut(text, most);
    terminal_append(&line, cut);
    if (cut.size < text.size)
        buffer_append_text(&line, "...");
    fwrite(line.data, 1, line.size, stdout);
    buffer_finish(&line);
}

struct printing {
    struct arena arena;
    char today[CLOCK_RFC3339_SIZE]; /* "2026-11-30..." */
    bool is_stale_alone;
};

/* The last day on which the expected answer holds has passed. */
static bool is_stale(struct bytes json, const char *today, struct arena *arena)
{
    struct bytes until = dataset_text_of(json, "expected_until", NULL, arena);
    return until.size == DATE_SIZE && memcmp(until.data, today, DATE_SIZE) < 0;
}

static bool print_row(void *context, const struct row_version_head *head, struct bytes json)
{
    struct printing *it = context;
    struct arena *arena = &it->arena;
    char row_id[UUID_TEXT_SIZE];
    arena_reset(arena);
    bool stale = is_stale(json, it->today, arena);
    if (it->is_stale_alone && !stale)
        return true;
    row_id_text(row_id, head->row_id);
    struct bytes severity = dataset_text_of(json, "severity", NULL, arena);
    struct bytes mode = dataset_text_of(json, "failure_mode", NULL, arena);
    printf("%s  r%u  %s", row_id, head->revision, row_split_names[head->split % ROW_SPLITS]);
    if (head->is_regression)
        printf("  regression (%.*s)", (int)severity.size, (const char *)severity.data);
    fputs(stale ? "  stale  " : "  ", stdout);
    print_text(mode.data ? mode : dataset_text_of(json, "verdict", NULL, arena), 64);
    fputs("  ", stdout);
    print_text(dataset_text_of(json, "input", NULL, arena), QUESTION_SHOWN_BYTES);
    putchar('\n');
    return true;
}

/* What waits stands in no version. Told behind the transaction: whoever reads may take their time. */
static void list_waiting(struct store_txn *txn, struct buffer *to)
{
    struct store_cursor cursor;
    struct row_entry entry;
    store_cursor_begin(txn, TABLE_ROW, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        char row_id[UUID_TEXT_SIZE];
        if (row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry) !=
                STATUS_OK ||
            (entry.state != ROW_STATE_HELD && entry.state != ROW_STATE_PROPOSED))
            continue;
        row_id_text(row_id, entry.row_id);
        buffer_printf(to, "%s  %s: ", row_id, row_state_names[entry.state]);
        buffer_append_bytes(to, entry.reason);
        buffer_append_byte(to, '\n');
    }
    store_cursor_finish(&cursor);
}

int dataset_list(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct listing it;
    struct store_txn txn;
    struct printing printing = {.is_stale_alone = arguments->is_stale};
    struct buffer tags = {0}, waiting = {0};
    size_t splits[ROW_SPLITS] = {0}, regression = 0;
    int exit_code = open_listing(arguments, arguments->version, &it, ret_error);
    arena_init(&printing.arena, ARENA_BYTES_MAX);
    clock_format_rfc3339(printing.today, (uint64_t)clock_realtime_ms() * 1000000);
    if (exit_code == EXIT_DONE) {
        for (size_t i = 0; i < it.rows.count; i++) {
            splits[it.rows.rows[i].split % ROW_SPLITS]++;
            regression += it.rows.rows[i].is_regression;
        }
        store_begin(it.store, false, &txn);
        dataset_tags_of(&txn, it.rows.version, &tags);
        if (!arguments->version && !arguments->is_stale)
            list_waiting(&txn, &waiting);
        if (store_commit(&txn) != STATUS_OK)
            error_set(ret_error, EXIT_STATE_IO, "the dataset can't be read: %s", txn.reason);
        printf("v%llu %s: %zu row%s, %zu eval, %zu train, %zu regression%s%.*s\n",
               (unsigned long long)it.rows.version, it.rows.snapshot, it.rows.count,
               it.rows.count == 1 ? "" : "s", splits[SPLIT_EVAL], splits[SPLIT_TRAIN], regression,
               tags.size > 0 ? "; tags " : "", (int)tags.size,
               tags.data ? (const char *)tags.data : "");
        fwrite(waiting.data ? waiting.data : (const uint8_t *)"", 1, waiting.size, stdout);
        if (dataset_read_rows(it.store, &it.rows, print_row, &printing, ret_error) != STATUS_OK)
            exit_code = (int)ret_error->exit_code;
    }
    buffer_finish(&tags);
    buffer_finish(&waiting);
    arena_finish(&printing.arena);
    close_listing(&it);
    return exit_code;
}

/* --- show --- */

static void print_json(struct bytes json)
{
    struct buffer safe = {0};
    if (isatty(STDOUT_FILENO))
        terminal_append(&safe, json);
    else
        buffer_append_bytes(&safe, json);
    buffer_append_byte(&safe, '\n');
    if (json.size > 0)
        fwrite(safe.data, 1, safe.size, stdout);
    buffer_finish(&safe);
}

int dataset_show(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct store *store = NULL;
    struct store_txn txn;
    struct row_entry entry = {.state = ROW_STATE_RETIRED};
    struct row_version_head head;
    struct buffer json = {0}, about = {0};
    uint8_t row_id[ROW_ID_SIZE];
    if (dataset_store_open(arguments, &store, ret_error) != STATUS_OK)
        return (int)ret_error->exit_code;
    store_begin(store, false, &txn);
    uint32_t found = row_entry_find(&txn, bytes_of_text(arguments->operands[0]), row_id);
    bool is_there = found == 1 && row_entry_read(&txn, row_id, &entry);
    if (is_there) {
        bool is_out = entry.state == ROW_STATE_LIVE || entry.state == ROW_STATE_RETIRED;
        (void)row_version_read(&txn, is_out ? entry.version : 0, row_id, &head, &json);
        buffer_printf(&about, "%s%s", row_state_names[entry.state],
                      entry.reason.size > 0 ? ": " : "");
        buffer_append_bytes(&about, entry.reason);
        buffer_printf(&about, ", revision %u, version %llu, audit entry %llu\n", entry.revision,
                      (unsigned long long)entry.version, (unsigned long long)entry.audit_sequence);
        regression_report_text(&txn, row_id, &about);
    }
    if (store_commit(&txn) != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO, "the dataset can't be read: %s", txn.reason);
    else if (!is_there)
        error_set(ret_error, EXIT_USAGE,
                  found > 1 ? "several rows begin with %s" : "there is no row %s",
                  arguments->operands[0]);
    if (!ret_error->is_set) {
        fwrite(about.data, 1, about.size, stderr);
        print_json(buffer_bytes(&json));
    }
    buffer_finish(&json);
    buffer_finish(&about);
    store_close(store);
    return EXIT_DONE;
}

/* --- diff --- */

static void print_change(char sign, const struct row_version_head *row)
{
    char row_id[UUID_TEXT_SIZE];
    row_id_text(row_id, row->row_id);
    printf("%c %s r%u %s%s\n", sign, row_id, row->revision,
           row_split_names[row->split % ROW_SPLITS], row->is_regression ? " regression" : "");
}

static size_t print_changes(const struct dataset_listing *a, const struct dataset_listing *b)
{
    size_t i = 0, j = 0, changes = 0;
    while (i < a->count || j < b->count) {
        int order = i == a->count   ? 1
                    : j == b->count ? -1
                                    : memcmp(a->rows[i].row_id, b->rows[j].row_id, ROW_ID_SIZE);
        bool is_same = order == 0 &&
                       memcmp(a->rows[i].sha256, b->rows[j].sha256, SHA256_SIZE) == 0 &&
                       a->rows[i].revision == b->rows[j].revision;
        if (!is_same)
            print_change(order < 0   ? '-'
                         : order > 0 ? '+'
                                     : '~',
                         order < 0 ? &a->rows[i] : &b->rows[j]);
        changes += !is_same;
        i += order <= 0;
        j += order >= 0;
    }
    return changes;
}

int dataset_diff(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct listing a, b = {.store = NULL};
    size_t changes = 0;
    int exit_code = open_listing(arguments, arguments->operands[0], &a, ret_error);
    if (exit_code == EXIT_DONE)
        exit_code = open_listing(arguments, arguments->operands[1], &b, ret_error);
    if (exit_code == EXIT_DONE)
        changes = print_changes(&a.rows, &b.rows);
    close_listing(&a);
    close_listing(&b);
    return exit_code == EXIT_DONE && changes > 0 ? EXIT_GATE_FAILED : exit_code;
}
