/* Whom a browser works for, by what the head of its request says. A page of somebody else can make
 * a browser send requests here, but can't choose these headers:
 *   Host            the name by which we were reached: a name that somebody else's DNS says is ours
 *                   (rebinding) is not one of ours
 *   Origin          the page that asks; another port of the same host is another page
 *   Sec-Fetch-Site  the browser's own word for the same; "none": the person typed the address
 * Programs that are no browsers send Host alone. Pure functions of bytes. */
#pragma once
#include "processor/base/bytes.h"

enum { HTTP_HOSTS_MAX = 16 };

struct http_origin_rules {
    bool is_tls;
    struct bytes hosts[HTTP_HOSTS_MAX]; /* beside addresses and localhost; borrowed */
    uint32_t host_count;
    struct bytes url; /* of the proxy before us, "https://review.example"; absent: none */
};

struct http_origin_head { /* absent bytes: no such header */
    struct bytes host, origin, site;
    struct bytes target_host; /* of a target in absolute form */
};

/* Is it an IP address or localhost, with or without a port? */
bool http_host_is_local(struct bytes host);
/* NULL: ours. Else the reason for refusing, one word: "host" or "origin". `is_page`: what
 * anybody may navigate to. */
const char *http_origin_fault(const struct http_origin_rules *rules,
                              const struct http_origin_head *head, bool is_page);
