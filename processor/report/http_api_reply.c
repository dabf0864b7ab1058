/* What libmicrohttpd sends for an answer, with what keeps a browser from doing more with it than to
 * show it: what the page may load and whom it may ask is said with each answer, not by the page. */
#include <stdio.h>

#include "processor/base/json/writer.h"
#include "processor/report/http_api_state.h"

static const char *const fixed_headers[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
     "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
};

unsigned http_api_refuse(struct http_api_call *call, unsigned status, const char *reason,
                         const char *field)
{
    struct json_writer writer;
    buffer_clear(&call->to);
    json_writer_init(&writer, &call->to);
    json_object_begin(&writer);
    json_put_text(&writer, "error", reason);
    if (field)
        json_put_text(&writer, "field", field);
    json_object_end(&writer);
    buffer_append_byte(&call->to, '\n');
    call->etag = NULL;
    call->content_type = NULL;
    return status;
}

unsigned http_api_refuse_busy(struct http_api_call *call, const char *reason, int retry_s)
{
    call->retry_s = retry_s;
    return http_api_refuse(call, 503, reason, NULL);
}

static bool add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* What is sent. An abandoned call is still written to by whoever has it:
 * nothing of it is looked at. */
struct reply {
    unsigned status;
    const char *content_type, *etag, *allow;
    int retry_s;
};

static bool add_headers(struct MHD_Response *response, const struct reply *reply, bool is_last)
{
    bool is_good = true;
    char seconds[16];
    for (size_t i = 0; i < sizeof fixed_headers / sizeof fixed_headers[0]; i++)
        is_good &= add(response, fixed_headers[i][0], fixed_headers[i][1]);
    is_good &= add(response, "Cache-Control", reply->etag ? "no-cache" : "no-store");
    if (reply->etag)
        is_good &= add(response, MHD_HTTP_HEADER_ETAG, reply->etag);
    if (reply->status != 204 && reply->status != 304)
        is_good &= add(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                       reply->content_type ? reply->content_type : "application/json");
    if (reply->status == 401)
        is_good &= add(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (reply->status == 405)
        is_good &= add(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
    if (reply->retry_s > 0) {
        snprintf(seconds, sizeof seconds, "%d", reply->retry_s);
        is_good &= add(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (is_last)
        is_good &= add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    return is_good;
}

static bool is_known_to_client(const struct http_api_call *call)
{
    const char *known = call->etag ? MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
                                                                 MHD_HTTP_HEADER_IF_NONE_MATCH)
                                   : NULL;
    return known && call->status == 200 && strstr(known, call->etag);
}

static struct MHD_Response *make_late(struct reply *ret_reply)
{
    static char late[] = "{\"error\":\"no answer in time; send it again\"}\n";
    *ret_reply = (struct reply){.status = 503, .retry_s = 1};
    return MHD_create_response_from_buffer(sizeof late - 1, late, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *make_answer(struct http_api_call *call, struct reply *ret_reply)
{
    if (call->to.failed)
        call->status = http_api_refuse(call, 500, "no memory for the answer", NULL);
    if (is_known_to_client(call)) {
        call->status = 304;
        buffer_clear(&call->to);
    }
    *ret_reply = (struct reply){.status = call->status,
                                .content_type = call->content_type,
                                .etag = call->etag,
                                .allow = call->allow,
                                .retry_s = call->retry_s};
    struct MHD_Response *response = MHD_create_response_from_buffer(
        call->to.size, call->to.data ? (void *)call->to.data : (void *)"",
        call->to.data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response)
        call->to = (struct buffer){0}; /* its own from now on */
    return response;
}

enum MHD_Result http_api_reply(struct http_api_call *call)
{
    struct http_api *api = call->api;
    struct reply reply;
    call->state = API_CALL_REPLYING;
    struct MHD_Response *response =
        call->is_abandoned ? make_late(&reply) : make_answer(call, &reply);
    if (!response)
        return MHD_NO;
    http_place_enter(http_port_place(call->connection), HTTP_REPLY, api->port.now_ms);
    counter_add(&api->answers[reply.status / 100 % 6], 1);
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, &reply, atomic_load(&api->is_stopping)))
        result = MHD_queue_response(call->connection, reply.status, response);
    MHD_destroy_response(response);
    return result;
}
