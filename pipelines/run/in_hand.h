/* DIR/in_hand: a memory-mapped file with a slot a shard, and those that were in hand at crashes.
 * Nothing of it is synced: it tells of crashes of the process, not of the machine. */
#pragma once
#include "pipelines/decide/in_hand.h"

struct in_hand;

/* Reads what the process before had in hand. NULL: the file can't be made, and nothing is
 * noted; that is logged. */
struct in_hand *in_hand_open(const char *directory, uint32_t shard_count);
/* Accepts NULL. Slots that are held stay so. */
void in_hand_close(struct in_hand *in_hand);
/* NULL without a file. */
struct in_hand_slot *in_hand_slot(struct in_hand *in_hand, uint32_t shard);
const struct set_aside *in_hand_set_aside(const struct in_hand *in_hand);
/* Several times a second, by one thread; monotonic. Accepts NULL. */
void in_hand_look(struct in_hand *in_hand, int64_t now_ms);
