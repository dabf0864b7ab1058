/* Words are read here alone, so that command and API take the same. */
#include "pipelines/review/calibration_document.h"

#include <stdlib.h>
#include <string.h>

#include "pipelines/review/calibration_json.h"
#include "pipelines/review/calibration_table.h"

enum { WORDS_BYTES_MAX = 1 << 20, NUMBER_BYTES_MAX = 64 };

static const double min_recall_default = 0.9;

static bool parse_recall(struct bytes text, double *ret_recall, struct error *ret_error)
{
    char number[NUMBER_BYTES_MAX] = "", *end = number;
    *ret_recall = min_recall_default;
    if (!text.data)
        return true;
    if (text.size < sizeof number)
        memcpy(number, text.data, text.size);
    *ret_recall = strtod(number, &end);
    if (text.size > 0 && text.size < sizeof number && end == number + text.size &&
        strspn(number, "0123456789.") == text.size && *ret_recall > 0 && *ret_recall <= 1)
        return true;
    error_set(ret_error, EXIT_USAGE, "min_recall: takes a number above 0 and up to 1, such as 0.9");
    return false;
}

static enum status answer(struct store *store, const struct pipeline_config *config,
                          const struct calibration_request *request, bool has_curve,
                          double min_recall, bool is_json, struct buffer *to,
                          struct error *ret_error)
{
    struct calibration calibration;
    struct calibration_curve *curve = has_curve ? calloc(1, sizeof *curve) : NULL;
    enum status status = calibration_read(store, config, request, &calibration, ret_error);
    if (status != STATUS_OK) {
        free(curve);
        return status;
    }
    if (has_curve && !curve) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the curve");
        status = STATUS_FATAL;
    } else if (has_curve) {
        status = calibration_curve_read(store, config, request, &calibration, min_recall, curve,
                                        ret_error);
    }
    if (status == STATUS_OK && is_json)
        calibration_json(config, request, &calibration, curve, to);
    else if (status == STATUS_OK)
        calibration_table(config, request, &calibration, curve, to);
    if (curve)
        calibration_curve_finish(curve);
    free(curve);
    calibration_finish(&calibration);
    return status;
}

enum status calibration_write(struct store *store, const struct pipeline_config *config,
                              const struct calibration_words *words, int64_t now_ms, bool is_json,
                              struct buffer *to, struct error *ret_error)
{
    struct calibration_request request;
    struct arena arena;
    double min_recall;
    arena_init(&arena, WORDS_BYTES_MAX);
    enum status status = calibration_parse(words->window, words->rule, words->cohort, config,
                                           now_ms, &arena, &request, ret_error);
    if (status == STATUS_OK && !parse_recall(words->min_recall, &min_recall, ret_error))
        status = STATUS_MALFORMED;
    if (status == STATUS_OK && words->has_curve && !words->rule.data) {
        error_set(ret_error, EXIT_USAGE, "curve: say of which rule");
        status = STATUS_MALFORMED;
    }
    if (status == STATUS_OK)
        status =
            answer(store, config, &request, words->has_curve, min_recall, is_json, to, ret_error);
    arena_finish(&arena);
    return status;
}
