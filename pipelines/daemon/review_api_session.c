/* Who asks. Three things show it, all as `Authorization: Bearer`:
 *
 *   token of the reviewers file ----> the person or program, and its role
 *   session, made of a token -------> the same, while the file still has that token for that name
 *   session, made of a code --------> a declared person: whoever may read the data directory
 *
 * A reviewers file ends declared persons, and the other way round: whose name stands under a result must
 * mean one thing. */
#include <stdio.h>

#include "pipelines/daemon/review_api_state.h"
#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

enum { ARENA_BYTES = 64 * 1024 };

static const uint32_t rights_of[REVIEWER_ROLES] = {
    [ROLE_VIEWER] = RIGHT_AGGREGATES,
    [ROLE_REVIEWER] = RIGHT_AGGREGATES | RIGHT_REVIEW | RIGHT_RESULTS,
    [ROLE_ADJUDICATOR] = RIGHT_AGGREGATES | RIGHT_REVIEW | RIGHT_RESULTS | RIGHT_ADJUDICATE,
    [ROLE_ADMIN] = RIGHT_ANY,
    [ROLE_SERVICE] = RIGHT_RESULTS | RIGHT_FEEDBACK,
};

static const char declared_name[] = "reviewer";

/* --- who it is --- */

static void fill(struct http_caller *caller, const char *name, enum reviewer_role role,
                 enum principal_trust trust, const uint8_t token_head[SESSION_TOKEN_HEAD])
{
    *caller = (struct http_caller){
        .rights = rights_of[role], .role = (uint8_t)role, .kind = (uint8_t)trust};
    snprintf(caller->name, sizeof caller->name, "%s", name);
    /* Of one token all sessions count together; of declared ones, by their name. */
    caller->key = trust == TRUST_AUTHENTICATED ? get_be64(token_head)
                                               : digest_table_hash(bytes_of_text(name));
    caller->key |= 1;
}

static bool by_session(struct review_api *review, struct bytes text, struct http_caller *ret_caller)
{
    struct session session;
    if (!session_read(review->key, text, clock_realtime_ms(), &session) ||
        session.role >= REVIEWER_ROLES)
        return false;
    bool is_known = false;
    enum reviewer_role role = session.role;
    pthread_mutex_lock(&review->lock);
    if (session.trust == TRUST_DECLARED) {
        is_known = !review->reviewers && review->is_loopback;
    } else if (review->reviewers) {
        const struct reviewer *reviewer =
            reviewers_by_name(review->reviewers, bytes_of_text(session.name));
        is_known = reviewer && memcmp(reviewer->token, session.token_head, SESSION_TOKEN_HEAD) == 0;
        role = reviewer ? reviewer->role : role;
    }
    pthread_mutex_unlock(&review->lock);
    if (is_known)
        fill(ret_caller, session.name, role, session.trust, session.token_head);
    if (is_known && session.trust == TRUST_DECLARED && review->is_alone && role == ROLE_REVIEWER)
        ret_caller->rights |= RIGHT_ADJUDICATE;
    return is_known;
}

static bool by_token(struct review_api *review, struct bytes token, struct http_caller *ret_caller,
                     uint8_t ret_head[SESSION_TOKEN_HEAD])
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(digest, token);
    pthread_mutex_lock(&review->lock);
    const struct reviewer *reviewer =
        review->reviewers ? reviewers_by_token(review->reviewers, digest) : NULL;
    if (reviewer)
        fill(ret_caller, reviewer->name, reviewer->role, TRUST_AUTHENTICATED, digest);
    pthread_mutex_unlock(&review->lock);
    memcpy(ret_head, digest, SESSION_TOKEN_HEAD);
    return reviewer != NULL;
}

bool review_api_identify(void *context, struct bytes authorization, struct http_caller *ret_caller)
{
    struct bytes scheme = BYTES_LITERAL("Bearer ");
    uint8_t head[SESSION_TOKEN_HEAD];
    if (!bytes_starts_with(authorization, scheme))
        return false;
    struct bytes shown =
        bytes_of(authorization.data + scheme.size, authorization.size - scheme.size);
    return by_session(context, shown, ret_caller) || by_token(context, shown, ret_caller, head);
}

struct principal review_api_principal(const struct http_caller *caller)
{
    return (struct principal){
        .name = bytes_of_text(caller->name),
        .principal = bytes_of_text(caller->name),
        .trust = caller->kind,
        .may_adjudicate = caller->rights & RIGHT_ADJUDICATE,
        .is_service = caller->role == ROLE_SERVICE,
        .is_admin = caller->role == ROLE_ADMIN,
    };
}

/* --- the documents --- */

static void write_labels(struct json_writer *to, const struct label_set *labels)
{
    json_put_hex(to, "label_set", labels->sha256, SHA256_SIZE);
    json_key(to, "labels");
    json_array_begin(to);
    for (uint32_t i = 0; i < labels->count; i++) {
        static const char *const implies[] = {NULL, "pass", "fail"};
        const struct review_label *label = &labels->items[i];
        const struct {
            const char *key;
            struct bytes text;
        } texts[] = {{"id", label->id},
                     {"name", label->name},
                     {"description", label->description},
                     {"good_example", label->good_example},
                     {"bad_example", label->bad_example}};
        json_object_begin(to);
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
            if (texts[t].text.size == 0)
                continue;
            json_put_bytes(to, texts[t].key, texts[t].text);
        }
        if (implies[label->implies])
            json_put_text(to, "implies", implies[label->implies]);
        json_object_end(to);
    }
    json_array_end(to);
}

static void write_session(struct review_api *review, struct http_api_call *call, const char *text,
                          const struct http_caller *caller, int64_t ends_ms)
{
    struct json_writer to;
    char ends[CLOCK_RFC3339_SIZE];
    json_writer_init(&to, http_api_body_to(call));
    json_object_begin(&to);
    if (text)
        json_put_text(&to, "session", text);
    json_put_text(&to, "name", caller->name);
    json_put_text(&to, "role", reviewer_role_names[caller->role]);
    json_put_bool(&to, "declared", caller->kind == TRUST_DECLARED);
    json_put_bool(&to, "may_adjudicate", caller->rights & RIGHT_ADJUDICATE);
    if (ends_ms > 0) {
        clock_format_rfc3339(ends, (uint64_t)ends_ms * 1000000);
        json_put_text(&to, "expires_at", ends);
    }
    write_labels(&to, &review_api_config(review)->review.labels);
    json_object_end(&to);
}

/* --- signing in --- */

static unsigned refuse_login(struct http_api_call *call, const char *reason)
{
    http_api_note_refused_login(call);
    return http_api_refuse(call, 401, reason, NULL);
}

/* A name that a declared person gives itself; false: it is none. */
static bool take_name(struct bytes given, char to[SESSION_NAME_MAX + 1])
{
    if (given.size == 0)
        given = bytes_of_text(declared_name);
    if (given.size > SESSION_NAME_MAX)
        return false;
    for (size_t i = 0; i < given.size; i++)
        if (given.data[i] <= ' ' || given.data[i] == 0x7f || strchr(":/\"\\", given.data[i]))
            return false;
    memcpy(to, given.data, given.size);
    to[given.size] = 0;
    return true;
}

static unsigned by_code(struct review_api *review, struct http_api_call *call, struct bytes code,
                        struct bytes name, struct session *session)
{
    pthread_mutex_lock(&review->lock);
    bool is_declared = !review->reviewers && review->is_loopback;
    pthread_mutex_unlock(&review->lock);
    if (!take_name(name, session->name))
        return review_api_malformed(call, "a name of up to 64 bytes without spaces", "name");
    if (!is_declared)
        return refuse_login(call, "codes are for loopback without review.reviewers_file");
    if (!code_take(&review->codes, review->key, code, clock_realtime_ms(), &session->role) ||
        session->role >= REVIEWER_ROLES)
        return refuse_login(call, "the code was used, is older than a minute, or is none");
    if (session->role == ROLE_REVIEWER) {
        if (!review->declared[0])
            memcpy(review->declared, session->name, sizeof review->declared);
        review->is_alone = review->is_alone && strcmp(review->declared, session->name) == 0;
    }
    session->trust = TRUST_DECLARED;
    return 0;
}

/* 0: signed in. */
static unsigned open_session(struct review_api *review, struct http_api_call *call,
                             struct session *session)
{
    struct arena arena;
    struct json_reader reader;
    struct json_value body, code, token, name;
    struct http_caller caller;
    unsigned status = 0;
    arena_init(&arena, ARENA_BYTES);
    if (!json_parse(http_api_body(call), &arena, &reader, &body) || body.type != JSON_OBJECT ||
        reader.broken || reader.truncated) {
        status = review_api_malformed(call, "a JSON object is wanted", NULL);
    } else if (json_member(&reader, &body, "code", &code) && code.type == JSON_STRING) {
        bool has_name = json_member(&reader, &body, "name", &name) && name.type == JSON_STRING;
        status =
            by_code(review, call, code.text, has_name ? name.text : (struct bytes){0}, session);
    } else if (json_member(&reader, &body, "token", &token) && token.type == JSON_STRING) {
        if (by_token(review, token.text, &caller, session->token_head)) {
            memcpy(session->name, caller.name, sizeof session->name);
            session->role = caller.role;
            session->trust = caller.kind;
        } else {
            status = refuse_login(call, "the token is unknown");
        }
    } else {
        status = review_api_malformed(call, "a token or a code is wanted", "token");
    }
    arena_finish(&arena);
    return status;
}

unsigned review_api_sign_in(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct session session = {.ends_ms = clock_realtime_ms() + SESSION_LIVES_MS};
    char text[SESSION_TEXT_SIZE];
    struct http_caller caller;
    unsigned status = open_session(review, call, &session);
    if (status != 0)
        return status;
    session_write(review->key, &session, text);
    if (!by_session(review, bytes_of_text(text), &caller))
        return refuse_login(call, "no session");
    write_session(review, call, text, &caller, session.ends_ms);
    return 200;
}

unsigned review_api_show_session(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    struct bytes shown = http_api_authorization(call);
    struct session session = {0};
    size_t scheme = sizeof "Bearer " - 1;
    if (!session_read(review->key, bytes_of(shown.data + scheme, shown.size - scheme),
                      clock_realtime_ms(), &session))
        session.ends_ms = 0; /* a token, which does not end by itself */
    write_session(review, call, NULL, http_api_caller(call), session.ends_ms);
    return 200;
}

/* A session takes no memory here, so there is none to free: whoever signs out forgets it. It ends when
 * its 12 hours are over, or when its token is rotated or disabled. */
unsigned review_api_sign_out(void *context, struct http_api_call *call)
{
    (void)context, (void)call;
    return 204;
}
