/* One word each. */
#include "processor/report/http_refused.h"

const char *const http_refused_names[HTTP_REFUSED] = {
    [REFUSED_CONNECTIONS] = "connections",
    [REFUSED_DESCRIPTORS] = "descriptors",
    [REFUSED_IDLE] = "idle",
    [REFUSED_SLOW] = "slow",
    [REFUSED_FRAMING] = "framing",
    [REFUSED_URI] = "uri",
    [REFUSED_PROXY] = "proxy",
    [REFUSED_HOST] = "host",
    [REFUSED_ORIGIN] = "origin",
    [REFUSED_SECRET_IN_URL] = "secret_in_url",
    [REFUSED_ROUTE] = "route",
    [REFUSED_LOGIN] = "login",
    [REFUSED_RIGHTS] = "role",
    [REFUSED_TYPE] = "type",
    [REFUSED_SIZE] = "size",
    [REFUSED_RATE] = "rate",
    [REFUSED_BUSY] = "busy",
    [REFUSED_LATE] = "late",
    [REFUSED_STOPPING] = "stopping",
};
