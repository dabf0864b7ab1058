/* TLS as a client, over a connected blocking socket, for commands that speak to a review listener: the
 * server's certificate is verified, and its name or address. TLS 1.2 and later. */
#pragma once
#include "processor/base/error.h"

#include <stddef.h>

struct tls_client;

/* `ca_file` NULL: the authorities that the system trusts. NULL with `ret_error` (EXIT_TEMPORARY) when
 * the handshake fails. The socket stays the caller's. */
struct tls_client *tls_client_create(int fd, const char *host, const char *ca_file,
                                     struct error *ret_error);
/* Ends the session. Accepts NULL. */
void tls_client_destroy(struct tls_client *client);
/* As read() and write(): -1 on failure, 0 at the end. */
long tls_client_read(struct tls_client *client, void *to, size_t size);
long tls_client_write(struct tls_client *client, const void *from, size_t size);
