/* The forms in which other tools take rows and review records, and in which they give reviews back. A
 * form is one table of field rules, so that a tool more is a page's work:
 *
 *   flywheel.row/v1, review record -> form_write -> one line of JSON    rules of forms_rows.c, forms_records.c
 *   what a tool exported           -> reviews_read -> flywheel.result/v1 reviews.c
 *
 * Texts are what people and models wrote: they leave as values, never as templates. Pure. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

struct form;

enum form_subject { FORM_OF_ROW, FORM_OF_RECORD };

/* By the name of `--format`; NULL: there is none. */
const struct form *form_find(enum form_subject subject, struct bytes name);
/* "langfuse, langsmith, ...", for messages and help. */
void form_names(enum form_subject subject, struct buffer *to);
/* One line, with its line end. `is_blind`: without what the machine said. NOT_FOUND: the form has
 * nothing for it, and nothing is written; a tombstone, or what lacks what the form is about.
 * MALFORMED: the JSON is no row, or no record. BUSY: no memory. */
MUST_CHECK enum status form_write(const struct form *form, struct bytes json, bool is_blind,
                                  struct arena *arena, struct buffer *to);

/* The JSON schema of its lines, for a file beside them; absent: the tool asks for none. */
struct bytes form_item_schema(const struct form *form);
/* Rows to train on: split train alone. */
bool form_is_for_training(const struct form *form);
/* Its lines are the items of one JSON list: that is what the tool takes. */
bool form_is_list(const struct form *form);
/* A JSON list of the places where texts of people and models stand in its lines. */
struct bytes form_untrusted(const struct form *form);
/* What to do there with rows that left the dataset: a sentence. */
const char *form_retired(const struct form *form);
