/* A word in front of what is signed keeps a code from being a session, and the other way round. */
#include "pipelines/review/session.h"

#include <assert.h>
#include <string.h>
#include <sys/random.h>

enum {
    FORM = 1,
    HEAD_SIZE = 3 + 8 + SESSION_TOKEN_HEAD,
    PAYLOAD_MAX = HEAD_SIZE + SESSION_NAME_MAX,
    CODE_PAYLOAD = 1 + 8 + 8,
    CODE_MAC = 16,
    SIGNED_MAX = 8 + PAYLOAD_MAX,
};

static const char key_name[] = "session_key", prefix[] = "fws_";

static void fill_random(uint8_t *to, size_t size)
{
    ssize_t got = getrandom(to, size, 0);
    assert(got == (ssize_t)size); /* never short below 256 bytes */
}

/* --- the key --- */

enum status session_key_make(struct store *store, struct error *ret_error)
{
    struct store_txn txn;
    struct bytes value;
    uint8_t row[1 + SESSION_KEY_SIZE] = {FORM};
    store_begin(store, true, &txn);
    if (store_get(&txn, TABLE_META, bytes_of_text(key_name), &value)) {
        store_abort(&txn);
        return STATUS_OK;
    }
    fill_random(row + 1, SESSION_KEY_SIZE);
    store_put(&txn, TABLE_META, bytes_of_text(key_name), bytes_of(row, sizeof row));
    enum status status = store_commit(&txn);
    if (status != STATUS_OK)
        error_set(ret_error, status == STATUS_BUSY ? EXIT_TEMPORARY : EXIT_STATE_IO,
                  "the key of review sessions cannot be written: %s", txn.reason);
    return status;
}

enum status session_key_read(struct store *store, uint8_t ret_key[SESSION_KEY_SIZE],
                             struct error *ret_error)
{
    struct store_txn txn;
    struct bytes value;
    enum status status = STATUS_NOT_FOUND;
    store_begin(store, false, &txn);
    if (store_get(&txn, TABLE_META, bytes_of_text(key_name), &value)) {
        status = value.size == 1 + SESSION_KEY_SIZE && value.data[0] == FORM ? STATUS_OK
                                                                             : STATUS_MALFORMED;
        if (status == STATUS_OK)
            memcpy(ret_key, value.data + 1, SESSION_KEY_SIZE);
    }
    if (store_commit(&txn) != STATUS_OK || status == STATUS_MALFORMED) {
        error_set(ret_error, EXIT_STATE_IO, "the key of review sessions cannot be read");
        return STATUS_FATAL;
    }
    return status;
}

/* --- signed texts --- */

static void sign(const uint8_t key[SESSION_KEY_SIZE], const char *word, const uint8_t *payload,
                 size_t size, uint8_t to[SHA256_SIZE])
{
    uint8_t text[SIGNED_MAX] = {0};
    assert(size <= PAYLOAD_MAX && strlen(word) < 8);
    memcpy(text, word, strlen(word));
    memcpy(text + 8, payload, size);
    digest_hmac_sha256(to, bytes_of(key, SESSION_KEY_SIZE), bytes_of(text, 8 + size));
}

/* Takes the same time wherever they differ. */
static bool is_same(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint8_t difference = 0;
    for (size_t i = 0; i < size; i++)
        difference |= (uint8_t)(a[i] ^ b[i]);
    return difference == 0;
}

void session_write(const uint8_t key[SESSION_KEY_SIZE], const struct session *session,
                   char to[SESSION_TEXT_SIZE])
{
    uint8_t payload[PAYLOAD_MAX] = {FORM, session->trust, session->role}, mac[SHA256_SIZE];
    size_t name = strlen(session->name), size = HEAD_SIZE + name, lead = sizeof prefix - 1;
    assert(name <= SESSION_NAME_MAX);
    put_be64(payload + 3, (uint64_t)session->ends_ms);
    memcpy(payload + 11, session->token_head, SESSION_TOKEN_HEAD);
    memcpy(payload + HEAD_SIZE, session->name, name);
    sign(key, "session", payload, size, mac);
    memcpy(to, prefix, lead);
    hex_encode(to + lead, payload, size);
    hex_encode(to + lead + 2 * size, mac, sizeof mac);
    to[lead + 2 * (size + sizeof mac)] = 0;
}

bool session_read(const uint8_t key[SESSION_KEY_SIZE], struct bytes text, int64_t now_ms,
                  struct session *ret_session)
{
    uint8_t raw[PAYLOAD_MAX + SHA256_SIZE], mac[SHA256_SIZE];
    const size_t lead = sizeof prefix - 1, least = HEAD_SIZE + 1 + SHA256_SIZE;
    if (!bytes_starts_with(text, bytes_of_text(prefix)) || (text.size - lead) % 2 != 0)
        return false;
    size_t size = (text.size - lead) / 2;
    if (size < least || size > sizeof raw || !hex_decode(raw, (const char *)text.data + lead, size))
        return false;
    size_t payload = size - SHA256_SIZE;
    sign(key, "session", raw, payload, mac);
    struct session session = {.trust = raw[1], .role = raw[2]};
    session.ends_ms = (int64_t)get_be64(raw + 3);
    memcpy(session.token_head, raw + 11, SESSION_TOKEN_HEAD);
    memcpy(session.name, raw + HEAD_SIZE, payload - HEAD_SIZE);
    if (!is_same(mac, raw + payload, sizeof mac) || raw[0] != FORM || session.ends_ms <= now_ms)
        return false;
    *ret_session = session;
    return true;
}

/* --- codes --- */

void code_make(const uint8_t key[SESSION_KEY_SIZE], uint8_t role, int64_t now_ms,
               char to[CODE_TEXT_SIZE])
{
    uint8_t payload[CODE_PAYLOAD] = {role}, mac[SHA256_SIZE];
    put_be64(payload + 1, (uint64_t)now_ms);
    fill_random(payload + 9, 8);
    sign(key, "code", payload, sizeof payload, mac);
    hex_encode(to, payload, sizeof payload);
    hex_encode(to + 2 * sizeof payload, mac, CODE_MAC);
    to[CODE_TEXT_SIZE - 1] = 0;
}

/* Notes that it was used. False: it was, or there is no place to note it. */
static bool note(struct code_book *book, const uint8_t random[8], int64_t made_ms, int64_t now_ms)
{
    int place = -1;
    for (int i = 0; i < CODES_REMEMBERED; i++) {
        if (book->used[i].made_ms == made_ms && memcmp(book->used[i].random, random, 8) == 0)
            return false;
        if (now_ms - book->used[i].made_ms > CODE_LIVES_MS)
            place = i;
    }
    if (place < 0)
        return false;
    memcpy(book->used[place].random, random, 8);
    book->used[place].made_ms = made_ms;
    return true;
}

bool code_take(struct code_book *book, const uint8_t key[SESSION_KEY_SIZE], struct bytes text,
               int64_t now_ms, uint8_t *ret_role)
{
    uint8_t raw[CODE_PAYLOAD + CODE_MAC], mac[SHA256_SIZE];
    if (text.size != 2 * sizeof raw || !hex_decode(raw, (const char *)text.data, sizeof raw))
        return false;
    int64_t made_ms = (int64_t)get_be64(raw + 1);
    sign(key, "code", raw, CODE_PAYLOAD, mac);
    if (!is_same(mac, raw + CODE_PAYLOAD, CODE_MAC) || made_ms < book->since_ms ||
        made_ms > now_ms || now_ms - made_ms > CODE_LIVES_MS ||
        !note(book, raw + 9, made_ms, now_ms))
        return false;
    *ret_role = raw[0];
    return true;
}
