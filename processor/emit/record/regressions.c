/* A row that passed is none of them: what was met and held is in the counts. */
#include "processor/emit/record/regressions.h"

#include "processor/regression.h"

static void write_regression(struct record_writer *record, const struct regression_hit *hit,
                             uint32_t index)
{
    struct json_writer *json = &record->json;
    json_object_begin(json);
    json_put_text(json, "row_id", hit->row_id);
    json_put_uint(json, "row_revision", hit->row_revision);
    json_put_text(json, "match", regression_match_names[hit->match]);
    json_put_text(json, "check", regression_check_names[hit->check]);
    if (hit->value.size > 0)
        record_content(record, "value", TEXT_REASON, hit->value,
                       (struct text_field){"regressions", index, "value"});
    json_put_text(json, "severity", hit->is_critical ? "critical" : "warn");
    json_object_end(json);
}

void record_regressions(struct record_writer *record)
{
    const struct regression_report *regressions = record->input->regressions;
    uint32_t told = 0;
    for (uint32_t i = 0; regressions && i < regressions->count && i < REGRESSION_HITS_MAX; i++) {
        if (regressions->hits[i].check == CHECK_NONE)
            continue;
        if (told == 0) {
            json_key(&record->json, "regressions");
            json_array_begin(&record->json);
        }
        write_regression(record, &regressions->hits[i], told++);
    }
    if (told > 0)
        json_array_end(&record->json);
}
