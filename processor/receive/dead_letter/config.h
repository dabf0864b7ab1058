/* Where dead letters go, and how one can be lost. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* One of directory and topic. Texts are copied. */
struct dead_letter_config {
    const char *receiver; /* label of the series: "otlp", "kafka" */

    const char *directory; /* made when it is not there (0700) */
    uint32_t letters_max;  /* files in the directory, those of earlier runs included; 10,000 */
    size_t bytes_max;      /* likewise; 1 GiB */

    const char *topic;
    const char *brokers;
    const char *const *properties; /* librdkafka's names: name, value, ..., NULL; tls and sasl. What
                                      only a consumer knows is left out. NULL: none */
};

enum dead_letter_loss {
    LETTER_QUEUE_FULL, /* letters come faster than they can be kept */
    LETTER_BOUND,      /* the directory holds as much as it may */
    LETTER_FAILED,     /* not written, or not delivered */
    LETTER_LOSSES
};
