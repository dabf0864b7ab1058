/* Trims the allocator when the process is at rest, and now and then while much
 * more is held than used. */
#include "pipelines/run/give_back.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

enum {
    REST_MS = 2000,
    BETWEEN_MS = 10000,
    SLACK_BYTES = 16 << 20, /* stacks, and what is not worth the walk */
    SLACK_SHARE = 4,        /* of what is in use: a quarter more is held without a word */
    /* Larger blocks are pages of their own, gone when freed. The allocator would raise this by
     * itself up to 32 MiB with the first large block that is freed, and large bodies would then
     * leave holes among small blocks. */
    OWN_PAGES_BYTES = 1 << 20,
};

bool give_back_at_rest(struct give_back *state, int64_t now_ms, uint64_t activity)
{
    if (activity != state->seen) {
        *state = (struct give_back){activity, now_ms, state->done_ms, true};
        return false;
    }
    if (!state->is_due || now_ms - state->since_ms < REST_MS)
        return false;
    state->is_due = false;
    state->done_ms = now_ms;
    return true;
}

bool give_back_is_time(struct give_back *state, int64_t now_ms)
{
    if (now_ms - state->done_ms < BETWEEN_MS)
        return false;
    state->done_ms = now_ms;
    return true;
}

bool give_back_is_much(size_t held_bytes, size_t used_bytes)
{
    return held_bytes > used_bytes + used_bytes / SLACK_SHARE + SLACK_BYTES;
}

size_t give_back_held_bytes(void)
{
    unsigned long resident = 0, shared = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    bool is_read = fscanf(file, "%*u %lu %lu", &resident, &shared) == 2;
    (void)fclose(file);
    return is_read && resident > shared ? (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t give_back_used_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void give_back_now(void)
{
    (void)malloc_trim(0);
}

void give_back_set_up(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
}
