/* The members of a row in their order: those that are stamped are written, the others copied from the
 * draft. The digest leaves out what a version is, and when the decision was made. */
#include "processor/review/row_stamp.h"

#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

const char *const row_action_names[ROW_ACTIONS] = {"add", "revise", "retire"};
const char *const row_split_names[ROW_SPLITS] = {"eval", "train", "held"};

struct stamping {
    const struct row_stamp *stamp;
    const uint8_t *sha256; /* NULL: for the digest */
    struct json_writer json;
    struct json_reader reader;
    struct json_value draft;
};

typedef void stamp_fn(struct stamping *it);

static void put_revision(struct stamping *it)
{
    if (it->sha256)
        json_put_uint(&it->json, "row_revision", it->stamp->row_revision);
}

static void put_version(struct stamping *it)
{
    if (!it->sha256)
        return;
    json_put_uint(&it->json, "dataset_version", it->stamp->dataset_version);
    json_put_text(&it->json, "action", row_action_names[it->stamp->action]);
}

static void put_split(struct stamping *it)
{
    json_put_text(&it->json, "split", row_split_names[it->stamp->split]);
    json_put_bool(&it->json, "regression", it->stamp->is_regression);
    if (it->stamp->is_regression)
        json_put_text(&it->json, "severity", it->stamp->is_critical ? "critical" : "warn");
}

static void put_time(struct stamping *it)
{
    struct json_value time, run;
    if (!json_member(&it->reader, &it->draft, "time", &time))
        return;
    json_key(&it->json, "time");
    if (it->sha256) {
        json_raw(&it->json, time.raw);
        return;
    }
    json_object_begin(&it->json);
    if (json_member(&it->reader, &time, "run", &run)) {
        json_key(&it->json, "run");
        json_raw(&it->json, run.raw);
    }
    json_object_end(&it->json);
}

static void put_cluster(struct stamping *it)
{
    json_put_text(&it->json, "cluster", it->stamp->cluster);
    json_put_uint(&it->json, "occurrences", it->stamp->occurrences);
}

static void put_audit(struct stamping *it)
{
    if (!it->sha256)
        return;
    json_key(&it->json, "audit");
    json_object_begin(&it->json);
    json_put_uint(&it->json, "sequence", it->stamp->audit_sequence);
    json_put_hex(&it->json, "hash", it->stamp->audit_hash, SHA256_SIZE);
    json_object_end(&it->json);
    json_put_hex(&it->json, "sha256", it->sha256, SHA256_SIZE);
}

static const struct {
    const char *key;
    stamp_fn *put; /* NULL: copied */
} members[] = {
    {"schema", NULL},
    {"row_id", NULL},
    {"row_revision", put_revision},
    {"dataset", NULL},
    {"dataset_version", put_version},
    {"split", put_split},
    {"source", NULL},
    {"time", put_time},
    {"input", NULL},
    {"contexts", NULL},
    {"history", NULL},
    {"output", NULL},
    {"expected_response", NULL},
    {"expected_kind", NULL},
    {"checks", NULL},
    {"expected_until", NULL},
    {"failure_mode", NULL},
    {"labels", NULL},
    {"verdict", NULL},
    {"machine_verdict", NULL},
    {"reviewer_status", NULL},
    {"reviewers", NULL},
    {"agreement", NULL},
    {"reviewed_by", NULL},
    {"comment", NULL},
    {"cohort", NULL},
    {"route", NULL},
    {"agent", NULL},
    {"evaluations", NULL},
    {"signature", NULL},
    {"cluster", put_cluster},
    {"selection", NULL},
    {"ruleset", NULL},
    {"label_set", NULL},
    {"redaction", NULL},
    {"audit", put_audit},
};

static enum status write(struct bytes draft, const struct row_stamp *stamp, const uint8_t *sha256,
                         struct arena *arena, struct buffer *to)
{
    struct stamping it = {.stamp = stamp, .sha256 = sha256};
    struct json_value found;
    if (!json_parse(draft, arena, &it.reader, &it.draft) || it.draft.type != JSON_OBJECT)
        return STATUS_MALFORMED;
    json_writer_init(&it.json, to);
    json_object_begin(&it.json);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].put) {
            members[i].put(&it);
        } else if (json_member(&it.reader, &it.draft, members[i].key, &found)) {
            json_key(&it.json, members[i].key);
            json_raw(&it.json, found.raw);
        }
    }
    json_object_end(&it.json);
    return to->failed || arena->failed ? STATUS_FATAL : STATUS_OK;
}

enum status row_digest(struct bytes draft, const struct row_stamp *stamp, struct arena *arena,
                       uint8_t ret_sha256[SHA256_SIZE])
{
    struct buffer text = {0};
    enum status status = write(draft, stamp, NULL, arena, &text);
    if (status == STATUS_OK)
        digest_sha256(ret_sha256, buffer_bytes(&text));
    buffer_finish(&text);
    return status;
}

enum status row_stamp(struct bytes draft, const struct row_stamp *stamp,
                      const uint8_t sha256[SHA256_SIZE], struct arena *arena, struct buffer *to)
{
    return write(draft, stamp, sha256, arena, to);
}

void row_write_retired(const char *row_id, struct bytes dataset, const struct row_stamp *stamp,
                       const char *reason, struct buffer *to)
{
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_text(&json, "schema", ROW_SCHEMA_NAME);
    json_put_text(&json, "row_id", row_id);
    json_put_uint(&json, "row_revision", stamp->row_revision);
    json_put_bytes(&json, "dataset", dataset);
    json_put_uint(&json, "dataset_version", stamp->dataset_version);
    json_put_text(&json, "action", row_action_names[ROW_RETIRE]);
    json_put_text(&json, "split", row_split_names[stamp->split]);
    json_put_bool(&json, "regression", stamp->is_regression);
    if (stamp->is_regression)
        json_put_text(&json, "severity", stamp->is_critical ? "critical" : "warn");
    json_put_text(&json, "reason", reason);
    json_key(&json, "audit");
    json_object_begin(&json);
    json_put_uint(&json, "sequence", stamp->audit_sequence);
    json_put_hex(&json, "hash", stamp->audit_hash, SHA256_SIZE);
    json_object_end(&json);
    json_object_end(&json);
}
