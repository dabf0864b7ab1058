/* The forms in which other tools take rows and review records, and in which they give reviews back. A
 * form is one table of field rules, so that a tool more is a page's work:
 *
 *   flywheel.row/v1, review record -> form_write -> one line of JSON    rules of forms_rows.c, forms_records.c
 *   what a tool exported           -> reviews_read -> flywheel.result/v1 reviews.c
 *
 * Texts are what people and models wrote: they leave as values, never as templates. Pure. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/writer.h"

struct form;

enum form_subject { FORM_OF_ROW, FORM_OF_RECORD };

/* By the name of `--format`; NULL: there is none. */
const struct form *form_find(enum form_subject subject, struct bytes name);
/* "langfuse, langsmith, ...", for messages and help. */
void form_names(enum form_subject subject, struct buffer *to);
/* One line, with its line end. MALFORMED: the JSON is no row, or no record. BUSY: no memory. */
MUST_CHECK enum status form_write(const struct form *form, struct bytes json, struct arena *arena,
                                  struct buffer *to);
