/* link: review base */
/* Any bytes in every form: what is JSON becomes a line of JSON, what is none becomes nothing. */
#include <assert.h>

#include "processor/base/json/canonical.h"
#include "processor/review/forms_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Deeper than that a form may be too deep to be read. */
static bool is_shallow(struct bytes json)
{
    size_t brackets = 0;
    for (size_t i = 0; i < json.size; i++)
        brackets += json.data[i] == '[' || json.data[i] == '{';
    return brackets < JSON_DEPTH_MAX - FORM_DEPTH_MAX;
}

static void write_all(const struct form *form, struct bytes json, bool is_json)
{
    for (; form->name; form++) {
        struct arena arena;
        struct buffer line = {0}, canonical = {0};
        arena_init(&arena, 16 << 20);
        enum status status = form_write(form, json, json.size & 1, &arena, &line);
        assert(status != STATUS_OK || line.data[line.size - 1] == '\n');
        assert(status == STATUS_OK || status == STATUS_BUSY || line.size == 0);
        if (status == STATUS_OK && is_json)
            assert(json_canonical(bytes_of(line.data, line.size - 1), &arena, &canonical));
        buffer_finish(&canonical);
        buffer_finish(&line);
        arena_finish(&arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes json = bytes_of(data, size);
    struct buffer canonical = {0};
    struct arena arena;
    arena_init(&arena, 16 << 20);
    bool is_json = json_canonical(json, &arena, &canonical) && is_shallow(json);
    write_all(form_rows, json, is_json);
    write_all(form_records, json, is_json);
    buffer_finish(&canonical);
    arena_finish(&arena);
    return 0;
}
