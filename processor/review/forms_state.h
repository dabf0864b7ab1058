/* What a form is made of. A rule says from where a value comes and where it stands in the line:
 *
 *   to    "metadata/verdict"       members of objects, which are opened when a value stands in them
 *         "cells/[input]/value"    [input] is one item of a list; rules of one item stand together
 *         ""                       of the rules of an item: the item is the value
 *   from  "source/trace_id"        members; NULL: from nowhere; "": the item itself
 *   when  "output", "!output", "verdict=fail"
 *
 * So containers without a value are not written, and each container's rules stand side by side. */
#pragma once
#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"
#include "processor/review/forms.h"

enum { FORM_DEPTH_MAX = 16 };

struct form_run;
struct form_rule;
/* Writes what a rule found; without `from` there is nothing found. */
typedef void form_fn(struct form_run *run, const struct form_rule *rule,
                     const struct json_value *found);
form_fn form_as_is; /* the same JSON */
form_fn form_text;  /* a text: what is none as its JSON; cut at the form's `text_max` */
form_fn
    form_lines; /* the texts of a list (or the members `text` of its objects) as paragraphs of one */
form_fn form_constant; /* `constant`; with `from` when that is there */
form_fn form_items;    /* each of a list, by `rules`; without rules as it is. More may follow */
form_fn form_group; /* the object `to`, by `rules`, which begin in it; from where they all begin */

/* The writer stands where the value of the rule belongs: for rules of a form's own. */
void form_reach(struct form_run *run, const struct form_rule *rule);

struct form_rule {
    const char *to; /* NULL: the last of a table */
    const char *from;
    form_fn *how;
    const char *constant, *otherwise; /* JSON; `otherwise` stands where `from` has nothing */
    const char *when;
    const struct form_rule *rules;
    bool is_machine; /* what the machine said: not for blind eyes */
};

/* The usual rows of a table; what else a rule has is written out. */
#define FORM_COPY(target, source)                                                                  \
    {                                                                                              \
        .to = (target), .from = (source), .how = form_as_is                                        \
    }
#define FORM_TEXT(target, source)                                                                  \
    {                                                                                              \
        .to = (target), .from = (source), .how = form_text                                         \
    }
#define FORM_CONSTANT(target, json)                                                                \
    {                                                                                              \
        .to = (target), .how = form_constant, .constant = (json)                                   \
    }
#define FORM_GROUP(target, table)                                                                  \
    {                                                                                              \
        .to = (target), .how = form_group, .rules = (table)                                        \
    }
#define FORM_END                                                                                   \
    {                                                                                              \
        .to = NULL                                                                                 \
    }

struct form {
    const char *name;
    const char *schema; /* of what it is made of */
    const struct form_rule *rules;
    const char *const *needs; /* conditions like `when`; NULL ends them */
    size_t text_max;          /* code points of a text; 0: any number */
    bool is_for_training;
    bool is_list; /* the tool takes one list of its lines */
    const char *item_schema, *untrusted, *retired;
};

extern const struct form form_rows[], form_records[]; /* each ends with name NULL */

struct form_place {
    const char *name;
    size_t size;
    bool is_list;
};

struct form_run {
    const struct form *form;
    struct json_writer json;
    struct json_reader reader;
    struct json_value source; /* what `from` begins at */
    struct arena *arena;
    bool is_blind;
    struct form_place open[FORM_DEPTH_MAX];
    size_t depth, base; /* open places; those below `base` are not the rules' to close */
};
