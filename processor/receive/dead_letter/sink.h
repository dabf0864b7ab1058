/* One letter on its way, and where it can be kept: a sink, of which there are two, a directory and
 * a topic. Only the thread of dead_letter.c calls a sink. */
#pragma once
#include <stdbool.h>

#include "processor/base/bytes.h"
#include "processor/receive/dead_letter/config.h"

enum {
    LETTER_WORD_SIZE = 48,    /* reason, receiver, signal, encoding, compression */
    LETTER_DETAIL_SIZE = 256, /* a longer sentence is cut */
    LETTER_TOPIC_SIZE = 256,  /* Kafka allows 249 characters */
};

struct letter {
    uint64_t sequence; /* of this process */
    int64_t time_ms;   /* wall clock of the submit */
    char reason[LETTER_WORD_SIZE], receiver[LETTER_WORD_SIZE];
    char signal[LETTER_WORD_SIZE], encoding[LETTER_WORD_SIZE], compression[LETTER_WORD_SIZE];
    char detail[LETTER_DETAIL_SIZE];
    char topic[LETTER_TOPIC_SIZE]; /* each of these texts: "" for none */
    int32_t partition;
    int64_t offset;
    bool has_key;
    size_t key_size, body_size;
    uint8_t data[]; /* key, body */
};

static inline struct bytes letter_key(const struct letter *letter)
{
    return letter->has_key ? bytes_of(letter->data, letter->key_size) : (struct bytes){0};
}

static inline struct bytes letter_body(const struct letter *letter)
{
    return bytes_of(letter->data + letter->key_size, letter->body_size);
}

struct letter_sink;

struct letter_sink_operations {
    /* Takes the letter; settles it now, or in a later turn. */
    void (*keep)(struct letter_sink *sink, struct letter *letter);
    /* Lets things go on that take time; doesn't wait. */
    void (*turn)(struct letter_sink *sink);
    /* Settles all that is left, waiting for at most `grace_ms`, and frees. */
    void (*destroy)(struct letter_sink *sink, int64_t grace_ms);
};

struct letter_sink {
    const struct letter_sink_operations *operations;
    /* Called once for each letter, which is freed then. `loss` is LETTER_LOSSES when it is kept. */
    void (*settled)(void *context, struct letter *letter, enum dead_letter_loss loss);
    void *context;
};
