/* The engine of forms. Rules are carried out in order; what they open is closed when the next one
 * stands elsewhere:
 *
 *   rule "cells/[input]/value"   open: cells [input]        {"cells":[{"value":...
 *   rule "cells/[output]/value"  open: cells [output]       },{"value":...
 *   rule "id"                    open: -                    }],"id":...
 */
#include "processor/review/forms_state.h"

#include <assert.h>
#include <stdio.h>

#include "processor/base/text/utf8.h"

/* --- paths --- */

/* The next member of a path; moves behind it. False: there is none. */
static bool next_name(const char **path, struct bytes *ret_name)
{
    size_t size = strcspn(*path, "/");
    if (size == 0)
        return false;
    *ret_name = bytes_of(*path, size);
    *path += size + ((*path)[size] == '/');
    return true;
}

/* What the source has there; null is nothing. */
static bool find(const struct form_run *run, struct bytes path, struct json_value *ret)
{
    char text[128], name[64];
    struct json_value inner = run->source;
    struct bytes next;
    const char *at = text;
    assert(path.size < sizeof text);
    memcpy(text, path.data, path.size);
    text[path.size] = 0;
    while (next_name(&at, &next)) {
        struct json_value outer = inner;
        assert(next.size < sizeof name);
        memcpy(name, next.data, next.size);
        name[next.size] = 0;
        if (!json_member(&run->reader, &outer, name, &inner))
            return false;
    }
    *ret = inner;
    return inner.type != JSON_NULL && inner.type != JSON_END && inner.type != JSON_BROKEN;
}

static struct bytes text_of(const struct json_value *value)
{
    return value->type == JSON_STRING ? value->text : value->raw;
}

/* "path", "!path", "path=text"; an empty text or list is as good as none. */
static bool holds(const struct form_run *run, const char *condition)
{
    struct json_value found;
    bool is_negated = *condition == '!';
    condition += is_negated;
    const char *equal = strchr(condition, '=');
    size_t size = equal ? (size_t)(equal - condition) : strlen(condition);
    bool is_there = find(run, bytes_of(condition, size), &found);
    if (is_there && equal)
        is_there = bytes_equal_text(text_of(&found), equal + 1);
    else if (is_there)
        is_there = text_of(&found).size > 0 && !bytes_equal_text(found.raw, "[]");
    return is_there != is_negated;
}

/* --- places --- */

static void close_to(struct form_run *run, size_t depth)
{
    while (run->depth > depth) {
        if (run->open[--run->depth].is_list)
            json_array_end(&run->json);
        else
            json_object_end(&run->json);
    }
}

static void name_place(struct form_run *run, struct bytes name)
{
    if (name.data[0] != '[')
        json_key_bytes(&run->json, name);
}

static void open_place(struct form_run *run, struct bytes name, bool is_list)
{
    assert(run->depth < FORM_DEPTH_MAX);
    name_place(run, name);
    if (is_list)
        json_array_begin(&run->json);
    else
        json_object_begin(&run->json);
    run->open[run->depth++] = (struct form_place){(const char *)name.data, name.size, is_list};
}

/* An item without a name is always a new one. */
static bool is_open(const struct form_run *run, size_t at, struct bytes name)
{
    return at < run->depth && !bytes_equal_text(name, "[]") &&
           bytes_equal(bytes_of(run->open[at].name, run->open[at].size), name);
}

/* Opens the containers of `to`. Its last name is given back, or opened too when it is a container. */
static struct bytes walk_to(struct form_run *run, const char *to, bool is_container, bool is_list)
{
    size_t at = run->base;
    struct bytes name = bytes_of("", 0);
    bool is_more = next_name(&to, &name);
    while (is_more) {
        struct bytes next;
        is_more = next_name(&to, &next);
        if (!is_more && !is_container)
            break;
        if (!is_open(run, at, name)) {
            close_to(run, at);
            open_place(run, name, is_more ? next.data[0] == '[' : is_list);
        }
        at++;
        name = is_more ? next : name;
    }
    close_to(run, at);
    return name;
}

/* The writer stands where the value of a rule belongs. */
void form_reach(struct form_run *run, const struct form_rule *rule)
{
    if (rule->to[0])
        name_place(run, walk_to(run, rule->to, false, false));
}

/* --- what rules do --- */

void form_as_is(struct form_run *run, const struct form_rule *rule, const struct json_value *found)
{
    form_reach(run, rule);
    json_raw(&run->json, found->raw);
}

/* At most `most` code points with the mark that says how many there were. */
static void write_cut(struct form_run *run, struct bytes text, size_t length)
{
    struct buffer cut = {0};
    size_t at = 0, most = run->form->text_max;
    char mark[64];
    int size = snprintf(mark, sizeof mark, " [cut: it has %zu characters]", length);
    for (size_t i = 0; i + (size_t)size < most; i++)
        (void)utf8_decode(text, at, &at);
    buffer_append(&cut, text.data, at);
    buffer_append_text(&cut, mark);
    json_string(&run->json, buffer_bytes(&cut));
    run->json.to->failed |= cut.failed;
    buffer_finish(&cut);
}

static void write_text(struct form_run *run, struct bytes text)
{
    size_t most = run->form->text_max;
    size_t length = most > 0 && text.size > most ? utf8_length(text) : 0;
    if (length > most)
        write_cut(run, text, length);
    else
        json_string(&run->json, text);
}

void form_text(struct form_run *run, const struct form_rule *rule, const struct json_value *found)
{
    form_reach(run, rule);
    write_text(run, text_of(found));
}

void form_lines(struct form_run *run, const struct form_rule *rule, const struct json_value *found)
{
    struct buffer lines = {0};
    struct json_reader items;
    struct json_value item, text;
    json_children(&run->reader, found, &items);
    while (json_next(&items, &item) > JSON_END && item.type != JSON_BROKEN) {
        if (item.type == JSON_OBJECT && !json_member(&run->reader, &item, "text", &text))
            continue;
        buffer_append_text(&lines, lines.size > 0 ? "\n\n" : "");
        buffer_append_bytes(&lines, item.type == JSON_OBJECT ? text.text : item.text);
    }
    form_reach(run, rule);
    write_text(run, buffer_bytes(&lines));
    run->json.to->failed |= lines.failed;
    buffer_finish(&lines);
}

void form_constant(struct form_run *run, const struct form_rule *rule,
                   const struct json_value *found)
{
    (void)found;
    form_reach(run, rule);
    json_raw(&run->json, bytes_of_text(rule->constant));
}

static void carry_out(struct form_run *run, const struct form_rule *rules)
{
    for (const struct form_rule *rule = rules; rule->to; rule++) {
        struct json_value found = {.type = JSON_NULL};
        if ((rule->is_machine && run->is_blind) || (rule->when && !holds(run, rule->when)))
            continue;
        if (!rule->from || find(run, bytes_of_text(rule->from), &found)) {
            rule->how(run, rule, &found);
        } else if (rule->otherwise) {
            form_reach(run, rule);
            json_raw(&run->json, bytes_of_text(rule->otherwise));
        }
    }
}

/* The rules of what stands open, with a source of its own. */
static void carry_out_in(struct form_run *run, const struct form_rule *rules,
                         const struct json_value *source)
{
    struct json_value outer = run->source;
    size_t base = run->base;
    run->base = run->depth;
    run->source = *source;
    carry_out(run, rules);
    close_to(run, run->base);
    run->source = outer;
    run->base = base;
}

void form_items(struct form_run *run, const struct form_rule *rule, const struct json_value *found)
{
    struct json_reader items;
    struct json_value item;
    bool is_empty = true;
    json_children(&run->reader, found, &items);
    for (; json_next(&items, &item) > JSON_END && item.type != JSON_BROKEN; is_empty = false) {
        (void)walk_to(run, rule->to, true, true);
        if (!rule->rules) {
            json_raw(&run->json, item.raw);
        } else if (rule->rules[0].to[0] == 0) {
            carry_out_in(run, rule->rules, &item);
        } else {
            open_place(run, BYTES_LITERAL("[]"), false);
            carry_out_in(run, rule->rules, &item);
            close_to(run, run->depth - 1);
        }
    }
    if (is_empty && rule->otherwise) {
        form_reach(run, rule);
        json_raw(&run->json, bytes_of_text(rule->otherwise));
    }
}

void form_group(struct form_run *run, const struct form_rule *rule, const struct json_value *found)
{
    (void)walk_to(run, rule->to, true, false);
    carry_out_in(run, rule->rules, rule->from ? found : &run->source);
}

/* --- forms --- */

static const struct form *forms_of(enum form_subject subject)
{
    return subject == FORM_OF_ROW ? form_rows : form_records;
}

const struct form *form_find(enum form_subject subject, struct bytes name)
{
    for (const struct form *form = forms_of(subject); form->name; form++)
        if (bytes_equal_text(name, form->name))
            return form;
    return NULL;
}

void form_names(enum form_subject subject, struct buffer *to)
{
    const struct form *first = forms_of(subject);
    for (const struct form *form = first; form->name; form++)
        buffer_printf(to, "%s%s", form == first ? "" : ", ", form->name);
}

enum status form_write(const struct form *form, struct bytes json, bool is_blind,
                       struct arena *arena, struct buffer *to)
{
    struct form_run run = {.form = form, .arena = arena, .is_blind = is_blind};
    struct json_value schema;
    if (!json_parse(json, arena, &run.reader, &run.source) || run.reader.truncated ||
        run.source.type != JSON_OBJECT ||
        !json_member(&run.reader, &run.source, "schema", &schema) ||
        !bytes_equal_text(schema.text, form->schema))
        return arena->no_memory ? STATUS_BUSY : STATUS_MALFORMED;
    for (const char *const *need = form->needs; need && *need; need++)
        if (!holds(&run, *need))
            return STATUS_NOT_FOUND;
    json_writer_init(&run.json, to);
    json_object_begin(&run.json);
    carry_out(&run, form->rules);
    close_to(&run, 0);
    json_object_end(&run.json);
    buffer_append_byte(to, '\n');
    return to->failed || arena->failed ? STATUS_BUSY : STATUS_OK;
}

struct bytes form_item_schema(const struct form *form)
{
    return bytes_of_text(form->item_schema);
}

bool form_is_for_training(const struct form *form)
{
    return form->is_for_training;
}

bool form_is_list(const struct form *form)
{
    return form->is_list;
}

struct bytes form_untrusted(const struct form *form)
{
    return bytes_of_text(form->untrusted);
}

const char *form_retired(const struct form *form)
{
    return form->retired;
}
