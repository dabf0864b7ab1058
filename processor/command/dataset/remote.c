/* POST /api/v1/dataset/ACTION; a refusal is its sentence. */
#include "processor/command/dataset/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/terminal.h"
#include "processor/command/local_api.h"

enum { PATH_SIZE = 64, ARENA_BYTES_MAX = 1 << 20, REASON_BYTES_MAX = 300 };

enum status remote_connect(const struct dataset_arguments *arguments, struct api_target *ret_target,
                           struct error *ret_error)
{
    bool is_erasure = strcmp(arguments->action, "erase") == 0;
    return local_api_connect(arguments->pipeline, arguments->endpoint, arguments->token_file,
                             is_erasure ? ROLE_ADMIN : ROLE_ADJUDICATOR, ret_target, ret_error);
}

/* A tag's version is a number here; the name of another tag is looked up in the store beside us. */
static bool version_of(const struct dataset_arguments *arguments, uint64_t *ret_version,
                       struct error *ret_error)
{
    char *end;
    const char *text = arguments->operands[0];
    *ret_version = strtoull(text + (text[0] == 'v'), &end, 10);
    if (*end == 0 && *ret_version > 0)
        return true;
    struct store *store = NULL;
    bool is_read = dataset_store_open(arguments, &store, ret_error) == STATUS_OK &&
                   dataset_read_version(store, bytes_of_text(text), ret_version, ret_error);
    store_close(store);
    return is_read;
}

static void write_body(const struct dataset_arguments *arguments, uint64_t version,
                       struct buffer *to)
{
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    if (strcmp(arguments->action, "tag") == 0) {
        json_put_text(&json, "tag", arguments->operands[1]);
        json_put_uint(&json, "version", version);
    } else if (strcmp(arguments->action, "erase") != 0) {
        json_put_text(&json, "row_id", arguments->operands[0]);
    } else if (arguments->trace) {
        json_put_text(&json, "trace_id", arguments->trace);
    } else if (arguments->conversation) {
        json_put_text(&json, "conversation_id", arguments->conversation);
    } else {
        json_put_text(&json, "reviewer", arguments->reviewer);
    }
    json_object_end(&json);
}

static void refuse(const struct api_reply *reply, struct bytes reason, struct error *ret_error)
{
    struct buffer safe = {0};
    enum exit_code code = reply->status == 422                           ? EXIT_USAGE
                          : reply->status == 401 || reply->status == 403 ? EXIT_PERMISSION
                          : reply->status >= 500 || reply->status == 429 ? EXIT_TEMPORARY
                                                                         : EXIT_GATE_FAILED;
    terminal_append(&safe, reason.size < REASON_BYTES_MAX ? reason : bytes_of("", 0));
    error_set(ret_error, code, "%u: %.*s", reply->status, (int)safe.size,
              safe.data ? (const char *)safe.data : "");
    buffer_finish(&safe);
}

static void refuse_as_said(const struct api_reply *reply, struct error *ret_error)
{
    struct arena arena;
    struct json_reader reader;
    struct json_value object, reason;
    arena_init(&arena, ARENA_BYTES_MAX);
    bool is_said = json_parse(buffer_bytes(&reply->body), &arena, &reader, &object) &&
                   object.type == JSON_OBJECT && json_member(&reader, &object, "error", &reason);
    refuse(reply, is_said ? reason.text : bytes_of_text("the answer is not understood"), ret_error);
    arena_finish(&arena);
}

static double number_of(const struct json_reader *reader, const struct json_value *object,
                        const char *name)
{
    struct json_value found;
    return json_member(reader, object, name, &found) ? found.number : 0;
}

static void say(const struct api_reply *reply, struct error *ret_error)
{
    struct arena arena;
    struct json_reader reader;
    struct json_value object, changed, row;
    if (reply->status >= 400) {
        refuse_as_said(reply, ret_error);
        return;
    }
    arena_init(&arena, ARENA_BYTES_MAX);
    bool is_read = json_parse(buffer_bytes(&reply->body), &arena, &reader, &object) &&
                   object.type == JSON_OBJECT;
    if (!is_read) {
        refuse(reply, bytes_of_text("the answer is not understood"), ret_error);
    } else {
        bool is_new = json_member(&reader, &object, "changed", &changed) && changed.boolean;
        bool has_row = json_member(&reader, &object, "row_id", &row) && row.text.size == 36;
        printf("%sversion %.0f%s%.*s\n",
               is_new ? "" : "unchanged: ", number_of(&reader, &object, "version"),
               has_row ? ", row " : "", has_row ? (int)row.text.size : 0,
               has_row ? (const char *)row.text.data : "");
        if (json_member(&reader, &object, "erased_pending_compact", &row))
            dataset_say_erased((uint32_t)number_of(&reader, &object, "rows"),
                               (uint32_t)number_of(&reader, &object, "records"));
    }
    arena_finish(&arena);
}

int remote_change(const struct dataset_arguments *arguments, const struct api_target *target,
                  struct error *ret_error)
{
    char path[PATH_SIZE];
    struct buffer body = {0};
    struct api_reply reply = {.status = 0};
    uint64_t version = 0;
    if (strcmp(arguments->action, "tag") == 0 && !version_of(arguments, &version, ret_error))
        return (int)ret_error->exit_code;
    write_body(arguments, version, &body);
    snprintf(path, sizeof path, "/api/v1/dataset/%s", arguments->action);
    if (api_ask(target, "POST", path, buffer_bytes(&body), &reply, ret_error) == STATUS_OK)
        say(&reply, ret_error);
    buffer_finish(&body);
    buffer_finish(&reply.body);
    return ret_error->is_set ? (int)ret_error->exit_code : EXIT_DONE;
}

void remote_note_export(const struct api_target *target, uint64_t version, const char *sha256,
                        struct error *ret_error)
{
    struct buffer body = {0};
    struct api_reply reply = {.status = 0};
    struct json_writer json;
    json_writer_init(&json, &body);
    json_object_begin(&json);
    json_put_uint(&json, "version", version);
    json_put_text(&json, "sha256", sha256);
    json_object_end(&json);
    if (api_ask(target, "POST", "/api/v1/dataset/exported", buffer_bytes(&body), &reply,
                ret_error) == STATUS_OK &&
        reply.status >= 400)
        refuse_as_said(&reply, ret_error);
    buffer_finish(&body);
    buffer_finish(&reply.body);
}
