/* link: state base */
/* A line of the audit trail of any bytes, and an entry of the table of any bytes: what is understood comes
 * out again as the same hash, and two of a trail are whole or named. */
#include <assert.h>

#include "state/tables/audit_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written, and reads as the same. */
static void come_back(const struct audit_entry *entry, struct arena *arena)
{
    struct buffer text = {0};
    struct audit_line again;
    uint8_t hash[AUDIT_HASH_SIZE], hash_again[AUDIT_HASH_SIZE];
    audit_line_write_entry(entry, "instance", &text);
    enum status status = audit_line_read(buffer_bytes(&text), arena, &again);
    if (status == STATUS_OK) { /* else a number is too large for JSON, or a text was no UTF-8 */
        audit_hash(entry, hash);
        audit_hash(&again.entry, hash_again);
        assert(again.entry.sequence == entry->sequence);
        assert(again.entry.subject_count == entry->subject_count);
    }
    buffer_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct audit_chain chain;
    struct arena arena;
    struct audit_line line;
    struct audit_texts texts;
    struct audit_entry entry;
    arena_init(&arena, 1 << 20);
    audit_chain_begin(&chain, NULL, NULL, 0);
    if (audit_line_read(bytes_of(data, size), &arena, &line) == STATUS_OK) {
        if (line.is_checkpoint) {
            (void)audit_chain_meet(&chain, &line.checkpoint);
        } else {
            bool is_whole = audit_chain_add(&chain, &line.entry);
            assert(is_whole == (chain.bad == 0));
            come_back(&line.entry, &arena);
        }
    }
    if (audit_decode(1, bytes_of(data, size), &texts, &entry) == STATUS_OK) {
        assert(audit_chain_add(&chain, &entry) || chain.bad != 0);
        come_back(&entry, &arena);
    }
    arena_finish(&arena);
    return 0;
}
