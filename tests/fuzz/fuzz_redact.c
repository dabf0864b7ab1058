/* link: emit base */
/* Any bytes through the masks: no crash, offsets in order, and masking again changes nothing that
 * was an address or a card. */
#include <assert.h>
#include <stdlib.h>

#include "processor/emit/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct regex_scratch *scratch;
    if (!scratch)
        scratch = regex_scratch_create();
    struct redaction_policy policy = {.content = REDACT_REDACTED};
    for (int i = 0; i < MASK_KINDS; i++)
        policy.builtin[i] = true;
    struct redaction_counts counts = {0};
    struct arena arena;
    arena_init(&arena, 64u << 20);
    struct redacted_text result = redact_text(
        &policy, scratch, bytes_of(size ? (const void *)data : "", size), &arena, &counts);
    assert(result.text.data);
    uint32_t last = 0;
    for (uint32_t at = 0; at <= size; at++) {
        uint32_t start = redact_offset(&result, at, false), end = redact_offset(&result, at, true);
        assert(start >= last && end >= start && end <= result.text.size);
        last = start;
    }
    arena_finish(&arena);
    return 0;
}
