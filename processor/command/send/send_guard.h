/* What `flywheel send` shows to an endpoint that asks for more than plaintext. */
#pragma once
#include "processor/base/error.h"
#include "processor/command/send/otlp_client.h"

struct send_guard {
    const char *ca_file, *cert_file, *key_file, *token_file; /* NULL: not given */
    struct buffer ca, cert, key, authorization;              /* NUL-terminated */
};

/* Reads the files and points `config` at what they hold, for as long as the guard lives. */
MUST_CHECK enum status send_guard_load(struct send_guard *guard, struct otlp_client_config *config,
                                       struct error *ret_error);
void send_guard_finish(struct send_guard *guard);
