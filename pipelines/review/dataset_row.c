/* A row goes into a version, leaves it, or waits; each is an entry of the audit trail and a frame
 * for the exporters of rows. */
#include <assert.h>
#include <stdio.h>

#include "pipelines/review/dataset_state.h"
#include "processor/emit/outgoing.h"

static const uint8_t nowhere[CLUSTER_ID_SIZE];

struct bytes dataset_row_content(struct store_txn *txn, const struct row_entry *entry,
                                 struct buffer *to)
{
    struct row_version_head head;
    bool is_waiting = entry->state == ROW_STATE_HELD || entry->state == ROW_STATE_PROPOSED ||
                      entry->state == ROW_STATE_FOLDED;
    if (entry->state == ROW_STATE_RETIRED ||
        !row_version_read(txn, is_waiting ? 0 : entry->version, entry->row_id, &head, to))
        return (struct bytes){0};
    return buffer_bytes(to);
}

/* --- telling --- */

void dataset_row_tell(struct row_change *change, enum audit_action action,
                      struct audit_entry *ret_entry)
{
    char row_id[UUID_TEXT_SIZE], cluster[UUID_TEXT_SIZE], item[32], version[24];
    const struct row_entry *entry = &change->entry;
    struct audit_entry told = *change->actor;
    struct audit_subject *subjects = told.subjects;
    told.sequence = 0;
    told.time_ms = change->wall_ms;
    told.action = action;
    told.subject_count = 0;
    memset(told.content, 0, sizeof told.content);
    row_id_text(row_id, entry->row_id);
    row_id_text(cluster, entry->cluster);
    hex_encode(item, entry->item_id, sizeof entry->item_id);
    snprintf(version, sizeof version, "%llu", (unsigned long long)change->dataset->open.version);
    subjects[told.subject_count++] = (struct audit_subject){"row", bytes_of_text(row_id)};
    subjects[told.subject_count++] = (struct audit_subject){"item", bytes_of(item, sizeof item)};
    subjects[told.subject_count++] = (struct audit_subject){"version", bytes_of_text(version)};
    if (action == AUDIT_SPLIT_ASSIGNED) {
        subjects[told.subject_count++] = (struct audit_subject){"cluster", bytes_of_text(cluster)};
        subjects[told.subject_count++] =
            (struct audit_subject){"split", bytes_of_text(row_split_names[entry->split])};
    } else if (action == AUDIT_ROW_SEVERITY) {
        subjects[told.subject_count++] = (struct audit_subject){
            "severity", bytes_of_text(entry->is_critical ? "critical" : "warn")};
    } else if (action == AUDIT_ROW_ADDED || action == AUDIT_ROW_REVISED) {
        if (entry->revision_id.size > 0)
            subjects[told.subject_count++] = (struct audit_subject){"record", entry->revision_id};
        digest_sha256_two(told.content, bytes_of(entry->salt, sizeof entry->salt),
                          bytes_of(entry->sha256, sizeof entry->sha256));
    }
    audit_append(change->dataset->audit, change->txn, &told);
    change->entry.audit_sequence = told.sequence;
    *ret_entry = told;
}

static void append(struct row_change *change, const struct outgoing *record, uint32_t exporters)
{
    struct dataset *dataset = change->dataset;
    struct buffer frame = {0};
    uint64_t sequence = outbox_next_sequence(dataset->outbox);
    if (exporters == 0)
        return;
    outgoing_encode(record, &frame);
    if (frame.failed)
        store_fail(change->txn, STATUS_FATAL, "out of memory");
    for (uint8_t exporter = 0; exporter < OUTBOX_EXPORTERS_MAX; exporter++)
        if (exporters >> exporter & 1)
            outbox_append(dataset->outbox, change->txn, exporter, sequence, change->wall_ms,
                          buffer_bytes(&frame));
    dataset->open.has_news = true;
    buffer_finish(&frame);
}

static void send(struct row_change *change, struct bytes json)
{
    char row_id[UUID_TEXT_SIZE];
    row_id_text(row_id, change->entry.row_id);
    const struct outgoing record = {
        .key = bytes_of_text(row_id),
        .payload = json,
        .header_count = 3,
        .headers = {{"schema", BYTES_LITERAL(ROW_SCHEMA_NAME)},
                    {"content-type", BYTES_LITERAL("application/json")},
                    {"record_id", bytes_of_text(row_id)}},
    };
    append(change, &record, change->settings->exporters);
}

void dataset_row_send_null(struct row_change *change)
{
    char row_id[UUID_TEXT_SIZE];
    row_id_text(row_id, change->entry.row_id);
    const struct outgoing record = {.key = bytes_of_text(row_id),
                                    .header_count = 1,
                                    .headers = {{"record_id", bytes_of_text(row_id)}}};
    append(change, &record, change->settings->topics);
}

/* --- the ways of a row --- */

static void count(struct row_change *change, const struct row_entry *entry, int64_t by)
{
    enum row_split split = entry->state == ROW_STATE_HELD ? SPLIT_HELD : entry->split;
    if (entry->state == ROW_STATE_LIVE || entry->state == ROW_STATE_HELD)
        change->dataset->open.rows[split][entry->is_regression] += by;
}

/* Counts and members follow from what it was to what it is; and it is written. */
static void settle(struct row_change *change)
{
    struct row_entry *before = &change->before, *entry = &change->entry;
    dataset_touch(change->dataset, change->txn);
    count(change, before, -1);
    count(change, entry, 1);
    if (change->was_live)
        cluster_delete_member(change->txn, before->cluster, before->failure_mode,
                              before->first_version, before->row_id);
    if (entry->state == ROW_STATE_LIVE)
        cluster_put_member(change->txn, entry->cluster, entry->failure_mode, entry->first_version,
                           entry->row_id);
    entry->changed_ms = change->wall_ms;
    row_entry_write(change->txn, entry);
    change->before = *entry;
    change->was_live = entry->state == ROW_STATE_LIVE;
}

static void forget_draft(struct row_change *change)
{
    int64_t bytes = row_version_delete(change->txn, 0, change->entry.row_id);
    if (bytes > 0)
        dataset_count_bytes(change->dataset, change->txn, -bytes);
}

static struct row_stamp stamp_of(const struct row_entry *entry, enum row_action action,
                                 const char *cluster)
{
    return (struct row_stamp){.row_revision = entry->revision,
                              .occurrences = entry->occurrences,
                              .dataset_version = entry->version,
                              .action = action,
                              .split = entry->split,
                              .is_regression = entry->is_regression,
                              .is_critical = entry->is_critical,
                              .cluster = cluster};
}

static void write_version(struct row_change *change, enum row_action action, struct bytes json)
{
    const struct row_entry *entry = &change->entry;
    struct row_version_head head = {.version = entry->version,
                                    .action = (uint8_t)action,
                                    .split = entry->split,
                                    .is_regression = entry->is_regression,
                                    .revision = entry->revision};
    memcpy(head.row_id, entry->row_id, sizeof head.row_id);
    memcpy(head.sha256, entry->sha256, sizeof head.sha256);
    dataset_count_bytes(change->dataset, change->txn, row_version_write(change->txn, &head, json));
}

static bool is_said_already(const struct row_change *change, const uint8_t sha256[SHA256_SIZE])
{
    return change->was_live && memcmp(sha256, change->before.sha256, SHA256_SIZE) == 0;
}

void dataset_row_publish(struct row_change *change)
{
    struct row_entry *entry = &change->entry;
    struct audit_entry told;
    struct buffer json = {0};
    char cluster[UUID_TEXT_SIZE];
    uint8_t sha256[SHA256_SIZE];
    enum row_action action = change->was_live ? ROW_REVISE : ROW_ADD;
    row_id_text(cluster, entry->cluster);
    entry->state = ROW_STATE_LIVE;
    entry->reason = (struct bytes){0};
    struct row_stamp stamp = stamp_of(entry, action, cluster);
    enum status status = row_digest(change->draft, &stamp, &change->dataset->arena, sha256);
    if (status == STATUS_OK && is_said_already(change, sha256))
        return;
    memcpy(entry->sha256, sha256, sizeof sha256);
    entry->revision++;
    entry->version = dataset_next_version(change->dataset, change->txn);
    entry->first_version = entry->first_version ? entry->first_version : entry->version;
    dataset_row_tell(change, action == ROW_ADD ? AUDIT_ROW_ADDED : AUDIT_ROW_REVISED, &told);
    stamp = stamp_of(entry, action, cluster);
    stamp.audit_sequence = told.sequence;
    stamp.audit_hash = told.hash;
    if (status == STATUS_OK)
        status = row_stamp(change->draft, &stamp, sha256, &change->dataset->arena, &json);
    if (status != STATUS_OK)
        store_fail(change->txn, STATUS_FATAL, "a row can't be written");
    forget_draft(change);
    write_version(change, action, buffer_bytes(&json));
    send(change, buffer_bytes(&json));
    uint64_t sequence = told.sequence;
    if (entry->is_critical != (change->was_live && change->before.is_critical))
        dataset_row_tell(change, AUDIT_ROW_SEVERITY, &told);
    entry->audit_sequence = sequence;
    settle(change);
    buffer_finish(&json);
}

void dataset_row_retire(struct row_change *change, const char *reason)
{
    struct row_entry *entry = &change->entry;
    struct audit_entry told;
    struct buffer json = {0};
    char row_id[UUID_TEXT_SIZE];
    assert(change->was_live);
    const struct row_entry wanted = *entry;
    *entry = change->before; /* it leaves as it was, not as it would have become */
    entry->is_erased = wanted.is_erased;
    entry->state = ROW_STATE_RETIRED;
    entry->reason = bytes_of_text(reason);
    entry->revision++;
    entry->version = dataset_next_version(change->dataset, change->txn);
    dataset_row_tell(change, AUDIT_ROW_RETIRED, &told);
    struct row_stamp stamp = stamp_of(entry, ROW_RETIRE, "");
    stamp.audit_sequence = told.sequence;
    stamp.audit_hash = told.hash;
    row_id_text(row_id, entry->row_id);
    row_write_retired(row_id, change->settings->name, &stamp, reason, &json);
    if (json.failed)
        store_fail(change->txn, STATUS_FATAL, "out of memory");
    write_version(change, ROW_RETIRE, buffer_bytes(&json));
    send(change, buffer_bytes(&json));
    settle(change);
    entry->is_regression = wanted.is_regression;
    entry->is_critical = wanted.is_critical;
    entry->failure_mode = wanted.failure_mode;
    buffer_finish(&json);
}

void dataset_row_keep(struct row_change *change, enum row_state state, const char *reason)
{
    struct row_entry *entry = &change->entry;
    forget_draft(change);
    entry->state = state;
    entry->reason = bytes_of_text(reason);
    if (state != ROW_STATE_RETIRED && change->draft.data) {
        struct row_version_head head = {.version = 0, .split = SPLIT_HELD};
        memcpy(head.row_id, entry->row_id, sizeof head.row_id);
        dataset_count_bytes(change->dataset, change->txn,
                            row_version_write(change->txn, &head, change->draft));
    }
    settle(change);
}

/* --- too many of one kind --- */

/* The oldest counts `by` more. */
static void count_occurrence(struct row_change *change, const uint8_t row_id[16], int by)
{
    struct row_change other = {.dataset = change->dataset,
                               .txn = change->txn,
                               .settings = change->settings,
                               .actor = change->actor,
                               .wall_ms = change->wall_ms};
    struct buffer json = {0};
    if (!row_entry_read(change->txn, row_id, &other.entry))
        return;
    struct arena *arena = &change->dataset->arena;
    other.entry.failure_mode = arena_copy(arena, other.entry.failure_mode);
    other.entry.reason = arena_copy(arena, other.entry.reason);
    other.entry.revision_id = arena_copy(arena, other.entry.revision_id);
    other.before = other.entry;
    other.was_live = other.entry.state == ROW_STATE_LIVE;
    other.entry.occurrences += (uint32_t)by;
    other.draft = dataset_row_content(change->txn, &other.entry, &json);
    if (other.was_live && other.draft.data)
        dataset_row_publish(&other);
    else
        row_entry_write(change->txn, &other.entry);
    buffer_finish(&json);
}

bool dataset_row_folds(struct row_change *change)
{
    struct row_entry *entry = &change->entry;
    uint8_t oldest[ROW_ID_SIZE];
    uint32_t most = change->settings->cluster_rows_max;
    if (most == 0 ||
        cluster_members(change->txn, entry->cluster, entry->failure_mode, oldest) < most)
        return false;
    count_occurrence(change, oldest, 1);
    memcpy(entry->folded_into, oldest, sizeof oldest);
    dataset_row_keep(change, ROW_STATE_FOLDED, "");
    return true;
}

void dataset_row_unfold(struct row_change *change)
{
    if (change->before.state != ROW_STATE_FOLDED)
        return;
    count_occurrence(change, change->entry.folded_into, -1);
    memcpy(change->entry.folded_into, nowhere, sizeof nowhere);
}
