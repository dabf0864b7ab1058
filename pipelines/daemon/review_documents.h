/* Aggregates for the review API, which take long to compute: one thread does it, one at a time, and an
 * answer is given to whoever asks the same within 10 s. */
#pragma once
#include "processor/report/http_api.h"
#include "processor/report/http_server.h"

enum { DOCUMENTS_WAITING_MAX = 32, DOCUMENTS_KEPT = 16, DOCUMENT_LIVES_MS = 10000 };

struct review_documents;

/* Starts the thread. NULL with `ret_error`. */
struct review_documents *review_documents_create(struct error *ret_error);
/* Ends the thread; calls that still wait are answered with 503. Accepts NULL. */
void review_documents_destroy(struct review_documents *documents);
/* Answers the call, a GET, now or later, as `route` does. `is_kept`: for 10 s; what holds people's
 * texts is not, or it would outlive their erasure. */
unsigned review_documents_answer(struct review_documents *documents, struct http_api_call *call,
                                 const struct http_route *route, bool is_kept);
/* The same, not kept, and about one person: the query has their name under DOCUMENT_PERSON, which no
 * request can say. Absent: about all. */
#define DOCUMENT_PERSON "(person)"
unsigned review_documents_answer_about(struct review_documents *documents,
                                       struct http_api_call *call, const struct http_route *route,
                                       struct bytes person);
