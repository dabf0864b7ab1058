/* A command that may read the data directory signs in as the page does: by a code, for a session. */
#include "processor/command/local_api.h"

#include <stdio.h>
#include <unistd.h>

#include "pipelines/config/value.h"
#include "pipelines/cohorts/report.h"
#include "processor/base/clock.h"
#include "processor/base/json/json.h"

enum { ARENA_BYTES = 1 << 20, ATTEMPTS = 10 };

enum status local_api_target(const struct pipeline_config *config, struct api_target *ret_target,
                             struct error *ret_error)
{
    struct bytes host;
    uint32_t port = 0;
    *ret_target = (struct api_target){.is_tls = config->review.tls_cert_file != NULL};
    if (!config->review.is_present) {
        error_set(ret_error, EXIT_CONFIG,
                  "no pipeline takes results: add `results: {}` to service.pipelines");
        return STATUS_FATAL;
    }
    if (!config_value_split_endpoint(config->review.endpoint, &host, &port) || port == 0) {
        error_set(ret_error, EXIT_CONFIG,
                  "review.http.endpoint takes a free port: the log of the daemon says which");
        return STATUS_FATAL;
    }
    bool is_any =
        host.size == 0 || bytes_equal_text(host, "0.0.0.0") || bytes_equal_text(host, "::");
    snprintf(ret_target->host, sizeof ret_target->host, "%.*s", is_any ? 9 : (int)host.size,
             is_any ? "127.0.0.1" : (const char *)host.data);
    snprintf(ret_target->port, sizeof ret_target->port, "%u", port);
    return STATUS_OK;
}

enum status local_api_code(const struct pipeline_config *config, enum reviewer_role role,
                           char ret_code[CODE_TEXT_SIZE], struct error *ret_error)
{
    struct store *store = NULL;
    uint8_t key[SESSION_KEY_SIZE];
    enum status status = cohort_report_open(config->state.directory, &store, ret_error);
    if (status == STATUS_OK)
        status = session_key_read(store, key, ret_error);
    store_close(store);
    if (status == STATUS_NOT_FOUND)
        error_set(ret_error, EXIT_TEMPORARY,
                  "%s has had no review listener yet: start `flywheel run`",
                  config->state.directory);
    if (status != STATUS_OK)
        return STATUS_FATAL;
    code_make(key, (uint8_t)role, clock_realtime_ms(), ret_code);
    return STATUS_OK;
}

/* The session of an answer to a login; false: there is none. */
static bool take_session(struct bytes answer, char to[API_TOKEN_SIZE])
{
    struct arena arena;
    struct json_reader reader;
    struct json_value body, session;
    arena_init(&arena, ARENA_BYTES);
    bool is_there = json_parse(answer, &arena, &reader, &body) &&
                    json_member(&reader, &body, "session", &session) &&
                    session.type == JSON_STRING && session.text.size < API_TOKEN_SIZE;
    if (is_there) {
        memcpy(to, session.text.data, session.text.size);
        to[session.text.size] = 0;
    }
    arena_finish(&arena);
    return is_there;
}

static enum status sign_in(const struct pipeline_config *config, enum reviewer_role role,
                           struct api_target *target, struct error *ret_error)
{
    char code[CODE_TEXT_SIZE], body[CODE_TEXT_SIZE + 64];
    struct api_reply reply;
    if (config->review.reviewers_file) {
        error_set(ret_error, EXIT_USAGE, "the reviewers are known: say who asks with --token-file");
        return STATUS_FATAL;
    }
    if (local_api_code(config, role, code, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    snprintf(body, sizeof body, "{\"code\":\"%s\",\"name\":\"operator\"}", code);
    struct error nobody = {0};
    bool is_busy = true; /* for a second, when many commands come at once */
    for (int attempt = 1; is_busy; attempt++) {
        if (api_ask(target, "POST", "/api/v1/session", bytes_of_text(body), &reply, &nobody) !=
            STATUS_OK)
            return STATUS_BUSY;
        is_busy = (reply.status == 429 || reply.status == 503) && attempt < ATTEMPTS;
        if (is_busy) {
            buffer_finish(&reply.body);
            sleep(reply.retry_s > 0 ? (unsigned)reply.retry_s : 1);
        }
    }
    bool is_in = reply.status == 200 && take_session(buffer_bytes(&reply.body), target->token);
    buffer_finish(&reply.body);
    if (reply.status == 429 || reply.status == 503)
        error_set(ret_error, EXIT_TEMPORARY, "%s:%s is busy (%u)", target->host, target->port,
                  reply.status);
    else if (!is_in)
        error_set(ret_error, EXIT_PERMISSION, "%s:%s lets us not in (%u): is it the daemon of %s?",
                  target->host, target->port, reply.status, config->state.directory);
    return is_in ? STATUS_OK : STATUS_FATAL;
}

enum status local_api_connect(const struct pipeline_config *config, const char *endpoint,
                              const char *token_file, enum reviewer_role role,
                              struct api_target *ret_target, struct error *ret_error)
{
    struct api_reply reply;
    struct error nobody = {0};
    enum status status = endpoint ? api_target_parse(endpoint, ret_target, ret_error)
                                  : local_api_target(config, ret_target, ret_error);
    if (status != STATUS_OK)
        return status;
    if (!endpoint && config->review.tls_cert_file)
        ret_target->ca_file = config->review.tls_cert_file; /* our own, or what has signed it */
    if (token_file && api_target_read_token(ret_target, token_file, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    if (endpoint)
        return STATUS_OK;
    if (!token_file)
        return sign_in(config, role, ret_target, ret_error);
    if (api_ask(ret_target, "GET", "/api/v1/session", (struct bytes){0}, &reply, &nobody) !=
        STATUS_OK)
        return STATUS_BUSY;
    buffer_finish(&reply.body);
    return STATUS_OK;
}
