/* Each entry against the one before it; the first fault ends it, for
 * nothing behind it is proved. */
#include "state/tables/audit_chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void audit_chain_begin(struct audit_chain *chain, const struct audit_cut *cut,
                       const struct audit_checkpoint *checkpoints, size_t checkpoint_count)
{
    *chain = (struct audit_chain){.is_anchored = cut != NULL,
                                  .checkpoints = checkpoints,
                                  .checkpoint_count = checkpoint_count};
    if (cut && cut->sequence > 0) {
        chain->last = cut->sequence;
        memcpy(chain->hash, cut->hash, sizeof cut->hash);
    }
}

static bool broken(struct audit_chain *chain, uint64_t sequence, const char *format, ...)
    PRINTF_LIKE(3, 4);

static bool broken(struct audit_chain *chain, uint64_t sequence, const char *format, ...)
{
    va_list arguments;
    if (chain->bad != 0)
        return false;
    chain->bad = sequence;
    va_start(arguments, format);
    vsnprintf(chain->reason, sizeof chain->reason, format, arguments);
    va_end(arguments);
    return false;
}

struct bytes audit_subject_of(const struct audit_entry *entry, const char *kind)
{
    for (uint32_t i = 0; i < entry->subject_count; i++)
        if (strcmp(entry->subjects[i].kind, kind) == 0)
            return entry->subjects[i].id;
    return (struct bytes){0};
}

/* "1001-1200": the numbers that another life of this state had given away. */
static bool lost_of(const struct audit_entry *entry, uint64_t *ret_from, uint64_t *ret_through)
{
    char text[48] = "";
    struct bytes lost = audit_subject_of(entry, "lost");
    if (entry->action != AUDIT_RESTORED || lost.size == 0 || lost.size >= sizeof text)
        return false;
    memcpy(text, lost.data, lost.size);
    return sscanf(text, "%" SCNu64 "-%" SCNu64, ret_from, ret_through) == 2;
}

static bool follows(struct audit_chain *chain, const struct audit_entry *entry)
{
    uint64_t from = 0, through = 0;
    char head[2 * AUDIT_HASH_SIZE];
    if (!chain->is_anchored)
        return true;
    bool is_previous = memcmp(entry->previous, chain->hash, sizeof chain->hash) == 0;
    if (entry->sequence == chain->last + 1 && is_previous)
        return true;
    if (lost_of(entry, &from, &through) && through + 1 == entry->sequence) {
        if (from == chain->last + 1 && is_previous)
            return true; /* in the restored directory */
        hex_encode(head, chain->hash, sizeof chain->hash);
        if (through == chain->last &&
            bytes_equal(audit_subject_of(entry, "head"), bytes_of(head, sizeof head)))
            return true; /* in what was exported in both lives */
    }
    if (entry->sequence != chain->last + 1)
        return broken(chain, chain->last + 1,
                      "the entry is missing: %" PRIu64 " comes after %" PRIu64, entry->sequence,
                      chain->last);
    return broken(chain, entry->sequence, "its previous hash is not that of the entry before it");
}

bool audit_chain_meet(struct audit_chain *chain, const struct audit_checkpoint *checkpoint)
{
    if (chain->bad != 0)
        return false;
    if (checkpoint->sequence == chain->last && chain->is_anchored &&
        memcmp(checkpoint->hash, chain->hash, sizeof chain->hash) != 0)
        return broken(chain, chain->last, "the checkpoint has another hash");
    return true;
}

/* The head of what a restore lost stands in the entry that tells of it: a checkpoint there is met by it,
 * or the loss is no restore's. */
static bool meets_lost(struct audit_chain *chain, const struct audit_entry *entry)
{
    uint64_t from = 0, through = 0;
    char hex[2 * AUDIT_HASH_SIZE];
    if (!lost_of(entry, &from, &through))
        return true;
    for (size_t i = 0; i < chain->checkpoint_count; i++) {
        if (chain->checkpoints[i].sequence != through || through == chain->last)
            continue;
        hex_encode(hex, chain->checkpoints[i].hash, AUDIT_HASH_SIZE);
        if (!bytes_equal(audit_subject_of(entry, "head"), bytes_of(hex, sizeof hex)))
            return broken(chain, through, "a checkpoint kept elsewhere has another hash");
        chain->met++;
    }
    return true;
}

bool audit_chain_add(struct audit_chain *chain, const struct audit_entry *entry)
{
    uint8_t hash[AUDIT_HASH_SIZE];
    if (chain->bad != 0)
        return false;
    audit_hash(entry, hash);
    if (memcmp(hash, entry->hash, sizeof hash) != 0)
        return broken(chain, entry->sequence, "its hash is not that of its fields");
    if (chain->is_anchored && chain->entries > 0 && entry->sequence <= chain->last) {
        chain->repeated++;
        uint64_t at = entry->sequence % AUDIT_REMEMBERED;
        if (chain->recent[at].sequence == entry->sequence &&
            memcmp(chain->recent[at].hash, hash, sizeof hash) != 0)
            return broken(chain, entry->sequence, "there are two of it, which differ");
        return true;
    }
    if (!follows(chain, entry) || !meets_lost(chain, entry))
        return false;
    chain->is_anchored = true;
    chain->first = chain->entries == 0 ? entry->sequence : chain->first;
    chain->last = entry->sequence;
    chain->entries++;
    chain->recent[entry->sequence % AUDIT_REMEMBERED].sequence = entry->sequence;
    memcpy(chain->recent[entry->sequence % AUDIT_REMEMBERED].hash, hash, sizeof hash);
    memcpy(chain->hash, entry->hash, sizeof chain->hash);
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        if (chain->checkpoints[i].sequence == entry->sequence) {
            chain->met++;
            if (memcmp(chain->checkpoints[i].hash, hash, sizeof hash) != 0)
                return broken(chain, entry->sequence,
                              "a checkpoint kept elsewhere has another hash");
        }
    return true;
}

bool audit_chain_end(struct audit_chain *chain)
{
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        if (chain->checkpoints[i].sequence > chain->last)
            return broken(chain, chain->last + 1,
                          "it is missing: a checkpoint stands at %" PRIu64
                          ", the trail ends at %" PRIu64,
                          chain->checkpoints[i].sequence, chain->last);
    return chain->bad == 0;
}
