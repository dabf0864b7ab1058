/* flywheel state: look after a data directory. check reads every page of the file and every
 * row (CRC, encoding, chunks) and compares counts that must agree; dump says every row as a
 * line of JSON; compact rewrites the file without its free pages; backup copies it, also
 * beside a running daemon. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pipelines/review/tally_check.h"
#include "processor/base/clock.h"
#include "processor/command/command.h"
#include "processor/command/help_text.h"
#include "processor/command/options.h"
#include "state/cohorts/audit.h"
#include "state/inspect.h"

enum { PATH_BYTES_MAX = 4096 };

static int fail(const struct error *error)
{
    fprintf(stderr, "flywheel state: %s\n", error->text);
    return (int)error->exit_code;
}

/* --- check --- */

struct table_check {
    uint64_t rows, bytes, damaged, not_understood;
};

static void check_table(struct store_txn *txn, enum state_table table,
                        struct table_check *ret_check, uint64_t *decided_rows)
{
    struct store_cursor cursor;
    struct inspection inspection = {0};
    store_cursor_begin(txn, table, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        ret_check->rows++;
        ret_check->bytes += store_cursor_value_size(&cursor);
        if (!store_cursor_is_intact(&cursor)) {
            ret_check->damaged++;
            continue;
        }
        struct bytes value = store_cursor_value(&cursor);
        if (inspect_row(&inspection, table, key_bytes(&cursor.key), value, NULL) != STATUS_OK)
            ret_check->not_understood++;
    }
    if (inspect_end(&inspection) != STATUS_OK)
        ret_check->not_understood++;
    *decided_rows += inspection.decided_rows;
    store_cursor_finish(&cursor);
}

/* Of people's judgements against the items and results that they are of. */
static uint64_t check_tallies(struct store_txn *txn)
{
    struct tally_check check;
    if (tally_check(txn, &check) != STATUS_OK)
        return 1;
    if (!check.is_comparable)
        printf("agreement     not compared: items have left by age, or are not counted yet\n");
    else
        printf("agreement     %s: %llu rows, %llu differ from the items and results\n",
               check.different ? "DIFFERS" : "agrees", (unsigned long long)check.rows,
               (unsigned long long)check.different);
    return check.different;
}

/* What must agree across tables; the number of disagreements. */
static uint64_t check_sums(struct store_txn *txn, uint64_t decided_rows)
{
    struct cohort_audit audit;
    uint64_t stated = store_get_number(txn, "decided_rows"), bad = stated != decided_rows;
    printf("decided rows  %s: %llu found, %llu counted\n", bad ? "DIFFER" : "agree",
           (unsigned long long)decided_rows, (unsigned long long)stated);
    if (cohort_audit(txn, &audit) != STATUS_OK)
        return bad + 1;
    bad += check_tallies(txn);
    if (!audit.is_whole) {
        printf("cohort totals not compared: decided rows have expired since the start\n");
        return bad;
    }
    printf("cohort totals %s: %llu cohorts, %llu differ from the decided rows\n",
           audit.different ? "DIFFER" : "agree", (unsigned long long)audit.cohorts,
           (unsigned long long)audit.different);
    return bad + audit.different;
}

static int state_check(const char *directory)
{
    struct error error = {0};
    struct store *store;
    struct store_txn txn;
    uint64_t bad = 0, decided_rows = 0;
    if (store_open(directory, 0, STORE_OFFLINE, &store, &error) != STATUS_OK)
        return fail(&error);
    const struct pages_report *pages = store_pages(store);
    printf("pages         agree: %llu in %llu trees, %llu free\n", (unsigned long long)pages->used,
           (unsigned long long)pages->tables + 2, (unsigned long long)pages->free);
    printf("%-12s %12s %16s %9s %15s\n", "table", "rows", "bytes", "damaged", "not understood");
    store_begin(store, false, &txn);
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        struct table_check check = {0};
        check_table(&txn, table, &check, &decided_rows);
        printf("%-12s %12llu %16llu %9llu %15llu\n", table_layouts[table].name,
               (unsigned long long)check.rows, (unsigned long long)check.bytes,
               (unsigned long long)check.damaged, (unsigned long long)check.not_understood);
        bad += check.damaged + check.not_understood;
    }
    if (bad == 0)
        bad += check_sums(&txn, decided_rows);
    if (store_commit(&txn) != STATUS_OK) {
        fprintf(stderr, "flywheel state: %s: %s\n", directory, txn.reason);
        bad++;
    }
    store_close(store);
    if (bad > 0)
        fprintf(stderr, "flywheel state: %s is damaged: restore a backup, or start afresh\n",
                directory);
    return bad > 0 ? EXIT_STATE_IO : EXIT_DONE;
}

/* --- dump --- */

static int state_dump(const char *directory)
{
    struct error error = {0};
    struct store *store;
    struct store_txn txn;
    struct store_cursor cursor;
    struct buffer line = {0};
    uint64_t bad = 0;
    if (store_open(directory, 0, STORE_OFFLINE, &store, &error) != STATUS_OK)
        return fail(&error);
    store_begin(store, false, &txn);
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        struct inspection inspection = {0};
        store_cursor_begin(&txn, table, bytes_of("", 0), 0, &cursor);
        while (store_cursor_next(&cursor)) {
            struct json_writer writer;
            enum status status = STATUS_MALFORMED;
            buffer_clear(&line);
            json_writer_init(&writer, &line);
            if (store_cursor_is_intact(&cursor))
                status = inspect_row(&inspection, table, key_bytes(&cursor.key),
                                     store_cursor_value(&cursor), &writer);
            if (status == STATUS_OK) {
                buffer_append_byte(&line, '\n');
                fwrite(line.data, 1, line.size, stdout);
            }
            bad += status != STATUS_OK;
        }
        store_cursor_finish(&cursor);
    }
    if (store_commit(&txn) != STATUS_OK)
        bad++;
    store_close(store);
    buffer_finish(&line);
    if (bad > 0)
        fprintf(stderr,
                "flywheel state: %llu rows of %s can't be read; `flywheel state check` says "
                "where\n",
                (unsigned long long)bad, directory);
    if (fflush(stdout) != 0 || ferror(stdout))
        return EXIT_STATE_IO;
    return bad > 0 ? EXIT_STATE_IO : EXIT_DONE;
}

/* --- compact and backup --- */

static bool path_join(char to[PATH_BYTES_MAX], const char *first, const char *second)
{
    return (size_t)snprintf(to, PATH_BYTES_MAX, "%s%s", first, second) < PATH_BYTES_MAX;
}

/* Copy beside the original, then rename over it: a crash leaves one of the two whole. */
static int state_compact(const char *directory)
{
    struct error error = {0};
    struct store *store;
    char beside[PATH_BYTES_MAX], copy[PATH_BYTES_MAX], original[PATH_BYTES_MAX];
    if (!path_join(beside, directory, "/compact.tmp") || !path_join(copy, beside, "/data.mdb") ||
        !path_join(original, directory, "/data.mdb")) {
        fprintf(stderr, "flywheel state: the path is too long\n");
        return EXIT_USAGE;
    }
    if (store_open(directory, 0, STORE_OFFLINE, &store, &error) != STATUS_OK)
        return fail(&error);
    unlink(copy); /* of a run that was interrupted */
    int exit_code = EXIT_DONE;
    if (store_copy(store, beside, &error) != STATUS_OK) {
        unlink(copy);
        exit_code = fail(&error);
    } else if (store_replace(store, copy, original, &error) != STATUS_OK) {
        exit_code = fail(&error);
    }
    rmdir(beside);
    store_close(store);
    return exit_code;
}

static int state_backup(const char *directory, const char *to)
{
    struct error error = {0};
    struct store *store;
    char named[PATH_BYTES_MAX], base[PATH_BYTES_MAX];
    if (!to) {
        char stamp[40] = "";
        time_t now = (time_t)(clock_realtime_ms() / 1000);
        struct tm parts;
        strftime(stamp, sizeof stamp, ".backup-%Y%m%dT%H%M%SZ", gmtime_r(&now, &parts));
        size_t size = strlen(directory);
        while (size > 1 && directory[size - 1] == '/')
            size--;
        snprintf(base, sizeof base, "%.*s", (int)(size < sizeof base ? size : 0), directory);
        if (!path_join(named, base, stamp)) {
            fprintf(stderr, "flywheel state: the path is too long\n");
            return EXIT_USAGE;
        }
        to = named;
    }
    if (store_open(directory, 0, STORE_READER, &store, &error) != STATUS_OK)
        return fail(&error);
    enum status status = store_back_up(store, to, &error);
    store_close(store);
    if (status != STATUS_OK)
        return fail(&error);
    printf("%s\n", to);
    return EXIT_DONE;
}

int command_state(int argc, char **argv)
{
    int first = options_parse(argc, argv, NULL, 0);
    if (first < 0)
        return EXIT_USAGE;
    const char *action = first < argc ? argv[first] : "";
    int operands = argc - first - 1;
    if (strcmp(action, "check") == 0 && operands == 1)
        return state_check(argv[first + 1]);
    if (strcmp(action, "dump") == 0 && operands == 1)
        return state_dump(argv[first + 1]);
    if (strcmp(action, "compact") == 0 && operands == 1)
        return state_compact(argv[first + 1]);
    if (strcmp(action, "backup") == 0 && (operands == 1 || operands == 2))
        return state_backup(argv[first + 1], operands == 2 ? argv[first + 2] : NULL);
    fputs("flywheel state: usage: flywheel state check|dump|compact|backup DIR\n", stderr);
    return EXIT_USAGE;
}
