/* What persons change of the dataset: each route is a row that says which texts its body has; the change
 * itself is pipelines/review/dataset_changes, in the writer's transaction. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/dataset_changes.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "state/tables/reviewer.h"

enum { TEXT_SIZE = 512, ARENA_BYTES = 64 * 1024 };

struct change {
    struct review_call call; /* first: the call is the change */
    struct http_api_call *http;
    struct http_caller caller;
    const struct pipeline_config *config;
    void (*apply)(struct change *change, struct dataset *dataset, struct store_txn *txn,
                  const struct audit_entry *actor, int64_t wall_ms);
    enum erase_subject subject;
    uint64_t version;
    char text[TEXT_SIZE];
    struct dataset_answer answer;
};

/* --- in the transaction --- */

static void apply_tag(struct change *change, struct dataset *dataset, struct store_txn *txn,
                      const struct audit_entry *actor, int64_t wall_ms)
{
    dataset_tag(dataset, txn, bytes_of_text(change->text), change->version, actor, wall_ms,
                &change->answer);
}

static void apply_promote(struct change *change, struct dataset *dataset, struct store_txn *txn,
                          const struct audit_entry *actor, int64_t wall_ms)
{
    dataset_promote(dataset, txn, &change->config->dataset, bytes_of_text(change->text), actor,
                    wall_ms, &change->answer);
}

static void apply_retire(struct change *change, struct dataset *dataset, struct store_txn *txn,
                         const struct audit_entry *actor, int64_t wall_ms)
{
    dataset_retire(dataset, txn, &change->config->dataset, bytes_of_text(change->text), actor,
                   wall_ms, &change->answer);
}

static void apply_erase(struct change *change, struct dataset *dataset, struct store_txn *txn,
                        const struct audit_entry *actor, int64_t wall_ms)
{
    dataset_erase(dataset, txn, &change->config->dataset, change->subject,
                  bytes_of_text(change->text), actor, wall_ms, &change->answer);
}

static void apply_exported(struct change *change, struct dataset *dataset, struct store_txn *txn,
                           const struct audit_entry *actor, int64_t wall_ms)
{
    uint8_t sha256[SHA256_SIZE];
    change->answer = (struct dataset_answer){.fate = DATASET_DONE, .version = change->version};
    if (strlen(change->text) != 2 * SHA256_SIZE || !hex_decode(sha256, change->text, SHA256_SIZE))
        change->answer = (struct dataset_answer){.fate = DATASET_MALFORMED,
                                                 .reason = "sha256 is 64 hexadecimal digits"};
    else if (change->version == 0 || change->version > dataset_version(dataset))
        change->answer =
            (struct dataset_answer){.fate = DATASET_UNKNOWN, .reason = "there is no such version"};
    else
        dataset_note_export(dataset, txn, change->version, sha256, actor, wall_ms);
}

static void run(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms)
{
    struct change *change = (struct change *)call;
    char actor_id[REVIEWER_ACTOR_SIZE];
    reviewer_actor(txn, bytes_of_text(change->caller.name), wall_ms, actor_id);
    const struct audit_entry actor = {
        .time_ms = wall_ms,
        .actor = bytes_of_text(actor_id),
        .role = bytes_of_text(reviewer_role_names[change->caller.role]),
        .trust = change->caller.kind == TRUST_AUTHENTICATED ? AUDIT_AUTHENTICATED : AUDIT_DECLARED,
    };
    if (audit_is_full(review_audit_trail(review), change->config->review.audit_bytes_max)) {
        change->answer =
            (struct dataset_answer){.fate = DATASET_FULL, .reason = "the audit trail is full"};
        return;
    }
    change->apply(change, review_dataset(review), txn, &actor, wall_ms);
}

static void write_answer(struct json_writer *to, const struct dataset_answer *answer,
                         bool is_erasure)
{
    json_object_begin(to);
    if (dataset_fate_status(answer->fate) >= 400)
        json_put_text(to, "error", answer->reason[0] ? answer->reason : "refused");
    json_put_uint(to, "version", answer->version);
    if (answer->row_id[0])
        json_put_text(to, "row_id", answer->row_id);
    json_put_bool(to, "changed", answer->fate == DATASET_DONE);
    if (is_erasure && dataset_fate_status(answer->fate) < 400) {
        json_put_uint(to, "rows", answer->rows);
        json_put_uint(to, "records", answer->records);
        json_put_bool(to, "erased_pending_compact", answer->is_pending_compact);
    }
    json_object_end(to);
}

static void done(struct review_call *call, enum status status)
{
    struct change *change = (struct change *)call;
    struct http_api_call *http = change->http;
    struct json_writer to;
    unsigned code = 0;
    if (status != STATUS_OK) {
        code = review_api_refuse_unstored(http);
    } else {
        code = dataset_fate_status(change->answer.fate);
        json_writer_init(&to, http_api_body_to(http));
        write_answer(&to, &change->answer, change->apply == apply_erase);
    }
    free(change);
    http_api_answer(http, code);
}

/* --- the body --- */

/* The text member `name` of the body; false: it is not there, or is too long. */
static bool take_text(const struct json_reader *reader, const struct json_value *body,
                      const char *name, char to[TEXT_SIZE])
{
    struct json_value value;
    if (!json_member(reader, body, name, &value) || value.type != JSON_STRING ||
        value.text.size == 0 || value.text.size >= TEXT_SIZE ||
        memchr(value.text.data, 0, value.text.size))
        return false;
    memcpy(to, value.text.data, value.text.size);
    to[value.text.size] = 0;
    return true;
}

static const char *const erase_members[] = {
    [ERASE_TRACE] = "trace_id",
    [ERASE_CONVERSATION] = "conversation_id",
    [ERASE_REVIEWER] = "reviewer",
};

/* NULL: read. Else the member that is wanted. */
static const char *read_body(struct change *change, const struct json_reader *reader,
                             const struct json_value *body)
{
    if (change->apply == apply_erase) {
        for (size_t i = 0; i < sizeof erase_members / sizeof erase_members[0]; i++) {
            change->subject = (enum erase_subject)i;
            if (take_text(reader, body, erase_members[i], change->text))
                return NULL;
        }
        return erase_members[ERASE_TRACE];
    }
    if (change->apply != apply_tag && change->apply != apply_exported)
        return take_text(reader, body, "row_id", change->text) ? NULL : "row_id";
    const char *name = change->apply == apply_tag ? "tag" : "sha256";
    struct json_value version;
    if (json_member(reader, body, "version", &version)) {
        if (version.type != JSON_NUMBER || version.number < 0 || version.number > 1e15)
            return "version";
        change->version = (uint64_t)version.number;
    }
    return take_text(reader, body, name, change->text) ? NULL : name;
}

static unsigned submit(struct review_api *review, struct http_api_call *call,
                       void (*apply)(struct change *change, struct dataset *dataset,
                                     struct store_txn *txn, const struct audit_entry *actor,
                                     int64_t wall_ms))
{
    struct arena arena;
    struct json_reader reader;
    struct json_value body;
    const char *wanted = "";
    struct change *change = calloc(1, sizeof *change);
    if (!change)
        return review_api_refuse_memory(call);
    *change = (struct change){.call = {run, done, sizeof *change, NULL},
                              .http = call,
                              .caller = *http_api_caller(call),
                              .config = review->config,
                              .apply = apply};
    arena_init(&arena, ARENA_BYTES);
    if (json_parse(http_api_body(call), &arena, &reader, &body) && !reader.broken &&
        !reader.truncated)
        wanted = read_body(change, &reader, &body);
    arena_finish(&arena);
    unsigned status = 0;
    if (wanted)
        status = review_api_malformed(call, "the body lacks what the route wants", wanted);
    else if (runtime_review_call(review->runtime, &change->call) != STATUS_OK)
        status = http_api_refuse_busy(call, "too much waits; send it again", 1);
    if (status == 0)
        return HTTP_LATER;
    free(change);
    return status;
}

unsigned review_api_tag(void *context, struct http_api_call *call)
{
    return submit(context, call, apply_tag);
}

unsigned review_api_promote(void *context, struct http_api_call *call)
{
    return submit(context, call, apply_promote);
}

unsigned review_api_retire(void *context, struct http_api_call *call)
{
    return submit(context, call, apply_retire);
}

unsigned review_api_erase(void *context, struct http_api_call *call)
{
    return submit(context, call, apply_erase);
}

unsigned review_api_exported(void *context, struct http_api_call *call)
{
    return submit(context, call, apply_exported);
}
