/* Opening, observing and flushing; what fires is decided by alert_change.c and alert_rates.c. */
#include "pipelines/cohorts/alerts.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/cohorts/alert_record.h"
#include "pipelines/cohorts/alerts_state.h"
#include "pipelines/config/groupings.h"
#include "processor/base/digest.h"
#include "state/cohorts/delta.h"
#include "state/store/dictionary.h"
#include "state/tables/decided.h"

enum { KEY_SIZE = 2 + COHORT_HASH_SIZE };

static void encode_key(uint8_t to[KEY_SIZE], uint16_t grouping, const uint8_t *hash)
{
    put_be16(to, grouping);
    memcpy(to + 2, hash, COHORT_HASH_SIZE);
}

/* --- opening --- */

static struct alert_key key_of(const struct watched *watched, enum alert_kind kind,
                               int64_t window_ms)
{
    struct alert_key key = {.grouping = watched->grouping, .kind = kind, .window_ms = window_ms};
    memcpy(key.hash, watched->hash, COHORT_HASH_SIZE);
    return key;
}

static bool is_configured(const void *context, const struct alert_key *key)
{
    const struct alerts *alerts = context;
    uint8_t encoded[KEY_SIZE];
    encode_key(encoded, key->grouping, key->hash);
    uint32_t number = key_index_find(&alerts->index, encoded);
    if (number == KEY_INDEX_NONE)
        return false;
    if (key->kind == ALERT_WORSE || key->kind == ALERT_BETTER)
        return true;
    for (uint32_t i = 0; i < alerts->config->alert_count; i++)
        if (alerts->config->alerts[i].pinned == number &&
            alerts->config->alerts[i].window_ms == key->window_ms)
            return true;
    return false;
}

static void open_change(struct alerts *alerts, struct store_txn *txn, struct watched *watched,
                        enum alert_direction direction)
{
    struct alert_change *change = &watched->changes[direction];
    struct alert_key key = key_of(watched, alert_change_kind(direction), 0);
    (void)alert_read(txn, &key, &change->row);
    change->told_episode = change->row.episode;
    change->was_told_firing = change->row.is_firing;
    alert_change_design(&alerts->change_terms, change, direction, watched->p0);
    atomic_store(&change->shown, change->row.statistic);
    atomic_store(&change->shown_firing, change->row.is_firing);
}

static bool open_pinned(struct alerts *alerts, struct store_txn *txn, uint32_t number)
{
    const struct pipeline_config *config = alerts->config;
    const struct pinned_config *pinned = &config->pinned[number];
    struct watched *watched = &alerts->watched[number];
    struct buffer text = {0};
    uint8_t key[KEY_SIZE];
    config_groupings_text(config, pinned->grouping, &text);
    watched->grouping = dictionary_id(txn, DICTIONARY_GROUPING, buffer_bytes(&text));
    buffer_finish(&text);
    cohort_hash(watched->hash, pinned->values, config->groupings[pinned->grouping].count);
    encode_key(key, watched->grouping, watched->hash);
    if (txn->status != STATUS_OK)
        return true; /* the transaction tells it */
    if (key_index_add(&alerts->index, key) != number)
        return false;
    for (uint32_t i = 0; i < config->alert_count; i++) {
        const struct alert_config *alert = &config->alerts[i];
        if (alert->pinned != number || watched->windows)
            continue;
        /* A target of everything leaves a rate of nothing, which can't be watched: learned. */
        watched->p0 =
            alert->usual_fail_rate > 0 ? alert->usual_fail_rate : 1 - alert->min_pass_rate;
        watched->windows = cohort_windows_create();
        if (!watched->windows)
            return false;
        cohort_windows_load(watched->windows, txn, watched->grouping, watched->hash);
        cohort_windows_raise(watched->windows, cohort_largest_weight(txn, watched->grouping));
    }
    open_change(alerts, txn, watched, DIRECTION_WORSE);
    open_change(alerts, txn, watched, DIRECTION_BETTER);
    return true;
}

static void open_watch(struct alerts *alerts, struct store_txn *txn, uint32_t number)
{
    const struct alert_config *alert = &alerts->config->alerts[number];
    const struct watched *watched = &alerts->watched[alert->pinned];
    struct watch *watch = &alerts->watches[number];
    struct alert_key key = key_of(watched, ALERT_FLOOR, alert->window_ms);
    (void)alert_read(txn, &key, &watch->floor);
    key.kind = ALERT_BURN_RATE;
    (void)alert_read(txn, &key, &watch->burn);
    atomic_store(&watch->shown_floor, watch->floor.is_firing);
    atomic_store(&watch->shown_burn, watch->burn.is_firing);
    for (uint32_t i = 0; i < BURNS_MAX; i++) {
        atomic_store(&watch->shown_rates[i][0], -1);
        atomic_store(&watch->shown_rates[i][1], -1);
    }
}

struct restoring {
    struct alerts *alerts;
    enum status status;
};

static bool restore_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct restoring *restoring = context;
    (void)sequence;
    restoring->status = alerts_observe(restoring->alerts, row->contribution);
    return restoring->status == STATUS_OK;
}

static enum status open_rows(struct alerts *alerts, struct store *store)
{
    struct store_txn txn;
    struct restoring restoring = {alerts, STATUS_OK};
    bool has_memory = true;
    store_begin(store, true, &txn);
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        has_memory = has_memory && open_pinned(alerts, &txn, i);
    for (uint32_t i = 0; i < alerts->config->alert_count; i++)
        open_watch(alerts, &txn, i);
    alert_sweep(&txn, is_configured, alerts);
    uint64_t folded = cohort_folded_sequence(&txn);
    if (!has_memory)
        store_fail(&txn, STATUS_FATAL, "no memory for alerts");
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        status = decided_load(store, folded + 1, restore_row, &restoring);
    return status == STATUS_OK ? restoring.status : status;
}

enum status alerts_open(struct store *store, const struct pipeline_config *config,
                        struct alerts **ret_alerts)
{
    struct alerts *alerts = calloc(1, sizeof *alerts);
    if (!alerts)
        return STATUS_FATAL;
    alerts->config = config;
    cusum_table_init(&alerts->change_terms.table, config->change.odds_ratio,
                     config->change.false_alarm_every);
    alerts->change_terms.learn_from = config->change.learn_from;
    alerts->index.key_size = KEY_SIZE;
    alerts->watched = calloc(config->pinned_count + 1, sizeof *alerts->watched);
    alerts->watches = calloc(config->alert_count + 1, sizeof *alerts->watches);
    hex_encode(alerts->instance, store_instance(store)->uuid, INSTANCE_UUID_SIZE);
    if (!alerts->watched || !alerts->watches || open_rows(alerts, store) != STATUS_OK) {
        alerts_close(alerts);
        return STATUS_FATAL;
    }
    *ret_alerts = alerts;
    return STATUS_OK;
}

void alerts_close(struct alerts *alerts)
{
    if (!alerts)
        return;
    for (uint32_t i = 0; alerts->watched && i < alerts->config->pinned_count; i++)
        cohort_windows_destroy(alerts->watched[i].windows);
    key_index_finish(&alerts->index);
    free(alerts->watched);
    free(alerts->watches);
    free(alerts);
}

/* --- observing --- */

/* Every grouping sees every run. */
static void raise_largest(struct alerts *alerts, double weight)
{
    if (weight <= alerts->largest_weight)
        return;
    alerts->largest_weight = weight;
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        if (alerts->watched[i].windows)
            cohort_windows_raise(alerts->watched[i].windows, weight);
}

static void observe(struct alerts *alerts, const struct cohort_contribution *contribution)
{
    uint8_t key[KEY_SIZE];
    raise_largest(alerts, contribution->weight);
    for (uint32_t i = 0; i < contribution->group_count; i++) {
        encode_key(key, contribution->groups[i].grouping, contribution->groups[i].hash);
        uint32_t number = key_index_find(&alerts->index, key);
        if (number == KEY_INDEX_NONE)
            continue;
        struct watched *watched = &alerts->watched[number];
        if (watched->windows)
            cohort_windows_add(watched->windows, contribution);
        /* A change is looked for in first verdicts, in the order of decision: a revision comes
         * too late to stand where its run stood. Weights play no part: a heavy run is one run. A
         * run that nobody judged has not failed: an outage condemns runs without scoring them. */
        if (contribution->change == COHORT_CHANGE_FIRST)
            for (enum alert_direction direction = 0; direction < DIRECTIONS; direction++)
                alert_change_step(&alerts->change_terms, &watched->changes[direction], direction,
                                  contribution->verdict == COHORT_FAIL, contribution->event_ms);
    }
}

enum status alerts_observe(struct alerts *alerts, struct bytes contributions)
{
    struct value_reader reader;
    struct cohort_contribution contribution;
    assert(!alerts->is_flushing);
    if (alerts->index.count == 0)
        return STATUS_OK;
    value_reader_init(&reader, contributions);
    while (reader.at < reader.end) {
        cohort_contribution_decode(&reader, &contribution);
        if (reader.failed)
            return STATUS_MALFORMED;
        observe(alerts, &contribution);
    }
    return STATUS_OK;
}

/* --- flushing --- */

static void settle(void *context, bool is_committed)
{
    struct alerts *alerts = context;
    alerts->is_flushing = false;
    if (!is_committed)
        return;
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        for (enum alert_direction direction = 0; direction < DIRECTIONS; direction++) {
            struct alert_change *change = &alerts->watched[i].changes[direction];
            change->told_episode = change->row.episode;
            change->was_told_firing = change->row.is_firing;
            change->is_changed = false;
            atomic_store_explicit(&change->shown, change->row.statistic, memory_order_relaxed);
            atomic_store_explicit(&change->shown_firing, change->row.is_firing,
                                  memory_order_relaxed);
        }
    for (uint32_t i = 0; i < alerts->config->alert_count; i++) {
        struct watch *watch = &alerts->watches[i];
        watch->floor = watch->next_floor;
        watch->burn = watch->next_burn;
        atomic_store_explicit(&watch->shown_floor, watch->floor.is_firing, memory_order_relaxed);
        atomic_store_explicit(&watch->shown_burn, watch->burn.is_firing, memory_order_relaxed);
    }
}

static void tell(const struct alerts *alerts, struct alert_news *news)
{
    struct buffer frame = {0};
    if (!alerts->tell)
        return;
    news->config = alerts->config;
    news->wall_ms = alerts->wall_ms;
    news->instance = alerts->instance;
    alert_record_write(news, &frame);
    if (frame.failed)
        store_fail(alerts->txn, STATUS_FATAL, "no memory for the record of an alert");
    else
        alerts->tell(alerts->context, buffer_bytes(&frame));
    buffer_finish(&frame);
}

/* An alarm may have begun and ended since the last flush: both are told. */
static void flush_change(const struct alerts *alerts, uint32_t number,
                         enum alert_direction direction)
{
    const struct watched *watched = &alerts->watched[number];
    const struct alert_change *change = &watched->changes[direction];
    struct alert_news news = {.kind = alert_change_kind(direction),
                              .pinned = &alerts->config->pinned[number],
                              .row = &change->row,
                              .design = change->design};
    if (!change->is_changed)
        return;
    struct alert_key key = key_of(watched, news.kind, 0);
    alert_write(alerts->txn, &key, &change->row);
    bool has_begun = change->row.episode != change->told_episode;
    news.is_firing = true;
    if (has_begun)
        tell(alerts, &news);
    news.is_firing = false;
    if (!change->row.is_firing && (has_begun || change->was_told_firing))
        tell(alerts, &news);
}

/* Writes and tells what has changed of one alert. */
static void flush_row(const struct alerts *alerts, uint32_t number, const struct alert_row *row,
                      const struct alert_row *before, struct alert_news *news)
{
    const struct alert_config *alert = &alerts->config->alerts[number];
    if (row->is_firing == before->is_firing)
        return;
    struct alert_key key = key_of(&alerts->watched[alert->pinned], news->kind, alert->window_ms);
    alert_write(alerts->txn, &key, row);
    news->pinned = &alerts->config->pinned[alert->pinned];
    news->alert = alert;
    news->row = row;
    news->is_firing = row->is_firing;
    tell(alerts, news);
}

static void flush_watch(struct alerts *alerts, uint32_t number)
{
    const struct alert_config *alert = &alerts->config->alerts[number];
    const struct cohort_windows *windows = alerts->watched[alert->pinned].windows;
    struct watch *watch = &alerts->watches[number];
    struct release_gate_rate rate;
    struct burn_windows burns[BURNS_MAX];
    watch->next_floor = alert_rates_floor(alert, windows, &watch->floor, alerts->wall_ms, &rate);
    flush_row(alerts, number, &watch->next_floor, &watch->floor,
              &(struct alert_news){.kind = ALERT_FLOOR, .rate = &rate});
    if (alert->burn_count == 0) {
        watch->next_burn = watch->burn;
        return;
    }
    watch->next_burn =
        alert_rates_burn(alert, windows, &watch->burn, alerts->wall_ms, burns, &watch->burning);
    flush_row(alerts, number, &watch->next_burn, &watch->burn,
              &(struct alert_news){.kind = ALERT_BURN_RATE,
                                   .burn = &alert->burns[watch->burning],
                                   .windows = &burns[watch->burning]});
    for (uint32_t i = 0; i < alert->burn_count; i++) {
        atomic_store_explicit(&watch->shown_rates[i][0], burns[i].long_burn, memory_order_relaxed);
        atomic_store_explicit(&watch->shown_rates[i][1], burns[i].short_burn, memory_order_relaxed);
    }
}

void alerts_flush(struct alerts *alerts, struct store_txn *txn, int64_t wall_ms,
                  alerts_tell_fn *tell_one, void *context)
{
    assert(!alerts->is_flushing);
    if (alerts->index.count == 0)
        return;
    alerts->is_flushing = true;
    alerts->txn = txn;
    alerts->wall_ms = wall_ms;
    alerts->tell = tell_one;
    alerts->context = context;
    store_on_end(txn, settle, alerts);
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        for (enum alert_direction direction = 0; direction < DIRECTIONS; direction++)
            flush_change(alerts, i, direction);
    for (uint32_t i = 0; i < alerts->config->alert_count; i++)
        flush_watch(alerts, i);
}
