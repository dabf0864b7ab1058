/* link: review state base */
/* Any bytes as rows of the dataset's tables, and as a question: decoders refuse them or give what is in
 * bounds; a question normalizes to itself, and is as near to itself as can be. The first byte chooses. */
#include <assert.h>

#include "processor/review/question.h"
#include "state/tables/cluster.h"
#include "state/tables/reviewer.h"
#include "state/tables/row.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_rows(uint8_t kind, struct bytes input)
{
    struct row_entry entry;
    struct row_version_head head;
    struct reviewer_row reviewer;
    size_t key_size = kind == 0 ? ROW_ID_SIZE : kind == 1 ? 8 + ROW_ID_SIZE + 2 : 17;
    key_size = key_size < input.size ? key_size : input.size;
    struct bytes key = {input.data, key_size};
    struct bytes value = {input.data + key_size, input.size - key_size};
    if (kind == 0 && row_entry_decode(key, value, &entry) == STATUS_OK)
        assert(entry.state < ROW_STATES && entry.reason.size <= value.size);
    if (kind == 1 && row_version_decode(key, value, &head) == STATUS_OK)
        assert(head.part_size <= value.size);
    if (kind == 2 && cluster_row_check(key, value) != STATUS_OK)
        assert(input.size > 0 || key.size == 0);
    if (kind == 3 && reviewer_row_decode(input, &reviewer) == STATUS_OK)
        assert(strlen(reviewer.actor) == REVIEWER_ACTOR_SIZE - 1);
}

static void fuzz_question(struct bytes text)
{
    struct arena arena;
    uint64_t bands[QUESTION_BANDS], again[QUESTION_BANDS];
    arena_init(&arena, 4 << 20);
    struct bytes normalized = question_normalize(text, &arena);
    struct question_grams grams = question_grams(normalized, &arena);
    if (!arena.failed && normalized.size > 0) {
        assert(normalized.size <= QUESTION_BYTES_MAX && grams.count > 0);
        assert(question_jaccard(grams, grams) == 1);
        question_bands(grams, bands);
        question_bands(grams, again);
        assert(memcmp(bands, again, sizeof bands) == 0);
    }
    arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes input = {data + 1, size - 1};
    if (data[0] % 5 == 4)
        fuzz_question(input);
    else
        fuzz_rows(data[0] % 5, input);
    return 0;
}
