/* Words that carry no content: articles, pronouns, auxiliaries in en de fr es it pt nl ru pl
 * ro sv tr el ar hi vi. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Is it one of them? By the hash of the folded word, as text_words() gives it. */
bool stop_words_hold(uint64_t hash);
