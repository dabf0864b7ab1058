/* A list without order: reviewers are few. */
#include "pipelines/review/leases.h"

#include <pthread.h>
#include <stdlib.h>

enum { PERSONS_MAX = 256 };

struct lease {
    uint64_t item, principal;
    int64_t ends_ms;
};

struct leases {
    pthread_mutex_t lock;
    struct lease items[LEASES_MAX];
    uint32_t count;
    uint64_t served, served_control;
    struct { /* the last thing that a person was served; old ones are overwritten */
        uint64_t principal, conversation;
    } persons[PERSONS_MAX];
    uint32_t person_count, next_person;
};

struct leases *leases_create(void)
{
    struct leases *leases = calloc(1, sizeof *leases);
    if (leases && pthread_mutex_init(&leases->lock, NULL) != 0) {
        free(leases);
        return NULL;
    }
    return leases;
}

void leases_destroy(struct leases *leases)
{
    if (!leases)
        return;
    pthread_mutex_destroy(&leases->lock);
    free(leases);
}

static void forget_ended(struct leases *leases, int64_t now_ms)
{
    for (uint32_t i = leases->count; i-- > 0;)
        if (leases->items[i].ends_ms <= now_ms)
            leases->items[i] = leases->items[--leases->count];
}

static struct lease *find(struct leases *leases, uint64_t item, uint64_t principal)
{
    for (uint32_t i = 0; i < leases->count; i++)
        if (leases->items[i].item == item && leases->items[i].principal == principal)
            return &leases->items[i];
    return NULL;
}

static uint32_t others(const struct leases *leases, uint64_t item, uint64_t principal)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < leases->count; i++)
        count += leases->items[i].item == item && leases->items[i].principal != principal;
    return count;
}

static struct lease *new_lease(struct leases *leases)
{
    if (leases->count < LEASES_MAX)
        return &leases->items[leases->count++];
    struct lease *first = &leases->items[0];
    for (uint32_t i = 1; i < leases->count; i++)
        if (leases->items[i].ends_ms < first->ends_ms)
            first = &leases->items[i];
    return first;
}

bool leases_take(struct leases *leases, uint64_t item, uint64_t principal, uint32_t places,
                 int64_t now_ms, int64_t for_ms)
{
    pthread_mutex_lock(&leases->lock);
    forget_ended(leases, now_ms);
    bool is_free = others(leases, item, principal) < places;
    struct lease *lease = is_free ? find(leases, item, principal) : NULL;
    if (is_free && !lease)
        lease = new_lease(leases);
    if (lease)
        *lease = (struct lease){item, principal, now_ms + for_ms};
    pthread_mutex_unlock(&leases->lock);
    return is_free;
}

uint32_t leases_of_others(struct leases *leases, uint64_t item, uint64_t principal, int64_t now_ms)
{
    pthread_mutex_lock(&leases->lock);
    forget_ended(leases, now_ms);
    uint32_t count = others(leases, item, principal);
    pthread_mutex_unlock(&leases->lock);
    return count;
}

void leases_release(struct leases *leases, uint64_t item, uint64_t principal)
{
    pthread_mutex_lock(&leases->lock);
    struct lease *lease = find(leases, item, principal);
    if (lease)
        *lease = leases->items[--leases->count];
    pthread_mutex_unlock(&leases->lock);
}

void leases_inherit(struct leases *leases, uint64_t from, uint64_t to)
{
    pthread_mutex_lock(&leases->lock);
    for (uint32_t i = 0; i < leases->count; i++)
        if (leases->items[i].item == from)
            leases->items[i].item = to;
    pthread_mutex_unlock(&leases->lock);
}

bool leases_wants_control(struct leases *leases, double share)
{
    pthread_mutex_lock(&leases->lock);
    bool is_wanted =
        share > 0 && (double)leases->served_control < share * ((double)leases->served + 1);
    pthread_mutex_unlock(&leases->lock);
    return is_wanted;
}

static uint32_t person_at(const struct leases *leases, uint64_t principal)
{
    uint32_t at = 0;
    while (at < leases->person_count && leases->persons[at].principal != principal)
        at++;
    return at;
}

uint64_t leases_last_conversation(struct leases *leases, uint64_t principal)
{
    pthread_mutex_lock(&leases->lock);
    uint32_t at = person_at(leases, principal);
    uint64_t last = at < leases->person_count ? leases->persons[at].conversation : 0;
    pthread_mutex_unlock(&leases->lock);
    return last;
}

void leases_note_served(struct leases *leases, uint64_t principal, uint64_t conversation,
                        bool is_control)
{
    pthread_mutex_lock(&leases->lock);
    uint32_t at = person_at(leases, principal);
    if (at == leases->person_count) {
        at = leases->next_person++ % PERSONS_MAX;
        leases->person_count += leases->person_count < PERSONS_MAX;
    }
    leases->persons[at].principal = principal;
    leases->persons[at].conversation = conversation;
    leases->served++;
    leases->served_control += is_control;
    pthread_mutex_unlock(&leases->lock);
}
