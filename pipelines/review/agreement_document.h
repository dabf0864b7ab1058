/* The report as flywheel.agreement/v1 and as a table. */
#pragma once
#include "pipelines/review/agreement_persons.h"
#include "pipelines/review/agreement_report.h"

/* The member `subjects` of an open object: the verdict and the labels. */
struct json_writer;
void agreement_put_subjects(struct json_writer *to, const struct agreement_place *place);
/* `persons` NULL: they stay out. */
void agreement_json(const struct agreement_request *request, const struct agreement_report *report,
                    const struct persons_report *persons, struct buffer *to);
void agreement_table(const struct agreement_request *request, const struct agreement_report *report,
                     const struct persons_report *persons, struct buffer *to);
/* flywheel_review_agreement{subject,statistic}, of what has a value. */
void agreement_metrics(const struct agreement_report *report, struct buffer *to);
