/* Who is looking at what: an item that somebody has is not served to the next one, while places are
 * left elsewhere. A lease never refuses a result, and a restart forgets all of them: what that costs
 * is at most an extra review. From any thread, under a lock of its own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/status.h"

enum { LEASES_MAX = 4096 };

struct leases;

struct leases *leases_create(void); /* NULL: out of memory */
void leases_destroy(struct leases *leases);

/* One person's lease of an item for `for_ms`, when fewer than `places` others have one; anew when they
 * have it already. Beyond LEASES_MAX the one that ends first goes. */
MUST_CHECK bool leases_take(struct leases *leases, uint64_t item, uint64_t principal,
                            uint32_t places, int64_t now_ms, int64_t for_ms);
/* How many others have it. */
uint32_t leases_of_others(struct leases *leases, uint64_t item, uint64_t principal, int64_t now_ms);
void leases_release(struct leases *leases, uint64_t item, uint64_t principal);
/* A revision takes the place of an item, and whoever had that has this. */
void leases_inherit(struct leases *leases, uint64_t from, uint64_t to);

/* --- what was served, for the mix and for the order --- */

/* Of what was served so far less than this share came from the control stratum. */
bool leases_wants_control(struct leases *leases, double share);
/* And which conversation the person had last; 0: none. */
uint64_t leases_last_conversation(struct leases *leases, uint64_t principal);
void leases_note_served(struct leases *leases, uint64_t principal, uint64_t conversation,
                        bool is_control);
