/* Sessions and one-time codes of the review page. Both are what they say and the HMAC of it, by a key
 * of the data directory: they take no memory, survive a restart, and whoever may read the directory
 * can make a code (and nobody else).
 *
 *   session  "fws_" hex(u8 1 | u8 trust | u8 role | be64 ends_ms | token head 8 | name) hex(HMAC 32)
 *   code     hex(u8 role | be64 made_ms | random 8) hex(first 16 bytes of the HMAC)
 *
 * What a name may do today is for the caller to look up: a session says whose it is, no more. */
#pragma once
#include "processor/base/digest.h"
#include "state/store/store.h"

enum {
    SESSION_KEY_SIZE = 32,
    SESSION_TOKEN_HEAD = 8,
    SESSION_NAME_MAX = 64,
    SESSION_TEXT_SIZE = 4 + 2 * (19 + SESSION_NAME_MAX + SHA256_SIZE) + 1,
    CODE_TEXT_SIZE = 2 * (17 + 16) + 1,
    SESSION_LIVES_MS = 12 * 3600 * 1000,
    CODE_LIVES_MS = 60 * 1000,
};

/* Makes the key where there is none. For the owner, before its writer runs. */
MUST_CHECK enum status session_key_make(struct store *store, struct error *ret_error);
/* NOT_FOUND: the directory has never had a review listener. */
MUST_CHECK enum status session_key_read(struct store *store, uint8_t ret_key[SESSION_KEY_SIZE],
                                        struct error *ret_error);

struct session { /* numbers of trust and role are the caller's */
    uint8_t trust, role;
    int64_t ends_ms;
    uint8_t token_head[SESSION_TOKEN_HEAD]; /* of the token's SHA-256; zero: by a code */
    char name[SESSION_NAME_MAX + 1];
};

/* Wall clock. */
void session_write(const uint8_t key[SESSION_KEY_SIZE], const struct session *session,
                   char to[SESSION_TEXT_SIZE]);
/* False: not ours, or over. */
MUST_CHECK bool session_read(const uint8_t key[SESSION_KEY_SIZE], struct bytes text, int64_t now_ms,
                             struct session *ret_session);

void code_make(const uint8_t key[SESSION_KEY_SIZE], uint8_t role, int64_t now_ms,
               char to[CODE_TEXT_SIZE]);

/* Codes that were used and could be shown again. Bounded: while all places are taken by codes of the
 * last minute, further ones are refused. Zeroed is empty. */
enum { CODES_REMEMBERED = 64 };
struct code_book {
    int64_t since_ms; /* older codes are refused: they may have been used before a restart */
    struct {
        uint8_t random[8];
        int64_t made_ms;
    } used[CODES_REMEMBERED];
};
/* True once for a code of the last minute. */
MUST_CHECK bool code_take(struct code_book *book, const uint8_t key[SESSION_KEY_SIZE],
                          struct bytes text, int64_t now_ms, uint8_t *ret_role);
