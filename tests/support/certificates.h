/* Certificates for tests: a CA, and what it signs, as PEM files in a directory of one test. */
#pragma once
#include <openssl/types.h>

struct test_ca {
    EVP_PKEY *key;
    X509 *certificate;
};

struct test_subject {
    const char *name;       /* common name, and the DNS name beside 127.0.0.1 */
    int from_days, to_days; /* from now; 0, 0: a year around now */
};

/* Writes its certificate to `path`. */
void test_ca_init(struct test_ca *ca, const char *name, const char *path);
/* Writes certificate and key. */
void test_ca_issue(const struct test_ca *ca, const struct test_subject *subject,
                   const char *cert_path, const char *key_path);
void test_ca_finish(struct test_ca *ca);
