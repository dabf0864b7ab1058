/* Two uses of the printer: a page for people, and the comparison of two configurations row by
 * row. */
#include "pipelines/config/print/print.h"

#include <string.h>

#include "pipelines/config/options.h"
#include "pipelines/config/print/printer.h"

void config_print(const struct pipeline_config *config, struct buffer *to)
{
    struct config_printer printer = {.to = to, .options = &config_options, .config = config};
    config_printer_object(&printer, "", config);
}

/* What HUP applies; everything else is fixed while the process runs. */
static bool is_reloaded(const char *path)
{
    static const char *const prefixes[] = {"rules",
                                           "measurements",
                                           "selection",
                                           "redaction",
                                           "review.labels",
                                           "review.queues",
                                           "review.consensus",
                                           "receivers.otlp.tls",
                                           "receivers.otlp.auth",
                                           "service.telemetry.http.auth",
                                           "service.telemetry.logs"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(path, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

void config_print_restart_differences(const struct pipeline_config *running,
                                      const struct pipeline_config *loaded, struct buffer *to)
{
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(&config_options, i)); i++) {
        if (config_option_object(row->path) > 0 || is_reloaded(row->path))
            continue;
        struct buffer texts[2] = {{0}};
        const struct pipeline_config *configs[] = {running, loaded};
        for (int j = 0; j < 2; j++) {
            struct config_printer printer = {.to = &texts[j],
                                             .options = &config_options,
                                             .config = configs[j],
                                             .is_unmasked = true};
            if (row->type == OPTION_SECTION)
                buffer_append_text(&texts[j],
                                   config_printer_is_set(row, configs[j]) ? "there" : "");
            else if (config_printer_is_set(row, configs[j]))
                config_printer_row(&printer, row, configs[j]);
        }
        if (!bytes_equal(buffer_bytes(&texts[0]), buffer_bytes(&texts[1])))
            buffer_printf(to, "%s\n", row->path);
        buffer_finish(&texts[0]);
        buffer_finish(&texts[1]);
    }
}
