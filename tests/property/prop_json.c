/* link: base */
/* Random documents, written by the writer, read back by the reader, whole and cut off at every
 * place; and random garbage, which may be anything but must be survived. The model is the
 * sequence of values that the generator drew. */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/json/writer.h"
#include "processor/base/text/utf8.h"

enum { VALUES_MAX = 200, TEXT_MAX = 24 };

struct model_value {
    enum json_type type;
    double number;
    bool boolean;
    uint8_t text[TEXT_MAX];
    size_t size;
};

static uint64_t seed, state;
static struct model_value model[VALUES_MAX];
static int drawn;

static uint64_t draw(uint64_t below)
{
    state ^= state << 13, state ^= state >> 7,
        state ^= state << 17; /* xorshift64 (Marsaglia 2003) */
    return (state >> 11) % below;
}

static void seed_from_environment(void)
{
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    state = seed | 1;
    printf("SEED=%" PRIu64 "\n", seed);
    fflush(stdout); /* before the test forks */
}

static struct bytes draw_text(struct model_value *value)
{
    static const char *const pieces[] = {
        "a", "\"", "\\", "\n", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80", "{", "]", ","};
    value->size = 0;
    for (uint64_t n = draw(6); n > 0; n--) {
        const char *piece = pieces[draw(sizeof pieces / sizeof *pieces)];
        memcpy(value->text + value->size, piece, strlen(piece));
        value->size += strlen(piece);
    }
    return bytes_of(value->text, value->size);
}

static double draw_double(void)
{
    uint64_t bits = draw(UINT64_C(1) << 53) << 11 | draw(1 << 11);
    double value;
    memcpy(&value, &bits, sizeof value);
    return draw(2) || value != value || value - value != 0 ? (double)draw(1000000) / 100 : value;
}

/* Recursion is fine here: the generator bounds its own depth. */
static void draw_value(struct json_writer *writer, int depth)
{
    struct model_value *value = &model[drawn++];
    *value = (struct model_value){
        .type = (enum json_type)(JSON_NULL + draw(depth < 8 && drawn < VALUES_MAX - 40 ? 6 : 4))};
    switch ((int)value->type) {
    case JSON_NULL:
        json_null(writer);
        break;
    case JSON_BOOL:
        value->boolean = draw(2);
        json_bool(writer, value->boolean);
        break;
    case JSON_NUMBER:
        value->number = draw_double();
        json_double(writer, value->number);
        break;
    case JSON_STRING:
        json_string(writer, draw_text(value));
        break;
    case JSON_OBJECT:
        json_object_begin(writer);
        for (uint64_t n = draw(5); n > 0 && drawn < VALUES_MAX; n--) {
            struct model_value key;
            json_key_bytes(writer, draw_text(&key));
            draw_value(writer, depth + 1);
        }
        json_object_end(writer);
        break;
    default:
        json_array_begin(writer);
        for (uint64_t n = draw(5); n > 0 && drawn < VALUES_MAX; n--)
            draw_value(writer, depth + 1);
        json_array_end(writer);
    }
}

static void draw_document(struct buffer *to)
{
    struct json_writer writer;
    buffer_clear(to);
    json_writer_init(&writer, to);
    drawn = 0;
    json_array_begin(&writer);
    for (int i = 0; i < 3; i++)
        draw_value(&writer, 0);
    json_array_end(&writer);
}

/* Walks everything below `container`, depth first. Returns how many values were met; with `check`
 * they must be the model's. A cut document may lack some, and its last string may be a prefix. */
static int walk(struct json_reader *reader, const struct json_value *container, bool check, int met)
{
    struct json_reader children;
    struct json_value value;
    json_children(reader, container, &children);
    while (json_next(&children, &value) > JSON_END && value.type != JSON_BROKEN) {
        const struct model_value *expected = &model[met++];
        if (check) {
            ck_assert_int_eq(value.type, expected->type);
            ck_assert(value.type != JSON_BOOL || value.boolean == expected->boolean);
            ck_assert(value.type != JSON_NUMBER || value.number == expected->number);
            if (value.type == JSON_STRING) {
                ck_assert(utf8_is_valid(value.text));
                ck_assert(bytes_starts_with(bytes_of(expected->text, expected->size), value.text));
                ck_assert(children.truncated || value.text.size == expected->size);
            }
        }
        if (value.type == JSON_OBJECT || value.type == JSON_ARRAY)
            met = walk(&children, &value, check, met);
        struct json_value member;
        ck_assert(!json_member(&children, &value, "no such member", &member));
    }
    ck_assert(!check || value.type == JSON_END);
    return met;
}

START_TEST(what_was_written_is_read_and_a_cut_text_gives_a_prefix_of_it)
{
    struct buffer text = {0};
    struct arena arena;
    arena_init(&arena, 1 << 20);
    for (int round = 0; round < 100; round++) {
        draw_document(&text);
        for (size_t size = text.size; size > 0; size = size > 40 ? size - 1 - draw(9) : size - 1) {
            uint8_t *copy =
                malloc(size); /* its own block, so that a sanitizer sees one byte too far */
            memcpy(copy, text.data, size);
            struct json_reader reader;
            struct json_value root;
            ck_assert(json_parse(bytes_of(copy, size), &arena, &reader, &root));
            ck_assert_int_eq(reader.truncated, size < text.size);
            int met = walk(&reader, &root, true, 0);
            ck_assert(met == drawn || size < text.size);
            arena_reset(&arena);
            free(copy);
        }
    }
    arena_finish(&arena);
    buffer_finish(&text);
}
END_TEST

START_TEST(damaged_text_is_survived)
{
    struct buffer text = {0};
    struct arena arena;
    arena_init(&arena, 1 << 12);
    for (int round = 0; round < 3000; round++) {
        if (round % 10 == 0)
            draw_document(&text);
        for (uint64_t n = 1 + draw(3); n > 0; n--)
            text.data[draw(text.size)] = (uint8_t) "{}[]\",:\\u0e-t\xff"[draw(15)];
        struct json_reader reader;
        struct json_value root;
        if (json_parse(buffer_bytes(&text), &arena, &reader, &root))
            (void)walk(&reader, &root, false, 0);
        arena_reset(&arena);
    }
    arena_finish(&arena);
    buffer_finish(&text);
}
END_TEST

START_TEST(doubles_survive_their_text)
{
    for (int round = 0; round < 20000; round++) {
        uint64_t bits = draw(UINT64_C(1) << 53) << 11 | draw(1 << 11);
        double value, back = 0;
        memcpy(&value, &bits, sizeof value);
        if (value != value || value - value != 0)
            continue;
        char text[NUMBER_TEXT_SIZE], shorter[64];
        number_format(text, value);
        ck_assert(number_parse(bytes_of_text(text), &back));
        ck_assert_msg(back == value, "%s", text);
        (void)snprintf(shorter, sizeof shorter, "%.*e", 14, value);
        if (strtod(shorter, NULL) != value)
            continue;
        ck_assert_msg(strlen(text) <= strlen(shorter), "%s is longer than %s", text, shorter);
    }
}
END_TEST

int main(void)
{
    seed_from_environment();
    seed_from_environment();
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, what_was_written_is_read_and_a_cut_text_gives_a_prefix_of_it);
    tcase_add_test(tests, damaged_text_is_survived);
    tcase_add_test(tests, doubles_survive_their_text);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
