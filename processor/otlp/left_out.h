/* A note in a message of what was left out of it at the door, so that it is known wherever the
 * message goes: in the journal, in a spill, through a relay, before the judge. It is a field of a
 * number that OTLP does not use, in Span, LogRecord, Resource and InstrumentationScope; other
 * readers pass over it.
 *
 *   LeftOut = part(1), reason(2), name(3), bytes(4), count(5)
 *
 * Attributes, events and links are counted in the message's own dropped_*_count as well. */
#pragma once
#include "processor/otlp/wire.h"
#include "processor/otlp/wire_limits.h"

enum { FIELD_LEFT_OUT = 1001 };

enum left_out_part {
    LEFT_OUT_UNKNOWN, /* of a later version */
    LEFT_OUT_ATTRIBUTE,
    LEFT_OUT_EVENT,
    LEFT_OUT_LINK,
    LEFT_OUT_PARENT,     /* the id of the parent: there is one, and it is not known which */
    LEFT_OUT_FIELD,      /* another field of the message */
    LEFT_OUT_REST,       /* everything but ids, times and status: a stub */
    LEFT_OUT_INNER,      /* an attribute of an event or link */
    LEFT_OUT_MORE,       /* attributes that there was no place for in the notes, */
    LEFT_OUT_MORE_PARTS, /* and other parts */
    LEFT_OUT_SPAN,       /* other spans of the trace, refused for their ids */
    LEFT_OUT_PARTS
};

/* Notes of one message; the rest is summed up in one of LEFT_OUT_MORE and one of the other. */
enum { LEFT_OUT_NOTES_MAX = 16, LEFT_OUT_NAME_MAX = 128 };

struct left_out {
    enum left_out_part part;
    enum wire_gate_reject reason;
    struct bytes name; /* the attribute's key, the event's name, the field's name */
    uint64_t bytes;    /* as it was sent */
    uint32_t count;    /* how many parts: 1, except for what is summed up */
};

struct left_out_notes {
    struct left_out notes[LEFT_OUT_NOTES_MAX];
    uint32_t count;
    struct left_out more, more_parts;
};

/* A name is cut to LEFT_OUT_NAME_MAX bytes when it is written; until then it is borrowed. */
void left_out_add(struct left_out_notes *notes, struct left_out note);
void left_out_put(struct buffer *to, const struct left_out_notes *notes);

struct left_out_list {
    struct wire wire;
};
static inline struct left_out_list left_out_of(struct bytes message)
{
    return (struct left_out_list){wire_of(message)};
}
bool left_out_next(struct left_out_list *list, struct left_out *ret_note);
/* One note, the bytes of the field. */
struct left_out left_out_read(struct bytes note);

/* Is it counted besides the span's dropped_attributes_count, which counts its attributes alone? */
static inline bool left_out_is_no_attribute(const struct left_out *note)
{
    return note->part != LEFT_OUT_ATTRIBUTE && note->part != LEFT_OUT_REST &&
           note->part != LEFT_OUT_MORE && note->part != LEFT_OUT_SPAN;
}
