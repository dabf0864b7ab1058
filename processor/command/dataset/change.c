/* tag, promote, retire, erase: through the API of the daemon, or, where none answers, in a transaction of
 * the directory's own, as the daemon would: who holds the directory writes. */
#include "processor/command/dataset/change.h"

#include <stdio.h>
#include <string.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/review/audit_export.h"
#include "pipelines/review/dataset_changes.h"
#include "processor/base/clock.h"
#include "processor/command/dataset/remote.h"
#include "state/tables/result.h"
#include "state/tables/retained.h"
#include "state/tables/reviewer.h"
#include "state/tables/spill.h"

/* The tables that a change goes through, as the writer has them. */
struct tables {
    struct store *store;
    struct outbox *outbox;
    struct audit *audit;
    struct audit_export *audit_export;
    struct dataset *dataset;
    struct dataset_tables others;
    struct store_txn txn;
    char actor[REVIEWER_ACTOR_SIZE];
    struct audit_entry by;
    int64_t wall_ms;
};

static bool open_tables(const struct pipeline_config *config, struct tables *to,
                        struct error *ret_error)
{
    *to = (struct tables){.wall_ms = clock_realtime_ms()};
    if (!cohort_report_is_there(config->state.directory, ret_error) ||
        store_open(config->state.directory, config->state.map_bytes, STORE_OWNER, &to->store,
                   ret_error) != STATUS_OK)
        return false;
    if (outbox_open(to->store, &to->outbox) == STATUS_OK &&
        audit_open(to->store, &to->audit) == STATUS_OK &&
        audit_export_open(to->store, to->audit, to->outbox, &to->audit_export) == STATUS_OK &&
        dataset_open(to->store, to->audit, to->outbox, &to->dataset) == STATUS_OK &&
        items_open(to->store, &to->others.items) == STATUS_OK &&
        results_open(to->store, &to->others.results) == STATUS_OK &&
        retained_open(to->store, &to->others.retained) == STATUS_OK &&
        spill_open(to->store, &to->others.spill) == STATUS_OK)
        return true;
    error_set(ret_error, EXIT_STATE_IO, "the state in %s can't be read", config->state.directory);
    return false;
}

static void close_tables(struct tables *it)
{
    spill_close(it->others.spill);
    retained_close(it->others.retained);
    results_close(it->others.results);
    items_close(it->others.items);
    dataset_close(it->dataset);
    audit_export_close(it->audit_export);
    audit_close(it->audit);
    outbox_close(it->outbox);
    store_close(it->store);
}

/* Whoever may write the directory; the trail says that it was not asked who. */
static void begin(struct tables *it)
{
    static const char name[] = "operator";
    dataset_use_tables(it->dataset, &it->others);
    store_begin(it->store, true, &it->txn);
    reviewer_actor(&it->txn, bytes_of_text(name), it->wall_ms, it->actor);
    it->by = (struct audit_entry){.time_ms = it->wall_ms,
                                  .actor = bytes_of_text(it->actor),
                                  .role = BYTES_LITERAL("operator"),
                                  .trust = AUDIT_DECLARED};
}

static bool end(struct tables *it, const struct pipeline_config *config, struct error *ret_error)
{
    audit_export_turn(it->audit_export, &it->txn, &config->review, it->wall_ms);
    enum status status = store_commit(&it->txn);
    if (status != STATUS_OK)
        error_set(ret_error, status == STATUS_BUSY ? EXIT_TEMPORARY : EXIT_STATE_IO, "%s",
                  it->txn.reason);
    return status == STATUS_OK;
}

void dataset_say_erased(uint32_t rows, uint32_t records)
{
    printf("erased: %u row%s, %u other record%s\n", rows, rows == 1 ? "" : "s", records,
           records == 1 ? "" : "s");
    fflush(stdout);
    fputs("erased here; what it can't reach: what waits of a conversation that is still open (it is\n"
          "judged and leaves: erase it again then), annotation and results topics, files already\n"
          "written, dead letters above 64 MiB, exports (their manifests name version and rows), consumers of\n"
          "rows (they get a tombstone), backups. Freed pages still hold texts until they are\n"
          "written again: `flywheel state compact` leaves them out now\n",
          stderr);
}

static void apply(struct tables *it, const struct dataset_arguments *arguments,
                  struct dataset_answer *ret_answer, struct error *ret_error)
{
    const struct dataset_settings *settings = &arguments->pipeline->dataset;
    const char *action = arguments->action;
    struct bytes first = bytes_of_text(arguments->operands[0]);
    uint64_t version;
    if (strcmp(action, "promote") == 0) {
        dataset_promote(it->dataset, &it->txn, settings, first, &it->by, it->wall_ms, ret_answer);
    } else if (strcmp(action, "retire") == 0) {
        dataset_retire(it->dataset, &it->txn, settings, first, &it->by, it->wall_ms, ret_answer);
    } else if (strcmp(action, "erase") == 0) {
        enum erase_subject subject = arguments->trace          ? ERASE_TRACE
                                     : arguments->conversation ? ERASE_CONVERSATION
                                                               : ERASE_REVIEWER;
        const char *id = arguments->trace          ? arguments->trace
                         : arguments->conversation ? arguments->conversation
                                                   : arguments->reviewer;
        dataset_erase(it->dataset, &it->txn, settings, subject, bytes_of_text(id), &it->by,
                      it->wall_ms, ret_answer);
    } else if (dataset_read_version(it->store, first, &version, ret_error)) {
        dataset_tag(it->dataset, &it->txn, bytes_of_text(arguments->operands[1]), version, &it->by,
                    it->wall_ms, ret_answer);
    }
}

static void say(const struct dataset_arguments *arguments, const struct dataset_answer *answer,
                struct error *ret_error)
{
    if (answer->fate != DATASET_DONE && answer->fate != DATASET_UNCHANGED) {
        error_set(ret_error, answer->fate == DATASET_MALFORMED ? EXIT_USAGE : EXIT_GATE_FAILED,
                  "%s", answer->reason);
        return;
    }
    printf("%sversion %llu%s%s\n", answer->fate == DATASET_UNCHANGED ? "unchanged: " : "",
           (unsigned long long)answer->version, answer->row_id[0] ? ", row " : "", answer->row_id);
    if (strcmp(arguments->action, "erase") == 0)
        dataset_say_erased(answer->rows, answer->records);
}

static bool is_asked_rightly(const struct dataset_arguments *arguments, struct error *ret_error)
{
    int subjects = (arguments->trace != NULL) + (arguments->conversation != NULL) +
                   (arguments->reviewer != NULL);
    if (strcmp(arguments->action, "erase") == 0 && subjects != 1)
        error_set(ret_error, EXIT_USAGE,
                  "one of --trace ID, --conversation ID, --reviewer NAME says what");
    return !ret_error->is_set;
}

static int change_here(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct tables it = {.store = NULL};
    struct dataset_answer answer = {.fate = DATASET_UNKNOWN};
    const struct pipeline_config *config = arguments->pipeline;
    if (open_tables(config, &it, ret_error)) {
        begin(&it);
        if (audit_is_full(it.audit, config->review.audit_bytes_max)) {
            error_set(ret_error, EXIT_TEMPORARY, "the audit trail is full: limits.audit");
            store_abort(&it.txn);
        } else {
            apply(&it, arguments, &answer, ret_error);
            bool is_refused = answer.fate != DATASET_DONE && answer.fate != DATASET_UNCHANGED;
            if (ret_error->is_set || is_refused)
                store_abort(&it.txn);
            if (!ret_error->is_set && (is_refused || end(&it, config, ret_error)))
                say(arguments, &answer, ret_error);
        }
    }
    close_tables(&it);
    return ret_error->is_set ? (int)ret_error->exit_code : EXIT_DONE;
}

int dataset_change(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct api_target target;
    struct error of_api = {0}, of_directory = {0};
    if (!is_asked_rightly(arguments, ret_error))
        return (int)ret_error->exit_code;
    enum status status = remote_connect(arguments, &target, &of_api);
    if (status == STATUS_OK)
        return remote_change(arguments, &target, ret_error);
    if (status != STATUS_BUSY && arguments->endpoint) {
        *ret_error = of_api;
        return (int)of_api.exit_code;
    }
    int exit_code = change_here(arguments, &of_directory);
    bool is_held = of_directory.is_set && of_directory.exit_code == EXIT_TEMPORARY;
    if (is_held && of_api.is_set) /* it says what is missing to ask the holder */
        error_set(ret_error, EXIT_TEMPORARY, "%.500s; %.500s", of_directory.text, of_api.text);
    else if (of_directory.is_set)
        *ret_error = of_directory;
    return exit_code;
}

static void note_export_here(const struct dataset_arguments *arguments, uint64_t version,
                             const uint8_t sha256[32], struct error *ret_error)
{
    struct tables it = {.store = NULL};
    if (open_tables(arguments->pipeline, &it, ret_error)) {
        begin(&it);
        dataset_note_export(it.dataset, &it.txn, version, sha256, &it.by, it.wall_ms);
        (void)end(&it, arguments->pipeline, ret_error);
    }
    close_tables(&it);
}

void change_note_export(const struct dataset_arguments *arguments, uint64_t version,
                        const uint8_t sha256[32])
{
    char hex[2 * SHA256_SIZE + 1] = "";
    struct api_target target;
    struct error error = {0};
    enum status status = remote_connect(arguments, &target, &error);
    hex_encode(hex, sha256, SHA256_SIZE);
    if (status == STATUS_OK)
        remote_note_export(&target, version, hex, &error);
    else if (status == STATUS_BUSY || !arguments->endpoint) {
        error = (struct error){0};
        note_export_here(arguments, version, sha256, &error);
    }
    if (error.is_set)
        fprintf(stderr, "flywheel dataset export: not in the audit trail: %s\n", error.text);
}
