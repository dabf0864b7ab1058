/* The way of one request; its chart is in http_api_state.h. libmicrohttpd calls http_api_serve() when
 * the head is there, for each piece of the body, and when the body is complete; a reply can be given at
 * the first of these and at the last, not in between. A reply at the first ends the connection, and a
 * sender in the middle of its body may then meet a reset before it reads the reply; so a short rest of
 * a refused body is read and dropped. */
#include <assert.h>
#include <stdlib.h>

#include "processor/report/http_api_state.h"

enum { DISCARDED_MAX = 2 * HTTP_BODY_BYTES_MAX };

/* --- what a handler sees --- */

struct bytes http_api_id(const struct http_api_call *call)
{
    return bytes_of_text(call->id);
}

struct bytes http_api_body(const struct http_api_call *call)
{
    return buffer_bytes(&call->body);
}

struct bytes http_api_authorization(const struct http_api_call *call)
{
    return bytes_of_text(MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_AUTHORIZATION));
}

const struct http_caller *http_api_caller(const struct http_api_call *call)
{
    return call->caller.key != 0 ? &call->caller : NULL;
}

const struct http_query *http_api_query(const struct http_api_call *call)
{
    return &call->query;
}

struct buffer *http_api_body_to(struct http_api_call *call)
{
    return &call->to;
}

void http_api_set_type(struct http_api_call *call, const char *content_type)
{
    call->content_type = content_type;
}

void http_api_set_etag(struct http_api_call *call, const char *etag)
{
    call->etag = etag;
}

bool http_api_is_crowded(const struct http_api_call *call)
{
    return call->api->waiting > call->api->config.max_waiting; /* it is counted itself */
}

/* --- calls --- */

static struct http_api_call *take_call(struct http_api *api)
{
    struct http_api_call *call = api->free_calls;
    if (call) {
        api->free_calls = call->next;
    } else {
        if (api->call_count == api->calls_max || !(call = calloc(1, sizeof *call)))
            return NULL;
        api->calls[api->call_count++] = call;
    }
    *call = (struct http_api_call){.api = api, .state = API_CALL_RECEIVING};
    return call;
}

static void give_back(struct http_api_call *call)
{
    buffer_finish(&call->body);
    buffer_finish(&call->to);
    call->state = API_CALL_FREE;
    call->next = call->api->free_calls;
    call->api->free_calls = call;
}

void http_api_free_calls(struct http_api *api)
{
    for (uint32_t i = 0; i < api->call_count; i++) {
        buffer_finish(&api->calls[i]->body);
        buffer_finish(&api->calls[i]->to);
        free(api->calls[i]);
    }
    free(api->calls);
}

void *http_api_begins(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http_api *api = context;
    (void)uri;
    http_place_enter(http_port_place(connection), HTTP_REQUEST, api->port.now_ms);
    return NULL;
}

void http_api_completed(void *context, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode how)
{
    struct http_api *api = context;
    struct http_api_call *call = *state;
    (void)how;
    http_place_enter(http_port_place(connection), HTTP_IDLE, api->port.now_ms);
    if (!call)
        return;
    *state = NULL;
    api->live--;
    call->connection = NULL;
    if (!call->is_handed_out)
        give_back(call);
}

/* --- answers that come later --- */

void http_api_answer(struct http_api_call *call, unsigned status)
{
    struct http_api *api = call->api;
    call->status = status;
    struct http_api_call *first = atomic_load_explicit(&api->answered, memory_order_relaxed);
    do
        call->next = first;
    while (!atomic_compare_exchange_weak(&api->answered, &first, call));
    if (!first) /* whoever pushed that one has woken the thread */
        http_port_wake(&api->port);
}

void http_api_take_answers(struct http_api *api)
{
    struct http_api_call *call = atomic_exchange(&api->answered, NULL);
    while (call) {
        struct http_api_call *next = call->next;
        assert(call->is_handed_out);
        call->is_handed_out = false;
        api->waiting--;
        if (!call->connection) {
            give_back(call);
        } else if (call->state == API_CALL_WAITING) {
            call->state = API_CALL_REPLYING;
            MHD_resume_connection(call->connection);
        } /* else abandoned, and its reply under way */
        call = next;
    }
}

void http_api_abandon(struct http_api *api, int64_t since_ms, enum http_refused why)
{
    for (uint32_t i = 0; i < api->call_count; i++) {
        struct http_api_call *call = api->calls[i];
        if (call->state != API_CALL_WAITING || call->waiting_since_ms > since_ms)
            continue;
        http_api_count(api, why);
        call->is_abandoned = true;
        call->state = API_CALL_REPLYING;
        MHD_resume_connection(call->connection);
    }
}

/* --- the request --- */

static void refuse(struct http_api_call *call, enum http_refused why, unsigned status,
                   const char *text)
{
    http_api_count(call->api, why);
    buffer_finish(&call->body);
    call->status = http_api_refuse(call, status, text, NULL);
    call->state = API_CALL_DISCARDING;
}

/* A piece of the body. MHD_NO cuts the connection: that is all there is against a body without a
 * stated length that does not end. */
static enum MHD_Result take_piece(struct http_api_call *call, const char *piece, size_t size)
{
    if (call->state == API_CALL_DISCARDING) {
        call->discarded += size;
        return call->discarded > DISCARDED_MAX ? MHD_NO : MHD_YES;
    }
    uint32_t most = call->route->body_max ? call->route->body_max : HTTP_BODY_BYTES_MAX;
    if (size > most - call->body.size)
        refuse(call, REFUSED_SIZE, 413, "the body is larger than the limit");
    else
        buffer_append(&call->body, piece, size);
    return MHD_YES;
}

static enum MHD_Result body_complete(struct http_api_call *call)
{
    struct http_api *api = call->api;
    if (call->body.failed) {
        refuse(call, REFUSED_BUSY, 503, "no memory for the request now");
        return http_api_reply(call);
    }
    if (api->waiting >= api->config.max_waiting && call->route->method != HTTP_GET) {
        call->retry_s = 1;
        refuse(call, REFUSED_BUSY, 503, "too many requests wait; send it again");
        return http_api_reply(call);
    }
    call->is_handed_out =
        true; /* before the handler: it may be answered at once, by another thread */
    api->waiting++;
    unsigned status = call->route->handle(api->config.context, call);
    if (status == HTTP_LATER) {
        call->state = API_CALL_WAITING;
        call->waiting_since_ms = api->port.now_ms;
        http_place_enter(http_port_place(call->connection), HTTP_WAITING, api->port.now_ms);
        MHD_suspend_connection(call->connection);
        return MHD_YES;
    }
    call->is_handed_out = false;
    api->waiting--;
    call->status = status;
    return http_api_reply(call);
}

static enum MHD_Result head_arrived(struct http_api *api, struct MHD_Connection *connection,
                                    const char *target, const char *method, const char *version,
                                    void **state)
{
    struct http_api_call *call = take_call(api);
    if (!call)
        return MHD_NO;
    *state = call;
    api->live++;
    call->connection = connection;
    if (http_api_admit(call, target, method, version))
        return MHD_YES;
    call->state = API_CALL_DISCARDING;
    bool is_framed = call->status != MHD_HTTP_BAD_REQUEST;
    return is_framed && !call->waits_for_100 && call->length <= DISCARDED_MAX
               ? MHD_YES
               : http_api_reply(call);
}

enum MHD_Result http_api_serve(void *context, struct MHD_Connection *connection, const char *target,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_size, void **state)
{
    struct http_api_call *call = *state;
    if (!call)
        return head_arrived(context, connection, target, method, version, state);
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return take_piece(call, upload, size);
    }
    return call->state == API_CALL_RECEIVING ? body_complete(call) : http_api_reply(call);
}
