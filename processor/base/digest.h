/* Digests: SHA-256 and HMAC from OpenSSL, CRC-32C for stored values, a keyed 64-bit hash for tables
 * whose keys outsiders choose (SipHash-1-3; the key is random per process), UUIDv5. */
#pragma once
#include <stdint.h>

#include "processor/base/bytes.h"

enum { SHA256_SIZE = 32, UUID_TEXT_SIZE = 37 };

void digest_sha256(uint8_t to[SHA256_SIZE], struct bytes data);
/* Of the concatenation. */
void digest_sha256_two(uint8_t to[SHA256_SIZE], struct bytes first, struct bytes second);
/* Of what comes piece by piece. */
struct digest_stream;
struct digest_stream *digest_stream_create(void);
void digest_stream_add(struct digest_stream *stream, struct bytes data);
void digest_stream_sha256(struct digest_stream *stream,
                          uint8_t to[SHA256_SIZE]);       /* once, at its end */
void digest_stream_destroy(struct digest_stream *stream); /* accepts NULL */
void digest_hmac_sha256(uint8_t to[SHA256_SIZE], struct bytes key, struct bytes data);
uint32_t digest_crc32c(uint32_t crc, struct bytes data); /* start with 0 */
/* Table hash. Differs between processes; never stored, never printed. */
uint64_t digest_table_hash(struct bytes data);
/* Stable 64-bit hash (FNV-1a 64), for things that are stored or compared between processes but not
 * attacked. */
uint64_t digest_fnv1a64(struct bytes data);
/* RFC 4122 version 5 in the URL namespace: SHA-1 of namespace and name. */
void digest_uuid_v5_url(char to[UUID_TEXT_SIZE], struct bytes name);
