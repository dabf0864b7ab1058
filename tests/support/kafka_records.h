/* Numbered records on their way through an emitter to a topic of the mock cluster, and back: number
 * n has the key n % 5. One such flow a process, which is one a test. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "processor/emit/emitter.h"
#include "tests/support/kafka_mock.h"

enum { KAFKA_RECORDS_MAX = 4096 };
#define KAFKA_RECORDS_TOPIC "annotations"

/* Adds the topic to the cluster; nothing is acknowledged yet. */
void kafka_records_begin(struct kafka_mock *mock);
/* What the emitter under test is created with. */
struct emit_acknowledge kafka_records_acknowledge(void);
struct emit_item *kafka_records_item(uint64_t number, const char *key, size_t padding);
void kafka_records_send(struct emitter *emitter, uint64_t from, uint64_t to);
size_t kafka_records_acknowledged(void);
/* The number that was acknowledged as the `at`-th, from 0. */
uint64_t kafka_records_number(size_t at);
/* Waits until so many are, and no more. */
void kafka_records_wait(size_t count);
/* Reads the topic from its beginning: each of 1..count is there, and in order within its key. The
 * number of records beyond them is returned. */
size_t kafka_records_check(const struct kafka_mock *mock, uint64_t count);
