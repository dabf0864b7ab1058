/* The work on one request, see the chart in the header. libmicrohttpd calls serve() when the head
 * is there, for each piece of the body, and when the body is complete; a reply can be given at the
 * first of these and at the last, not in between. A reply at the first ends the connection, and a
 * sender in the middle of its body then meets a reset and may never see the reply, and so repeats
 * for ever what was refused for good. So the body of a refused request is read and dropped, unless
 * it is very long, or its sender has shown no token, or waits to be told to go on. */
#include "processor/receive/http/call.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/log.h"
#include "processor/net/http_head.h"
#include "processor/receive/accept.h"
#include "processor/receive/http/hold.h"
#include "processor/receive/http/letter.h"
#include "processor/receive/http/response.h"

enum {
    STRANGER_BYTES_MAX = 256 * 1024, /* dropped of a body whose sender has shown no token */
    DISCARD_TIMES_MAX = 2,           /* dropped of others, in max_message_bytes */
    RESERVE_BYTES_MAX = 256 * 1024,  /* for a length that is only announced yet */
    RESUMED_AT_ONCE = 16             /* bodies that begin to arrive in one turn after a wait */
};

/* --- calls --- */

static enum MHD_Result reply(struct http_call *call)
{
    call->state = CALL_REPLYING;
    return http_response_send(call->receiver, call->connection, call->plan.media, &call->reply,
                              &call->response);
}

static struct http_call *take_call(struct http_receiver *receiver)
{
    struct http_call *call = receiver->free_calls;
    if (call) {
        receiver->free_calls = call->next;
    } else {
        if (receiver->call_count == receiver->calls_max)
            return NULL;
        call = calloc(1, sizeof *call);
        if (!call)
            return NULL;
        receiver->calls[receiver->call_count++] = call;
    }
    *call = (struct http_call){.receiver = receiver};
    return call;
}

static void give_back(struct http_call *call)
{
    struct http_receiver *receiver = call->receiver;
    assert(!call->request && call->counted == 0);
    buffer_finish(&call->response);
    call->state = CALL_FREE;
    call->next = receiver->free_calls;
    receiver->free_calls = call;
}

static void set_receiving(struct http_receiver *receiver, size_t bytes)
{
    receiver->receiving_bytes = bytes;
    counter_set(&receiver->limits->receiving_bytes, bytes);
}

/* The body is not arriving any more. The request stays. */
static void uncount(struct http_call *call)
{
    set_receiving(call->receiver, call->receiver->receiving_bytes - call->counted);
    call->counted = 0;
}

static void drop_request(struct http_call *call)
{
    uncount(call);
    if (call->request)
        request_release(call->request);
    call->request = NULL;
}

/* The rest of the body is read and dropped, then the reply goes out. */
static void refuse(struct http_call *call, struct http_reply with)
{
    drop_request(call);
    /* What names a place of the body stays out of the log, and a stranger has a line already. */
    if (with.status != MHD_HTTP_UNAUTHORIZED)
        accept_log_refusal("otlp/http", with.code,
                           with.text == call->text ? "the body cannot be taken" : with.text);
    call->reply = with;
    call->state = CALL_DISCARDING;
}

/* A request line is there. */
void *http_call_begins(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http_receiver *receiver = context;
    (void)uri;
    http_place_enter(http_port_place(connection), HTTP_REQUEST, receiver->port.now_ms);
    return NULL;
}

void http_call_completed(void *context, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how)
{
    struct http_receiver *receiver = context;
    struct http_call *call = *state;
    struct http_place *place = http_port_place(connection);
    bool is_cut = place->is_cut;
    http_place_enter(place, HTTP_IDLE, receiver->port.now_ms);
    if (!call)
        return;
    *state = NULL;
    enum rpc_code code = call->reply.code;
    if (how != MHD_REQUEST_TERMINATED_COMPLETED_OK || call->state != CALL_REPLYING)
        code = is_cut ? RPC_DEADLINE_EXCEEDED : RPC_CANCELLED;
    counter_add(&receiver->counters->requests[code], 1);
    receiver->live--;
    drop_request(call);
    call->connection = NULL;
    if (!call->is_in_pipeline)
        give_back(call);
}

void http_call_free_all(struct http_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->call_count; i++) {
        buffer_finish(&receiver->calls[i]->response);
        free(receiver->calls[i]);
    }
    free(receiver->calls);
}

/* --- the pipeline's answer --- */

/* The writer's thread, after the commit. */
static void on_durable(struct request *request, enum status status)
{
    struct http_call *call = request->call;
    struct http_receiver *receiver = call->receiver;
    call->durable = status;
    struct http_call *first = atomic_load_explicit(&receiver->answered, memory_order_relaxed);
    do
        call->next = first;
    while (!atomic_compare_exchange_weak(&receiver->answered, &first, call));
    if (!first) /* whoever pushed that one has woken the thread */
        http_port_wake(&receiver->port);
}

void http_call_take_answers(struct http_receiver *receiver)
{
    struct http_call *call = atomic_exchange(&receiver->answered, NULL);
    while (call) {
        struct http_call *next = call->next;
        call->is_in_pipeline = false;
        if (!call->connection) {
            give_back(call);
        } else if (call->state == CALL_WAITING) {
            call->reply = call->durable == STATUS_OK
                              ? http_reply_of(MHD_HTTP_OK, RPC_OK, NULL)
                              : http_reply_retry("the request could not be stored; send it again",
                                                 ACCEPT_RETRY_MS);
            call->state = CALL_REPLYING;
            MHD_resume_connection(call->connection);
        }
        call = next;
    }
}

uint32_t http_call_abandon(struct http_receiver *receiver, int64_t since_ms, const char *text)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < receiver->call_count; i++) {
        struct http_call *call = receiver->calls[i];
        if (call->state != CALL_WAITING || call->waiting_since_ms > since_ms)
            continue;
        call->reply = http_reply_retry(text, ACCEPT_RETRY_MS);
        call->state = CALL_REPLYING;
        buffer_clear(&call->response);
        MHD_resume_connection(call->connection);
        count++;
    }
    return count;
}

void http_call_expire(struct http_receiver *receiver)
{
    int64_t since_ms = receiver->port.now_ms - receiver->config.commit_ms;
    uint32_t late =
        http_call_abandon(receiver, since_ms, "the commit takes too long; send it again");
    counter_add(&receiver->limits->limits[HTTP_LIMIT_COMMIT], late);
}

/* --- the body --- */

/* Hands the gated request over; it is the pipeline's, held, or gone. */
static void submit(struct http_call *call)
{
    struct http_receiver *receiver = call->receiver;
    struct request *request = call->request;
    int64_t retry_ms = 0;
    call->request = NULL;
    switch (
        accept_call(receiver->intake, receiver->counters, request, on_durable, call, &retry_ms)) {
    case ACCEPT_NOW:
        call->reply = http_reply_of(MHD_HTTP_OK, RPC_OK, NULL);
        call->state = CALL_REPLYING;
        break;
    case ACCEPT_LATER:
        call->is_in_pipeline = true;
        call->state = CALL_WAITING;
        call->waiting_since_ms = receiver->port.now_ms;
        break;
    case ACCEPT_BUSY:
        call->request = request;
        if (http_hold(call, CALL_HELD))
            return;
        call->request = NULL;
        accept_refuse(receiver->counters, request);
        buffer_clear(&call->response);
        call->reply = http_reply_retry("too busy; send it again", retry_ms);
        call->state = CALL_REPLYING;
        break;
    }
    uncount(call);
}

/* The body becomes a gated request. False: refused, or held. */
static bool read_body(struct http_call *call)
{
    struct http_receiver *receiver = call->receiver;
    const struct intake *intake = receiver->intake;
    size_t limit = receiver->config.max_message_bytes;
    struct bytes body = buffer_bytes(&call->request->received);
    size_t claim = http_body_claim(&call->plan, body, limit);
    struct http_body_result result;
    if (claim > 0 && !intake->has_room(intake->context, body.size + claim)) {
        if (!http_hold(call, CALL_HELD))
            refuse(call, http_reply_retry("no room for the request now", ACCEPT_RETRY_MS));
        return false;
    }
    if (http_body_read(&call->plan, receiver->inflater, limit, &receiver->config.gate,
                       call->request, &result)) {
        http_letter_partly_refused(receiver->config.dead_letter, &call->plan, call->request);
        http_export_body(&call->response, call->plan.media, call->request->signal,
                         &call->request->gated);
        call->is_gated = true;
        return true;
    }
    http_letter_undecodable(receiver->config.dead_letter, &call->plan, &result);
    memcpy(call->text, result.text, sizeof call->text);
    if (result.reply.text == result.text)
        result.reply.text = call->text;
    if (result.reply.status == MHD_HTTP_CONTENT_TOO_LARGE)
        http_limit_hit(receiver, result.has_many_items ? HTTP_LIMIT_ITEMS : HTTP_LIMIT_MESSAGE);
    refuse(call, result.reply);
    return false;
}

static void go_on(struct http_call *call)
{
    if (call->is_gated || read_body(call))
        submit(call);
}

static enum MHD_Result body_complete(struct http_call *call)
{
    call->held_since_ms = 0;
    go_on(call);
    if (!http_hold_is_suspended(call))
        return reply(call);
    http_hold_suspend(call);
    return MHD_YES;
}

/* A call whose connection is resumed is asked for by libmicrohttpd again: serve(). */
void http_call_resume_held(struct http_receiver *receiver)
{
    struct http_call *held = receiver->held_first;
    receiver->held_first = receiver->held_last = NULL;
    uint32_t resumed = 0;
    while (held) {
        struct http_call *call = held;
        held = call->next;
        bool is_turn = resumed < RESUMED_AT_ONCE && http_hold_has_room_at_head(call);
        if (call->state == CALL_HELD) {
            go_on(call);
        } else if (is_turn || !http_hold(call, CALL_HELD_AT_HEAD)) {
            resumed++;
            http_place_enter(http_port_place(call->connection), HTTP_REQUEST,
                             receiver->port.now_ms);
            call->state = CALL_RESUMED;
        }
        if (!http_hold_is_suspended(call))
            MHD_resume_connection(call->connection);
    }
}

/* How much of a refused body is read, at most. */
static uint64_t discarded_max(const struct http_call *call)
{
    if (call->reply.status == MHD_HTTP_UNAUTHORIZED)
        return STRANGER_BYTES_MAX;
    return DISCARD_TIMES_MAX * (uint64_t)call->receiver->config.max_message_bytes;
}

/* A piece of the body. MHD_NO cuts the connection: that is all there is against a body without a
 * stated length that does not end. */
static enum MHD_Result take_piece(struct http_call *call, const char *piece, size_t size)
{
    struct http_receiver *receiver = call->receiver;
    if (call->state == CALL_DISCARDING) {
        call->discarded += size;
        return call->discarded > discarded_max(call) ? MHD_NO : MHD_YES;
    }
    struct buffer *received = &call->request->received;
    if (size > receiver->config.max_message_bytes - received->size) {
        http_limit_hit(receiver, HTTP_LIMIT_MESSAGE);
        refuse(call, http_reply_too_large("the body is larger than the limit"));
        return MHD_YES;
    }
    if (size > receiver->config.max_receiving_bytes - receiver->receiving_bytes) {
        http_limit_hit(receiver, HTTP_LIMIT_RECEIVING);
        refuse(call, http_reply_retry("too many bodies are arriving", ACCEPT_RETRY_MS));
        return MHD_YES;
    }
    buffer_append(received, piece, size);
    call->counted += size;
    set_receiving(receiver, receiver->receiving_bytes + size);
    if (received->failed)
        refuse(call, http_reply_retry("no memory for the request now", ACCEPT_RETRY_MS));
    return MHD_YES;
}

/* --- the head --- */

static void log_stranger(struct http_call *call)
{
    char peer[PEER_SIZE];
    http_port_peer(&call->receiver->port, call->connection, peer);
    log_warn("unauthenticated", "receiver=otlp/http peer=%s", peer);
}

/* False: refused, for what the request is. */
static bool admit(struct http_call *call, const struct http_head *head)
{
    struct http_receiver *receiver = call->receiver;
    const struct http_receiver_config *config = &receiver->config;
    struct http_routes routes = {config->trace_paths, config->trace_path_count};
    struct bytes authorization = http_head_value(call->connection, MHD_HTTP_HEADER_AUTHORIZATION);
    struct http_reply refusal = {0};
    bool is_planned = http_plan(head, &routes, config->max_message_bytes, &call->plan, &refusal);
    size_t announced = http_hold_announced_bytes(call);
    if (!auth_accepts(config->auth, authorization)) {
        log_stranger(call);
        refusal = http_reply_of(MHD_HTTP_UNAUTHORIZED, RPC_UNAUTHENTICATED,
                                "the bearer token is missing or wrong");
    } else if (!is_planned) {
        if (refusal.status == MHD_HTTP_CONTENT_TOO_LARGE)
            http_limit_hit(receiver, HTTP_LIMIT_MESSAGE);
    } else if (atomic_load(&receiver->is_stopping)) {
        refusal = http_reply_retry("shutting down; send it again", ACCEPT_RETRY_MS);
    } else if (announced > config->max_receiving_bytes ||
               receiver->receiving_bytes > config->max_receiving_bytes - announced) {
        http_limit_hit(receiver, HTTP_LIMIT_RECEIVING);
        refusal = http_reply_retry("too many bodies are arriving", ACCEPT_RETRY_MS);
    } else {
        return true;
    }
    refuse(call, refusal);
    return false;
}

/* Is the rest of a refused request read, so that its sender sees the reply? */
static bool is_discarded(const struct http_call *call, bool waits_for_100)
{
    return !waits_for_100 && (call->plan.length == HTTP_LENGTH_UNKNOWN ||
                              (uint64_t)call->plan.length <= discarded_max(call));
}

/* Who came first is served first; a call that is resumed has had its wait. */
static enum MHD_Result begin_body(struct http_call *call)
{
    size_t announced = http_hold_announced_bytes(call);
    bool is_turn = call->state == CALL_RESUMED || !call->receiver->held_first;
    bool is_room = http_hold_has_room_at_head(call);
    if (!(is_turn && is_room) && http_hold(call, CALL_HELD_AT_HEAD)) {
        http_hold_suspend(call);
        return MHD_YES;
    }
    call->state = CALL_RECEIVING;
    if (!is_room) {
        refuse(call, http_reply_retry("no room for the request now", ACCEPT_RETRY_MS));
    } else if (!(call->request = request_take(call->receiver->intake->pool)) ||
               !buffer_reserve(&call->request->received,
                               announced < RESERVE_BYTES_MAX ? announced : RESERVE_BYTES_MAX)) {
        refuse(call, http_reply_retry("no memory for the request now", ACCEPT_RETRY_MS));
    }
    return call->request || is_discarded(call, call->waits_for_100) ? MHD_YES : reply(call);
}

static enum MHD_Result head_arrived(struct http_receiver *receiver,
                                    struct MHD_Connection *connection, const char *path,
                                    const char *method, const char *version, void **state)
{
    struct http_head head = {
        .method = bytes_of_text(method),
        .path = bytes_of_text(http_head_path(path)),
        .content_type = http_head_value(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .content_encoding = http_head_value(connection, MHD_HTTP_HEADER_CONTENT_ENCODING),
        .content_length = http_head_value(connection, MHD_HTTP_HEADER_CONTENT_LENGTH),
        .is_chunked = http_head_value(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).data != NULL,
    };
    struct http_call *call = take_call(receiver);
    if (!call) {
        struct buffer body = {0};
        struct http_reply busy = http_reply_retry("too busy; send it again", ACCEPT_RETRY_MS);
        counter_add(&receiver->counters->requests[busy.code], 1);
        http_limit_hit(receiver, HTTP_LIMIT_REQUESTS);
        return http_response_send(receiver, connection, HTTP_PROTOBUF, &busy, &body);
    }
    *state = call;
    receiver->live++;
    call->connection = connection;
    call->state = CALL_RECEIVING;
    call->waits_for_100 = http_head_value(connection, MHD_HTTP_HEADER_EXPECT).data != NULL;
    const char *fault = http_head_fault(connection, version);
    if (fault) {
        refuse(call, http_reply_of(MHD_HTTP_BAD_REQUEST, RPC_INVALID_ARGUMENT, fault));
        return reply(call);
    }
    if (!admit(call, &head))
        return is_discarded(call, call->waits_for_100) ? MHD_YES : reply(call);
    return begin_body(call);
}

enum MHD_Result http_call_serve(void *context, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **state)
{
    struct http_receiver *receiver = context;
    struct http_call *call = *state;
    if (!call)
        return head_arrived(receiver, connection, path, method, version, state);
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return take_piece(call, upload, size);
    }
    if (call->state == CALL_RESUMED)
        return begin_body(call);
    return call->state == CALL_RECEIVING ? body_complete(call) : reply(call);
}
