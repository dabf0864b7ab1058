/* link: review base */
/* Any bytes as what a tool exported: each result that comes out would be taken, names its person as
 * imported, and comes out the same from the same bytes. The first byte chooses the tool. */
#include <assert.h>

#include "processor/base/digest.h"
#include "processor/review/result_json.h"
#include "processor/review/reviews.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const tools[] = {"label-studio", "langfuse", "langsmith", "futureagi"};
static struct label_set labels;

struct seen {
    uint64_t count, told;
    uint8_t sha256[SHA256_SIZE]; /* of all results */
};

static void tell(void *context, const char *file, uint64_t line, const char *reason)
{
    struct seen *seen = context;
    assert(file[0] == 'f' && line >= 1 && strlen(reason) < 300);
    seen->told++;
}

static bool take(void *context, const char *file, uint64_t line, struct bytes json)
{
    assert(file[0] == 'f' && line >= 1);
    struct seen *seen = context;
    struct arena arena;
    struct result result;
    struct result_refusal refusal;
    arena_init(&arena, 8 << 20);
    assert(result_json_read(json, &labels, (struct bytes){0}, &arena, &result, &refusal));
    assert(bytes_starts_with(result.reviewer, BYTES_LITERAL("import:")));
    assert(result.result_id.size == 36 && result.role == RESULT_REVIEWER);
    digest_sha256_two(seen->sha256, bytes_of(seen->sha256, SHA256_SIZE), json);
    seen->count++;
    arena_finish(&arena);
    return true;
}

static struct seen import(const char *tool, struct bytes text)
{
    struct seen seen = {0};
    struct buffer names = {0};
    struct reviews *reviews =
        reviews_create(reviews_tool_find(bytes_of_text(tool)), &labels, tell, &seen);
    if (reviews_read(reviews, "file", text) != STATUS_BUSY)
        assert(reviews_write(reviews, take, &seen) == STATUS_OK);
    assert(reviews_counts(reviews)->results == seen.count);
    reviews_passed_over(reviews, &names);
    buffer_finish(&names);
    reviews_destroy(reviews);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (labels.count == 0)
        label_set_default(&labels);
    const char *tool = tools[data[0] % 4];
    struct seen first = import(tool, bytes_of(data + 1, size - 1));
    struct seen second = import(tool, bytes_of(data + 1, size - 1));
    assert(first.count == second.count && first.told == second.told);
    assert(memcmp(first.sha256, second.sha256, SHA256_SIZE) == 0);
    return 0;
}
