/* The parameters of one request, unescaped: what stands behind the `?`. */
#pragma once
#include "processor/base/bytes.h"

struct MHD_Connection;

enum { HTTP_PARAMETERS_MAX = 32 };

struct http_query {
    struct http_parameter {
        struct bytes name, value; /* of `?name` the value is empty */
    } items[HTTP_PARAMETERS_MAX];
    uint32_t count;
    bool has_more; /* than there is room for: nobody asks for so many in earnest */
};

/* Borrowed from the request. */
void http_query_read(struct MHD_Connection *connection, struct http_query *ret_query);
/* The same in memory of its own, one block for free(); NULL without memory. */
struct http_query *http_query_copy(const struct http_query *query);
/* The first of that name; absent when it is not there. */
struct bytes http_query_get(const struct http_query *query, const char *name);
/* The value of a parameter that is there: the name alone or `true` is on, `false` is off, anything
 * else is neither. */
MUST_CHECK bool http_query_read_flag(struct bytes value, bool *ret_flag);
/* Is each one of `parameters` (ends with NULL; NULL: none are known), and there once? If not, a
 * sentence for the client goes to `why`. */
bool http_query_is_known(const struct http_query *query, const char *const *parameters,
                         struct buffer *why);
