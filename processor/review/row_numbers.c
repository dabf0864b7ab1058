/* A number is its digits, without separators, from two of them on; `record` is a review record. */
#include "processor/review/row_numbers.h"

enum { DIGITS_MIN = 2, DIGITS_MAX = 32 };

struct number {
    char digits[DIGITS_MAX];
    size_t count;
    struct bytes text; /* as it stands there */
};

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The next number from `at` on; false: no more. */
static bool next_number(struct bytes text, size_t *at, struct number *ret)
{
    for (;;) {
        *ret = (struct number){.count = 0};
        while (*at < text.size && !is_digit(text.data[*at]))
            ++*at;
        if (*at >= text.size)
            return false;
        size_t from = *at;
        for (; *at < text.size; ++*at) {
            bool is_inner = (text.data[*at] == ',' || text.data[*at] == '.') &&
                            *at + 1 < text.size && is_digit(text.data[*at + 1]);
            if (is_digit(text.data[*at]) && ret->count < DIGITS_MAX)
                ret->digits[ret->count++] = (char)text.data[*at];
            else if (!is_digit(text.data[*at]) && !is_inner)
                break;
        }
        ret->text = bytes_of(text.data + from, *at - from);
        if (ret->count >= DIGITS_MIN)
            return true;
    }
}

static bool has_number(struct bytes text, const struct number *wanted)
{
    struct number number;
    for (size_t at = 0; next_number(text, &at, &number);)
        if (number.count == wanted->count &&
            memcmp(number.digits, wanted->digits, wanted->count) == 0)
            return true;
    return false;
}

/* Does a result of a tool name it? */
static bool is_from_tool(const struct number *wanted, const struct json_reader *reader,
                         const struct json_value *record)
{
    struct json_value steps, step, kind, output;
    struct json_reader items;
    if (!json_member(reader, record, "steps", &steps) || steps.type != JSON_ARRAY)
        return false;
    json_children(reader, &steps, &items);
    while (json_next(&items, &step) == JSON_OBJECT)
        if (json_member(&items, &step, "kind", &kind) && bytes_equal_text(kind.text, "tool") &&
            json_member(&items, &step, "output", &output) && output.type == JSON_STRING &&
            has_number(output.text, wanted))
            return true;
    return false;
}

void row_numbers_each_volatile(struct bytes text, const struct json_reader *reader,
                               const struct json_value *record, row_number_fn *tell, void *context)
{
    struct number number;
    for (size_t at = 0; next_number(text, &at, &number);)
        if (is_from_tool(&number, reader, record) && !tell(context, number.text))
            return;
}

void row_numbers_write(struct bytes text, struct buffer *to)
{
    struct number number;
    for (size_t at = 0; next_number(text, &at, &number);) {
        buffer_append_text(to, " ; ");
        buffer_append_bytes(to, number.text);
    }
}
