/* Calls without room wait in one line, in the order in which they came, each behind its suspended
 * connection:
 *
 *   held_first -> call -> call -> ... <- held_last       each HELD_AT_HEAD or HELD
 *
 * The line is taken off as a whole and gone through (call.c); who finds no room holds again, and
 * its wait counts from the first time. */
#include "processor/receive/http/hold.h"

#include "processor/receive/accept.h"

size_t http_hold_announced_bytes(const struct http_call *call)
{
    return call->plan.length > 0 ? (size_t)call->plan.length : 0;
}

bool http_hold_has_room_at_head(const struct http_call *call)
{
    const struct intake *intake = call->receiver->intake;
    return intake->has_room(intake->context, http_hold_announced_bytes(call));
}

bool http_hold(struct http_call *call, enum http_call_state state)
{
    struct http_receiver *receiver = call->receiver;
    if (call->held_since_ms == 0)
        call->held_since_ms = receiver->port.now_ms;
    if (atomic_load(&receiver->is_stopping) ||
        !accept_may_wait(receiver->intake, call->held_since_ms, receiver->port.now_ms))
        return false;
    call->state = state;
    call->next = NULL;
    *(receiver->held_first ? &receiver->held_last->next : &receiver->held_first) = call;
    receiver->held_last = call;
    return true;
}

bool http_hold_is_suspended(const struct http_call *call)
{
    return call->state == CALL_WAITING || call->state == CALL_HELD ||
           call->state == CALL_HELD_AT_HEAD;
}

void http_hold_suspend(struct http_call *call)
{
    http_place_enter(http_port_place(call->connection), HTTP_WAITING, call->receiver->port.now_ms);
    MHD_suspend_connection(call->connection);
}
