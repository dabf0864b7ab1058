/* Made once in a process and asked for every word of every text. */
#include "processor/score/language/word_list.h"

#include <assert.h>

#include "processor/base/text/words.h"

enum { SCRATCH_MAX = 1024 * 1024 };

static size_t slot_of(const struct word_list *list, uint64_t hash)
{
    size_t at = hash % list->size;
    while (list->slots[at] != 0 && list->slots[at] != hash)
        at = (at + 1) % list->size;
    return at;
}

void word_list_make(struct word_list *list, const char *const *texts, size_t count)
{
    struct arena scratch;
    size_t held = 0;
    arena_init(&scratch, SCRATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        struct words words = text_words(bytes_of_text(texts[i]), &scratch);
        for (size_t at = 0; at < words.count; at++) {
            size_t slot = slot_of(list, words.items[at].hash);
            held += list->slots[slot] == 0;
            list->slots[slot] = words.items[at].hash;
        }
        assert(held < list->size / 2);
        arena_reset(&scratch);
    }
    arena_finish(&scratch);
}

bool word_list_holds(const struct word_list *list, uint64_t hash)
{
    return list->slots[slot_of(list, hash)] != 0;
}
