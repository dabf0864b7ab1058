/* Where each source of positions stands, in the transaction under way and as committed.
 *
 *   journaled, memory   next_position moves with the requests, low_watermark with what shards need
 *   topic               the same, but a partition that changes hands begins where the group says
 */
#pragma once
#include "pipelines/decide/effects.h"
#include "state/tables/source.h"

struct writer;

/* At start: what a source is; journaled when nobody says so. */
void sources_set_kind(struct writer *writer, uint32_t source, enum source_kind kind);
/* Where a source stood at the last commit: replay from low_watermark up to next_position. */
const struct source_row *sources_row(const struct writer *writer, uint32_t source);
/* The number here of a stored source; UINT32_MAX: not one of ours any more. */
uint32_t sources_number(const struct writer *writer, uint16_t stored_id);
/* Committed first position of each source that an open trajectory needs, spilled or not; any
 * thread. */
const _Atomic uint64_t *sources_needs(const struct writer *writer);

/* A partition begins at `position`, or another instance has it from now on. All effects of before
 * have been added to the transaction. */
void sources_assign(struct writer *writer, uint32_t source, uint64_t position);
void sources_hand_over(struct writer *writer, uint32_t source);

/* Watermarks, replay marks and the trim of the journal, in the transaction. */
void sources_move(struct writer *writer);
/* Deletes from the journal what lies below the watermarks: those of this transaction, or the
 * committed ones. */
void sources_trim_journal(struct writer *writer, bool is_committed);
/* Shows other threads where the sources stand, after the commit. */
void sources_publish(struct writer *writer);
