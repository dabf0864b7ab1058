/* Memory gives out at every place of encoding, decoding and reading text: the answer is an error,
 * nothing leaks, and the next attempt with memory gives what it always gives. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/config.h"
#include "pipelines/config/load.h"
#include "pipelines/decide/summary.h"
#include "pipelines/decide/trajectory_codec.h"
#include "processor/otlp/otlp_json.h"
#include "processor/score/expression/expression.h"
#include "state/cohorts/bucket.h"
#include "state/tables/decided.h"
#include "state/tables/source.h"
#include "state/tables/spill.h"
#include "tests/support/failing.h"
#include "tests/support/trace_builder.h"

enum { ARENA_BYTES = 4 << 20 };

static struct buffer read_file(const char *path)
{
    struct buffer text = {0};
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char chunk[4096];
    for (size_t size; (size = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buffer_append(&text, chunk, size);
    fclose(file);
    return text;
}

static void report(const char *what, const struct failing_sweep *sweep)
{
    printf("%s: %ju failures\n", what, (uintmax_t)(sweep->runs - 1));
    ck_assert(!failing_works() || sweep->runs > 1);
}

static void build_request(struct trace_builder *builder, uint32_t spans)
{
    trace_resource(builder, "agents");
    for (uint32_t i = 1; i <= spans; i++)
        trace_span(builder, &(struct span_spec){.trace = 1,
                                                .id = i,
                                                .parent = i / 2,
                                                .start_ms = 1700000000000 + i,
                                                .end_ms = 1700000001000 + i,
                                                .text = "what was said",
                                                .score_name = "Quality",
                                                .score = 0.25});
}

START_TEST(the_gate_refuses_when_memory_gives_out)
{
    struct trace_builder builder = {0};
    build_request(&builder, 40);
    struct bytes body = trace_request(&builder);
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct arena arena;
        struct gated_request request = {0};
        arena_init(&arena, ARENA_BYTES);
        failing_on();
        enum status status =
            wire_gate(body, WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &request);
        failing_off();
        ck_assert_int_eq(status, failing_hit() ? STATUS_BUSY : STATUS_OK);
        ck_assert_uint_eq(request.span_count, failing_hit() ? 0 : 40);
        arena_finish(&arena);
    }
    report("gate", &sweep);
    trace_finish(&builder);
}
END_TEST

START_TEST(a_configuration_says_why_it_could_not_be_loaded)
{
    static const char *const paths[] = {"default.yaml", "banking-support.yaml", "kafka.yaml"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char path[512];
        snprintf(path, sizeof path, SOURCE_ROOT "/pipelines/%s", paths[i]);
        struct buffer text = read_file(path);
        struct failing_sweep sweep = failing_sweep(FAILING_LIBRARIES, 1);
        while (failing_next(&sweep)) {
            struct error error = {0};
            failing_on();
            struct pipeline_config *config =
                config_load_text("pipeline.yaml", buffer_bytes(&text), &error);
            failing_off();
            ck_assert_msg(config != NULL || error.text[0] != '\0', "no reason at %ju",
                          (uintmax_t)sweep.n);
            ck_assert(config != NULL || failing_hit());
            config_destroy(config);
        }
        report(paths[i], &sweep);
        buffer_finish(&text);
    }
}
END_TEST

START_TEST(an_expression_without_memory_is_an_error)
{
    struct bytes dimension = BYTES_LITERAL("intent");
    struct expression_names names = {&dimension, 1};
    struct bytes text = BYTES_LITERAL("intent =~ \"^ref(und|er)$\" and not (attributes[\"a.b\"] in "
                                      "[\"v\", \"x\"] or intent contains 'y')");
    struct failing_sweep sweep = failing_sweep(FAILING_LIBRARIES, 1);
    while (failing_next(&sweep)) {
        struct error error = {0};
        struct buffer printed = {0};
        failing_on();
        struct expression *expression = expression_parse(text, &names, &error);
        if (expression)
            expression_print(expression, &printed);
        failing_off();
        ck_assert((expression != NULL) != error.is_set);
        ck_assert_msg(failing_hit() || (expression && !printed.failed), "%s", error.text);
        expression_destroy(expression);
        buffer_finish(&printed);
    }
    report("expression", &sweep);
}
END_TEST

START_TEST(json_becomes_wire_bytes_or_an_error)
{
    struct buffer text = read_file(SOURCE_ROOT "/tests/fuzz/seeds/fuzz_otlp_json/every_field.json");
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct arena arena;
        struct buffer wire = {0};
        arena_init(&arena, ARENA_BYTES);
        failing_on();
        enum status status =
            otlp_json_to_wire(buffer_bytes(&text), WIRE_GATE_TRACES, &arena, &wire,
                              &(struct refused_parts){0});
        failing_off();
        ck_assert_int_eq(status == STATUS_OK && !wire.failed, !failing_hit());
        arena_finish(&arena);
        buffer_finish(&wire);
    }
    report("otlp_json", &sweep);
    buffer_finish(&text);
}
END_TEST

static enum status codec_round(struct bytes body, struct bytes encoded, struct buffer *to)
{
    struct in_flight table;
    struct arena arena;
    struct gated_request request, spans, logs;
    uint8_t id[TRACE_ID_SIZE];
    trace_id_of(1, id);
    arena_init(&arena, ARENA_BYTES);
    enum status status = STATUS_FATAL;
    if (in_flight_init(&table, 0)) {
        struct open_trajectory *open = in_flight_open(&table, id, 0);
        status = wire_gate(body, WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &request);
        for (uint32_t i = 0; status == STATUS_OK && i < request.span_count; i++)
            request.spans[i].next = i + 1 < request.span_count ? i + 1 : UINT32_MAX;
        uint32_t next;
        if (status == STATUS_OK)
            status = open ? in_flight_add_spans(&table, open, &request, 0, &next) : STATUS_FATAL;
        if (status == STATUS_OK && !trajectory_encode(open, to))
            status = STATUS_FATAL;
        if (status == STATUS_OK && encoded.size)
            status = trajectory_decode(encoded, &wire_gate_limits_default, &arena, &spans, &logs);
        in_flight_finish(&table);
    }
    arena_finish(&arena);
    return status;
}

START_TEST(a_spilled_trajectory_is_whole_or_none)
{
    struct trace_builder builder = {0};
    build_request(&builder, 30);
    struct bytes body = trace_request(&builder);
    struct buffer expected = {0};
    ck_assert_int_eq(codec_round(body, (struct bytes){0}, &expected), STATUS_OK);
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct buffer to = {0};
        failing_on();
        enum status status = codec_round(body, buffer_bytes(&expected), &to);
        failing_off();
        ck_assert_int_eq(status == STATUS_OK, !failing_hit());
        ck_assert(status != STATUS_MALFORMED);
        if (status == STATUS_OK)
            ck_assert(bytes_equal(buffer_bytes(&to), buffer_bytes(&expected)));
        buffer_finish(&to);
    }
    report("trajectory_codec", &sweep);
    buffer_finish(&expected);
    trace_finish(&builder);
}
END_TEST

/* All encoders of rows into one buffer. */
static void encode_rows(struct buffer *to)
{
    static struct summary_rule rules[8];
    static struct bytes values[2] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}};
    struct summary summary = {.decisions = 1,
                              .rules = rules,
                              .rule_count = 8,
                              .dimension_values = values,
                              .dimension_count = 2};
    summary_encode(&summary, to);
    struct spill_header header = {.accepted_spans = 3, .position_count = 8};
    spill_header_encode(&header, to);
    struct source_row source = {.id = 3, .name = "otlp/grpc", .next_position = 7};
    source_row_encode(&source, to);
    struct decided_row row = {.contribution = BYTES_LITERAL("0123456789"), .position_count = 2};
    decided_row_encode(&row, to);
}

START_TEST(an_encoder_without_memory_leaves_a_failed_buffer)
{
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct buffer to = {0};
        failing_on();
        encode_rows(&to);
        failing_off();
        ck_assert_int_eq(to.failed, failing_hit());
        buffer_finish(&to);
    }
    report("row encoders", &sweep);
}
END_TEST

START_TEST(a_bucket_without_memory_stays_what_it_was)
{
    struct failing_sweep sweep = failing_sweep(FAILING_MEMORY, 1);
    while (failing_next(&sweep)) {
        struct cohort_bucket bucket = {0}, copy = {0}, sum = {0};
        struct buffer encoded = {0};
        failing_on();
        int64_t added = 0;
        for (uint32_t i = 0; i < 200; i++) {
            struct cohort_contribution one = {.weight = 1, .duration_ms = 3.0 * i, .rule_count = 2};
            one.rules[0].rule = (uint16_t)i, one.rules[1].rule = (uint16_t)(i + 1);
            added += cohort_bucket_add(&bucket, &one);
        }
        cohort_bucket_encode(&bucket, &encoded);
        enum status status = cohort_bucket_decode(buffer_bytes(&encoded), &copy);
        bool is_merged = status == STATUS_OK && cohort_bucket_merge(&sum, &copy) &&
                         cohort_bucket_merge(&sum, &bucket);
        failing_off();
        ck_assert_int_eq(cohort_bucket_total(&bucket), added);
        ck_assert_int_ge(added, 199);
        ck_assert(is_merged || failing_hit());
        if (is_merged)
            ck_assert_int_eq(cohort_bucket_total(&sum), 2 * added);
        cohort_bucket_finish(&bucket);
        cohort_bucket_finish(&copy);
        cohort_bucket_finish(&sum);
        buffer_finish(&encoded);
    }
    report("cohort bucket", &sweep);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep_codecs");
    TCase *cases = tcase_create("memory");
    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, the_gate_refuses_when_memory_gives_out);
    tcase_add_test(cases, a_configuration_says_why_it_could_not_be_loaded);
    tcase_add_test(cases, an_expression_without_memory_is_an_error);
    tcase_add_test(cases, json_becomes_wire_bytes_or_an_error);
    tcase_add_test(cases, a_spilled_trajectory_is_whole_or_none);
    tcase_add_test(cases, an_encoder_without_memory_leaves_a_failed_buffer);
    tcase_add_test(cases, a_bucket_without_memory_stays_what_it_was);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
