/* link: review base */
/* A reviewers file of any bytes. What is read is right: names that are valid and told apart, no two
 * with one token; whoever is found by a token or a name is enabled; and written again it says the same. */
#include <assert.h>
#include <stdlib.h>

#include "processor/review/reviewers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 8 };

static void check(const struct reviewers *reviewers, const struct reviewer *reviewer)
{
    struct bytes name = bytes_of_text(reviewer->name);
    assert(reviewer_name_is_valid(name) && reviewer->role < REVIEWER_ROLES);
    assert(reviewers_named(reviewers, name) == reviewer);
    const struct reviewer *found = reviewers_by_name(reviewers, name);
    assert(found == (reviewer->is_disabled ? NULL : reviewer));
    found = reviewers_by_token(reviewers, reviewer->token);
    assert(reviewer->is_disabled ? !found || !found->is_disabled : found == reviewer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct reviewers *reviewers = reviewers_parse("r", bytes_of(data, size), MOST, &error);
    assert(reviewers || (error.text[0] && error.exit_code == EXIT_CONFIG));
    if (!reviewers)
        return 0;
    struct buffer text = {0};
    assert(reviewers->count <= MOST && reviewers_enabled(reviewers) <= reviewers->count);
    for (uint32_t i = 0; i < reviewers->count; i++) {
        const struct reviewer *reviewer = &reviewers->items[i];
        char digits[2 * SHA256_SIZE];
        check(reviewers, reviewer);
        hex_encode(digits, reviewer->token, SHA256_SIZE);
        buffer_printf(&text, "%s %s %.*s\n", reviewer->name, reviewer_role_names[reviewer->role],
                      reviewer->is_disabled ? 8 : (int)sizeof digits,
                      reviewer->is_disabled ? "disabled" : digits);
    }
    struct reviewers *again = reviewers_parse("r", buffer_bytes(&text), MOST, &error);
    assert(again && again->count == reviewers->count);
    assert(memcmp(again->items, reviewers->items, reviewers->count * sizeof reviewers->items[0]) ==
           0);
    buffer_finish(&text);
    free(again);
    free(reviewers);
    return 0;
}
