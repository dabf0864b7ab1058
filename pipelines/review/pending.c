/* Results that came before their record wait for it, a day at most.
 *   body = u8 version | signed received_ms | bytes id 16 | bytes name, principal | u8 trust
 *        | u8 rights | bytes JSON */
#include "pipelines/decide/summary.h"
#include "pipelines/review/review.h"
#include "pipelines/review/pending.h"
#include "pipelines/review/state.h"
#include "processor/base/digest.h"
#include "processor/base/json/json.h"
#include "processor/review/result_json.h"
#include "state/store/value.h"

enum {
    PENDING_VERSION = 1,
    DAY_MS = 24 * 60 * 60 * 1000,
    APPLIED_MAX = 64, /* of one item at once; the turn has the rest */
    LOOKED_AT = 100,  /* a turn */
    SHARE = 20,       /* of limits.review: a twentieth */
};
enum { MAY_ADJUDICATE = 1, IS_SERVICE = 2, IS_ADMIN = 4 };

struct waiting {
    int64_t received_ms;
    struct bytes id;
    struct principal principal;
    struct bytes json;
};

static bool id_of(const struct result *result, uint8_t ret_id[16])
{
    struct bytes text = result->record_id.size > 0 ? result->record_id : result->trajectory_id;
    char uuid[UUID_TEXT_SIZE];
    if (text.size == 32)
        return hex_decode(ret_id, (const char *)text.data, 16);
    if (text.size != UUID_TEXT_SIZE - 1)
        return false;
    memcpy(uuid, text.data, text.size);
    uuid[text.size] = 0;
    return record_id_read(uuid, ret_id);
}

static bool decode(struct bytes body, struct waiting *ret_waiting)
{
    struct value_reader from;
    value_reader_init(&from, body);
    bool is_known = value_get_u8(&from) == PENDING_VERSION;
    *ret_waiting = (struct waiting){.received_ms = value_get_signed(&from)};
    ret_waiting->id = value_get_bytes(&from);
    ret_waiting->principal.name = value_get_bytes(&from);
    ret_waiting->principal.principal = value_get_bytes(&from);
    ret_waiting->principal.trust = (enum principal_trust)value_get_u8(&from);
    uint8_t rights = value_get_u8(&from);
    ret_waiting->principal.may_adjudicate = rights & MAY_ADJUDICATE;
    ret_waiting->principal.is_service = rights & IS_SERVICE;
    ret_waiting->principal.is_admin = rights & IS_ADMIN;
    ret_waiting->json = value_get_bytes(&from);
    return is_known && value_reader_finish(&from) == STATUS_OK && ret_waiting->id.size == 16;
}

static bool read_waiting(struct store_txn *txn, uint64_t sequence, struct buffer *body,
                         struct waiting *ret_waiting)
{
    buffer_clear(body);
    if (result_pending_read(txn, sequence, body) != STATUS_OK)
        return false;
    if (decode(buffer_bytes(body), ret_waiting))
        return true;
    store_fail(txn, STATUS_FATAL, "a row of table result_pending is not understood");
    return false;
}

static void forget(struct review *review, struct store_txn *txn, uint64_t sequence,
                   const struct waiting *waiting)
{
    item_unmark(txn, 'w', waiting->id, sequence);
    result_pending_delete(review->results, txn, sequence);
}

bool review_pending_is_of_another(const struct review *review, const struct result *result)
{
    char uuid[UUID_TEXT_SIZE];
    uint8_t origin[INSTANCE_UUID_SIZE];
    if (result->origin.size != UUID_TEXT_SIZE - 1)
        return false;
    memcpy(uuid, result->origin.data, result->origin.size);
    uuid[result->origin.size] = 0;
    return record_id_read(uuid, origin) &&
           memcmp(origin, store_instance(review->store)->uuid, sizeof origin) != 0;
}

/* Does exactly this instance answer for what nobody knows? */
static bool is_ours(struct review *review, const struct waiting *waiting)
{
    struct result_refusal refusal;
    struct arena arena;
    if (review->config->budget.instances <= 1)
        return true;
    arena_init(&arena, RESULT_BYTES_MAX * 4);
    struct result *result = arena_zalloc(&arena, 1, sizeof *result);
    bool is_ours = result &&
                   result_json_read(waiting->json, &review->config->review.labels,
                                    waiting->principal.name, &arena, result, &refusal) &&
                   result->origin.size > 0 && !review_pending_is_of_another(review, result);
    arena_finish(&arena);
    return is_ours;
}

/* It was answered `pending`: what it came to since is told to the dead letters alone. */
static void count_dead(struct review *review, struct store_txn *txn, enum result_outcome outcome,
                       const struct waiting *waiting)
{
    counters_add(review->counters, txn, review->dead[outcome], 1);
    if (review->tell_dead && waiting->principal.trust == TRUST_IMPORTED)
        value_put_bytes(&review->dead_letters, waiting->json);
}

static void give_up(struct review *review, struct store_txn *txn, uint64_t sequence,
                    const struct waiting *waiting)
{
    enum result_outcome outcome =
        is_ours(review, waiting) ? RESULT_WAS_UNKNOWN_RECORD : RESULT_WAS_UNCLAIMED;
    counters_add(review->counters, txn, review->outcomes[outcome], 1);
    if (outcome == RESULT_WAS_UNKNOWN_RECORD)
        count_dead(review, txn, outcome, waiting);
    forget(review, txn, sequence, waiting);
}

/* Room for so many bytes more: what has waited longest leaves. */
static bool make_room(const struct review_event *event, size_t bytes)
{
    struct review *review = event->review;
    const struct review_settings *settings = &review->config->review;
    struct buffer body = {0};
    struct waiting waiting;
    bool has_room = false;
    for (uint32_t i = 0; i < LOOKED_AT && !has_room; i++) {
        uint64_t first;
        has_room = result_pending_count(review->results) < settings->pending_max &&
                   result_pending_bytes(review->results) + bytes <= settings->bytes_max / SHARE;
        if (has_room || (first = result_pending_next(event->txn, 0)) == 0 ||
            !read_waiting(event->txn, first, &body, &waiting))
            break;
        give_up(review, event->txn, first, &waiting);
    }
    buffer_finish(&body);
    return has_room;
}

bool review_pending_add(const struct review_event *event, const struct result *result,
                        struct bytes json)
{
    const struct review *review = event->review;
    const struct principal *principal = event->principal;
    struct buffer body = {0};
    uint8_t id[16];
    if (!id_of(result, id) || !make_room(event, json.size))
        return false;
    buffer_append_byte(&body, PENDING_VERSION);
    value_put_signed(&body, event->wall_ms);
    value_put_bytes(&body, bytes_of(id, sizeof id));
    value_put_bytes(&body, principal->name);
    value_put_bytes(&body, principal->principal);
    buffer_append_byte(&body, (uint8_t)principal->trust);
    buffer_append_byte(&body, (uint8_t)((principal->may_adjudicate ? MAY_ADJUDICATE : 0) |
                                        (principal->is_service ? IS_SERVICE : 0) |
                                        (principal->is_admin ? IS_ADMIN : 0)));
    value_put_bytes(&body, json);
    if (body.failed)
        store_fail(event->txn, STATUS_FATAL, "out of memory");
    uint64_t sequence = result_pending_append(review->results, event->txn, buffer_bytes(&body));
    item_mark(event->txn, 'w', bytes_of(id, sizeof id), sequence);
    buffer_finish(&body);
    return true;
}

/* False: it goes on waiting. */
static bool apply_waiting(struct review *review, struct store_txn *txn, uint64_t sequence,
                          const struct waiting *waiting, int64_t wall_ms)
{
    struct result_answer answer;
    review_apply_one(review, txn, waiting->json, &waiting->principal, true, wall_ms, &answer);
    if (answer.outcome == RESULT_WAS_PENDING || answer.outcome == RESULT_WAS_FULL)
        return false;
    counters_add(review->counters, txn, review->outcomes[answer.outcome], 1);
    if (review_outcome_status(answer.outcome) >= 400)
        count_dead(review, txn, answer.outcome, waiting);
    forget(review, txn, sequence, waiting);
    return true;
}

void review_pending_apply(struct review *review, struct store_txn *txn, const uint8_t id[16],
                          int64_t wall_ms)
{
    struct buffer body = {0};
    struct waiting waiting;
    uint64_t at = 0;
    for (uint32_t i = 0; i < APPLIED_MAX; i++) {
        at = item_marked(txn, 'w', bytes_of(id, 16), at + 1);
        if (at == 0 || !read_waiting(txn, at, &body, &waiting))
            break;
        (void)apply_waiting(review, txn, at, &waiting, wall_ms);
    }
    buffer_finish(&body);
}

void review_pending_turn(struct review *review, struct store_txn *txn, int64_t wall_ms)
{
    struct buffer body = {0};
    struct waiting waiting;
    for (uint32_t i = 0; i < LOOKED_AT; i++) {
        uint64_t at = result_pending_next(txn, review->pending_at);
        review->pending_at = at == 0 ? 0 : at + 1;
        if (at == 0 || !read_waiting(txn, at, &body, &waiting))
            break;
        if (!apply_waiting(review, txn, at, &waiting, wall_ms) &&
            wall_ms - waiting.received_ms >= DAY_MS)
            give_up(review, txn, at, &waiting);
    }
    buffer_finish(&body);
}

/* As themselves, or named by a topic or a service. */
static bool is_by(const struct waiting *waiting, struct bytes person, struct arena *arena)
{
    struct json_reader reader;
    struct json_value result, reviewer;
    arena_reset(arena);
    return bytes_equal(waiting->principal.name, person) ||
           (json_parse(waiting->json, arena, &reader, &result) &&
            json_member(&reader, &result, "reviewer", &reviewer) && reviewer.type == JSON_STRING &&
            bytes_equal(reviewer.text, person));
}

uint32_t review_pending_erase_person(struct results *results, struct store_txn *txn,
                                     struct bytes person)
{
    struct buffer body = {0};
    struct arena arena;
    struct waiting waiting;
    uint32_t count = 0;
    arena_init(&arena, RESULT_BYTES_MAX * 4);
    for (uint64_t at = 1; (at = result_pending_next(txn, at)) != 0; at++) {
        buffer_clear(&body);
        if (result_pending_read(txn, at, &body) != STATUS_OK ||
            !decode(buffer_bytes(&body), &waiting) || !is_by(&waiting, person, &arena))
            continue;
        item_unmark(txn, 'w', waiting.id, at);
        result_pending_delete(results, txn, at);
        count++;
    }
    arena_finish(&arena);
    buffer_finish(&body);
    return count;
}

void review_tell_dead(struct review *review)
{
    struct value_reader from;
    value_reader_init(&from, buffer_bytes(&review->dead_letters));
    while (from.at < from.end && !from.failed)
        review->tell_dead(review->dead_context, value_get_bytes(&from));
    buffer_cool(&review->dead_letters, 0);
}
