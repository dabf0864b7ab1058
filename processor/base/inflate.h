/* Bounded gzip: never more than `limit` bytes out, whatever the input claims. libdeflate into one
 * buffer of exactly the size the trailer states, when that is within the limit; concatenated
 * members are read too. */
#pragma once
#include "processor/base/bytes.h"

struct inflater; /* one per thread */

struct inflater *inflater_create(void);
void inflater_destroy(struct inflater *inflater);

/* Inflates into `to` (cleared first). MALFORMED: not gzip or corrupt. BUSY: would be larger than
 * `limit` (the caller answers "too large"). */
MUST_CHECK enum status inflate_gzip(struct inflater *inflater, struct bytes in, size_t limit,
                                    struct buffer *to);
/* Quick rather than small, for what is kept and rarely read. Appends nothing: `to` is cleared first. */
struct deflater; /* one per thread */
struct deflater *deflate_create(void);
void deflate_destroy(struct deflater *deflater);
MUST_CHECK enum status deflate_quick(struct deflater *deflater, struct bytes in, struct buffer *to);
/* For `send`, tests and benches. */
MUST_CHECK enum status deflate_gzip(struct bytes in, struct buffer *to);
