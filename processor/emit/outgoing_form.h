/* What an exporter sends of a record, by the form that it is configured to state records in. */
#pragma once
#include "processor/emit/outgoing.h"

enum record_form { FORM_JSON, FORM_PROTOBUF, FORM_OTLP };
/* Gives `record` the payload and headers of that form, in `made` where they have to be made; lives
 * as long as that and the frame. MALFORMED: the record has no such form. */
MUST_CHECK enum status outgoing_form(struct outgoing *record, enum record_form form,
                                     struct buffer *made);
/* Both at once: a frame of the outbox as what goes out in that form. */
MUST_CHECK enum status outgoing_read(struct bytes frame, enum record_form form,
                                     struct outgoing *ret_record, struct buffer *made);
/* The frame of a record again, with what goes out in that form cut to at most `bytes_max`.
 * MALFORMED when that can't be; FATAL without memory. */
MUST_CHECK enum status outgoing_shorten(struct bytes frame, enum record_form form, size_t bytes_max,
                                        struct buffer *to);
