/* Acknowledgements come from the emitter's thread, so they are kept under a lock. */
#include "tests/support/kafka_records.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/emit/outgoing.h"
#include "tests/support/waiting.h"

enum { PARTITIONS = 4, KEYS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t acknowledged[KAFKA_RECORDS_MAX];
static size_t acknowledged_count;

static void on_acknowledged(void *context, uint64_t sequence)
{
    (void)context;
    (void)pthread_mutex_lock(&lock);
    acknowledged[acknowledged_count++ % KAFKA_RECORDS_MAX] = sequence;
    (void)pthread_mutex_unlock(&lock);
}

void kafka_records_begin(struct kafka_mock *mock)
{
    kafka_mock_add_topic(mock, KAFKA_RECORDS_TOPIC, PARTITIONS);
    acknowledged_count = 0;
}

struct emit_acknowledge kafka_records_acknowledge(void)
{
    return (struct emit_acknowledge){.acknowledged = on_acknowledged};
}

struct emit_item *kafka_records_item(uint64_t number, const char *key, size_t padding)
{
    struct buffer payload = {0}, frame = {0};
    buffer_printf(&payload, "{\"n\":%llu,\"x\":\"", (unsigned long long)number);
    for (size_t i = 0; i < padding; i++)
        buffer_append_byte(&payload, (uint8_t)('a' + (i * i + number) % 26));
    buffer_append_text(&payload, "\"}");
    struct outgoing record = {.key = bytes_of_text(key), .payload = buffer_bytes(&payload)};
    record.headers[record.header_count++] =
        (struct outgoing_header){"schema", BYTES_LITERAL("flywheel.review/v1")};
    record.headers[record.header_count++] =
        (struct outgoing_header){"verdict", BYTES_LITERAL("fail")};
    outgoing_encode(&record, &frame);
    struct emit_item *item = malloc(sizeof *item + frame.size);
    *item = (struct emit_item){.sequence = number, .size = frame.size};
    memcpy(item->frame, frame.data, frame.size);
    buffer_finish(&payload);
    buffer_finish(&frame);
    return item;
}

void kafka_records_send(struct emitter *emitter, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "key-%llu", (unsigned long long)(i % KEYS));
        struct emit_item *item = kafka_records_item(i, key, 100);
        ck_assert_int_eq(emitter->operations->send(emitter, item), STATUS_OK);
    }
}

size_t kafka_records_acknowledged(void)
{
    (void)pthread_mutex_lock(&lock);
    size_t count = acknowledged_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

uint64_t kafka_records_number(size_t at)
{
    (void)pthread_mutex_lock(&lock);
    ck_assert_uint_lt(at, acknowledged_count);
    uint64_t number = acknowledged[at];
    (void)pthread_mutex_unlock(&lock);
    return number;
}

void kafka_records_wait(size_t count)
{
    WAIT_UNTIL(kafka_records_acknowledged() >= count);
    ck_assert_uint_eq(kafka_records_acknowledged(), count);
}

static void check_header(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    ck_assert_int_eq(rd_kafka_message_headers(message, &headers), 0);
    ck_assert_int_eq(rd_kafka_header_get_last(headers, "verdict", &value, &size), 0);
    ck_assert(bytes_equal_text(bytes_of(value, size), "fail"));
}

size_t kafka_records_check(const struct kafka_mock *mock, uint64_t count)
{
    static uint8_t seen[KAFKA_RECORDS_MAX];
    memset(seen, 0, sizeof seen);
    uint64_t last_of_key[KEYS] = {0}, distinct = 0;
    size_t extra = 0;
    struct kafka_mock_reader reader = kafka_mock_read(mock, KAFKA_RECORDS_TOPIC, PARTITIONS);
    for (rd_kafka_message_t *message; (message = kafka_mock_next(&reader));) {
        unsigned long long number, key;
        ck_assert_int_eq(sscanf(message->payload, "{\"n\":%llu", &number), 1);
        ck_assert_int_eq(sscanf(message->key, "key-%llu", &key), 1);
        ck_assert_uint_lt(number, KAFKA_RECORDS_MAX);
        check_header(message);
        rd_kafka_message_destroy(message);
        if (seen[number]++) {
            extra++;
            continue;
        }
        distinct++;
        ck_assert_uint_gt(number, last_of_key[key % KEYS]);
        last_of_key[key % KEYS] = number;
    }
    ck_assert_uint_eq(distinct, count);
    return extra;
}
