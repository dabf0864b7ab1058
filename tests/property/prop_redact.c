/* link: emit base */
/* Texts made of harmless words and of generated addresses and cards: none of the planted ones is
 * left, every harmless byte between them is, and offsets map in order and onto the same byte.
 * Quoted by the JSON writers of Python, PHP and JavaScript, in documents in documents, also cut:
 * mask(escape(x)) = escape(mask(x)). The seed is printed; FLYWHEEL_SEED repeats a run. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/text/utf8.h"
#include "processor/emit/redact.h"

static uint64_t state;

static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void random_letters(struct buffer *to, const char *alphabet, uint32_t min, uint32_t max)
{
    uint32_t size = min + pick(max - min + 1);
    for (uint32_t i = 0; i < size; i++)
        buffer_append_byte(to, (uint8_t)alphabet[pick((uint32_t)strlen(alphabet))]);
}

static void random_address(struct buffer *to)
{
    static const char *const domains[] = {"com", "de", "co.uk", "example", "io", "travel"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char local[] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_%+";
    random_letters(to, letters, 1, 1);
    random_letters(to, local, 0, 12);
    if (pick(2)) {
        buffer_append_byte(to, '.');
        random_letters(to, local, 1, 8);
    }
    buffer_append_byte(to, '@');
    random_letters(to, letters, 1, 1);
    random_letters(to, "abcxyz0123456789-", 0, 10);
    random_letters(to, letters, 1, 1);
    buffer_append_byte(to, '.');
    buffer_append_text(to, domains[pick(6)]);
}

static void random_card(struct buffer *to)
{
    static const struct {
        const char *prefix;
        int size;
        int groups[6];
    } issuers[] = {
        {"4", 16, {4, 4, 4, 4}},    {"51", 16, {4, 4, 4, 4}}, {"2221", 16, {4, 4, 4, 4}},
        {"37", 15, {4, 6, 5}},      {"36", 14, {4, 6, 4}},    {"6011", 16, {4, 4, 4, 4}},
        {"3530", 16, {4, 4, 4, 4}}, {"62", 19, {6, 13}},      {"4", 13, {4, 3, 3, 3}},
    };
    uint32_t which = pick(sizeof issuers / sizeof *issuers);
    char digits[20];
    int size = issuers[which].size, at = 0;
    for (const char *p = issuers[which].prefix; *p; p++)
        digits[at++] = *p;
    while (at < size - 1)
        digits[at++] = (char)('0' + pick(10));
    int sum = 0;
    for (int i = 0; i < size - 1; i++) {
        int digit = digits[size - 2 - i] - '0';
        sum += i % 2 == 0 ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    }
    digits[at] = (char)('0' + (10 - sum % 10) % 10);
    const char *separator = (const char *[]){"", " ", "-"}[pick(3)];
    for (int group = 0, i = 0; i < size; group++) {
        if (group)
            buffer_append_text(to, separator);
        for (int j = 0; j < issuers[which].groups[group]; j++)
            buffer_append_byte(to, (uint8_t)digits[i++]);
    }
}

static const char *const fillers[] = {
    " the quote of ",
    "; see ",
    "\n- item: ",
    " (",
    ") ",
    ", ",
    " \xc3\xbc ber ",
    " \xe6\x94\xaf\xe6\x89\x95 ",
    "\" and \"",
    " {\"a\": [true, \"",
    "\", null]} ",
    " <b>",
    "</b> ",
    " v1.2.3 ok ",
    " at 09:23:56 UTC ",
    "\t",
};

static void check_text(struct arena *arena)
{
    struct redaction_policy policy = {.content = REDACT_REDACTED};
    for (int i = 0; i < MASK_KINDS; i++)
        policy.builtin[i] = true;
    struct buffer text = {0}, expected = {0};
    uint32_t planted = 1 + pick(6);
    for (uint32_t i = 0; i < planted; i++) {
        const char *filler = fillers[pick(sizeof fillers / sizeof *fillers)];
        buffer_append_text(&text, filler);
        buffer_append_text(&expected, filler);
        bool is_card = pick(2);
        (is_card ? random_card : random_address)(&text);
        buffer_append_text(&expected, is_card ? "[CARD]" : "[EMAIL]");
    }
    buffer_append_text(&text, " end");
    buffer_append_text(&expected, " end");
    struct redaction_counts counts = {0};
    struct redacted_text result = redact_text(&policy, NULL, buffer_bytes(&text), arena, &counts);
    ck_assert_msg(bytes_equal(result.text, buffer_bytes(&expected)), "\"%.*s\" became \"%.*s\"",
                  (int)text.size, (const char *)text.data, (int)result.text.size,
                  (const char *)result.text.data);
    ck_assert_uint_eq(counts.masked[MASK_CARD] + counts.masked[MASK_EMAIL], planted);
    uint32_t last = 0;
    for (uint32_t at = 0, edit = 0; at < text.size; at++) {
        uint32_t moved = redact_offset(&result, at, false);
        ck_assert_uint_ge(moved, last);
        last = moved;
        while (edit < result.edit_count && result.edits[edit].end <= at)
            edit++;
        if (edit == result.edit_count || at < result.edits[edit].start)
            ck_assert_int_eq(result.text.data[moved], text.data[at]);
    }
    struct redacted_text again = redact_text(&policy, NULL, result.text, arena, &counts);
    ck_assert(bytes_equal(again.text, result.text));
    buffer_finish(&text);
    buffer_finish(&expected);
}

/* --- quoted texts --- */

enum escaper { PYTHON, PHP, JAVASCRIPT, ESCAPERS };

static void escape_code_point(struct buffer *to, uint32_t c)
{
    if (c > 0xffff) {
        buffer_printf(to, "\\u%04x", 0xd800 + ((c - 0x10000) >> 10));
        c = 0xdc00 + ((c - 0x10000) & 0x3ff);
    }
    buffer_printf(to, "\\u%04x", c);
}

/* json.dumps(x), json_encode($x), JSON.stringify(x), without the quotes around. */
static void escape(struct bytes text, enum escaper by, struct buffer *to)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t c = utf8_decode(text, at, &next);
        const char *control = c && c < 0x20 ? strchr(controls, (int)c) : NULL;
        if (control)
            buffer_printf(to, "\\%c", letters[control - controls]);
        else if (c == '"' || c == '\\' || (c == '/' && by == PHP))
            buffer_printf(to, "\\%c", (int)c);
        else if (c < 0x20 || (c > 0x7e && by != JAVASCRIPT))
            escape_code_point(to, c);
        else
            buffer_append(to, text.data + at, next - at);
    }
}

/* `levels` documents around a text: {"q": "..."}. */
static struct bytes nest(struct bytes text, enum escaper by, uint32_t levels, struct arena *arena)
{
    for (uint32_t i = 0; i < levels; i++) {
        struct buffer outer = {0};
        buffer_append_text(&outer, "{\"q\": \"");
        escape(text, by, &outer);
        buffer_append_text(&outer, "\", \"n\": 1}");
        text = arena_copy(arena, buffer_bytes(&outer));
        buffer_finish(&outer);
    }
    return text;
}

/* What an escaper changes, or what stands beside it when it does. */
static const char *const quoted[][2] = {
    {"j\xc3\xb6rg.m\xc3\xbcller@example.com", "[EMAIL]"},
    {"jo@m\xc3\xbcller.de", "[EMAIL]"},
    {"o'neil@example.org", "[EMAIL]"},
    {"4111\xc2\xa0" "1111\xc2\xa0" "1111\xc2\xa0" "1111", "[CARD]"},
    {"4111\xe2\x80\x91" "1111\xe2\x80\x91" "1111\xe2\x80\x91" "1111", "[CARD]"},
    {"+49 30\xe2\x80\x93" "1234567", "[PHONE]"},
    {"030/1234567", "[PHONE]"},
    {"12/555-123-4567/8", "12/[PHONE]/8"},
    {"3/0151 23456789", "3/0151 23456789"},
    {"postgres://app:p4ss#w@db.example.com/x", "postgres://app:[SECRET]@db.example.com/x"},
    {"{\"password\": \"a\\\"b \\\\\", \"x\": 1}", "{\"password\": \"[SECRET]\", \"x\": 1}"},
    {"\"api_key\": \"abc\tdef\"", "\"api_key\": \"[SECRET]\""},
    {"DB_PASSWORD=s3\\Kret;", "DB_PASSWORD=[SECRET];"},
    {"-----BEGIN PRIVATE KEY-----\nMII/\nab+/=\n-----END PRIVATE KEY-----\n", "[SECRET]\n"},
    {"\tghp_abcdefghijklmnopqrstuvwxyz0123456789", "\t[SECRET]"},
    {"C:\\new\\table", "C:\\new\\table"},
    {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
};
static const char *const between[] = {"\n", "\t", " ", "\" ", " \"", "\r\n", "\xe2\x80\xa8", " / "};

static void check_quoted(struct arena *arena)
{
    struct redaction_policy policy = {.content = REDACT_REDACTED};
    for (int i = 0; i < MASK_KINDS; i++)
        policy.builtin[i] = true;
    struct buffer text = {0};
    struct redaction_counts counts = {0};
    for (uint32_t planted = 1 + pick(5); planted > 0; planted--) {
        const char *const *row = quoted[pick(sizeof quoted / sizeof *quoted)];
        struct bytes alone = bytes_of_text(row[0]);
        struct bytes masked = redact_text(&policy, NULL, alone, arena, &counts).text;
        ck_assert_msg(bytes_equal_text(masked, row[1]), "%s became %.*s", row[0],
                      (int)masked.size, (const char *)masked.data);
        buffer_append_text(&text, between[pick(sizeof between / sizeof *between)]);
        buffer_append_bytes(&text, alone);
    }
    buffer_append_text(&text, " end");
    struct bytes masked = redact_text(&policy, NULL, buffer_bytes(&text), arena, &counts).text;
    enum escaper by = (enum escaper)pick(ESCAPERS);
    uint32_t levels = pick(5);
    struct bytes raw = nest(buffer_bytes(&text), by, levels, arena);
    struct bytes wanted = nest(masked, by, levels, arena);
    if (levels > 0) {
        uint32_t cut = pick(12); /* of the last document's end */
        raw.size -= cut;
        wanted.size -= cut;
    }
    struct redacted_text result = redact_text(&policy, NULL, raw, arena, &counts);
    ck_assert_msg(bytes_equal(result.text, wanted), "\"%.*s\" became \"%.*s\", not \"%.*s\"",
                  (int)raw.size, (const char *)raw.data, (int)result.text.size,
                  (const char *)result.text.data, (int)wanted.size, (const char *)wanted.data);
    buffer_finish(&text);
}

static void for_many(void (*check)(struct arena *), int count)
{
    const char *given = getenv("FLYWHEEL_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("FLYWHEEL_SEED=%llu\n", (unsigned long long)seed);
    (void)fflush(stdout);
    state = seed;
    struct arena arena;
    arena_init(&arena, 1u << 20);
    for (int i = 0; i < count; i++) {
        check(&arena);
        arena_reset(&arena);
    }
    arena_finish(&arena);
}

START_TEST(a_quoted_text_is_masked_as_the_text_itself)
{
    for_many(check_quoted, 20000);
}
END_TEST

START_TEST(planted_addresses_and_cards_are_gone_and_all_else_is_left)
{
    for_many(check_text, 5000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("redact properties");
    TCase *cases = tcase_create("masks");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, planted_addresses_and_cards_are_gone_and_all_else_is_left);
    tcase_add_test(cases, a_quoted_text_is_masked_as_the_text_itself);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
