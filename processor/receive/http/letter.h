/* The dead letters of what a receiver over HTTP refuses for good. */
#pragma once
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/http/request.h"

/* A body that could not be read, if its result has a letter. */
void http_letter_undecodable(struct dead_letter *to, const struct http_plan *plan,
                             const struct http_body_result *result);
/* A request of which something was refused, by the first reason; JSON is protobuf by now. */
void http_letter_partly_refused(struct dead_letter *to, const struct http_plan *plan,
                                const struct request *request);
