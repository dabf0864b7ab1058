/* The option reference as Markdown, from the option table and the table of measurements. */
#include "pipelines/config/print/reference.h"

#include <string.h>

#include "pipelines/config/options.h"
#include "pipelines/config/sections/unavailable.h"
#include "pipelines/config/value.h"
#include "processor/base/json/number.h"
#include "processor/score/measurements.h"

static const char introduction[] =
    "# Pipeline files\n"
    "\n"
    "A pipeline file says what Flywheel listens to, how it judges, and where records go. The\n"
    "smallest useful one is `rules:` alone; `default.yaml` is what runs without a file.\n"
    "\n"
    "    flywheel check -c FILE            validates it\n"
    "    flywheel check -c FILE --print    shows it with all defaults, secrets masked\n"
    "\n"
    "The reader is strict: an unknown or repeated key, an anchor, an alias, a tag or an\n"
    "impossible value is an error that names file, line and column. `${env:NAME}`,\n"
    "`${env:NAME:-default}` and `${file:PATH}` are substituted in values; `$${` stands for `${`.\n"
    "Durations are written `500ms 2s 15m 24h 7d`, sizes `64KiB 16MiB 1GiB`.\n"
    "\n"
    "This page is generated: `flywheel help options > pipelines/options.md`.\n";

static void print_bound(struct buffer *to, const struct option *row, double value)
{
    char text[NUMBER_TEXT_SIZE];
    number_format(text, value);
    if (row->type == OPTION_DURATION)
        config_value_print_duration(to, (int64_t)value);
    else if (row->type == OPTION_SIZE || row->type == OPTION_SIZE32)
        config_value_print_size(to, (uint64_t)value);
    else
        buffer_append_text(to, text);
}

static void print_choices(struct buffer *to, const struct option *row)
{
    for (int i = 0; row->type == OPTION_EITHER ? i < 2 : row->choices[i] != NULL; i++)
        buffer_printf(to, "%s`%s`", i > 0 ? ", " : "", row->choices[i]);
}

static void print_type(struct buffer *to, const struct option *row)
{
    static const char *const names[] = {
        [OPTION_SECTION] = "section",
        [OPTION_BOOL] = "`true`, `false`",
        [OPTION_EITHER] = "",
        [OPTION_CHOICE] = "",
        [OPTION_COUNT] = "whole number",
        [OPTION_NUMBER] = "number",
        [OPTION_SIZE] = "size",
        [OPTION_SIZE32] = "size",
        [OPTION_DURATION] = "duration",
        [OPTION_TEXT] = "text",
        [OPTION_SECRET] = "text, secret",
        [OPTION_ENDPOINT] = "host:port",
        [OPTION_NAME] = "name",
        [OPTION_BYTES] = "text",
        [OPTION_TEXTS] = "list of texts",
        [OPTION_POINTERS] = "list of texts",
        [OPTION_JOINED] = "list of host:port",
        [OPTION_CUSTOM] = "",
    };
    bool is_quantity = row->type == OPTION_COUNT || row->type == OPTION_NUMBER ||
                       row->type == OPTION_SIZE || row->type == OPTION_SIZE32 ||
                       row->type == OPTION_DURATION;
    if (row->type == OPTION_CUSTOM)
        buffer_append_text(to, row->type_text);
    else if (row->type == OPTION_EITHER || row->type == OPTION_CHOICE)
        print_choices(to, row);
    else
        buffer_append_text(to, names[row->type]);
    if (is_quantity && row->max < 1e300) {
        buffer_append_text(to, ", ");
        print_bound(to, row, row->min);
        buffer_append_text(to, " to ");
        print_bound(to, row, row->max);
    }
}

static void print_default(struct buffer *to, const struct option *row)
{
    bool is_list = row->type == OPTION_POINTERS || row->type == OPTION_JOINED;
    if (row->default_text)
        buffer_append_text(to, row->default_text);
    else if (row->type == OPTION_TEXTS)
        buffer_append_text(to, "`[]`");
    else if (!row->fallback)
        return;
    else if (row->fallback[0] == 0)
        buffer_append_text(to, "`\"\"`");
    else if (is_list) {
        buffer_append_text(to, "`[");
        for (const char *at = row->fallback; *at; at++)
            buffer_append_text(to, *at == ',' ? ", " : (char[]){*at, 0});
        buffer_append_text(to, "]`");
    } else {
        buffer_printf(to, "`%s`", row->fallback);
    }
}

static void print_table_head(struct buffer *to)
{
    buffer_append_text(to, "\n| key | type | default | meaning |\n|---|---|---|---|\n");
}

void config_reference(struct buffer *to)
{
    bool in_table = false;
    buffer_append_text(to, introduction);
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(&config_options, i)); i++) {
        if (!strpbrk(row->path, ".[/")) {
            buffer_printf(to, "\n## %s\n\n%s\n", row->path, row->prose);
            if (row->type == OPTION_CUSTOM)
                buffer_printf(to, "Default: %s.\n", row->default_text);
            in_table = false;
            continue;
        }
        if (!in_table)
            print_table_head(to);
        in_table = true;
        buffer_printf(to, "| `%s` | ", row->path);
        print_type(to, row);
        buffer_append_text(to, " | ");
        print_default(to, row);
        buffer_printf(to, " | %s", row->prose);
        const char *only = config_unavailable_allowed(row->path);
        if (only && only[0])
            buffer_printf(to, " Only `%s` in this version.", only);
        else if (only)
            buffer_append_text(to, " Not in this version.");
        buffer_append_text(to, " |\n");
    }
    buffer_append_text(to,
                       "\n## Measurements by name\n\n"
                       "What `measure` and `when` may name (`flywheel help measurements`).\n\n");
    measurements_print(to);
}
