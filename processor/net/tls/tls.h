/* The certificates of the OTLP receiver, shared by its transports and exchanged as a whole: a
 * connection keeps the set that it began with. TLS 1.2 and later. With a client CA every client
 * must show a certificate that it has signed. Any thread. */
#pragma once
#include <openssl/types.h>
#include <stdint.h>

#include "processor/base/error.h"

struct tls;

struct tls_files {
    const char *cert_file, *key_file;
    const char *client_ca_file; /* NULL: clients need no certificate */
};

/* Reads and checks: certificate and key parse and belong together, nothing is expired or not valid
 * yet. The error names the file. A key that others may read is warned of in the log. */
struct tls *tls_create(const struct tls_files *files, struct error *ret_error);
void tls_destroy(struct tls *tls);

/* Likewise, without putting it in force: what is read is exchanged by tls_apply, which takes
 * ownership of `loaded` and is for new connections. */
void tls_apply(struct tls *tls, struct tls *loaded);

/* A new server side session of the set in force; NULL when out of memory. `protocol` is what ALPN
 * must come to ("h2"); it is borrowed for as long as the session lives. */
SSL *tls_session(struct tls *tls, const char *protocol);
/* When the server's certificate ends, in ms since the epoch. */
int64_t tls_expires_ms(const struct tls *tls);
