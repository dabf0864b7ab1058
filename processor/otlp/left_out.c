/* Notes are few and small, whatever was left out. */
#include "processor/otlp/left_out.h"

#include "processor/base/text/utf8.h"

enum { NOTE_PART = 1, NOTE_REASON = 2, NOTE_NAME = 3, NOTE_BYTES = 4, NOTE_COUNT = 5 };

void left_out_add(struct left_out_notes *notes, struct left_out note)
{
    if (notes->count < LEFT_OUT_NOTES_MAX) {
        notes->notes[notes->count++] = note;
        return;
    }
    bool is_attribute = note.part == LEFT_OUT_ATTRIBUTE;
    struct left_out *more = is_attribute ? &notes->more : &notes->more_parts;
    more->part = is_attribute ? LEFT_OUT_MORE : LEFT_OUT_MORE_PARTS;
    more->reason = note.reason;
    more->bytes += note.bytes;
    more->count += note.count;
}

static void put_note(struct buffer *to, const struct left_out *note)
{
    struct bytes name = utf8_cut(note->name, LEFT_OUT_NAME_MAX);
    wire_put_tag(to, FIELD_LEFT_OUT, WIRE_BYTES);
    buffer_append_byte(to, 0);
    size_t start = to->size;
    wire_put_number(to, NOTE_PART, (uint64_t)note->part);
    wire_put_number(to, NOTE_REASON, (uint64_t)note->reason);
    if (name.size > 0)
        wire_put_bytes(to, NOTE_NAME, name);
    wire_put_number(to, NOTE_BYTES, note->bytes);
    if (note->count != 1)
        wire_put_number(to, NOTE_COUNT, note->count);
    wire_close_message(to, start);
}

void left_out_put(struct buffer *to, const struct left_out_notes *notes)
{
    for (uint32_t i = 0; i < notes->count; i++)
        put_note(to, &notes->notes[i]);
    if (notes->more.count > 0)
        put_note(to, &notes->more);
    if (notes->more_parts.count > 0)
        put_note(to, &notes->more_parts);
}

struct left_out left_out_read(struct bytes note)
{
    struct left_out read = {.count = 1};
    struct wire wire = wire_of(note);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        bool is_number = field.type == WIRE_VARINT;
        if (field.number == NOTE_PART && is_number)
            read.part =
                field.value < LEFT_OUT_PARTS ? (enum left_out_part)field.value : LEFT_OUT_UNKNOWN;
        else if (field.number == NOTE_REASON && is_number)
            read.reason = field.value < WIRE_GATE_REJECTS ? (enum wire_gate_reject)field.value
                                                          : WIRE_GATE_TOO_LARGE;
        else if (field.number == NOTE_NAME && field.type == WIRE_BYTES)
            read.name = field.bytes;
        else if (field.number == NOTE_BYTES && is_number)
            read.bytes = field.value;
        else if (field.number == NOTE_COUNT && is_number)
            read.count = (uint32_t)field.value;
    }
    return read;
}

bool left_out_next(struct left_out_list *list, struct left_out *ret_note)
{
    struct bytes note;
    if (!wire_next_bytes(&list->wire, FIELD_LEFT_OUT, &note))
        return false;
    *ret_note = left_out_read(note);
    return true;
}
