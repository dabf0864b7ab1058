/* Few names, so each is looked for from the start. */
#include "pipelines/review/item_cohort.h"

#include "state/store/value.h"

struct bytes item_cohort_value(struct bytes cohort, struct bytes dimension)
{
    struct value_reader reader;
    value_reader_init(&reader, cohort);
    uint64_t count = value_get_varint(&reader);
    for (uint64_t i = 0; i < count && !reader.failed; i++) {
        struct bytes name = value_get_bytes(&reader), value = value_get_bytes(&reader);
        if (!reader.failed && bytes_equal(name, dimension))
            return value;
    }
    return BYTES_LITERAL("unknown");
}
