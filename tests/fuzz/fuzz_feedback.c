/* link: review base */
/* Any bytes as what a user said: what is read has its limits, and says the same when it is read again;
 * what is refused names why. */
#include <assert.h>

#include "processor/review/feedback.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now_ms = 1796083200000;
    struct feedback_settings settings = {.is_present = true, .window_ms = 604800000};
    struct feedback_note note, again;
    const char *field = NULL, *reason = NULL;
    struct arena arena;
    struct bytes json = bytes_of(data, size);
    settings.kinds[FEEDBACK_ESCALATION].names[0] = BYTES_LITERAL("to_human");
    settings.kinds[FEEDBACK_ESCALATION].count = 1;
    arena_init(&arena, 1 << 20);
    if (feedback_read(&settings, json, &arena, now_ms, &note, &field, &reason)) {
        assert(note.kind < FEEDBACK_KINDS_ALL && note.time_ms <= now_ms + 300000);
        assert(feedback_read(&settings, json, &arena, now_ms, &again, &field, &reason));
        assert(note.id == again.id && note.kind == again.kind);
        assert(memcmp(note.identity, again.identity, sizeof note.identity) == 0);
    } else {
        assert(reason && reason[0] != 0);
    }
    arena_finish(&arena);
    return 0;
}
