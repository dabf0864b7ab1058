/* Asks a review listener: one request a connection, JSON out and in. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"

enum { API_HOST_SIZE = 256, API_TOKEN_SIZE = 512, API_ANSWER_MAX = 16 << 20 };

struct api_target {
    bool is_tls;
    char host[API_HOST_SIZE];
    char port[6];
    char token[API_TOKEN_SIZE]; /* "": none */
    const char *ca_file;        /* NULL: the system's */
};

/* "https://review.example:8322", "http://127.0.0.1:8322". FATAL with `ret_error` (EXIT_USAGE). Plain
 * HTTP is for loopback alone: a token would be read on the way. */
MUST_CHECK enum status api_target_parse(const char *url, struct api_target *ret_target,
                                        struct error *ret_error);
/* The first line of a file. FATAL with `ret_error`. */
MUST_CHECK enum status api_target_read_token(struct api_target *target, const char *path,
                                             struct error *ret_error);

struct api_reply {
    unsigned status;
    int retry_s; /* Retry-After; 0: not said */
    struct buffer body;
};

/* `body` absent: none. FATAL with `ret_error` (EXIT_TEMPORARY): nobody answers. The body of the reply is
 * the caller's to finish. */
MUST_CHECK enum status api_ask(const struct api_target *target, const char *method,
                               const char *path, struct bytes body, struct api_reply *ret_reply,
                               struct error *ret_error);
