/* One context a connection: commands make one or two. */
#include "processor/net/tls/client.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

struct tls_client {
    SSL_CTX *context;
    SSL *session;
};

static bool trust(SSL_CTX *context, const char *ca_file)
{
    return ca_file ? SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1
                   : SSL_CTX_set_default_verify_paths(context) == 1;
}

/* An address is held against the addresses of the certificate, a name against its names. */
static bool expect(SSL *session, const char *host)
{
    unsigned char address[16];
    if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1;
    return SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
}

struct tls_client *tls_client_create(int fd, const char *host, const char *ca_file,
                                     struct error *ret_error)
{
    struct tls_client *client = calloc(1, sizeof *client);
    if (client && (client->context = SSL_CTX_new(TLS_client_method())) &&
        SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION) == 1 &&
        trust(client->context, ca_file) && (client->session = SSL_new(client->context)) &&
        expect(client->session, host) && SSL_set_fd(client->session, fd) == 1) {
        SSL_set_verify(client->session, SSL_VERIFY_PEER, NULL);
        /* The server's own certificate is trust enough, when that is what the file holds. */
        (void)X509_VERIFY_PARAM_set_flags(SSL_get0_param(client->session),
                                          X509_V_FLAG_PARTIAL_CHAIN);
        if (SSL_connect(client->session) == 1)
            return client;
    }
    long verified = client && client->session ? SSL_get_verify_result(client->session) : X509_V_OK;
    unsigned long code = ERR_peek_error();
    const char *reason = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                         : code                ? ERR_reason_error_string(code)
                                               : NULL;
    error_set(ret_error, EXIT_TEMPORARY, "%s: no TLS connection: %s", host,
              reason ? reason : "the handshake failed");
    ERR_clear_error();
    tls_client_destroy(client);
    return NULL;
}

void tls_client_destroy(struct tls_client *client)
{
    if (!client)
        return;
    if (client->session)
        (void)SSL_shutdown(client->session);
    SSL_free(client->session);
    SSL_CTX_free(client->context);
    free(client);
}

static int clamp(size_t size)
{
    return size > INT_MAX ? INT_MAX : (int)size;
}

long tls_client_read(struct tls_client *client, void *to, size_t size)
{
    int got = SSL_read(client->session, to, clamp(size));
    if (got > 0)
        return got;
    return SSL_get_error(client->session, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

long tls_client_write(struct tls_client *client, const void *from, size_t size)
{
    int put = SSL_write(client->session, from, clamp(size));
    return put > 0 ? put : -1;
}
