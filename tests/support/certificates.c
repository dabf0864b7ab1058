/* P-256 keys, since they are made at once. */
#include "tests/support/certificates.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>

static void write_certificate(const char *path, X509 *certificate)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509(file, certificate), 1);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_key(const char *path, EVP_PKEY *key)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    ck_assert_int_eq(fclose(file), 0);
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, NULL, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ck_assert_ptr_nonnull(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static X509 *create(const char *name, EVP_PKEY *key, int from_days, int to_days)
{
    static long serial;
    X509 *certificate = X509_new();
    ck_assert_ptr_nonnull(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(certificate), from_days, -60, NULL);
    X509_time_adj_ex(X509_getm_notAfter(certificate), to_days, 60, NULL);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    return certificate;
}

void test_ca_init(struct test_ca *ca, const char *name, const char *path)
{
    ca->key = EVP_EC_gen("P-256");
    ca->certificate = create(name, ca->key, -365, 365);
    X509_set_issuer_name(ca->certificate, X509_get_subject_name(ca->certificate));
    extend(ca->certificate, NID_basic_constraints, "critical,CA:TRUE");
    ck_assert_int_gt(X509_sign(ca->certificate, ca->key, EVP_sha256()), 0);
    write_certificate(path, ca->certificate);
}

void test_ca_issue(const struct test_ca *ca, const struct test_subject *subject,
                   const char *cert_path, const char *key_path)
{
    bool is_usual = subject->from_days == 0 && subject->to_days == 0;
    char names[256];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = create(subject->name, key, is_usual ? -182 : subject->from_days,
                               is_usual ? 182 : subject->to_days);
    snprintf(names, sizeof names, "DNS:%s,IP:127.0.0.1", subject->name);
    X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate));
    extend(certificate, NID_subject_alt_name, names);
    ck_assert_int_gt(X509_sign(certificate, ca->key, EVP_sha256()), 0);
    write_certificate(cert_path, certificate);
    write_key(key_path, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void test_ca_finish(struct test_ca *ca)
{
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    *ca = (struct test_ca){0};
}
