/* An unordered list: there are as many as records that a topic has just refused. */
#include "pipelines/run/replacements.h"

#include <stdlib.h>

#include "processor/base/memory.h"

void replacements_init(struct replacements *replacements)
{
    *replacements = (struct replacements){0};
    pthread_mutex_init(&replacements->lock, NULL);
}

void replacements_finish(struct replacements *replacements)
{
    for (size_t i = 0; i < replacements->count; i++)
        buffer_finish(&replacements->items[i].frame);
    free(replacements->items);
    pthread_mutex_destroy(&replacements->lock);
    *replacements = (struct replacements){0};
}

void replacements_ask(struct replacements *replacements, uint64_t sequence, struct bytes frame)
{
    struct replacement item = {.sequence = sequence};
    buffer_append_bytes(&item.frame, frame);
    (void)memory_need(item.frame.failed ? NULL : item.frame.data);
    pthread_mutex_lock(&replacements->lock);
    if (replacements->count == replacements->capacity) {
        size_t capacity = replacements->capacity ? replacements->capacity * 2 : 16;
        replacements->items =
            memory_need(realloc(replacements->items, capacity * sizeof(*replacements->items)));
        replacements->capacity = capacity;
    }
    replacements->items[replacements->count++] = item;
    pthread_mutex_unlock(&replacements->lock);
}

bool replacements_is_durable(struct replacements *replacements, uint64_t sequence)
{
    bool is_durable = false;
    pthread_mutex_lock(&replacements->lock);
    for (size_t i = 0; i < replacements->count && !is_durable; i++) {
        struct replacement *item = &replacements->items[i];
        is_durable = item->sequence == sequence && item->is_durable;
        if (is_durable)
            *item = replacements->items[--replacements->count];
    }
    pthread_mutex_unlock(&replacements->lock);
    return is_durable;
}

bool replacements_has_news(struct replacements *replacements)
{
    bool has_news = false;
    pthread_mutex_lock(&replacements->lock);
    for (size_t i = 0; i < replacements->count; i++)
        has_news = has_news || !replacements->items[i].is_durable;
    pthread_mutex_unlock(&replacements->lock);
    return has_news;
}

void replacements_add_to(struct replacements *replacements, struct writer *writer, uint8_t exporter)
{
    pthread_mutex_lock(&replacements->lock);
    for (size_t i = 0; i < replacements->count; i++) {
        struct replacement *item = &replacements->items[i];
        if (item->is_durable)
            continue;
        writer_add_replacement(writer, exporter, item->sequence, buffer_bytes(&item->frame));
        item->is_taken = true;
    }
    pthread_mutex_unlock(&replacements->lock);
}

void replacements_settle(struct replacements *replacements, bool is_durable)
{
    pthread_mutex_lock(&replacements->lock);
    for (size_t i = 0; i < replacements->count; i++) {
        struct replacement *item = &replacements->items[i];
        if (item->is_taken && is_durable) {
            item->is_durable = true;
            buffer_finish(&item->frame);
        }
        item->is_taken = false;
    }
    pthread_mutex_unlock(&replacements->lock);
}
