/* A hash table with chains; an entry lies in the wheel for as long as it lies in the table. */
#include "pipelines/decide/conversations.h"

#include <stdlib.h>

#include "processor/base/digest.h"

enum { SLOTS_MIN = 64 };

bool conversations_init(struct conversations *all, int64_t now_ms)
{
    *all = (struct conversations){.slot_count = SLOTS_MIN};
    timer_wheel_init(&all->wheel, now_ms);
    all->slots = calloc(all->slot_count, sizeof(struct conversation *));
    return all->slots != NULL;
}

void conversation_destroy(struct conversation *conversation)
{
    free(conversation->parts);
    free(conversation);
}

void conversations_finish(struct conversations *all)
{
    for (size_t i = 0; all->slots && i < all->slot_count; i++)
        for (struct conversation *at = all->slots[i], *next; at; at = next) {
            next = at->next;
            conversation_destroy(at);
        }
    free(all->slots);
    all->slots = NULL;
}

void conversation_hash(uint8_t ret_id[PART_CONVERSATION_SIZE], struct bytes conversation_id)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256_two(digest, BYTES_LITERAL("flywheel:conversation/"), conversation_id);
    memcpy(ret_id, digest, PART_CONVERSATION_SIZE);
}

static struct conversation **slot_of(const struct conversations *all, const uint8_t *id)
{
    return &all->slots[digest_table_hash(bytes_of(id, PART_CONVERSATION_SIZE)) &
                       (all->slot_count - 1)];
}

static struct conversation **find(const struct conversations *all, const uint8_t *id)
{
    struct conversation **at = slot_of(all, id);
    while (*at && memcmp((*at)->id, id, PART_CONVERSATION_SIZE) != 0)
        at = &(*at)->next;
    return at;
}

/* Without memory the chains get longer, nothing else. */
static void grow(struct conversations *all)
{
    size_t count = all->slot_count;
    struct conversation **old = all->slots;
    struct conversation **slots = calloc(count * 2, sizeof(struct conversation *));
    if (!slots)
        return;
    all->slots = slots;
    all->slot_count = count * 2;
    for (size_t i = 0; i < count; i++)
        for (struct conversation *at = old[i], *next; at; at = next) {
            next = at->next;
            struct conversation **slot = slot_of(all, at->id);
            at->next = *slot;
            *slot = at;
        }
    free(old);
}

static struct conversation *open_one(struct conversations *all, const uint8_t *id)
{
    struct conversation *conversation = *find(all, id);
    if (conversation)
        return conversation;
    conversation = calloc(1, sizeof(*conversation));
    if (!conversation)
        return NULL;
    if (all->count >= all->slot_count)
        grow(all);
    memcpy(conversation->id, id, PART_CONVERSATION_SIZE);
    conversation->trigger = CLOSE_IDLE;
    struct conversation **slot = slot_of(all, id);
    conversation->next = *slot;
    *slot = conversation;
    all->count++;
    return conversation;
}

static bool append_part(struct conversation *conversation, uint64_t sequence)
{
    if (conversation->part_count == conversation->part_capacity) {
        uint32_t capacity = conversation->part_capacity ? conversation->part_capacity * 2 : 4;
        uint64_t *grown = realloc(conversation->parts, capacity * sizeof(*grown));
        if (!grown)
            return false;
        conversation->parts = grown;
        conversation->part_capacity = capacity;
    }
    conversation->parts[conversation->part_count++] = sequence;
    return true;
}

bool conversations_add(struct conversations *all, const struct part_row *row,
                       const struct conversation_limits *limits, int64_t now_ms, int64_t wall_ms)
{
    struct conversation *conversation = open_one(all, row->conversation);
    if (!conversation || !append_part(conversation, row->sequence))
        return false;
    conversation->spans += row->spans;
    conversation->bytes += row->bytes;
    all->spans += row->spans;
    all->part_count++;
    if (row->received_ms > conversation->received_ms)
        conversation->received_ms = row->received_ms;
    /* Quiet since the last arrival, also when the process was down meanwhile. */
    int64_t quiet_ms = wall_ms - conversation->received_ms;
    quiet_ms = quiet_ms > 0 ? quiet_ms < limits->idle_ms ? quiet_ms : limits->idle_ms : 0;
    int64_t deadline_ms = now_ms + limits->idle_ms - quiet_ms;
    if (conversation->spans >= limits->max_spans || conversation->bytes >= limits->max_bytes) {
        conversation->trigger =
            conversation->spans >= limits->max_spans ? CLOSE_SPANS : CLOSE_BYTES;
        deadline_ms = now_ms;
    }
    if (conversation->timer.next)
        timer_wheel_remove(&all->wheel, &conversation->timer);
    timer_wheel_add(&all->wheel, &conversation->timer, deadline_ms);
    return true;
}

struct conversation *conversations_take_due(struct conversations *all, int64_t now_ms)
{
    struct timer_node *node = timer_wheel_take_due(&all->wheel, now_ms);
    if (!node)
        return NULL;
    struct conversation *conversation =
        (struct conversation *)(void *)((char *)node - offsetof(struct conversation, timer));
    struct conversation **at = find(all, conversation->id);
    *at = conversation->next;
    conversation->next = NULL;
    all->count--;
    all->spans -= conversation->spans;
    all->part_count -= conversation->part_count;
    return conversation;
}
