/* link: emit otlp base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/emit/otlp/split.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/wire.h"
#include "tests/support/corpus.h"

/* Random requests, split with random limits. The model is the list of items as they were generated,
 * each with the Resource, scope and URLs that it stands under. What the messages of a trace hold,
 * one after the other, must be the items of that trace in their order; no message holds two traces
 * or is too large. */
enum { ROUNDS = 3000, ITEMS_MAX = 120, TRACES_MAX = 8, SPLIT_TRACES = TRACES_MAX + 1 };

struct context {
    struct buffer resource, resource_url, scope, scope_url;
};

struct model {
    struct buffer request, of_trace[SPLIT_TRACES]; /* index 0: without a trace id */
    uint32_t items, too_large, rejected;
};

static void put_text(struct buffer *to, uint32_t field, struct random *random, size_t most)
{
    struct buffer text = {0};
    size_t size = random_below(random, most + 1);
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(&text, (uint8_t)('a' + random_below(random, 26)));
    wire_put_bytes(to, field, buffer_bytes(&text));
    buffer_finish(&text);
}

static void put_url(struct buffer *url, struct random *random)
{
    buffer_clear(url);
    if (random_below(random, 2))
        buffer_printf(url, "https://example.com/%zu", random_below(random, 300));
}

static struct buffer make_item(struct random *random, uint32_t trace, bool is_log)
{
    struct buffer item = {0};
    uint8_t id[TRACE_ID_SIZE] = {0}, span_id[SPAN_ID_SIZE] = {1, 2};
    id[0] = (uint8_t)trace;
    if (trace > 0 || !is_log)
        wire_put_bytes(&item, is_log ? LOG_TRACE_ID : SPAN_TRACE_ID, bytes_of(id, sizeof id));
    span_id[7] = (uint8_t)random_next(random);
    if (trace > 0 || !is_log)
        wire_put_bytes(&item, is_log ? LOG_SPAN_ID : SPAN_SPAN_ID,
                       bytes_of(span_id, sizeof span_id));
    if (!is_log || random_below(random, 4))
        put_text(&item, is_log ? LOG_SEVERITY_TEXT : SPAN_NAME, random,
                 random_below(random, 20) ? 40 : 400);
    return item;
}

static void describe(struct buffer *to, struct bytes resource, struct bytes resource_url,
                     struct bytes scope, struct bytes scope_url, struct bytes item)
{
    const struct bytes parts[] = {resource, resource_url, scope, scope_url, item};
    for (size_t i = 0; i < 5; i++) {
        buffer_printf(to, "<%zu:", parts[i].size);
        buffer_append_bytes(to, parts[i]);
    }
}

/* What the item costs in a message of its own; frames of groups count as their largest. */
static size_t alone(const struct context *in, size_t item)
{
    const size_t parts[] = {in->resource.size, in->resource_url.size, in->scope.size,
                            in->scope_url.size};
    size_t size = 12 + 1 + (item < 128 ? 1u : 2u) + item;
    for (size_t i = 0; i < 4; i++)
        size += parts[i] ? 1 + (parts[i] < 128 ? 1u : 2u) + parts[i] : 0;
    return size;
}

static void generate_scope(struct random *random, struct model *model, struct context *in,
                           bool is_log, size_t payload_max, struct buffer *group)
{
    buffer_clear(&in->scope);
    if (random_below(random, 3))
        put_text(&in->scope, SCOPE_NAME, random, 30);
    put_url(&in->scope_url, random);
    bool is_url_first = random_below(random, 2);
    if (in->scope_url.size && is_url_first)
        wire_put_bytes(group, GROUP_SCHEMA_URL, buffer_bytes(&in->scope_url));
    if (in->scope.size)
        wire_put_bytes(group, GROUP_HEAD, buffer_bytes(&in->scope));
    for (size_t i = random_below(random, 12); i-- > 0 && model->items < ITEMS_MAX;) {
        uint32_t trace = (uint32_t)random_below(random, SPLIT_TRACES);
        struct buffer item = make_item(random, trace, is_log);
        wire_put_bytes(group, GROUP_ITEMS, buffer_bytes(&item));
        model->items++;
        if (trace == 0 && !is_log)
            model->rejected++; /* a span with an id of zeroes */
        else if (alone(in, item.size) > payload_max)
            model->too_large++;
        else
            describe(&model->of_trace[trace], buffer_bytes(&in->resource),
                     buffer_bytes(&in->resource_url), buffer_bytes(&in->scope),
                     buffer_bytes(&in->scope_url), buffer_bytes(&item));
        buffer_finish(&item);
    }
    if (in->scope_url.size && !is_url_first)
        wire_put_bytes(group, GROUP_SCHEMA_URL, buffer_bytes(&in->scope_url));
}

static void generate(struct random *random, struct model *model, bool is_log, size_t payload_max)
{
    struct context in = {0};
    for (size_t i = random_below(random, 5); i-- > 0;) {
        struct buffer group = {0};
        buffer_clear(&in.resource);
        if (random_below(random, 3))
            put_text(&in.resource, 200, random, 60); /* a field of a later version */
        put_url(&in.resource_url, random);
        if (in.resource.size)
            wire_put_bytes(&group, GROUP_HEAD, buffer_bytes(&in.resource));
        if (in.resource_url.size)
            wire_put_bytes(&group, GROUP_SCHEMA_URL, buffer_bytes(&in.resource_url));
        for (size_t j = random_below(random, 4); j-- > 0;) {
            struct buffer scope_group = {0};
            generate_scope(random, model, &in, is_log, payload_max, &scope_group);
            wire_put_bytes(&group, GROUP_ITEMS, buffer_bytes(&scope_group));
            buffer_finish(&scope_group);
        }
        wire_put_bytes(&model->request, REQUEST_GROUPS, buffer_bytes(&group));
        buffer_finish(&group);
    }
    buffer_finish(&in.resource);
    buffer_finish(&in.resource_url);
    buffer_finish(&in.scope);
    buffer_finish(&in.scope_url);
}

static struct bytes or_empty(struct bytes value)
{
    return value.data ? value : BYTES_LITERAL("");
}

/* A naive reading of a message; groups without items say nothing. */
static uint32_t read_message(struct bytes message, struct buffer *to, uint32_t trace, bool is_log)
{
    struct wire groups = wire_of(message);
    struct wire_field group, part, item;
    uint32_t items = 0;
    while (wire_next(&groups, &group)) {
        ck_assert_uint_eq(group.number, REQUEST_GROUPS);
        struct wire parts = wire_of(group.bytes);
        while (wire_next(&parts, &part)) {
            struct wire inner = wire_of(part.bytes);
            while (part.number == GROUP_ITEMS && wire_next(&inner, &item)) {
                if (item.number != GROUP_ITEMS)
                    continue;
                struct bytes id =
                    wire_find_bytes(item.bytes, is_log ? LOG_TRACE_ID : SPAN_TRACE_ID);
                ck_assert_uint_eq(id.size ? id.data[0] : 0, trace);
                describe(to, or_empty(wire_find_bytes(group.bytes, GROUP_HEAD)),
                         or_empty(wire_find_bytes(group.bytes, GROUP_SCHEMA_URL)),
                         or_empty(wire_find_bytes(part.bytes, GROUP_HEAD)),
                         or_empty(wire_find_bytes(part.bytes, GROUP_SCHEMA_URL)), item.bytes);
                items++;
            }
            ck_assert(!inner.broken);
        }
        ck_assert(!parts.broken);
    }
    ck_assert(!groups.broken);
    return items;
}

struct reading {
    struct span_split *split;
    size_t payload_max;
    bool is_log;
    struct buffer payload, found[SPLIT_TRACES];
    uint32_t items, too_large;
};

static void read_part(struct reading *reading, const struct span_message *message)
{
    uint32_t trace = message->trace_id[0];
    buffer_clear(&reading->payload);
    span_split_write(reading->split, message, &reading->payload);
    ck_assert_uint_eq(reading->payload.size, message->size);
    ck_assert_int_eq(message->has_key, trace > 0);
    ck_assert_uint_lt(trace, SPLIT_TRACES);
    if (message->is_too_large) {
        ck_assert_uint_eq(message->items, 1);
        reading->too_large++;
        return;
    }
    ck_assert_uint_le(message->size, reading->payload_max);
    uint32_t read = read_message(buffer_bytes(&reading->payload), &reading->found[trace], trace,
                                 reading->is_log);
    ck_assert_uint_eq(read, message->items);
    reading->items += read;
}

/* A message that turned out to be too large is divided in its place. */
static void read_again(struct reading *reading, const struct span_message *message)
{
    struct span_message part;
    size_t before = reading->split->payload_max;
    reading->split->payload_max = reading->payload_max;
    for (uint32_t at = message->first; span_split_again(reading->split, message, &at, &part);)
        read_part(reading, &part);
    reading->split->payload_max = before;
}

static void run_round(struct random *random)
{
    static const size_t limits[] = {60, 120, 300, 1000, 100000};
    struct model model = {0};
    size_t payload_max = limits[random_below(random, 5)];
    bool is_log = random_below(random, 2);
    generate(random, &model, is_log, payload_max);

    struct arena arena;
    struct gated_request gated;
    struct span_split split;
    struct span_message message = {0};
    arena_init(&arena, 1 << 20);
    enum wire_gate_signal signal = is_log ? WIRE_GATE_LOGS : WIRE_GATE_TRACES;
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&model.request), signal, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.rejected_count, model.rejected);
    bool is_divided = random_below(random, 2);
    struct reading reading = {.split = &split, .payload_max = payload_max, .is_log = is_log};
    ck_assert_int_eq(span_split_begin(&split, buffer_bytes(&model.request), &gated, signal,
                                      is_divided ? limits[4] : payload_max, &arena),
                     STATUS_OK);
    while (span_split_next(&split, &message))
        (is_divided ? read_again : read_part)(&reading, &message);
    ck_assert_uint_eq(reading.items + model.rejected + reading.too_large, model.items);
    /* A whole body may pass although an item of it in a frame of its own would not. */
    if (is_divided || !message.whole.data)
        ck_assert_uint_eq(reading.too_large, model.too_large);
    for (uint32_t i = 0; i < SPLIT_TRACES; i++) {
        if (reading.too_large == model.too_large)
            ck_assert(
                bytes_equal(buffer_bytes(&reading.found[i]), buffer_bytes(&model.of_trace[i])));
        buffer_finish(&reading.found[i]);
        buffer_finish(&model.of_trace[i]);
    }
    buffer_finish(&reading.payload);
    buffer_finish(&model.request);
    arena_finish(&arena);
}

START_TEST(the_messages_of_each_trace_are_its_items_in_order)
{
    struct random random = random_from_environment();
    printf("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < ROUNDS; i++)
        run_round(&random);
}
END_TEST

/* Real requests: what comes out is what the gate let in, and splitting once
 * more changes nothing. */
START_TEST(recorded_requests_come_out_whole_and_are_split_once)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp.pb");
    for (size_t i = 0; i < corpus.count; i++) {
        struct arena arena;
        struct gated_request gated, again;
        struct span_split split, second;
        struct span_message message, same;
        struct buffer payload = {0}, copy = {0};
        uint32_t items = 0;
        arena_init(&arena, 64 << 20);
        ck_assert_int_eq(wire_gate(corpus.files[i].body, WIRE_GATE_TRACES,
                                   &wire_gate_limits_default, &arena, &gated),
                         STATUS_OK);
        ck_assert_int_eq(span_split_begin(&split, corpus.files[i].body, &gated, WIRE_GATE_TRACES,
                                          900000, &arena),
                         STATUS_OK);
        while (span_split_next(&split, &message)) {
            buffer_clear(&payload);
            buffer_clear(&copy);
            span_split_write(&split, &message, &payload);
            ck_assert_int_eq(wire_gate(buffer_bytes(&payload), WIRE_GATE_TRACES,
                                       &wire_gate_limits_default, &arena, &again),
                             STATUS_OK);
            ck_assert_uint_eq(again.span_count, message.items);
            again.rejected_count = 1; /* else the whole body is taken as it is */
            ck_assert_int_eq(span_split_begin(&second, buffer_bytes(&payload), &again,
                                              WIRE_GATE_TRACES, 900000, &arena),
                             STATUS_OK);
            ck_assert(span_split_next(&second, &same));
            span_split_write(&second, &same, &copy);
            ck_assert_uint_eq(same.items, message.items);
            if (!message.whole.data)
                ck_assert(bytes_equal(buffer_bytes(&copy), buffer_bytes(&payload)));
            ck_assert(!span_split_next(&second, &same));
            items += message.items;
        }
        ck_assert_uint_eq(items, gated.span_count);
        buffer_finish(&payload);
        buffer_finish(&copy);
        arena_finish(&arena);
    }
    corpus_free(&corpus);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("span_messages");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_messages_of_each_trace_are_its_items_in_order);
    tcase_add_test(tcase, recorded_requests_come_out_whole_and_are_split_once);
    Suite *suite = suite_create("span_messages");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
