/* The review API as its own files see it. */
#pragma once
#include <pthread.h>

#include "pipelines/daemon/probe.h"
#include "pipelines/daemon/review_api.h"
#include "pipelines/daemon/review_documents.h"
#include "pipelines/review/session.h"
#include "pipelines/run/review_call.h"
#include "processor/net/tls/tls.h"
#include "processor/report/http_api.h"
#include "processor/review/reviewers_file.h"

enum { OWN_DOCUMENTS = 8 }; /* beside those of telemetry */

/* What a role may; a bit each. */
enum review_right {
    RIGHT_AGGREGATES = 1, /* figures without names */
    RIGHT_REVIEW = 2,     /* the own queue */
    RIGHT_RESULTS = 4,    /* to say what was judged */
    RIGHT_ADJUDICATE = 8, /* what is disputed, rows of the dataset, runs */
    RIGHT_ADMIN = 16,     /* persons, erasure, the audit trail */
    RIGHT_FEEDBACK = 32,  /* to say what users said */
    RIGHT_ANY = 63,
};

struct review_api {
    const struct pipeline_config *config; /* of the start */
    struct store *store;
    struct runtime *runtime;
    struct http_api *http;
    struct tls *tls; /* NULL: plaintext */
    struct probe probe;
    bool is_loopback;
    uint8_t key[SESSION_KEY_SIZE];
    struct review_documents *documents;
    const struct api *telemetry;
    struct api own; /* a copy of it, with sources of its own */
    struct telemetry_sources sources;
    struct http_route document_routes[API_ROUTES_MAX + OWN_DOCUMENTS];
    uint32_t document_count;

    pthread_mutex_t lock;        /* of: */
    struct reviewers *reviewers; /* NULL: declared persons, on loopback */

    /* Held since a HUP, for the I/O thread to take. */
    _Atomic(struct pipeline_config *) fresh;

    /* The I/O thread's. */
    struct pipeline_config *reloaded; /* NULL: not yet */
    struct code_book codes;
    char declared[SESSION_NAME_MAX + 1]; /* the first to sign in by a code */
    bool is_alone;                       /* and nobody else has */
};

/* As of the last reload. The I/O thread. */
const struct pipeline_config *review_api_config(struct review_api *review);

/* review_api_session.c */
bool review_api_identify(void *review, struct bytes authorization, struct http_caller *ret_caller);
http_api_handler_fn review_api_sign_in, review_api_show_session, review_api_sign_out;
/* Who it is to the writer; borrowed from the caller. */
struct principal review_api_principal(const struct http_caller *caller);

/* The handlers of other files. */
http_api_handler_fn review_api_submit, review_api_withdraw;                 /* _results.c */
http_api_handler_fn review_api_next, review_api_list, review_api_show_item; /* _items.c */
http_api_handler_fn review_api_reveal;                                      /* _reveal.c */
http_api_handler_fn review_api_check;                                       /* _check.c */
http_api_handler_fn review_api_tag, review_api_promote, review_api_retire, review_api_exported,
    review_api_erase;                                        /* _dataset.c */
http_api_handler_fn review_api_audit, review_api_checkpoint; /* _audit.c */
http_api_handler_fn review_api_run;                          /* _run.c */

http_api_handler_fn review_api_feedback; /* _feedback.c */

http_handler_fn review_api_write_dataset, review_api_write_rows; /* _rows.c; of the documents */
http_api_handler_fn review_api_agreement_persons; /* _agreement.c */
http_handler_fn review_api_write_agreement, review_api_write_persons;
http_handler_fn review_api_write_calibration; /* _calibration.c; likewise */
http_handler_fn review_api_write_measures, review_api_write_coverage; /* _measures.c; likewise */

/* By the document of that path, about one person or (absent) all. */
unsigned review_api_answer_about(struct review_api *review, struct http_api_call *call,
                                 const char *path, struct bytes person);
/* A body that is not what it should be: 422 {"error", "field"}. */
unsigned review_api_malformed(struct http_api_call *call, const char *reason, const char *field);
/* The writer has answered BUSY, or there is no memory: 503. */
unsigned review_api_refuse_unstored(struct http_api_call *call);
unsigned review_api_refuse_memory(struct http_api_call *call);
