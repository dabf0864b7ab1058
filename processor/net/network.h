/* A range of addresses in CIDR, and whether a peer is of it. */
#pragma once
#include <stdint.h>

#include "processor/base/bytes.h"

struct network { /* IPv4 as IPv6: ::ffff:192.0.2.0/120 */
    uint8_t address[16];
    uint32_t prefix; /* bits */
};

/* "10.0.0.0/8", "2001:db8::/32", or one address. False: it is none, or bits behind the prefix are
 * set ("10.0.0.1/8"): then it is not plain what was meant. */
MUST_CHECK bool network_parse(struct bytes text, struct network *ret_network);
/* `peer` as peer_name() writes it: "192.0.2.1:4711", "[2001:db8::1]:4711"; one that is unknown is of no
 * network. */
bool network_contains(const struct network *network, const char *peer);
