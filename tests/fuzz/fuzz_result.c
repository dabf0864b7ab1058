/* link: review base */
/* Any bytes as a result: what is read keeps its limits and its promises, and says the same
 * when it is read again. */
#include <assert.h>

#include "processor/review/result_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result result, again;
    struct result_refusal refusal;
    struct label_set labels = {0};
    struct arena arena;
    label_set_default(&labels);
    if (!label_set_seal(&labels))
        return 0;
    arena_init(&arena, 16 << 20);
    struct bytes json = bytes_of(data, size), owner = BYTES_LITERAL("owner");
    if (result_json_read(json, &labels, owner, &arena, &result, &refusal)) {
        assert(result.record_id.size > 0 || result.trajectory_id.size > 0);
        assert(result.result_id.size > 0 && result.result_id.size <= RESULT_ID_MAX);
        assert(result.reviewer.size > 0 && result.reviewer.size <= REVIEWER_NAME_MAX);
        assert(result.status != RESULT_COMPLETED || result.has_verdict);
        assert(result.failure_mode < (int32_t)labels.count);
        assert(result_json_read(json, &labels, owner, &arena, &again, &refusal));
        assert(memcmp(result.sha256, again.sha256, sizeof result.sha256) == 0);
        assert(bytes_equal(result.result_id, again.result_id));
    } else {
        assert(arena.failed || (refusal.fault != RESULT_OK && refusal.reason[0] != 0));
    }
    arena_finish(&arena);
    return 0;
}
