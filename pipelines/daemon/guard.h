/* What keeps strangers out of the OTLP receiver: certificates, key and bearer token, read together,
 * so that a reload takes all of them or none. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/net/auth.h"
#include "processor/net/tls/tls.h"

struct guard {
    struct tls *tls;   /* NULL: plaintext */
    struct auth *auth; /* NULL: no token */
};

/* Fills the zeroed `guard`. On failure what was read is still the caller's to finish. */
MUST_CHECK enum status guard_load(struct guard *guard, const struct otlp_receiver_config *config,
                                  struct error *ret_error);
/* Puts in force what both have and frees `fresh`. Says in the log what only one of them has: that
 * changes with a restart. */
void guard_exchange(struct guard *guard, struct guard *fresh);
void guard_finish(struct guard *guard);
