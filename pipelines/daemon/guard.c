/* A port that is plaintext stays so until a restart, and so does one that asks nobody for a token:
 * what senders must do can't change under them by half. */
#include "pipelines/daemon/guard.h"

#include "processor/base/log.h"

enum status guard_load(struct guard *guard, const struct otlp_receiver_config *config,
                       struct error *ret_error)
{
    const struct tls_files files = {config->tls.cert_file, config->tls.key_file,
                                    config->tls.client_ca_file};
    if (files.cert_file && !(guard->tls = tls_create(&files, ret_error)))
        return STATUS_FATAL;
    if (config->bearer_token_file &&
        !(guard->auth = auth_create(config->bearer_token_file, ret_error)))
        return STATUS_FATAL;
    return STATUS_OK;
}

static void warn_of_restart(bool was_there, bool is_there, const char *what)
{
    if (was_there != is_there)
        log_warn("restart_needed", "changed=\"%s\"", what);
}

void guard_exchange(struct guard *guard, struct guard *fresh)
{
    warn_of_restart(guard->tls, fresh->tls, "receivers.otlp.tls");
    warn_of_restart(guard->auth, fresh->auth, "receivers.otlp.auth");
    if (guard->tls && fresh->tls) {
        tls_apply(guard->tls, fresh->tls);
        fresh->tls = NULL;
    }
    if (guard->auth && fresh->auth) {
        auth_apply(guard->auth, fresh->auth);
        fresh->auth = NULL;
    }
    guard_finish(fresh);
}

void guard_finish(struct guard *guard)
{
    tls_destroy(guard->tls);
    auth_destroy(guard->auth);
    *guard = (struct guard){0};
}
