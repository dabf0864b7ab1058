/* One request on its way through the receiver. Everything here is the I/O thread's, but for the
 * moment in which the pipeline answers:
 *
 *    head arrives                 body complete              submitted
 *   ------------> RECEIVING ------------------> (work) ----------------------> WAITING
 *        |             | too much, no room        |  refused, or                  | answered by the
 *        v             v                          |  ack: memory                  | pipeline; or the
 *    refused ----> DISCARDING                     |                               | commit takes too
 *                      | body complete            v                               v long
 *                      '--------------------> REPLYING <--------------------------'
 *
 * Without room in the pipeline a call is HELD, before its body is read or when all of it is here,
 * and its connection is suspended: that slows its client down, and nobody else.
 *
 * While a call is WAITING its connection is suspended, so neither can go away. The pipeline's
 * answer is pushed on a stack that the I/O thread empties; a call that was answered without the
 * pipeline (its commit took too long, or the receiver stops) is kept until that answer comes. */
#pragma once
#include "processor/receive/http/state.h"

/* libmicrohttpd's callbacks about requests; the closure is the receiver. */
enum MHD_Result http_call_serve(void *receiver, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **state);
void *http_call_begins(void *receiver, const char *uri, struct MHD_Connection *connection);
void http_call_completed(void *receiver, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how);
/* Answers what the pipeline has answered. */
void http_call_take_answers(struct http_receiver *receiver);
/* Answers calls that have waited since before `since_ms`, without the
 * pipeline; returns how many. */
uint32_t http_call_abandon(struct http_receiver *receiver, int64_t since_ms, const char *text);
/* Answers calls whose commit takes too long. */
void http_call_expire(struct http_receiver *receiver);
/* Goes on with held calls for which there is room now; refuses those held for long enough. */
void http_call_resume_held(struct http_receiver *receiver);
void http_call_free_all(struct http_receiver *receiver);
