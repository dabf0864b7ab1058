/* E-mail addresses, from the '@' outwards: the local part to its left, then the host to its right,
 * whose last label must be able to be a top-level domain.
 *
 *   "mail jo.m+x@mail.example.com."
 *         <-----^--------------->    neither the quote nor the full stop */
#include "processor/base/masks/scanners.h"

/* Two-byte UTF-8 sequences led by C3-C9 are the Latin letters past ASCII (U+00C0-U+024F): "jörg@".
 * Scripts written without spaces must not be drawn into an address that follows them. */
static bool ends_latin_letter(struct bytes text, size_t at)
{
    return at >= 2 && (text.data[at - 1] & 0xc0) == 0x80 && text.data[at - 2] >= 0xc3 &&
           text.data[at - 2] <= 0xc9;
}

static bool is_local(uint8_t c)
{
    return is_word(c) || (c && strchr(".%+-'", c));
}

static size_t local_start(struct bytes text, size_t at)
{
    size_t start = at;
    while (start > 0) {
        if (is_local(text.data[start - 1]))
            start--;
        else if (ends_latin_letter(text, start))
            start -= 2;
        else
            break;
    }
    while (start < at && (text.data[start] == '.' || text.data[start] == '\''))
        start++;
    return start;
}

/* End of the last label of the host whose text can be a top-level domain; `at` when there is none.
 */
static size_t host_end(struct bytes text, size_t at)
{
    size_t end = at, label = at;
    bool has_dot = false, has_letters = true;
    for (size_t i = at;; i++) {
        uint8_t c = byte_at(text, i);
        bool is_latin = c >= 0xc3 && c <= 0xc9 && (byte_at(text, i + 1) & 0xc0) == 0x80;
        if (is_letter(c) || is_digit(c) || c == '-' || is_latin) {
            has_letters = has_letters && !is_digit(c);
            i += is_latin ? 1 : 0;
            continue;
        }
        size_t size = i - label;
        bool is_punycode = size > 4 && memcmp(text.data + label, "xn--", 4) == 0;
        if (has_dot && size >= 2 && text.data[label] != '-' && (has_letters || is_punycode))
            end = i;
        if (c != '.' || size == 0)
            break;
        label = i + 1;
        has_dot = true;
        has_letters = true;
    }
    while (end > at && text.data[end - 1] == '-')
        end--;
    return end;
}

size_t mask_email(struct bytes text, size_t at, struct mask_ranges *ranges)
{
    size_t start = local_start(text, at);
    if (start == at)
        return at + 1;
    size_t end = host_end(text, at + 1);
    if (end == at + 1)
        return at + 1;
    mask_ranges_add(ranges, start, end, MASK_EMAIL);
    return end;
}
