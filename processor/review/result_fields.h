/* Members of a result's JSON, one kind of value a function: each reads it or refuses it by its
 * name. Seen in this folder only. */
#pragma once
#include "processor/base/json/json.h"
#include "processor/review/result.h"

struct reading {
    const struct label_set *labels;
    struct json_reader members; /* of the root */
    struct result *result;
    struct result_refusal *refusal;
    bool has_failure_mode;
    struct bytes failure_mode;
};

/* False; the first refusal stays. */
PRINTF_LIKE(4, 5)
bool result_field_refuse(struct reading *reading, enum result_fault fault, const char *field,
                         const char *format, ...);
bool result_field_text(struct reading *reading, const char *field, const struct json_value *value,
                       size_t bytes_max, struct bytes *ret_text);
/* The number of a name in a table; a refusal lists what there is. */
bool result_field_choice(struct reading *reading, const char *field, const struct json_value *value,
                         const char *const *names, uint32_t count, uint32_t *ret_choice);
/* Texts of an array into `items`; none is empty. */
bool result_field_texts(struct reading *reading, const char *field, const struct json_reader *from,
                        const struct json_value *value, uint32_t count_max, size_t bytes_max,
                        struct bytes *items, uint32_t *ret_count);
/* A list of lists of alternatives; a text in place of a list is its only alternative. */
bool result_field_checks(struct reading *reading, const char *field, const struct json_value *value,
                         struct result_checks *checks);
/* Numbers of the label set, ascending, each once. */
bool result_field_labels(struct reading *reading, const char *field, const struct json_value *value,
                         uint16_t *labels, uint32_t *ret_count);

/* Letters, digits and `marks`: what may be an id, and be printed. */
bool result_field_is_id(struct bytes text, const char *marks);
/* No control, bidirectional or invisible characters. */
bool result_field_is_printable(struct bytes text);
bool result_field_is_hex(struct bytes text, size_t digits);
bool result_field_is_uuid(struct bytes text);
bool result_field_is_date(struct bytes text); /* 2027-01-31 */
