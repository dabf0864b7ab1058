/* Single values and lists. Places of elements are said as "labels[2]". */
#include "processor/review/result_fields.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/text/utf8.h"

enum { UUID_CHARS = 36, DATE_CHARS = 10 };

bool result_field_refuse(struct reading *reading, enum result_fault fault, const char *field,
                         const char *format, ...)
{
    struct result_refusal *refusal = reading->refusal;
    if (refusal->fault != RESULT_OK)
        return false;
    refusal->fault = fault;
    snprintf(refusal->field, sizeof refusal->field, "%s", field);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(refusal->reason, sizeof refusal->reason, format, arguments);
    va_end(arguments);
    return false;
}

/* --- single values --- */

bool result_field_text(struct reading *reading, const char *field, const struct json_value *value,
                       size_t bytes_max, struct bytes *ret_text)
{
    if (value->type != JSON_STRING)
        return result_field_refuse(reading, RESULT_MALFORMED, field, "a text is wanted");
    if (value->text.size > bytes_max)
        return result_field_refuse(reading, RESULT_TOO_LARGE, field, "at most %zu bytes",
                                   bytes_max);
    *ret_text = value->text;
    return true;
}

bool result_field_is_id(struct bytes text, const char *marks)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && (c == 0 || !strchr(marks, c)))
            return false;
    }
    return text.size > 0;
}

bool result_field_is_printable(struct bytes text)
{
    for (size_t at = 0; at < text.size;) {
        uint32_t point = utf8_decode(text, at, &at);
        if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xfffd ||
            (point >= 0x200b && point <= 0x200f) || (point >= 0x202a && point <= 0x202e) ||
            (point >= 0x2066 && point <= 0x2069) || point == 0xfeff)
            return false;
    }
    return text.size > 0;
}

bool result_field_is_hex(struct bytes text, size_t size)
{
    uint8_t bytes[SHA256_SIZE];
    return text.size == size && hex_decode(bytes, (const char *)text.data, size / 2);
}

bool result_field_is_uuid(struct bytes text)
{
    if (text.size != UUID_CHARS)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (is_dash ? c != '-' : !is_digit)
            return false;
    }
    return true;
}

bool result_field_is_date(struct bytes text)
{
    char whole[DATE_CHARS + sizeof "T00:00:00Z"];
    int64_t ms;
    if (text.size != DATE_CHARS)
        return false;
    snprintf(whole, sizeof whole, "%.*sT00:00:00Z", DATE_CHARS, (const char *)text.data);
    return clock_parse_rfc3339(bytes_of_text(whole), &ms) == STATUS_OK;
}

bool result_field_choice(struct reading *reading, const char *field, const struct json_value *value,
                         const char *const *names, uint32_t count, uint32_t *ret_choice)
{
    for (uint32_t i = 0; i < count; i++)
        if (value->type == JSON_STRING && bytes_equal_text(value->text, names[i])) {
            *ret_choice = i;
            return true;
        }
    char list[100] = "";
    for (uint32_t i = 0; i < count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ", " : "",
                 names[i]);
    return result_field_refuse(reading, RESULT_MALFORMED, field, "one of %s is wanted", list);
}

/* --- lists --- */

bool result_field_texts(struct reading *reading, const char *field, const struct json_reader *from,
                        const struct json_value *value, uint32_t count_max, size_t bytes_max,
                        struct bytes *items, uint32_t *ret_count)
{
    struct json_reader elements;
    struct json_value element;
    if (value->type != JSON_ARRAY)
        return result_field_refuse(reading, RESULT_MALFORMED, field, "a list is wanted");
    json_children(from, value, &elements);
    for (*ret_count = 0; json_next(&elements, &element) != JSON_END; (*ret_count)++) {
        char place[80];
        snprintf(place, sizeof place, "%s[%u]", field, *ret_count);
        if (*ret_count == count_max)
            return result_field_refuse(reading, RESULT_TOO_LARGE, field, "at most %u of them",
                                       count_max);
        if (!result_field_text(reading, place, &element, bytes_max, &items[*ret_count]))
            return false;
        if (element.text.size == 0)
            return result_field_refuse(reading, RESULT_MALFORMED, place,
                                       "an empty text says nothing");
    }
    return true;
}

bool result_field_checks(struct reading *reading, const char *field, const struct json_value *value,
                         struct result_checks *checks)
{
    struct json_reader elements;
    struct json_value element;
    if (value->type != JSON_ARRAY)
        return result_field_refuse(reading, RESULT_MALFORMED, field, "a list of lists is wanted");
    json_children(&reading->members, value, &elements);
    while (json_next(&elements, &element) != JSON_END) {
        char place[80];
        snprintf(place, sizeof place, "%s[%u]", field, checks->count);
        if (checks->count == RESULT_CHECKS_MAX)
            return result_field_refuse(reading, RESULT_TOO_LARGE, field, "at most %d of them",
                                       RESULT_CHECKS_MAX);
        struct result_check *check = &checks->items[checks->count++];
        bool is_read = true;
        if (element.type == JSON_STRING) {
            check->count = 1;
            is_read = result_field_text(reading, place, &element, RESULT_ALTERNATIVE_BYTES_MAX,
                                        &check->alternatives[0]);
        } else {
            is_read = result_field_texts(reading, place, &elements, &element,
                                         RESULT_ALTERNATIVES_MAX, RESULT_ALTERNATIVE_BYTES_MAX,
                                         check->alternatives, &check->count);
        }
        if (!is_read)
            return false;
        if (check->count == 0 || check->alternatives[0].size == 0)
            return result_field_refuse(reading, RESULT_MALFORMED, place, "it has no alternative");
    }
    return true;
}

static int by_number(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

bool result_field_labels(struct reading *reading, const char *field, const struct json_value *value,
                         uint16_t *labels, uint32_t *ret_count)
{
    struct bytes ids[RESULT_LABELS_MAX];
    uint32_t count = 0;
    *ret_count = 0;
    if (!result_field_texts(reading, field, &reading->members, value, RESULT_LABELS_MAX,
                            LABEL_ID_MAX, ids, &count))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        char place[80];
        int32_t found = label_set_find(reading->labels, ids[i]);
        bool is_there = false;
        snprintf(place, sizeof place, "%s[%u]", field, i);
        if (found < 0)
            return result_field_refuse(reading, RESULT_UNKNOWN_LABEL, place, "no such label");
        for (uint32_t j = 0; j < *ret_count; j++)
            is_there = is_there || labels[j] == found;
        if (!is_there)
            labels[(*ret_count)++] = (uint16_t)found;
    }
    qsort(labels, *ret_count, sizeof *labels, by_number);
    return true;
}
