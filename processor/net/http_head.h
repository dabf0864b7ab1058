/* What libmicrohttpd takes in a request's head and a server must not (RFC 9112): a length that two
 * readers of the same bytes may read differently is how one request hides another. */
#pragma once
#include "processor/base/bytes.h"

struct MHD_Connection;

/* Why it is not sure where the request ends (section 6.3); NULL: it is. The connection must end
 * with the answer. */
const char *http_head_fault(struct MHD_Connection *connection, const char *version);
/* The path of a request's target, which may be in absolute form (section 3.2.2): http://host/path.
 */
const char *http_head_path(const char *target);
/* A header of the request, borrowed from it; absent when it is not there. */
struct bytes http_head_value(struct MHD_Connection *connection, const char *name);
