/* Each place of the text is tried; what is looked for is short. */
#include "processor/score/language/verbatim.h"

#include "processor/score/language/content_words.h"
#include "processor/score/language/number.h"

bool verbatim_init(struct verbatim *verbatim, struct bytes text, struct arena *arena)
{
    *verbatim = (struct verbatim){.text = text};
    if (content_words(text, arena).count == 0)
        return false;
    verbatim->words = text_words(text, arena);
    return verbatim->words.count > 0 && verbatim->words.count <= VERBATIM_WORDS_MAX;
}

static struct number number_at(struct bytes text, struct word word)
{
    struct number number = {.start = word.start};
    number_of_word(bytes_of(text.data + word.start, word.end - word.start), word.hash, &number);
    return number;
}

static bool are_equal(struct bytes a_text, struct word a, struct bytes b_text, struct word b)
{
    if (a.hash == b.hash)
        return true;
    if (!a.has_digit || !b.has_digit)
        return false;
    struct number first = number_at(a_text, a), second = number_at(b_text, b);
    for (uint32_t i = 0; i < first.reading_count; i++)
        for (uint32_t j = 0; j < second.reading_count; j++)
            if (first.readings[i] == second.readings[j])
                return true;
    return false;
}

bool verbatim_stands_in(const struct verbatim *verbatim, struct bytes text, struct arena *scratch)
{
    struct words words = text_words(text, scratch);
    size_t wanted = verbatim->words.count;
    /* A text that repeats itself compares several words at each place. */
    if (!arena_look(scratch, words.count * sizeof(struct word)))
        return false;
    for (size_t at = 0; at + wanted <= words.count; at++) {
        size_t same = 0;
        while (same < wanted &&
               are_equal(verbatim->text, verbatim->words.items[same], text, words.items[at + same]))
            same++;
        if (same == wanted)
            return true;
    }
    return false;
}
