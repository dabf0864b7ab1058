/* Which attributes say how a gateway routed a call: plain data of the pipeline file. The
 * defaults are rows of normalize/semconv/semconv_table.c; names given here count before
 * them, or in their place. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum route_fact { ROUTE_FALLBACK, ROUTE_CACHE_HIT, ROUTE_RETRIES, ROUTE_POLICY, ROUTE_FACTS };
enum { ROUTE_NAMES_MAX = 16 };

struct route_source {
    struct bytes names[ROUTE_NAMES_MAX]; /* attributes, the first that is there counts */
    uint32_t count;
    bool without_defaults;
};

struct route_sources {
    struct route_source of[ROUTE_FACTS];
    bool is_default; /* nothing is configured: no span is looked at for it */
};
