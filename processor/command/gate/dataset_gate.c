/* Everything is read and judged before anything is written; reports come last. */
#include "processor/command/gate/dataset_gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/cohorts/release_gate_text.h"
#include "processor/base/clock.h"
#include "processor/base/json/number.h"
#include "processor/base/memory.h"
#include "processor/command/gate/report_files.h"
#include "processor/command/options.h"

enum { ARENA_BYTES_MAX = 64 << 20 };

enum { CANDIDATES, BASELINES, COHORTS, REPORTS, LISTS };

struct arguments {
    const char *config, *dataset, *min_pass_rate, *judge, *confidence, *repeats, *missing,
        *critical, *texts, *format;
    struct option_values lists[LISTS];
};

struct gating {
    const struct arguments *arguments;
    const struct pipeline_config *config;
    struct arena arena;
    struct gate_rows rows;
    struct candidate candidate, baseline;
    struct gate_suite suites[GATE_SUITES_MAX];
    struct gate_answer answer;
    struct report_files files;
    struct error *error;
};

/* --- what is asked for --- */

static int choice(struct gating *it, const char *option, const char *value,
                  const char *const *names)
{
    struct buffer list = {0};
    for (int i = 0; names[i]; i++) {
        if (!value || strcmp(value, names[i]) == 0) {
            buffer_finish(&list);
            return value ? i : 0;
        }
        buffer_printf(&list, "%s%s", i == 0 ? "" : names[i + 1] ? ", " : " or ", names[i]);
    }
    error_set(it->error, EXIT_USAGE, "%s is %.*s", option, (int)list.size,
              (const char *)buffer_bytes(&list).data);
    buffer_finish(&list);
    return 0;
}

static double share(struct gating *it, const char *option, const char *text, double otherwise,
                    bool is_open)
{
    double value = otherwise;
    bool is_share = !text || (number_parse(bytes_of_text(text), &value) && value >= 0 &&
                              value <= 1 && !(is_open && (value <= 0 || value >= 1)));
    if (!is_share)
        error_set(it->error, EXIT_USAGE, "%s is a share, %s", option,
                  is_open ? "above 0 and below 1" : "0 to 1");
    return value;
}

static uint32_t whole(struct gating *it, const char *option, const char *text, uint32_t least,
                      const char *others)
{
    double value = 0;
    if (!text)
        return 0;
    if (!number_parse(bytes_of_text(text), &value) || value < least || value > 1000000 ||
        value > (uint32_t)value)
        error_set(it->error, EXIT_USAGE, "%s is %sa whole number of at least %u", option, others,
                  least);
    return (uint32_t)(value >= 0 && value <= 1000000 ? value : 0);
}

static void read_repeats(struct gating *it, const char *text)
{
    it->answer.terms.repeats = !text || strcmp(text, "all") == 0 ? GATE_REPEATS_ALL
                               : strcmp(text, "any") == 0
                                   ? GATE_REPEATS_ANY
                                   : whole(it, "--repeats", text, 1, "all, any, or ");
}

static void read_terms(struct gating *it)
{
    static const char *const judges[] = {"set", "population", NULL};
    static const char *const missing[] = {"fail", "insufficient", NULL};
    const struct arguments *arguments = it->arguments;
    struct gate_terms *terms = &it->answer.terms;
    if (!arguments->min_pass_rate)
        error_set(it->error, EXIT_USAGE,
                  "--min-pass-rate says which share of the rows must pass, such as 0.92");
    if (arguments->lists[CANDIDATES].count == 0)
        error_set(
            it->error, EXIT_USAGE,
            "--candidate names the answers to judge: lines of {row_id, output}, or OTLP files");
    terms->min_pass_rate = share(it, "--min-pass-rate", arguments->min_pass_rate, 0, false);
    terms->confidence = share(it, "--confidence", arguments->confidence, 0.95, true);
    terms->is_population = choice(it, "--judge", arguments->judge, judges) == 1;
    terms->is_missing_insufficient = choice(it, "--missing", arguments->missing, missing) == 1;
    terms->critical_max = whole(it, "--critical", arguments->critical, 0, "");
    read_repeats(it, arguments->repeats);
    int texts =
        choice(it, "--texts", arguments->texts ? arguments->texts : "cut", candidate_texts_names);
    it->answer.texts = (enum candidate_texts)texts;
}

static uint32_t count_streams(const struct option_values *values)
{
    uint32_t count = 0;
    for (int i = 0; i < values->count; i++)
        count += strcmp(values->items[i], "-") == 0;
    return count;
}

static void read_cohorts(struct gating *it)
{
    const struct option_values *cohorts = &it->arguments->lists[COHORTS];
    if (cohorts->count > GATE_SUITES_MAX)
        error_set(it->error, EXIT_USAGE, "at most %d cohorts at once", GATE_SUITES_MAX);
    for (int i = 0; i < cohorts->count && !it->error->is_set; i++) {
        struct gate_suite *suite = &it->suites[it->answer.suite_count++];
        suite->name = bytes_of_text(cohorts->items[i]);
        (void)!release_gate_text_parse_cohort("--cohort", suite->name, &it->arena, &suite->cohort,
                                              it->error);
    }
    if (cohorts->count == 0)
        it->suites[it->answer.suite_count++] =
            (struct gate_suite){.name = BYTES_LITERAL("all rows"), .is_all = true};
    uint32_t streams = count_streams(&it->arguments->lists[CANDIDATES]) +
                       count_streams(&it->arguments->lists[BASELINES]) +
                       (strcmp(it->arguments->dataset, "-") == 0);
    if (streams > 1)
        error_set(it->error, EXIT_USAGE, "standard input (-) can be read once");
}

/* --- judging --- */

static void fill_suite(struct gating *it, struct gate_suite *suite)
{
    struct gate_rows *rows = &it->rows;
    struct gate_member *members = memory_need(calloc(rows->count + (size_t)1, sizeof *members));
    suite->rows = memory_need(calloc(rows->count + (size_t)1, sizeof *suite->rows));
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct gate_row *row = &rows->items[i];
        if (row->state != GATE_ROW_LIVE || !gate_row_is_in(rows, row, &suite->cohort))
            continue;
        members[suite->row_count] =
            (struct gate_member){.result = &it->candidate.results[i],
                                 .baseline = it->answer.baseline ? &it->baseline.results[i] : NULL,
                                 .is_critical = row->is_critical};
        suite->rows[suite->row_count++] = i;
    }
    gate_suite_decide(members, suite->row_count, &it->answer.terms, &suite->answer);
    free(members);
}

static void judge_suites(struct gating *it)
{
    struct gate_suite_answer answers[GATE_SUITES_MAX];
    for (uint32_t i = 0; i < it->answer.suite_count; i++) {
        fill_suite(it, &it->suites[i]);
        answers[i] = it->suites[i].answer;
    }
    it->answer.outcome = gate_outcome_of(answers, it->answer.suite_count);
}

static bool judge(struct gating *it)
{
    const struct arguments *arguments = it->arguments;
    struct candidate_terms terms = {.config = it->config,
                                    .rows = &it->rows,
                                    .texts = it->answer.texts,
                                    .repeats = it->answer.terms.repeats,
                                    .now_ms = clock_realtime_ms()};
    if (gate_rows_read(arguments->dataset, it->config->dataset.cluster_similarity, terms.now_ms,
                       &it->rows, it->error) != STATUS_OK ||
        candidate_judge(&terms, arguments->lists[CANDIDATES].items,
                        arguments->lists[CANDIDATES].count, &it->candidate, it->error) != STATUS_OK)
        return false;
    if (arguments->lists[BASELINES].count > 0) {
        if (candidate_judge(&terms, arguments->lists[BASELINES].items,
                            arguments->lists[BASELINES].count, &it->baseline,
                            it->error) != STATUS_OK)
            return false;
        it->answer.baseline = &it->baseline;
    }
    judge_suites(it);
    return true;
}

/* --- telling --- */

static void print(struct gating *it)
{
    struct buffer text = {0};
    bool is_json = strcmp(it->arguments->format, "json") == 0;
    if (report_files_use_stdout(&it->files))
        return;
    (is_json ? gate_report_json : gate_report_text)(&it->answer, &text);
    if (text.failed || fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout) != 0)
        error_set(it->error, EXIT_STATE_IO, "standard output cannot be written");
    buffer_finish(&text);
}

static void run(struct gating *it)
{
    const struct option_values *reports = &it->arguments->lists[REPORTS];
    read_terms(it);
    read_cohorts(it);
    report_files_parse(reports->items, reports->count, &it->files, it->error);
    if (it->error->is_set || !judge(it))
        return;
    report_files_write(&it->files, &it->answer, it->error);
    if (!it->error->is_set)
        print(it);
}

static int gate(const struct arguments *arguments, const struct pipeline_config *config,
                struct error *ret_error)
{
    static const int exit_codes[GATE_OUTCOMES] = {EXIT_DONE, EXIT_GATE_FAILED,
                                                  EXIT_TOO_LITTLE_DATA};
    struct gating *it = memory_need(calloc(1, sizeof *it));
    it->arguments = arguments;
    it->config = config;
    it->error = ret_error;
    arena_init(&it->arena, ARENA_BYTES_MAX);
    it->answer = (struct gate_answer){.config = config,
                                      .rows = &it->rows,
                                      .candidate = &it->candidate,
                                      .suites = it->suites,
                                      .scratch = &it->rows.line};
    run(it);
    int exit_code = exit_codes[it->answer.outcome];
    for (uint32_t i = 0; i < it->answer.suite_count; i++)
        free(it->suites[i].rows);
    candidate_finish(&it->candidate);
    candidate_finish(&it->baseline);
    gate_rows_finish(&it->rows);
    arena_finish(&it->arena);
    free(it);
    return exit_code;
}

bool dataset_gate_is_meant(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--dataset") == 0 || strncmp(argv[i], "--dataset=", 10) == 0)
            return true;
    return false;
}

static bool parse(int argc, char **argv, struct arguments *it)
{
    const struct command_option options[] = {
        {"config", 'c', NULL, &it->config},
        {"dataset", 0, NULL, &it->dataset},
        {"min-pass-rate", 0, NULL, &it->min_pass_rate},
        {"judge", 0, NULL, &it->judge},
        {"confidence", 0, NULL, &it->confidence},
        {"repeats", 0, NULL, &it->repeats},
        {"missing", 0, NULL, &it->missing},
        {"critical", 0, NULL, &it->critical},
        {"texts", 0, NULL, &it->texts},
        {"format", 0, NULL, &it->format},
    };
    int operand = options_parse_values(argc, argv, options, sizeof options / sizeof *options,
                                       it->lists, LISTS);
    if (operand >= 0 && operand < argc)
        fprintf(stderr, "flywheel gate: unexpected argument %s; see `flywheel help gate`\n",
                argv[operand]);
    return operand == argc && options_format_is("gate", it->format, "text", "json");
}

int dataset_gate(int argc, char **argv)
{
    struct arguments arguments = {
        .format = "text",
        .lists = {[CANDIDATES] = {.name = "candidate", .is_greedy = true},
                  [BASELINES] = {.name = "baseline-candidate", .is_greedy = true},
                  [COHORTS] = {.name = "cohort"},
                  [REPORTS] = {.name = "report"}}};
    int exit_code = EXIT_USAGE;
    struct error error = {0};
    struct pipeline_config *config = NULL;
    if (parse(argc, argv, &arguments) &&
        (config = options_load_config(arguments.config, &exit_code)) != NULL)
        exit_code = options_finish("gate", NULL, &error, gate(&arguments, config, &error));
    config_destroy(config);
    for (int i = 0; i < LISTS; i++)
        option_values_finish(&arguments.lists[i]);
    return exit_code;
}
