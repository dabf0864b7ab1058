/* One SSL_CTX, counted by OpenSSL for each session of it; so a set of certificates goes away with
 * its last connection. There is no resumption: a session always begins with the certificates that
 * are in force. */
#include "processor/net/tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "processor/base/log.h"

enum {
    EXPIRES_SOON_DAYS = 14,  /* a certificate that ends sooner is warned of */
    PROTOCOL_BYTES_MAX = 255 /* the length of a name in ALPN is one byte */
};

struct tls {
    pthread_mutex_t lock;
    SSL_CTX *context;
    int64_t expires_ms;
};

/* What OpenSSL has to say, in its own words; the words of the file's content never. */
static const char *openssl_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return reason ? reason : "unknown reason";
}

static bool can_read(const char *what, const char *path, struct error *ret_error)
{
    if (access(path, R_OK) == 0)
        return true;
    error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
              "%s: the %s cannot be read: %s", path, what, strerror(errno));
    return false;
}

static int64_t time_ms(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static bool is_current(const char *path, const X509 *certificate, struct error *ret_error)
{
    char when[32] = "";
    struct tm parts;
    bool has_ended = X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
    bool has_begun = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0;
    const ASN1_TIME *edge =
        has_ended ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate);
    if (ASN1_TIME_to_tm(edge, &parts) == 1)
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (has_ended)
        error_set(ret_error, EXIT_CONFIG, "%s: the certificate has expired on %s: renew it", path,
                  when);
    else if (!has_begun)
        error_set(ret_error, EXIT_CONFIG,
                  "%s: the certificate is valid from %s only: correct the clock or wait", path,
                  when);
    return has_begun && !has_ended;
}

static void warn_before_it_ends(const char *path, int64_t expires_ms)
{
    int64_t days = (expires_ms / 1000 - (int64_t)time(NULL)) / 86400;
    if (days < EXPIRES_SOON_DAYS)
        log_warn("certificate_expires_soon", "file=\"%s\" days=%lld", path, (long long)days);
}

static void warn_if_open(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && (about.st_mode & S_IROTH))
        log_warn("key_readable_by_others", "file=\"%s\" action=\"chmod o-r\"", path);
}

static bool use_pair(SSL_CTX *context, const struct tls_files *files, struct error *ret_error)
{
    if (!can_read("certificate", files->cert_file, ret_error) ||
        !can_read("private key", files->key_file, ret_error))
        return false;
    if (SSL_CTX_use_certificate_chain_file(context, files->cert_file) != 1) {
        error_set(ret_error, EXIT_CONFIG, "%s: is no usable certificate in PEM: %s",
                  files->cert_file, openssl_reason());
        return false;
    }
    /* An encrypted key must fail instead of asking the terminal for its password. */
    if (SSL_CTX_use_PrivateKey_file(context, files->key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        unsigned long code = ERR_peek_error();
        bool is_mismatch = ERR_GET_LIB(code) == ERR_LIB_X509;
        ERR_clear_error();
        if (is_mismatch)
            error_set(ret_error, EXIT_CONFIG, "%s: the key does not belong to the certificate %s",
                      files->key_file, files->cert_file);
        else
            error_set(ret_error, EXIT_CONFIG,
                      "%s: is no usable private key in PEM without a password: %s", files->key_file,
                      code ? ERR_reason_error_string(code) : "unknown reason");
        return false;
    }
    warn_if_open(files->key_file);
    return is_current(files->cert_file, SSL_CTX_get0_certificate(context), ret_error);
}

/* A bundle may hold certificates that have ended, as long as one has not. */
static bool has_current(SSL_CTX *context, const char *path, struct error *ret_error)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        struct error ignored = {0};
        if (certificate && is_current(path, certificate, &ignored))
            return true;
        if (certificate && sk_X509_OBJECT_num(objects) == 1)
            return is_current(path, certificate, ret_error);
    }
    error_set(ret_error, EXIT_CONFIG, "%s: holds no certificate that is valid today", path);
    return false;
}

static bool use_client_ca(SSL_CTX *context, const char *path, struct error *ret_error)
{
    if (!can_read("client CA", path, ret_error))
        return false;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
    if (!names || SSL_CTX_load_verify_file(context, path) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        error_set(ret_error, EXIT_CONFIG, "%s: holds no usable certificate in PEM: %s", path,
                  openssl_reason());
        return false;
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return has_current(context, path, ret_error);
}

/* No password is ever asked for. */
static int no_password(char *to, int size, int is_writing, void *context)
{
    (void)to, (void)size, (void)is_writing, (void)context;
    return -1;
}

/* A client that names no protocol is left to the receiver behind; one that names others only is
 * told at once. */
static int select_protocol(SSL *session, const unsigned char **out, unsigned char *out_size,
                           const unsigned char *in, unsigned int in_size, void *context)
{
    (void)context;
    const char *wanted = SSL_get_app_data(session);
    size_t size = strlen(wanted);
    for (unsigned int at = 0; at < in_size; at += 1u + in[at]) {
        if (in[at] == size && at + 1 + size <= in_size && memcmp(in + at + 1, wanted, size) == 0) {
            *out = in + at + 1;
            *out_size = in[at];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *create_context(const struct tls_files *files, struct error *ret_error)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context) {
        error_set(ret_error, EXIT_BUG, "TLS cannot be set up: %s", openssl_reason());
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_passwd_cb(context, no_password);
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    if (use_pair(context, files, ret_error) &&
        (!files->client_ca_file || use_client_ca(context, files->client_ca_file, ret_error)))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct tls *tls_create(const struct tls_files *files, struct error *ret_error)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        error_set(ret_error, EXIT_BUG, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&tls->lock, NULL);
    tls->context = create_context(files, ret_error);
    if (!tls->context) {
        tls_destroy(tls);
        return NULL;
    }
    tls->expires_ms = time_ms(X509_get0_notAfter(SSL_CTX_get0_certificate(tls->context)));
    warn_before_it_ends(files->cert_file, tls->expires_ms);
    return tls;
}

void tls_destroy(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls);
}

void tls_apply(struct tls *tls, struct tls *loaded)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *before = tls->context;
    tls->context = loaded->context;
    tls->expires_ms = loaded->expires_ms;
    pthread_mutex_unlock(&tls->lock);
    loaded->context = before;
    tls_destroy(loaded);
}

SSL *tls_session(struct tls *tls, const char *protocol)
{
    pthread_mutex_lock(&tls->lock);
    SSL *session = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    if (session)
        SSL_set_app_data(session, (char *)protocol);
    return session;
}

int64_t tls_expires_ms(const struct tls *tls)
{
    struct tls *locked = (struct tls *)tls; /* the lock is no part of its value */
    pthread_mutex_lock(&locked->lock);
    int64_t expires_ms = locked->expires_ms;
    pthread_mutex_unlock(&locked->lock);
    return expires_ms;
}
