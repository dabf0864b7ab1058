/* A review record as the protobuf message of proto/review.proto, made from its JSON: one writer
 * says what a record holds, and the outbox keeps one form of it. Fields come in the order of the
 * JSON, so the same record gives the same bytes. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

#define REVIEW_PROTOBUF_TYPE "application/x-protobuf"

/* Appends the message. MALFORMED when `json` is no record of ours; then, and when the arena or the
 * buffer has no room (`failed` is set there), what was appended is of no use. */
MUST_CHECK enum status review_protobuf_write(struct bytes json, struct arena *arena,
                                             struct buffer *to);
