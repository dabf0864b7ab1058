/* Why the server of an API has refused a request or a connection; the label
 * `reason` of its counter.
 */
#pragma once

enum http_refused {
    REFUSED_CONNECTIONS, /* closed at once: too many, or no descriptor left */
    REFUSED_DESCRIPTORS,
    REFUSED_IDLE,          /* closed: no request */
    REFUSED_SLOW,          /* cut: the request did not arrive, or its answer did not leave */
    REFUSED_FRAMING,       /* 400 */
    REFUSED_URI,           /* 414 */
    REFUSED_PROXY,         /* 403: not by the proxy */
    REFUSED_HOST,          /* 403 */
    REFUSED_ORIGIN,        /* 403 */
    REFUSED_SECRET_IN_URL, /* 400 */
    REFUSED_ROUTE,         /* 404, 405 */
    REFUSED_LOGIN,         /* 401 */
    REFUSED_RIGHTS,        /* 403 */
    REFUSED_TYPE,          /* 415 */
    REFUSED_SIZE,          /* 413 */
    REFUSED_RATE,          /* 429: requests, or connections of one token */
    REFUSED_BUSY,          /* 503: too many wait */
    REFUSED_LATE,          /* 503: no answer in time */
    REFUSED_STOPPING,      /* 503 */
    HTTP_REFUSED
};
extern const char *const http_refused_names[HTTP_REFUSED];
