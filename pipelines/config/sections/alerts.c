/* Burn rates and what else an alert must be able to reach: a setting that can never fire is
 * refused, for nobody would notice that it doesn't. */
#include "pipelines/config/sections/alerts.h"

#include "pipelines/config/value.h"
#include "processor/base/json/number.h"
#include "processor/base/statistics.h"
#include "state/cohorts/query.h"

/* Site Reliability Workbook, chapter 5, table 5-8: pages for 2 % of a 30-day budget in an hour and
 * 5 % in six, a ticket for 10 % in three days; each with a short window, so that it ends soon. */
enum { HOUR_MS = 3600000 };
static const struct burn_config strict_burns[] = {
    {14.4, HOUR_MS, 300000},
    {6, 6 * HOUR_MS, 1800000},
    {1, 72 * HOUR_MS, 6 * HOUR_MS},
};
/* Of a target below 95 % a budget that everything fails of is spent at most 20 times too fast: at
 * 92 % the first of those can't be reached, and the second needs 48 % to fail. */
static const double strict_target = 0.95;
static const struct burn_config lenient_burns[] = {
    {3, 6 * HOUR_MS, HOUR_MS},
    {1.5, 24 * HOUR_MS, 2 * HOUR_MS},
};

static bool is_reachable(double factor, double target)
{
    return target < 1 && factor <= statistics_burn_rate_max(target) * (1 + 1e-12);
}

static void take_defaults(struct alert_config *alert)
{
    bool is_strict = alert->min_pass_rate >= strict_target;
    const struct burn_config *burns = is_strict ? strict_burns : lenient_burns;
    size_t count = is_strict ? sizeof strict_burns / sizeof *strict_burns
                             : sizeof lenient_burns / sizeof *lenient_burns;
    for (size_t i = 0; i < count; i++)
        if (is_reachable(burns[i].factor, alert->min_pass_rate))
            alert->burns[alert->burn_count++] = burns[i];
}

/* Windows that the rings of cohorts hold. */
static bool is_kept(int64_t window_ms)
{
    struct cohort_window window;
    return window_ms >= 60000 && cohort_window_resolve(0, window_ms, &window) == STATUS_OK;
}

static bool load_factor(struct bytes text, double *ret_factor)
{
    return number_parse(text, ret_factor) && *ret_factor > 0;
}

static bool load_pair(const struct config_node *list, struct burn_config *burn)
{
    if (list->kind != NODE_LIST || list->child_count != 2)
        return false;
    return config_value_parse_duration(list->first->text, &burn->long_ms) &&
           config_value_parse_duration(list->last->text, &burn->short_ms) &&
           is_kept(burn->long_ms) && is_kept(burn->short_ms) && burn->short_ms < burn->long_ms;
}

void config_alerts_load_burns(struct config_loader *loader, const struct option *row,
                              const struct config_node *node, void *base)
{
    struct alert_config *alert = base;
    (void)row;
    alert->has_burns = true;
    if (!config_loader_require(loader, node, NODE_MAP, "burn_rates"))
        return;
    for (const struct config_node *item = node->first; item; item = item->next) {
        struct burn_config burn;
        if (alert->burn_count == BURNS_MAX)
            config_loader_error(loader, node, "more than %d burn rates: remove some", BURNS_MAX);
        else if (!load_factor(item->key, &burn.factor))
            config_loader_error_at_key(loader, item,
                                       "a burn rate is a number above 0, such as 14.4");
        else if (!load_pair(item, &burn))
            config_loader_error(loader, item,
                                "a burn rate has a long and a shorter window of 1m to 35d, such as "
                                "[1h, 5m]");
        if (config_loader_failed(loader))
            return;
        alert->burns[alert->burn_count++] = burn;
    }
}

static void check_burns(struct config_loader *loader, const struct config_node *node,
                        const struct alert_config *alert)
{
    for (uint32_t i = 0; i < alert->burn_count; i++) {
        if (is_reachable(alert->burns[i].factor, alert->min_pass_rate))
            continue;
        double most = alert->min_pass_rate < 1 ? statistics_burn_rate_max(alert->min_pass_rate) : 0;
        config_loader_error(
            loader, config_tree_find(node, "burn_rates"),
            "a burn rate of %g can never be reached: with min_pass_rate %g it is %.4g when "
            "every run fails",
            alert->burns[i].factor, alert->min_pass_rate, most);
        return;
    }
}

void config_alerts_check(struct config_loader *loader, const struct config_node *node,
                         struct alert_config *alert)
{
    const struct pipeline_config *config = loader->config;
    if (alert->has_burns)
        check_burns(loader, node, alert);
    else
        take_defaults(alert);
    for (const struct alert_config *other = config->alerts; other < alert; other++)
        if (other->pinned == alert->pinned && other->window_ms == alert->window_ms)
            config_loader_error(
                loader, node,
                "this cohort has an alert of this window already: remove one of the two");
}
