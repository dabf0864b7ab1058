/* The review API: what persons and programs ask of the return path, over a listener of its own. A route
 * is one row of the table in review_api.c: method, path, who may, and the function that answers.
 *
 *   identify: token or session -> name, role, rights
 *   writes    -> runtime_review_call -> the writer's transaction -> answer when that is durable
 *   reads     -> a read transaction, here
 *   aggregates -> one thread that computes them, one at a time, and keeps each for 10 s */
#pragma once
#include "pipelines/daemon/api.h"

struct review_api;

/* Makes the key of sessions, reads reviewers, certificate and key, and says to the review how many
 * people there are. Before the runtime starts; listens not yet. NULL with `ret_error`. All is
 * borrowed until review_api_destroy. */
struct review_api *review_api_create(const struct pipeline_config *config, struct store *store,
                                     struct runtime *runtime, struct error *ret_error);
/* Before anything is rendered. */
void review_api_register(const struct review_api *review, struct metrics *metrics);
/* Listens. `documents` has the routes that telemetry serves as well. */
MUST_CHECK enum status review_api_start(struct review_api *review, const struct api *documents,
                                        struct error *ret_error);
/* Answers all that wait; before the runtime stops. */
void review_api_stop(struct review_api *review, int64_t grace_ms);
void review_api_destroy(
    struct review_api *review); /* after the runtime has stopped; accepts NULL */

/* Reviewers and certificates of another configuration: all of them, or none. Then it is held. */
MUST_CHECK enum status review_api_reload(struct review_api *review, struct pipeline_config *loaded,
                                         struct error *ret_error);
/* Connects to the own port, now and then, and says whether it still answers. */
bool review_api_answers(struct review_api *review, int64_t now_ms);
