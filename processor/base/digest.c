/* One digest, one function. OpenSSL's one-shot calls can only fail for lack of memory or a broken
 * library, which is no state to go on in, so that is asserted. */
#include "processor/base/digest.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <sys/random.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

void digest_sha256(uint8_t to[SHA256_SIZE], struct bytes data)
{
    int ok = EVP_Digest(data.size ? data.data : (const uint8_t *)"", data.size, to, NULL,
                        EVP_sha256(), NULL);
    assert(ok);
}

/* OpenSSL's context by another name. */
struct digest_stream *digest_stream_create(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert(context);
    int ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    assert(ok);
    return (struct digest_stream *)context;
}

void digest_stream_add(struct digest_stream *stream, struct bytes data)
{
    int ok = EVP_DigestUpdate((EVP_MD_CTX *)stream, data.data, data.size);
    assert(ok);
}

void digest_stream_sha256(struct digest_stream *stream, uint8_t to[SHA256_SIZE])
{
    int ok = EVP_DigestFinal_ex((EVP_MD_CTX *)stream, to, NULL);
    assert(ok);
}

void digest_stream_destroy(struct digest_stream *stream)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)stream);
}

void digest_sha256_two(uint8_t to[SHA256_SIZE], struct bytes first, struct bytes second)
{
    struct digest_stream *stream = digest_stream_create();
    digest_stream_add(stream, first);
    digest_stream_add(stream, second);
    digest_stream_sha256(stream, to);
    digest_stream_destroy(stream);
}

void digest_hmac_sha256(uint8_t to[SHA256_SIZE], struct bytes key, struct bytes data)
{
    assert(key.size <= INT32_MAX);
    unsigned int size = SHA256_SIZE;
    const uint8_t *none = (const uint8_t *)"";
    const uint8_t *result = HMAC(EVP_sha256(), key.size ? key.data : none, (int)key.size,
                                 data.size ? data.data : none, data.size, to, &size);
    assert(result && size == SHA256_SIZE);
}

/* CRC-32C (Castagnoli, reflected polynomial 0x82f63b78; RFC 3720 appendix B.4 has test vectors). */
static uint32_t crc32c_table[256];
static bool has_sse42;
static uint64_t hash_key[2];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void make_tables(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        crc32c_table[i] = crc;
    }
#if defined(__x86_64__)
    __builtin_cpu_init();
    has_sse42 = __builtin_cpu_supports("sse4.2");
#endif
    ssize_t got = getrandom(hash_key, sizeof hash_key, 0);
    assert(got == (ssize_t)sizeof hash_key);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t crc, struct bytes data)
{
    uint64_t wide = crc;
    const uint8_t *at = data.data, *end = data.data + data.size;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    crc = (uint32_t)wide;
    for (; at < end; at++)
        crc = _mm_crc32_u8(crc, *at);
    return crc;
}
#endif

uint32_t digest_crc32c(uint32_t crc, struct bytes data)
{
    pthread_once(&tables_once, make_tables);
    crc = ~crc;
    if (data.size == 0)
        return ~crc;
#if defined(__x86_64__)
    if (has_sse42)
        return ~crc32c_sse42(crc, data);
#endif
    for (size_t i = 0; i < data.size; i++)
        crc = crc >> 8 ^ crc32c_table[(crc ^ data.data[i]) & 0xff];
    return ~crc;
}

static inline uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = rotate_left(v[1], 13) ^ v[0], v[0] = rotate_left(v[0], 32);
    v[2] += v[3], v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotate_left(v[1], 17) ^ v[2], v[2] = rotate_left(v[2], 32);
}

static inline uint64_t get_le(const uint8_t *from, size_t size)
{
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)from[i] << 8 * i;
    return v;
}

/* SipHash-1-3 (Aumasson and Bernstein 2012, with one compression and three final rounds). */
uint64_t digest_table_hash(struct bytes data)
{
    pthread_once(&tables_once, make_tables);
    uint64_t v[4] = {hash_key[0] ^ 0x736f6d6570736575, hash_key[1] ^ 0x646f72616e646f6d,
                     hash_key[0] ^ 0x6c7967656e657261, hash_key[1] ^ 0x7465646279746573};
    size_t whole = data.size / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = get_le(data.data + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)data.size << 56;
    if (data.size > whole)
        last |= get_le(data.data + whole, data.size - whole);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t digest_fnv1a64(struct bytes data)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < data.size; i++)
        hash = (hash ^ data.data[i]) * 0x100000001b3;
    return hash;
}

void digest_uuid_v5_url(char to[UUID_TEXT_SIZE], struct bytes name)
{
    /* 6ba7b811-9dad-11d1-80b4-00c04fd430c8, RFC 4122 appendix C */
    static const uint8_t url_namespace[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                              0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    uint8_t digest[20];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert(context);
    int ok = EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    assert(ok);
    ok = EVP_DigestUpdate(context, url_namespace, sizeof url_namespace);
    assert(ok);
    ok = EVP_DigestUpdate(context, name.data, name.size);
    assert(ok);
    ok = EVP_DigestFinal_ex(context, digest, NULL);
    assert(ok);
    EVP_MD_CTX_free(context);
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50);
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
    static const struct {
        int from, size;
    } parts[] = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 6}};
    for (int i = 0; i < 5; i++) {
        hex_encode(to, digest + parts[i].from, (size_t)parts[i].size);
        to += 2 * parts[i].size;
        *to++ = i < 4 ? '-' : 0;
    }
}
