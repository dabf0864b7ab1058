/* How far reviewers agree: the document of `flywheel agreement --format json`, without persons, and
 * under /reviewers with those whom review.reviewer_statistics lets the caller see. */
#include "pipelines/daemon/review_api_state.h"
#include "pipelines/review/agreement_document.h"
#include "processor/base/clock.h"
#include "processor/base/json/writer.h"

static const char reviewers_path[] = "/api/v1/agreement/reviewers";

unsigned review_api_agreement_persons(void *context, struct http_api_call *call)
{
    struct review_api *review = context;
    const struct http_caller *caller = http_api_caller(call);
    enum person_figures figures = review_api_config(review)->review.figures;
    bool sees_all = (caller->rights & RIGHT_ADMIN) ||
                    (figures == FIGURES_ADJUDICATOR && (caller->rights & RIGHT_ADJUDICATE));
    bool sees_own = figures == FIGURES_OWN && (caller->rights & RIGHT_REVIEW);
    if (!sees_all && !sees_own)
        return http_api_refuse(call, 403, "review.reviewer_statistics keeps figures of persons",
                               NULL);
    return review_api_answer_about(review, call, reviewers_path,
                                   sees_all ? (struct bytes){NULL, 0}
                                            : bytes_of_text(caller->name));
}

static unsigned refuse(struct http_answer *answer, enum status status, const struct error *error)
{
    struct json_writer to;
    json_writer_init(&to, &answer->body);
    json_object_begin(&to);
    json_put_text(&to, "error", error->text);
    json_object_end(&to);
    return status == STATUS_MALFORMED ? 400 : 500;
}

static unsigned write_report(struct review_api *review, const struct http_query *query,
                             bool has_persons, struct http_answer *to)
{
    struct agreement_request request;
    struct agreement_report report;
    struct persons_report persons;
    struct error error = {.text = "the figures cannot be read"};
    to->content_type = "application/json";
    enum status status =
        agreement_parse(http_query_get(query, "window"), http_query_get(query, "label"),
                        review->config, clock_realtime_ms(), &request, &error);
    if (status == STATUS_OK)
        status = agreement_read(review->store, review->config, &request, &report);
    if (status != STATUS_OK)
        return refuse(to, status, &error);
    if (has_persons)
        status = agreement_persons_read(review->store, &request,
                                        http_query_get(query, DOCUMENT_PERSON), &persons);
    if (status == STATUS_OK)
        agreement_json(&request, &report, has_persons ? &persons : NULL, &to->body);
    if (status == STATUS_OK && has_persons)
        agreement_persons_finish(&persons);
    agreement_finish(&report);
    return status == STATUS_OK ? 200 : refuse(to, status, &error);
}

unsigned review_api_write_agreement(void *context, const struct http_query *query,
                                    struct http_answer *to)
{
    return write_report(context, query, false, to);
}

unsigned review_api_write_persons(void *context, const struct http_query *query,
                                  struct http_answer *to)
{
    return write_report(context, query, true, to);
}
