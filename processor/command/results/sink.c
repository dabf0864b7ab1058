/* Results go to a listener in arrays; what waits there is waited for. */
#include "processor/command/results/sink.h"

#include <stdio.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/terminal.h"

enum { ARENA_BYTES = 16 << 20, ATTEMPTS = 30 };

/* Waits while the listener says that it is busy. */
static enum status ask(const struct api_target *target, const char *path, struct bytes body,
                       struct api_reply *ret_reply, struct error *ret_error)
{
    for (int attempt = 1;; attempt++) {
        enum status status = api_ask(target, "POST", path, body, ret_reply, ret_error);
        if (status != STATUS_OK)
            return status;
        bool is_busy = ret_reply->status == 429 || ret_reply->status == 503;
        if (!is_busy)
            return STATUS_OK;
        if (attempt == ATTEMPTS) {
            error_set(ret_error, EXIT_TEMPORARY, "%s:%s is busy (%u)", target->host, target->port,
                      ret_reply->status);
            buffer_finish(&ret_reply->body);
            return STATUS_FATAL;
        }
        buffer_finish(&ret_reply->body);
        sleep(ret_reply->retry_s > 0 ? (unsigned)ret_reply->retry_s : 1);
    }
}

static void text_of(const struct json_reader *reader, const struct json_value *object,
                    const char *name, char *to, size_t size)
{
    struct json_value value;
    to[0] = 0;
    if (json_member(reader, object, name, &value) && value.type == JSON_STRING)
        snprintf(to, size, "%.*s", (int)value.text.size, (const char *)value.text.data);
}

static void count_one(const struct json_reader *reader, const struct json_value *answer,
                      uint32_t index, struct results_summary *summary)
{
    char outcome[64], field[96], reason[200];
    text_of(reader, answer, "outcome", outcome, sizeof outcome);
    text_of(reader, answer, "field", field, sizeof field);
    text_of(reader, answer, "error", reason, sizeof reason);
    for (int i = 0; i < RESULT_OUTCOMES; i++)
        if (strcmp(outcome, review_outcome_names[i]) == 0)
            summary->counts[i]++;
    if (reason[0])
        results_summary_refused_at(summary, index, outcome, field, reason);
}

/* Answers stand in the order of the results. */
static bool count_all(struct bytes body, uint32_t count, struct results_summary *summary)
{
    struct arena arena;
    struct json_reader reader, elements;
    struct json_value value, element;
    arena_init(&arena, ARENA_BYTES);
    uint32_t counted = 0;
    if (json_parse(body, &arena, &reader, &value) && value.type == JSON_ARRAY) {
        json_children(&reader, &value, &elements);
        while (counted < count && json_next(&elements, &element) > JSON_END &&
               element.type != JSON_BROKEN)
            count_one(&elements, &element, counted++, summary);
    }
    arena_finish(&arena);
    return counted == count;
}

static enum status refused(const struct api_target *target, struct api_reply *reply,
                           struct error *ret_error)
{
    enum exit_code code =
        reply->status == 401 || reply->status == 403 ? EXIT_PERMISSION : EXIT_TEMPORARY;
    struct arena arena;
    struct json_reader reader;
    struct json_value value;
    char reason[200] = "";
    arena_init(&arena, ARENA_BYTES);
    if (json_parse(buffer_bytes(&reply->body), &arena, &reader, &value))
        text_of(&reader, &value, "error", reason, sizeof reason);
    struct buffer safe = {0};
    terminal_append(&safe, bytes_of_text(reason));
    error_set(ret_error, code, "%s:%s says %u: %.*s", target->host, target->port, reply->status,
              (int)safe.size, safe.data ? (const char *)safe.data : "");
    buffer_finish(&safe);
    arena_finish(&arena);
    buffer_finish(&reply->body);
    return STATUS_FATAL;
}

static enum status post(const struct api_target *target, const struct bytes *results,
                        uint32_t count, struct results_summary *summary, struct error *ret_error)
{
    struct buffer body = {0};
    struct api_reply reply;
    for (uint32_t i = 0; i < count; i++) {
        buffer_append_byte(&body, i == 0 ? '[' : ',');
        buffer_append_bytes(&body, results[i]);
    }
    buffer_append_byte(&body, ']');
    enum status status = ask(target, "/api/v1/results", buffer_bytes(&body), &reply, ret_error);
    buffer_finish(&body);
    if (status != STATUS_OK)
        return status;
    if (reply.status != 200 || !count_all(buffer_bytes(&reply.body), count, summary))
        return refused(target, &reply, ret_error);
    buffer_finish(&reply.body);
    return STATUS_OK;
}

enum status results_sink_give(struct results_sink *sink, const struct bytes *results,
                              uint32_t count, struct results_summary *summary,
                              struct error *ret_error)
{
    return sink->target
               ? post(sink->target, results, count, summary, ret_error)
               : results_directory_give(sink->directory, results, count, summary, ret_error);
}

enum status results_sink_withdraw(struct results_sink *sink, const char *reviewer,
                                  const char *since, uint64_t *ret_count, struct error *ret_error)
{
    struct buffer body = {0};
    struct json_writer writer;
    struct api_reply reply;
    int64_t since_ms = 0;
    if (since && clock_parse_rfc3339(bytes_of_text(since), &since_ms) != STATUS_OK) {
        error_set(ret_error, EXIT_USAGE, "--since is a time, such as 2026-11-23T08:00:00Z");
        return STATUS_FATAL;
    }
    if (!sink->target)
        return results_directory_withdraw(sink->directory, reviewer, since_ms, ret_count,
                                          ret_error);
    json_writer_init(&writer, &body);
    json_object_begin(&writer);
    json_put_text(&writer, "reviewer", reviewer);
    if (since)
        json_put_text(&writer, "since", since);
    json_object_end(&writer);
    enum status status =
        ask(sink->target, "/api/v1/results/withdraw", buffer_bytes(&body), &reply, ret_error);
    buffer_finish(&body);
    if (status != STATUS_OK)
        return status;
    if (reply.status != 200)
        return refused(sink->target, &reply, ret_error);
    buffer_append_byte(&reply.body, 0);
    unsigned long long count = 0;
    if (reply.body.failed ||
        sscanf((const char *)reply.body.data, "{\"withdrawn\":%llu}", &count) != 1)
        return refused(sink->target, &reply, ret_error);
    *ret_count = count;
    buffer_finish(&reply.body);
    return STATUS_OK;
}
