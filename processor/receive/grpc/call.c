/* The work on one call, see the chart in the header. */
#include "processor/receive/grpc/call.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <grpc/support/time.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/otlp/messages.h"
#include "processor/receive/accept.h"
#include "processor/receive/grpc/health.h"
#include "processor/receive/grpc/payload.h"
#include "processor/receive/grpc/reception.h"
#include "processor/receive/grpc/resets.h"

static struct call *take_idle(struct grpc_receiver *receiver)
{
    struct call *call = receiver->idle;
    if (call) {
        receiver->idle = call->next;
        return call;
    }
    if (receiver->call_count == receiver->calls_max)
        return NULL;
    call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    call->receiver = receiver;
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
    receiver->calls[receiver->call_count++] = call;
    return call;
}

void call_post(struct grpc_receiver *receiver, enum call_kind kind)
{
    if (atomic_load(&receiver->is_stopping))
        return;
    struct call *call = take_idle(receiver);
    if (!call) {
        receiver->unposted[kind]++;
        return;
    }
    call->kind = kind;
    atomic_store_explicit(&call->state, CALL_POSTED, memory_order_relaxed);
    grpc_call_error failed;
    if (kind == CALL_UNKNOWN)
        failed = grpc_server_request_call(receiver->server, &call->call, &call->details,
                                          &call->metadata, receiver->queue, receiver->queue, call);
    else
        failed = grpc_server_request_registered_call(receiver->server, receiver->methods[kind],
                                                     &call->call, &call->deadline, &call->metadata,
                                                     kind == CALL_HEALTH ? &call->payload : NULL,
                                                     receiver->queue, receiver->queue, call);
    assert(failed == GRPC_CALL_OK);
}

/* Makes a call idle again; nothing of it is held by anyone. */
static void recycle(struct call *call)
{
    struct grpc_receiver *receiver = call->receiver;
    grpc_metadata_array_destroy(&call->metadata);
    grpc_metadata_array_init(&call->metadata);
    if (call->kind == CALL_UNKNOWN) {
        grpc_call_details_destroy(&call->details);
        grpc_call_details_init(&call->details);
    }
    grpc_byte_buffer_destroy(call->payload);
    grpc_byte_buffer_destroy(call->message);
    call->payload = call->message = NULL;
    grpc_trailers_finish(call->trailers, call->trailer_count);
    call->trailer_count = 0;
    if (call->call)
        grpc_call_unref(call->call);
    call->call = NULL;
    buffer_clear(&call->response);
    /* The pipeline moves a call out of ABANDONED, or the reply that is sent moves it to GONE. */
    enum call_state abandoned = CALL_ABANDONED;
    if (atomic_compare_exchange_strong(&call->state, &abandoned, CALL_GONE))
        return;
    atomic_store_explicit(&call->state, CALL_IDLE, memory_order_relaxed);
    call->next = receiver->idle;
    receiver->idle = call;
    for (int kind = CALL_KINDS; kind-- > 0;) /* the rare ones first */
        if (receiver->unposted[kind]) {
            receiver->unposted[kind]--;
            call_post(receiver, (enum call_kind)kind);
            return;
        }
}

/* Starts the one batch that answers. From here the call is core's, until its event. */
static void send_reply(struct call *call)
{
    grpc_op operations[4];
    memset(operations, 0, sizeof operations);
    size_t count = 0;
    operations[count++].op = GRPC_OP_SEND_INITIAL_METADATA;
    if (call->reply.code == GRPC_STATUS_OK) {
        struct bytes response = buffer_bytes(&call->response);
        grpc_slice slice =
            grpc_slice_from_copied_buffer((const char *)response.data, response.size);
        call->message = grpc_raw_byte_buffer_create(&slice, 1);
        grpc_slice_unref(slice);
        operations[count].op = GRPC_OP_SEND_MESSAGE;
        operations[count++].data.send_message.send_message = call->message;
    }
    call->trailer_count = grpc_trailers_init(call->trailers, &call->reply);
    grpc_slice text = grpc_slice_from_static_string(call->reply.text ? call->reply.text : "");
    operations[count].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
    operations[count].data.send_status_from_server.status = call->reply.code;
    operations[count].data.send_status_from_server.status_details = &text;
    operations[count].data.send_status_from_server.trailing_metadata = call->trailers;
    operations[count++].data.send_status_from_server.trailing_metadata_count = call->trailer_count;
    operations[count].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
    operations[count++].data.recv_close_on_server.cancelled = &call->is_cancelled;
    grpc_call *core = call->call;
    atomic_store_explicit(&call->is_handed_over, true, memory_order_release);
    grpc_call_error failed = grpc_call_start_batch(core, operations, count, call, NULL);
    assert(failed == GRPC_CALL_OK);
}

static void reply(struct call *call, struct grpc_reply with)
{
    if (with.code != GRPC_STATUS_OK && with.code != GRPC_STATUS_UNAUTHENTICATED)
        accept_log_refusal("otlp/grpc", (enum rpc_code)with.code, with.text);
    call->reply = with;
    atomic_store_explicit(&call->state, CALL_REPLYING, memory_order_relaxed);
    send_reply(call);
}

/* The writer's thread, after the commit. */
static void on_durable(struct request *request, enum status status)
{
    struct call *call = request->call;
    for (;;) {
        enum call_state state = atomic_load(&call->state);
        assert(state == CALL_WAITING || state == CALL_ABANDONED || state == CALL_GONE);
        if (state == CALL_GONE)
            return; /* freed with the receiver */
        if (!atomic_compare_exchange_strong(&call->state, &state, CALL_REPLYING))
            continue;
        if (state == CALL_ABANDONED)
            return; /* its reply is on its way, and its event finds nobody else holding it */
        call->reply = status == STATUS_OK
                          ? grpc_reply_of(GRPC_STATUS_OK, NULL)
                          : grpc_reply_retry("the request could not be stored; send it again",
                                             ACCEPT_RETRY_MS);
        send_reply(call);
        return;
    }
}

void call_abandon_waiting(struct grpc_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->call_count; i++) {
        struct call *call = receiver->calls[i];
        enum call_state waiting = CALL_WAITING;
        if (!atomic_compare_exchange_strong(&call->state, &waiting, CALL_ABANDONED))
            continue;
        call->reply = grpc_reply_retry("shutting down; send it again", ACCEPT_RETRY_MS);
        send_reply(call);
    }
}

static void prepare_response(struct call *call, const struct request *request)
{
    struct buffer text = {0};
    accept_reject_text(&text, &request->gated);
    message_export_response(&call->response, request->signal, request->gated.rejected_count,
                            buffer_bytes(&text));
    buffer_finish(&text);
}

/* --- from the payload to the pipeline --- */

static void append(struct call *call, struct call **first, struct call **last)
{
    call->next = NULL;
    *(*first ? &(*last)->next : first) = call;
    *last = call;
}

/* A client that gives up hears neither why nor when to come again. So of the time that it gives its
 * call at most half is spent on waiting; the other half is for its message and the commit. */
static int64_t answer_by_ms(const struct call *call, int64_t now_ms)
{
    gpr_timespec deadline = gpr_convert_clock_type(call->deadline, GPR_CLOCK_MONOTONIC);
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
    return now_ms + gpr_time_to_millis(left) / 2; /* of a call without a deadline, many days */
}

static bool may_wait(const struct call *call, int64_t now_ms)
{
    return now_ms < call->answer_by_ms &&
           accept_may_wait(call->receiver->intake, call->waiting_since_ms, now_ms);
}

/* The message stays here, and so does its client; or it is refused, which gives up the request. */
static void hold_or_refuse(struct call *call, struct grpc_reply refusal)
{
    struct grpc_receiver *receiver = call->receiver;
    int64_t now_ms = clock_monotonic_ms();
    reception_crowd(receiver, now_ms);
    if (!atomic_load(&receiver->is_stopping) && may_wait(call, now_ms)) {
        atomic_store_explicit(&call->state, CALL_HELD, memory_order_relaxed);
        append(call, &receiver->held_first, &receiver->held_last);
        return;
    }
    if (call->request)
        accept_refuse(receiver->counters, call->request);
    call->request = NULL;
    buffer_clear(&call->response);
    reply(call, refusal);
}

/* Hands the gated request over. When it is answered later, the call is not touched any more: the
 * writer may have answered already. */
static void submit(struct call *call)
{
    const struct intake *intake = call->receiver->intake;
    struct request *request = call->request;
    int64_t retry_ms = 0;
    call->request = NULL;
    if (accept_waits(intake, request))
        atomic_store(&call->state, CALL_WAITING);
    switch (accept_call(intake, call->receiver->counters, request, on_durable, call, &retry_ms)) {
    case ACCEPT_NOW:
        reply(call, grpc_reply_of(GRPC_STATUS_OK, NULL));
        break;
    case ACCEPT_LATER:
        break;
    case ACCEPT_BUSY:
        call->request = request;
        hold_or_refuse(call, grpc_reply_retry("too busy; send it again", retry_ms));
        break;
    }
}

/* The payload becomes a request. False: the call is answered, or held. */
static bool read_payload(struct call *call)
{
    struct grpc_receiver *receiver = call->receiver;
    struct grpc_reply refusal = {0};
    size_t size = grpc_byte_buffer_length(call->payload);
    if (!payload_admit(receiver, call->payload, size, &refusal)) {
        if (refusal.code == GRPC_STATUS_UNAVAILABLE)
            hold_or_refuse(call, refusal);
        else
            reply(call, refusal);
        return false;
    }
    struct request *request = request_take(receiver->intake->pool);
    if (!request) {
        reply(call, grpc_reply_retry("no memory for the request now", ACCEPT_RETRY_MS));
        return false;
    }
    enum wire_gate_signal signal = call->kind == CALL_TRACES ? WIRE_GATE_TRACES : WIRE_GATE_LOGS;
    if (!payload_read(receiver, signal, &call->payload, size, request, &refusal)) {
        request_release(request);
        reply(call, refusal);
        return false;
    }
    call->request = request;
    prepare_response(call, request);
    return true;
}

static void go_on(struct call *call)
{
    atomic_store_explicit(&call->state, CALL_RUNNING, memory_order_relaxed);
    if (call->request || read_payload(call))
        submit(call);
}

/* The message of an export is complete, or will never be. */
static void export_received(struct call *call)
{
    atomic_store_explicit(&call->state, CALL_RUNNING, memory_order_relaxed);
    if (!call->payload) {
        reply(call,
              grpc_reply_of(GRPC_STATUS_INVALID_ARGUMENT, "the call carries no request message"));
        return;
    }
    call->waiting_since_ms = clock_monotonic_ms();
    go_on(call);
}

static void receive_next(struct grpc_receiver *receiver)
{
    int64_t now_ms = clock_monotonic_ms();
    while (receiver->queued_first && reception_may_begin(receiver, now_ms)) {
        struct call *call = receiver->queued_first;
        receiver->queued_first = call->next;
        reception_begin(call, now_ms);
        grpc_op operation;
        memset(&operation, 0, sizeof operation);
        operation.op = GRPC_OP_RECV_MESSAGE;
        operation.data.recv_message.recv_message = &call->payload;
        grpc_call_error failed = grpc_call_start_batch(call->call, &operation, 1, call, NULL);
        assert(failed == GRPC_CALL_OK);
    }
}

/* One header, and the right one: of several, who would say which one another program reads? */
static bool is_authorized(const struct call *call)
{
    struct bytes shown = {0};
    for (size_t i = 0; i < call->metadata.count; i++) {
        const grpc_metadata *entry = &call->metadata.metadata[i];
        struct bytes key =
            bytes_of(GRPC_SLICE_START_PTR(entry->key), GRPC_SLICE_LENGTH(entry->key));
        if (!bytes_equal_text(key, "authorization"))
            continue;
        if (shown.data)
            return !call->receiver->config.auth;
        shown = bytes_of(GRPC_SLICE_START_PTR(entry->value), GRPC_SLICE_LENGTH(entry->value));
    }
    return auth_accepts(call->receiver->config.auth, shown);
}

static void refuse_stranger(struct call *call)
{
    char peer[PEER_SIZE];
    resets_name_peer(call->receiver, call->call, peer);
    log_warn("unauthenticated", "receiver=otlp/grpc peer=%s", peer);
    reply(call, grpc_reply_of(GRPC_STATUS_UNAUTHENTICATED,
                              "a bearer token is required, and none or another one was shown"));
}

/* Without room the body is not even received: waiting is cheap, and so is refusing. */
static void export_arrived(struct call *call)
{
    struct grpc_receiver *receiver = call->receiver;
    if (atomic_load(&receiver->is_stopping)) {
        reply(call, grpc_reply_retry("shutting down; send it again", ACCEPT_RETRY_MS));
        return;
    }
    if (!is_authorized(call)) {
        refuse_stranger(call);
        return;
    }
    call->waiting_since_ms = clock_monotonic_ms();
    call->answer_by_ms = answer_by_ms(call, call->waiting_since_ms);
    if (!reception_has_room(receiver) && !may_wait(call, call->waiting_since_ms)) {
        reply(call, grpc_reply_retry("no room for the request now", ACCEPT_RETRY_MS));
        return;
    }
    atomic_store_explicit(&call->state, CALL_QUEUED, memory_order_relaxed);
    append(call, &receiver->queued_first, &receiver->queued_last);
    receive_next(receiver);
}

/* Each call has a time of its own, so the first to come need not be the first to have waited. */
static void refuse_overdue(struct grpc_receiver *receiver, int64_t now_ms)
{
    struct call *queued = receiver->queued_first;
    receiver->queued_first = receiver->queued_last = NULL;
    while (queued) {
        struct call *call = queued;
        queued = call->next;
        if (may_wait(call, now_ms))
            append(call, &receiver->queued_first, &receiver->queued_last);
        else
            reply(call, grpc_reply_retry("no room for the request now", ACCEPT_RETRY_MS));
    }
}

void call_resume_waiting(struct grpc_receiver *receiver, int64_t now_ms)
{
    struct call *held = receiver->held_first;
    receiver->held_first = receiver->held_last = NULL;
    while (held) {
        struct call *call = held;
        held = call->next;
        go_on(call);
    }
    receive_next(receiver);
    if (receiver->queued_first && !reception_has_room(receiver))
        refuse_overdue(receiver, now_ms);
}

void call_refuse_queued(struct grpc_receiver *receiver)
{
    while (receiver->queued_first) {
        struct call *call = receiver->queued_first;
        receiver->queued_first = call->next;
        reply(call, grpc_reply_retry("shutting down; send it again", ACCEPT_RETRY_MS));
    }
    if (receiver->held_first) /* What is stopping holds nothing again. */
        call_resume_waiting(receiver, clock_monotonic_ms());
}

static void health_arrived(struct call *call)
{
    bool is_serving =
        atomic_load(&call->receiver->is_serving) && !atomic_load(&call->receiver->is_stopping);
    reply(call, health_answer(call->payload, is_serving, &call->response));
}

static void arrived(struct call *call)
{
    atomic_store_explicit(&call->state, CALL_RUNNING, memory_order_relaxed);
    /* The next request of the kind must not wait for this one. */
    call_post(call->receiver, call->kind);
    if (resets_has_cut(call->receiver, call->call)) {
        call->receiver->live--;
        recycle(call); /* the last reference: core cancels it */
        return;
    }
    switch (call->kind) {
    case CALL_TRACES:
    case CALL_LOGS:
        export_arrived(call);
        break;
    case CALL_HEALTH:
        health_arrived(call);
        break;
    case CALL_UNKNOWN:
    case CALL_KINDS:
        reply(call, grpc_reply_of(GRPC_STATUS_UNIMPLEMENTED,
                                  "no such method; traces and logs are taken here"));
        break;
    }
}

void call_event(struct call *call, bool is_success)
{
    enum call_state state = atomic_load(&call->state);
    if (state == CALL_POSTED && is_success) {
        call->receiver->live++;
        arrived(call);
        return;
    }
    if (state == CALL_RECEIVING) {
        reception_end(call);
        receive_next(call->receiver); /* its transfer goes on while this one is read */
        export_received(call);
        return;
    }
    if (state != CALL_POSTED) {
        bool is_replied =
            atomic_exchange_explicit(&call->is_handed_over, false, memory_order_acquire);
        assert(is_replied);
        call->receiver->live--;
    }
    if (state != CALL_POSTED && call->kind <= CALL_LOGS) {
        grpc_status_code code = call->is_cancelled ? GRPC_STATUS_CANCELLED : call->reply.code;
        counter_add(&call->receiver->counters->requests[code], 1);
    }
    recycle(call); /* a slot that fails at shutdown is not posted again: none is owed then */
}

void call_free_all(struct grpc_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->call_count; i++) {
        struct call *call = receiver->calls[i];
        grpc_metadata_array_destroy(&call->metadata);
        grpc_call_details_destroy(&call->details);
        buffer_finish(&call->response);
        free(call);
    }
    free(receiver->calls);
}
