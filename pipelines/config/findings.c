/* Lines as they are told; the first error is kept apart, for who tells one alone. */
#include "pipelines/config/findings.h"

void config_findings_take(struct config_findings *findings, struct error *error)
{
    if (!error->is_set || error->exit_code != EXIT_CONFIG || findings->error_count == FINDINGS_MAX)
        return;
    if (findings->error_count++ == 0)
        findings->first = *error;
    buffer_printf(&findings->errors, "%s\n", error->text);
    *error = (struct error){0};
}

void config_findings_warn(struct config_findings *findings, const char *name, uint32_t line,
                          uint32_t column, const char *text)
{
    if (findings->warning_count++ < FINDINGS_MAX)
        buffer_printf(&findings->warnings, "%s:%u:%u: warning: %s\n", name, line, column, text);
}

void config_findings_finish(struct config_findings *findings)
{
    buffer_finish(&findings->errors);
    buffer_finish(&findings->warnings);
}
