/* What core holds of messages that are arriving is bounded by how many arrive at once:
 *
 *   begin --> on trial --------------------> end       most are here at once
 *                |  TRIAL_MS
 *                |-- a place for long ones --> end       longs_max of them
 *                '-- none is left: cut
 *
 * A message that takes its time needs one of the few places for long ones. Without a place it is
 * cut, so that a crowd of slow senders delays nobody but themselves; whoever has had a place for
 * long enough leaves it then. */
#include "processor/receive/grpc/reception.h"

#include "processor/receive/grpc/resets.h"

enum {
    TRIALS_MAX = 256,       /* messages that have just begun to arrive; most are here at once */
    TRIAL_MS = 250,         /* after it a message counts as a long one, of which there may be few */
    LONG_MS_MAX = 10000,    /* for a long one, when others want its place */
    CROWDED_MS = 1000,      /* after the intake has had no room, */
    CROWDED_TRIALS_MAX = 32 /* so few messages are received at once */
};

bool reception_has_room(const struct grpc_receiver *receiver)
{
    return receiver->intake->has_room(receiver->intake->context, 0);
}

void reception_crowd(struct grpc_receiver *receiver, int64_t now_ms)
{
    receiver->crowded_until_ms = now_ms + CROWDED_MS;
}

bool reception_may_begin(struct grpc_receiver *receiver, int64_t now_ms)
{
    bool is_crowded = now_ms < receiver->crowded_until_ms;
    uint32_t most = is_crowded ? CROWDED_TRIALS_MAX : receiver->longs_max + TRIALS_MAX;
    if (receiver->receiving >= most || receiver->held_first)
        return false;
    bool is_room = reception_has_room(receiver);
    if (!is_room)
        reception_crowd(receiver, now_ms);
    return is_room;
}

void reception_begin(struct call *call, int64_t now_ms)
{
    call->receiver->receiving++;
    call->receiving_since_ms = now_ms;
    atomic_store_explicit(&call->state, CALL_RECEIVING, memory_order_relaxed);
}

void reception_end(struct call *call)
{
    call->receiver->receiving--;
    call->receiver->longs -= call->is_long;
    bool was_held = call->receiving_since_ms - call->waiting_since_ms > TRIAL_MS;
    if (!call->payload && !call->is_cut && !was_held)
        resets_note(call->receiver, call->call);
    call->is_long = call->is_cut = false;
}

static void cut(struct call *call)
{
    call->is_cut = true;
    counter_add(&call->receiver->limits->limits[GRPC_LIMIT_RECEIVE_TIME], 1);
    (void)grpc_call_cancel_with_status(call->call, GRPC_STATUS_UNAVAILABLE,
                                       "too many messages arrive slowly; send it again", NULL);
}

void reception_expire(struct grpc_receiver *receiver, int64_t now_ms)
{
    bool is_wanted = false;
    for (uint32_t i = 0; i < receiver->call_count && receiver->receiving > receiver->longs_max;
         i++) {
        struct call *call = receiver->calls[i];
        if (atomic_load_explicit(&call->state, memory_order_relaxed) != CALL_RECEIVING ||
            call->is_long || call->is_cut || now_ms - call->receiving_since_ms <= TRIAL_MS)
            continue;
        call->is_long = receiver->longs < receiver->longs_max;
        receiver->longs += call->is_long;
        is_wanted = is_wanted || !call->is_long;
        if (!call->is_long)
            cut(call);
    }
    for (uint32_t i = 0; is_wanted && i < receiver->call_count; i++) {
        struct call *call = receiver->calls[i];
        if (atomic_load_explicit(&call->state, memory_order_relaxed) == CALL_RECEIVING &&
            call->is_long && !call->is_cut && now_ms - call->receiving_since_ms > LONG_MS_MAX)
            cut(call);
    }
}
