/* link: review base */
/* Random rows of the schema in every form: the line is one JSON value in which no name stands twice,
 * and each text that the form has a place for is in it as it was. The model is the list of texts
 * that the generator drew, each with what it is. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/json/canonical.h"
#include "processor/base/json/writer.h"
#include "processor/review/forms.h"

enum { TEXTS_MAX = 64, TEXT_MAX = 96, ROWS = 400 };
enum kind { INPUT = 1, HISTORY = 2, CONTEXT = 4, OUTPUT = 8, EXPECTED = 16, FACT = 32, LABEL = 64 };

static struct {
    uint8_t text[TEXT_MAX];
    size_t size;
    enum kind kind;
} drawn[TEXTS_MAX];
static size_t drawn_count;
static uint64_t seed, state;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13, state ^= state >> 7,
        state ^= state << 17; /* xorshift64 (Marsaglia 2003) */
    return (state >> 11) % below;
}

static struct bytes draw_text(enum kind kind)
{
    static const char *const pieces[] = {
        "a",  "\"",       "\\",       "\n\n",     "\x01",          "\xc3\xa9", "\xf0\x9f\x98\x80",
        "{{", "item.x}}", "</script", "\\u0041 ", "\xe2\x80\xae ", "\x7f",     "[\"x\"]"};
    ck_assert_uint_lt(drawn_count, TEXTS_MAX);
    size_t size = (size_t)snprintf((char *)drawn[drawn_count].text, TEXT_MAX, "<%zu>", drawn_count);
    for (uint64_t n = draw(8); n > 0; n--) {
        const char *piece = pieces[draw(sizeof pieces / sizeof *pieces)];
        memcpy(drawn[drawn_count].text + size, piece, strlen(piece));
        size += strlen(piece);
    }
    drawn[drawn_count].size = size;
    drawn[drawn_count].kind = kind;
    return bytes_of(drawn[drawn_count++].text, size);
}

static void maybe(struct json_writer *json, const char *key, enum kind kind)
{
    if (draw(4) > 0)
        json_put_bytes(json, key, draw_text(kind));
}

static void put_texts(struct json_writer *json, const char *key, const char *member, enum kind kind,
                      bool has_role)
{
    json_key(json, key);
    json_array_begin(json);
    for (uint64_t n = draw(4); n > 0; n--) {
        json_object_begin(json);
        if (has_role)
            json_put_text(json, "role", n % 2 ? "user" : "assistant");
        json_put_bytes(json, member, draw_text(kind));
        json_object_end(json);
    }
    json_array_end(json);
}

static void put_facts(struct json_writer *json, const char *key)
{
    json_key(json, key);
    json_array_begin(json);
    for (uint64_t n = draw(3); n > 0; n--) {
        json_array_begin(json);
        for (uint64_t m = 1 + draw(2); m > 0; m--)
            json_string(json, draw_text(FACT));
        json_array_end(json);
    }
    json_array_end(json);
}

static void draw_row(struct buffer *to)
{
    struct json_writer writer, *json = &writer;
    drawn_count = 0;
    json_writer_init(json, to);
    json_object_begin(json);
    json_put_text(json, "schema", "flywheel.row/v1");
    json_put_text(json, "row_id", "0f3b1c9e-6f0a-5d57-9d43-2a8a3f5f3c11");
    json_put_uint(json, "dataset_version", draw(1000));
    json_put_text(json, "dataset", "bank");
    json_put_bool(json, "regression", draw(2));
    json_key(json, "source");
    json_object_begin(json);
    json_put_text(json, "trace_id", "00112233445566778899aabbccddeeff");
    json_object_end(json);
    maybe(json, "input", INPUT);
    put_texts(json, "contexts", "text", CONTEXT, false);
    if (draw(2))
        put_texts(json, "history", "text", HISTORY, true);
    maybe(json, "output", OUTPUT);
    maybe(json, "expected_response", EXPECTED);
    json_key(json, "checks");
    json_object_begin(json);
    put_facts(json, "must_include");
    put_facts(json, "must_not_include");
    json_object_end(json);
    maybe(json, "failure_mode", LABEL);
    json_key(json, "labels");
    json_array_begin(json);
    for (uint64_t n = draw(3); n > 0; n--)
        json_string(json, draw_text(LABEL));
    json_array_end(json);
    json_put_text(json, "verdict", draw(2) ? "fail" : "pass");
    json_object_end(json);
}

/* All strings below a value, each between NULs. */
static void gather(const struct json_reader *reader, const struct json_value *value,
                   struct buffer *to)
{
    struct json_reader items;
    struct json_value item;
    if (value->type == JSON_STRING) {
        buffer_append_bytes(to, value->text);
        buffer_append_byte(to, 0);
    }
    json_children(reader, value, &items);
    while (json_next(&items, &item) != JSON_END) {
        ck_assert_int_ne(item.type, JSON_BROKEN);
        gather(&items, &item, to);
    }
}

static void check_line(const char *name, unsigned kinds, struct bytes line, struct arena *arena)
{
    struct json_reader reader;
    struct json_value value;
    struct buffer canonical = {0}, strings = {0};
    ck_assert(line.size > 0 && line.data[line.size - 1] == '\n');
    line.size--;
    ck_assert_msg(!memchr(line.data, '\n', line.size), "%s: two lines", name);
    ck_assert_msg(json_canonical(line, arena, &canonical), "SEED=%" PRIu64 " %s: %.*s", seed, name,
                  (int)line.size, (const char *)line.data);
    ck_assert(json_parse(line, arena, &reader, &value));
    gather(&reader, &value, &strings);
    for (size_t i = 0; i < drawn_count; i++)
        ck_assert_msg(!(drawn[i].kind & kinds) ||
                          memmem(strings.data, strings.size, drawn[i].text, drawn[i].size),
                      "SEED=%" PRIu64 " %s: %.*s is missing: %.*s", seed, name, (int)drawn[i].size,
                      (const char *)drawn[i].text, (int)line.size, (const char *)line.data);
    buffer_finish(&strings);
    buffer_finish(&canonical);
}

START_TEST(texts_survive_in_every_form)
{
    static const struct {
        const char *name;
        unsigned kinds; /* of texts that it has as they are; in cells lists are JSON in a text */
        unsigned needs;
    } forms[] = {
        {"langfuse", INPUT | HISTORY | CONTEXT | OUTPUT | EXPECTED | FACT | LABEL, 0},
        {"langsmith", INPUT | HISTORY | CONTEXT | OUTPUT | EXPECTED | FACT | LABEL, 0},
        {"phoenix", INPUT | HISTORY | CONTEXT | OUTPUT | EXPECTED | FACT | LABEL, 0},
        {"label-studio", INPUT | HISTORY | CONTEXT | OUTPUT | EXPECTED | FACT | LABEL, 0},
        {"futureagi", INPUT | CONTEXT | OUTPUT | EXPECTED, 0},
        {"openai-evals", INPUT | HISTORY | CONTEXT | EXPECTED | FACT, 0},
        {"messages", INPUT | HISTORY | EXPECTED, INPUT | EXPECTED},
    };
    struct arena arena;
    struct buffer row = {0}, line = {0};
    arena_init(&arena, 8 << 20);
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    state = seed | 1;
    for (int i = 0; i < ROWS; i++) {
        buffer_clear(&row);
        draw_row(&row);
        unsigned drawn_kinds = 0;
        for (size_t k = 0; k < drawn_count; k++)
            drawn_kinds |= drawn[k].kind;
        for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
            const struct form *form = form_find(FORM_OF_ROW, bytes_of_text(forms[f].name));
            bool is_whole = (drawn_kinds & forms[f].needs) == forms[f].needs;
            arena_reset(&arena);
            buffer_clear(&line);
            enum status status = form_write(form, buffer_bytes(&row), false, &arena, &line);
            ck_assert_int_eq(status, is_whole ? STATUS_OK : STATUS_NOT_FOUND);
            if (is_whole)
                check_line(forms[f].name, forms[f].kinds, buffer_bytes(&line), &arena);
        }
    }
    buffer_finish(&line);
    buffer_finish(&row);
    arena_finish(&arena);
}
END_TEST

/* A row that was cut off is no row, wherever the cut is. */
START_TEST(what_is_cut_off_has_no_form)
{
    struct arena arena;
    struct buffer row = {0}, line = {0};
    arena_init(&arena, 8 << 20);
    state = 7;
    draw_row(&row);
    for (size_t size = 0; size < row.size; size++) {
        arena_reset(&arena);
        buffer_clear(&line);
        const struct form *form = form_find(FORM_OF_ROW, BYTES_LITERAL("langsmith"));
        ck_assert_int_eq(form_write(form, bytes_of(row.data, size), false, &arena, &line),
                         STATUS_MALFORMED);
        ck_assert_uint_eq(line.size, 0);
    }
    buffer_finish(&line);
    buffer_finish(&row);
    arena_finish(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prop_forms");
    TCase *tests = tcase_create("forms");
    tcase_add_test(tests, texts_survive_in_every_form);
    tcase_add_test(tests, what_is_cut_off_has_no_form);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
