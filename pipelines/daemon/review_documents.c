/* Jobs wait in a ring; who finds it full is told to come again. A kept document is found by its path
 * and its parameters. */
#include "pipelines/daemon/review_documents.h"

#include <pthread.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/thread.h"

enum { DOCUMENT_BYTES_MAX = 16 << 20 };

struct job {
    struct http_api_call *call;
    const struct http_route *route;
    struct http_query *query; /* its own */
    uint64_t key;             /* 0: not kept */
};

struct kept {
    uint64_t key; /* 0: free */
    int64_t made_ms;
    unsigned status;
    const char *content_type;
    struct buffer body;
};

struct review_documents {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool is_ending;
    struct job jobs[DOCUMENTS_WAITING_MAX];
    uint32_t first, count;
    struct kept kept[DOCUMENTS_KEPT];
};

static uint64_t key_of(const struct http_route *route, const struct http_query *query)
{
    struct buffer text = {0};
    buffer_append_text(&text, route->path);
    for (uint32_t i = 0; i < query->count; i++) {
        buffer_append_byte(&text, 0);
        buffer_append_bytes(&text, query->items[i].name);
        buffer_append_byte(&text, 0);
        buffer_append_bytes(&text, query->items[i].value);
    }
    uint64_t key = text.failed ? 0 : digest_table_hash(buffer_bytes(&text)) | 1;
    buffer_finish(&text);
    return key;
}

static void give(struct http_api_call *call, const struct kept *kept)
{
    http_api_set_type(call, kept->content_type);
    buffer_append_bytes(http_api_body_to(call), buffer_bytes(&kept->body));
}

/* With the lock. NULL: it has to be made. */
static const struct kept *find(const struct review_documents *documents, uint64_t key)
{
    int64_t now_ms = clock_monotonic_ms();
    for (int i = 0; i < DOCUMENTS_KEPT; i++) {
        const struct kept *kept = &documents->kept[i];
        if (kept->key == key && key != 0 && now_ms - kept->made_ms < DOCUMENT_LIVES_MS)
            return kept;
    }
    return NULL;
}

/* With the lock. In the place of the oldest. Takes the body. */
static void keep(struct review_documents *documents, struct kept made)
{
    struct kept *place = &documents->kept[0];
    for (int i = 0; i < DOCUMENTS_KEPT; i++) {
        struct kept *at = &documents->kept[i];
        if (at->key == made.key) {
            place = at;
            break;
        }
        place = at->made_ms < place->made_ms ? at : place;
    }
    buffer_finish(&place->body);
    *place = made;
}

/* The status; the body is the call's. */
static unsigned make(struct review_documents *documents, const struct job *job)
{
    struct http_answer answer = {.content_type = "application/json",
                                 .body.limit = DOCUMENT_BYTES_MAX};
    unsigned status = job->route->handle(job->route->context, job->query, &answer);
    const struct kept made = {job->key, clock_monotonic_ms(), status, answer.content_type,
                              answer.body};
    if (answer.body.failed) {
        buffer_finish(&answer.body);
        return http_api_refuse(job->call, 500, "the document is too large", NULL);
    }
    give(job->call, &made);
    if (status != 200 || job->key == 0) {
        buffer_finish(&answer.body);
        return status;
    }
    pthread_mutex_lock(&documents->lock);
    keep(documents, made);
    pthread_mutex_unlock(&documents->lock);
    return status;
}

static void work(struct review_documents *documents, struct job *job)
{
    pthread_mutex_lock(&documents->lock);
    const struct kept *kept = find(documents, job->key);
    unsigned status = kept ? kept->status : 0;
    if (kept)
        give(job->call, kept);
    pthread_mutex_unlock(&documents->lock);
    http_api_answer(job->call, status != 0 ? status : make(documents, job));
    free(job->query);
}

static void *run(void *context)
{
    struct review_documents *documents = context;
    pthread_mutex_lock(&documents->lock);
    for (;;) {
        while (documents->count == 0 && !documents->is_ending)
            pthread_cond_wait(&documents->wake, &documents->lock);
        if (documents->is_ending)
            break;
        struct job job = documents->jobs[documents->first];
        documents->first = (documents->first + 1) % DOCUMENTS_WAITING_MAX;
        documents->count--;
        pthread_mutex_unlock(&documents->lock);
        work(documents, &job);
        pthread_mutex_lock(&documents->lock);
    }
    pthread_mutex_unlock(&documents->lock);
    return NULL;
}

static unsigned answer(struct review_documents *documents, struct http_api_call *call,
                       const struct http_route *route, const struct http_query *query,
                       bool is_kept)
{
    struct job job = {call, route, http_query_copy(query), is_kept ? key_of(route, query) : 0};
    bool is_taken = false;
    if (!job.query)
        return http_api_refuse(call, 503, "no memory for the request now", NULL);
    pthread_mutex_lock(&documents->lock);
    const struct kept *kept = find(documents, job.key);
    if (kept) {
        give(call, kept);
    } else if (documents->count < DOCUMENTS_WAITING_MAX) {
        documents->jobs[(documents->first + documents->count++) % DOCUMENTS_WAITING_MAX] = job;
        is_taken = true;
        pthread_cond_signal(&documents->wake);
    }
    pthread_mutex_unlock(&documents->lock);
    if (is_taken)
        return HTTP_LATER;
    free(job.query);
    return kept ? 200 : http_api_refuse(call, 503, "too many wait for documents", NULL);
}

unsigned review_documents_answer(struct review_documents *documents, struct http_api_call *call,
                                 const struct http_route *route, bool is_kept)
{
    return answer(documents, call, route, http_api_query(call), is_kept);
}

unsigned review_documents_answer_about(struct review_documents *documents,
                                       struct http_api_call *call, const struct http_route *route,
                                       struct bytes person)
{
    struct http_query query = *http_api_query(call);
    if (person.data && query.count == HTTP_PARAMETERS_MAX)
        return http_api_refuse(call, 400, "too many parameters", NULL);
    if (person.data) {
        query.items[query.count].name = BYTES_LITERAL(DOCUMENT_PERSON);
        query.items[query.count++].value = person;
    }
    return answer(documents, call, route, &query, false);
}

struct review_documents *review_documents_create(struct error *ret_error)
{
    struct review_documents *documents = calloc(1, sizeof *documents);
    if (documents && pthread_mutex_init(&documents->lock, NULL) == 0 &&
        pthread_cond_init(&documents->wake, NULL) == 0 &&
        pthread_create(&documents->thread, NULL, run, documents) == 0) {
        thread_name(documents->thread, "review-figures");
        return documents;
    }
    free(documents);
    error_set(ret_error, EXIT_TEMPORARY, "the review API: no memory or no thread is left");
    return NULL;
}

void review_documents_destroy(struct review_documents *documents)
{
    if (!documents)
        return;
    pthread_mutex_lock(&documents->lock);
    documents->is_ending = true;
    pthread_cond_signal(&documents->wake);
    pthread_mutex_unlock(&documents->lock);
    pthread_join(documents->thread, NULL);
    for (; documents->count > 0; documents->count--) {
        struct job *job = &documents->jobs[documents->first];
        http_api_answer(job->call, http_api_refuse(job->call, 503, "shutting down", NULL));
        free(job->query);
        documents->first = (documents->first + 1) % DOCUMENTS_WAITING_MAX;
    }
    for (int i = 0; i < DOCUMENTS_KEPT; i++)
        buffer_finish(&documents->kept[i].body);
    pthread_cond_destroy(&documents->wake);
    pthread_mutex_destroy(&documents->lock);
    free(documents);
}
