/* Sentences: ended by . ! ? and their CJK forms, or a line break; a dot inside a number, after a
 * single letter or a known abbreviation does not end one. Markdown bullets and headings are left
 * off the front. Byte ranges in the source. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

struct sentence {
    uint32_t start, end;
    bool is_question;
};
size_t text_sentences(struct bytes text, struct sentence *ret_sentences, size_t max);
