/* --report FORM=FILE[,FORM=FILE]: files are written whole or not at all, all of them or none.
 * `-` is standard output. The summary of a GitHub job ($GITHUB_STEP_SUMMARY) is appended to. */
#pragma once
#include "processor/base/error.h"
#include "processor/command/gate/report.h"

enum { REPORT_FILES_MAX = 16, REPORT_PATH_MAX = 4096 };

struct report_files {
    struct {
        gate_report_fn *write;
        char path[REPORT_PATH_MAX], beside[REPORT_PATH_MAX + 8];
        bool is_stdout, is_appended;
    } items[REPORT_FILES_MAX];
    uint32_t count;
};

void report_files_parse(char *const *texts, int count, struct report_files *ret_files,
                        struct error *ret_error);
/* One of them takes the place of what is printed. */
bool report_files_use_stdout(const struct report_files *files);
void report_files_write(struct report_files *files, const struct gate_answer *answer,
                        struct error *ret_error);
