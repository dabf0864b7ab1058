/* Is a file to train on free of what is evaluated on? Each line of JSON is a row, a conversation
 * (`messages`), or a pair (prompt and completion, input and output); its question and its answer are
 * held against every eval row of the newest version:
 *   same          normalized alike
 *   near          Jaccard similarity of their four-character sets of at least --similarity
 *   containment   half of its runs of eight words stand in the row, or the other way round */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/text/words.h"
#include "processor/command/dataset/dataset.h"
#include "processor/review/question.h"

enum { ARENA_BYTES_MAX = 16 << 20, LINE_BYTES_MAX = 16 << 20, RUN_WORDS = 8, ROWS_MAX = 200000 };

struct side { /* a question or an answer */
    struct question_grams grams;
    struct bytes normalized;
    struct question_grams runs; /* hashes of eight words in a row, ascending */
};
struct eval_row {
    char row_id[UUID_TEXT_SIZE];
    struct side sides[2];
};
struct checking {
    struct arena kept; /* of the rows */
    struct arena line;
    struct eval_row *rows;
    size_t count;
    double similarity;
};

static struct side side_of(struct bytes text, struct arena *arena)
{
    struct side side = {.normalized = bytes_of("", 0)};
    if (!text.data)
        return side;
    side.normalized = question_normalize(text, arena);
    side.grams = question_grams(side.normalized, arena);
    struct words words = text_words(text, arena);
    if (words.count < RUN_WORDS)
        return side;
    side.runs.items = arena_alloc(arena, words.count * sizeof *side.runs.items);
    for (size_t i = 0; side.runs.items && i + RUN_WORDS <= words.count; i++) {
        uint64_t hash = 0;
        for (size_t j = 0; j < RUN_WORDS; j++)
            hash = (hash ^ words.items[i + j].hash) * 0x100000001b3U;
        side.runs.items[side.runs.count++] = hash;
    }
    question_grams_sort(&side.runs);
    return side;
}

/* --- the rows --- */

static bool add_row(void *context, const struct row_version_head *head, struct bytes json)
{
    struct checking *it = context;
    if (head->split != SPLIT_EVAL)
        return true;
    struct eval_row *row = &it->rows[it->count++];
    arena_reset(&it->line);
    row_id_text(row->row_id, head->row_id);
    struct bytes input = dataset_text_of(json, "input", NULL, &it->line);
    struct bytes answer = dataset_text_of(json, "expected_response", NULL, &it->line);
    if (!answer.data)
        answer = dataset_text_of(json, "output", NULL, &it->line);
    row->sides[0] = side_of(arena_copy(&it->kept, input), &it->kept);
    row->sides[1] = side_of(arena_copy(&it->kept, answer), &it->kept);
    return !it->kept.failed;
}

/* --- the lines --- */

/* The last message of that role. */
static struct bytes message_of(struct bytes line, const char *role, struct arena *arena)
{
    struct json_reader reader, items;
    struct json_value object, messages, item, said, content;
    struct bytes last = {0};
    if (!json_parse(line, arena, &reader, &object) ||
        !json_member(&reader, &object, "messages", &messages) || messages.type != JSON_ARRAY)
        return last;
    json_children(&reader, &messages, &items);
    while (json_next(&items, &item) == JSON_OBJECT)
        if (json_member(&items, &item, "role", &said) && bytes_equal_text(said.text, role) &&
            json_member(&items, &item, "content", &content) && content.type == JSON_STRING)
            last = content.text;
    return last;
}

static struct bytes first_of(struct bytes line, const char *const *names, size_t count,
                             struct arena *arena)
{
    struct bytes found = {0};
    for (size_t i = 0; !found.data && i < count; i++)
        found = dataset_text_of(line, names[i], NULL, arena);
    return found;
}

static const char *met(const struct checking *it, const struct side *a, const struct side *b)
{
    if (a->normalized.size > 0 && bytes_equal(a->normalized, b->normalized))
        return "same";
    size_t few = a->grams.count < b->grams.count ? a->grams.count : b->grams.count;
    size_t many = a->grams.count + b->grams.count - few;
    bool may_be_near = (double)few >= it->similarity * (double)many; /* else it can't be */
    if (may_be_near && question_jaccard(a->grams, b->grams) >= it->similarity)
        return "near";
    size_t least = a->runs.count < b->runs.count ? a->runs.count : b->runs.count;
    if (least == 0)
        return NULL;
    double jaccard = question_jaccard(a->runs, b->runs);
    double both = jaccard * (double)(a->runs.count + b->runs.count) / (1 + jaccard);
    return both >= 0.5 * (double)least ? "containment" : NULL;
}

static bool check_line(struct checking *it, const char *path, size_t number, struct bytes line)
{
    static const char *const questions[] = {"input", "prompt", "question", "instruction"};
    static const char *const answers[] = {"expected_response", "completion", "response", "output"};
    static const char *const names[] = {"question", "answer"};
    arena_reset(&it->line);
    struct bytes texts[2] = {message_of(line, "user", &it->line),
                             message_of(line, "assistant", &it->line)};
    if (!texts[0].data)
        texts[0] = first_of(line, questions, 4, &it->line);
    if (!texts[1].data)
        texts[1] = first_of(line, answers, 4, &it->line);
    bool is_met = false;
    for (size_t side = 0; side < 2; side++) {
        struct side of_line = side_of(texts[side], &it->line);
        for (size_t i = 0; i < it->count; i++) {
            const char *how = met(it, &of_line, &it->rows[i].sides[side]);
            if (how)
                printf("%s:%zu: %s meets eval row %s (%s)\n", path, number, names[side],
                       it->rows[i].row_id, how);
            is_met = is_met || how;
        }
    }
    return is_met;
}

static int check_file(struct checking *it, const char *path, struct error *ret_error)
{
    char *line = NULL;
    size_t capacity = 0, number = 0, bad = 0;
    ssize_t size;
    FILE *file = fopen(path, "rb");
    if (!file) {
        error_set(ret_error, errno == EACCES ? EXIT_PERMISSION : EXIT_USAGE, "%s: %s", path,
                  strerror(errno));
        return (int)ret_error->exit_code;
    }
    while ((size = getline(&line, &capacity, file)) >= 0) {
        number++;
        if (size > LINE_BYTES_MAX)
            error_set(ret_error, EXIT_USAGE, "%s:%zu: the line is too long", path, number);
        else
            bad += check_line(it, path, number, bytes_of(line, (size_t)size));
    }
    if (ferror(file))
        error_set(ret_error, EXIT_STATE_IO, "%s can't be read", path);
    free(line);
    fclose(file);
    fprintf(stderr, "%zu lines, %zu meet one of %zu eval rows\n", number, bad, it->count);
    return bad > 0 ? EXIT_GATE_FAILED : EXIT_DONE;
}

int dataset_check(const struct dataset_arguments *arguments, struct error *ret_error)
{
    struct checking it = {.similarity = 0.8};
    struct store *store = NULL;
    struct dataset_listing listing = {0};
    uint64_t version;
    int exit_code = EXIT_DONE;
    if (arguments->similarity &&
        (!number_parse(bytes_of_text(arguments->similarity), &it.similarity) ||
         !(it.similarity > 0 && it.similarity <= 1)))
        error_set(ret_error, EXIT_USAGE, "--similarity is above 0 and at most 1");
    arena_init(&it.kept, SIZE_MAX / 2);
    arena_init(&it.line, 2 * (size_t)LINE_BYTES_MAX + ARENA_BYTES_MAX);
    if (!ret_error->is_set && dataset_store_open(arguments, &store, ret_error) == STATUS_OK &&
        dataset_read_version(store, bytes_of_text(arguments->version), &version, ret_error) &&
        dataset_read_listing(store, version, &listing, ret_error) == STATUS_OK) {
        it.rows = calloc(listing.count + 1, sizeof *it.rows);
        if (!it.rows)
            error_set(ret_error, EXIT_STATE_IO, "out of memory");
        else if (dataset_read_rows(store, &listing, add_row, &it, ret_error) == STATUS_OK)
            exit_code = check_file(&it, arguments->operands[0], ret_error);
    }
    free(it.rows);
    dataset_listing_finish(&listing);
    store_close(store);
    arena_finish(&it.line);
    arena_finish(&it.kept);
    return ret_error->is_set ? (int)ret_error->exit_code : exit_code;
}
