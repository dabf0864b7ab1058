/* Networks of addresses: "10.0.0.0/8", "fd00::/8", or one address. An IPv4 address that came
 * through an IPv6 socket is IPv4. */
#pragma once
#include "processor/base/bytes.h"

struct cidr {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t prefix;      /* bits of the 128 */
};

MUST_CHECK bool cidr_parse(struct bytes text, struct cidr *ret_cidr);
/* `peer` as peer_name() writes it: "192.0.2.1:4711", "[2001:db8::1]:4711". */
bool cidr_holds(const struct cidr *cidr, const char *peer);
