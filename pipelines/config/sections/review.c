/* A queue that says little has the rest from "*", so "*" is read first wherever it stands. */
#include "pipelines/config/sections/review.h"

#include "pipelines/config/value.h"
#include "pipelines/config/walk.h"
#include "processor/base/digest.h"
#include "processor/net/network.h"

static const char *const requirements[] = {"verdict", "label", "comment"};
enum { REQUIREMENTS = sizeof requirements / sizeof requirements[0] };

void config_review_load_require(struct config_loader *loader, const struct option *row,
                                const struct config_node *node, void *base)
{
    struct review_queue_settings *queue = base;
    struct bytes items[REQUIREMENTS];
    uint32_t count = 0;
    (void)row;
    if (!config_loader_texts(loader, node, "require", items, REQUIREMENTS, &count))
        return;
    queue->require = REQUIRE_VERDICT;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t which = 0;
        while (which < REQUIREMENTS && !bytes_equal_text(items[i], requirements[which]))
            which++;
        if (which == REQUIREMENTS) {
            config_loader_error(loader, node,
                                "an entry of require must be one of: verdict, label, comment");
            return;
        }
        queue->require |= 1u << which;
    }
}

/* --- labels --- */

static bool is_taken(const struct label_set *labels, struct bytes id)
{
    return label_set_find(labels, id) >= 0;
}

/* A name is one label's alone, now or formerly, or a result would mean two. */
static void check_label(struct config_loader *loader, const struct config_node *node,
                        struct label_set *labels)
{
    const struct review_label *label = &labels->items[labels->count];
    if (!label->id.data) {
        config_loader_error(loader, node, "this label has no id: add one");
        return;
    }
    if (is_taken(labels, label->id))
        config_loader_error(loader, config_tree_find(node, "id"),
                            "another label has, or once had, the id %.*s: rename one of them",
                            (int)label->id.size, (const char *)label->id.data);
    for (uint32_t i = 0; i < label->formerly_count; i++)
        if (is_taken(labels, label->formerly[i]) || bytes_equal(label->formerly[i], label->id))
            config_loader_error(loader, config_tree_find(node, "formerly"),
                                "the id %.*s is a label's already: it can't be a former one",
                                (int)label->formerly[i].size,
                                (const char *)label->formerly[i].data);
}

static void load_labels(struct config_loader *loader, const struct config_node *list)
{
    struct label_set *labels = &loader->config->review.labels;
    if (config_tree_is_null(list) || !config_loader_require(loader, list, NODE_LIST, "labels")) {
        config_loader_error_at_key(loader, list, "labels has no value: list the labels below it");
        return;
    }
    if (list->child_count > loader->config->review.labels_max) {
        config_loader_error(loader, list, "more than %u labels (limits.labels): remove some",
                            loader->config->review.labels_max);
        return;
    }
    for (const struct config_node *node = list->first; node; node = node->next) {
        uint32_t errors = loader->findings->error_count;
        struct review_label *label = &labels->items[labels->count];
        config_walk_defaults(loader, "review.labels[]", label);
        if (config_loader_require(loader, node, NODE_MAP, "a label") &&
            config_walk_object(loader, node, "review.labels[]", label) && !node->is_broken)
            check_label(loader, node, labels);
        labels->count++;
        (void)config_loader_recover(loader, errors);
    }
}

/* Those beyond the limit are left out; `flywheel check` says so. */
static void take_default_labels(struct pipeline_config *config)
{
    struct label_set *labels = &config->review.labels;
    label_set_default(labels);
    if (labels->count > config->review.labels_max)
        labels->count = config->review.labels_max;
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        for (uint32_t j = 0; j < config->ruleset.rules[i].label_count; j++) {
            struct bytes id = config->ruleset.rules[i].labels[j];
            if (labels->count < config->review.labels_max && id.size <= LABEL_ID_MAX &&
                !is_taken(labels, id))
                labels->items[labels->count++] =
                    (struct review_label){.id = id, .implies = LABEL_IMPLIES_FAIL};
        }
}

/* --- queues --- */

static void load_queue(struct config_loader *loader, const struct config_node *node,
                       struct review_queue_settings *queue)
{
    struct bytes name = config_loader_keep(loader, node->key);
    if (!bytes_equal_text(name, "*") && !config_value_is_name(name)) {
        config_loader_error_at_key(loader, node,
                                   "the name of a queue must be \"*\", or 1 to 64 of the "
                                   "characters a-z, 0-9, `_`, `.` and `-`");
        return;
    }
    queue->name = name;
    config_walk_object(loader, node, "review.queues.NAME", queue);
}

static void load_queues(struct config_loader *loader, const struct config_node *map)
{
    static const struct config_node none = {.kind = NODE_MAP};
    struct review_settings *review = &loader->config->review;
    struct review_queue_settings every = {.name = BYTES_LITERAL("*"), .require = REQUIRE_VERDICT};
    struct review_queue_settings control;
    config_walk_defaults(loader, "review.queues.NAME", &every);
    if (!map || config_tree_is_null(map))
        map = &none;
    if (!config_loader_require(loader, map, NODE_MAP, "queues"))
        return;
    if (map->child_count > REVIEW_QUEUES_MAX - 2) { /* "*" and control have their places */
        config_loader_error(loader, map, "more than %d queues: remove some", REVIEW_QUEUES_MAX - 2);
        return;
    }
    const struct config_node *star = config_tree_find(map, "*");
    if (star)
        load_queue(loader, star, &every);
    control = every;
    control.order = ORDER_SAMPLE;
    control.name = BYTES_LITERAL("control");
    for (const struct config_node *node = map->first; node && !config_loader_failed(loader);
         node = node->next) {
        bool is_control = bytes_equal_text(node->key, "control");
        struct review_queue_settings *queue = &review->queues[review->queue_count];
        if (node == star)
            continue;
        if (!is_control) {
            *queue = every;
            review->queue_count++;
        }
        load_queue(loader, node, is_control ? &control : queue);
    }
    review->queues[review->queue_count++] = control;
    review->queues[review->queue_count++] = every;
}

static void check_consensus(struct config_loader *loader)
{
    const struct review_settings *review = &loader->config->review;
    uint32_t most = 0;
    for (uint32_t i = 0; i < review->queue_count; i++)
        most = review->queues[i].reviewers > most ? review->queues[i].reviewers : most;
    if (review->consensus == CONSENSUS_MAJORITY && most < 3)
        config_loader_error(loader, config_loader_place(loader, "review.consensus"),
                            "a majority needs a queue with three reviewers or more: set "
                            "review.queues.\"*\".reviewers, or leave consensus out");
}

/* --- what estimates are made for --- */

/* Texts are those of the groupings and rules, which live as long. */
static bool list_groupings(struct pipeline_config *config, struct buffer *told)
{
    struct calibration_settings *calibration = &config->review.calibration;
    struct calibration_grouping *groupings =
        arena_zalloc(&config->arena, config->grouping_count + 1, sizeof *groupings);
    for (uint32_t i = 0; groupings && i < config->grouping_count; i++) {
        const struct grouping_config *from = &config->groupings[i];
        struct bytes *names = arena_zalloc(&config->arena, from->count + 1, sizeof *names);
        if (!names)
            return false;
        for (uint32_t d = 0; d < from->count; d++) {
            names[d] = config->dimensions[from->dimensions[d]].name;
            buffer_append(told, names[d].data, names[d].size);
            buffer_append_byte(told, ',');
        }
        buffer_append_byte(told, ';');
        groupings[i] = (struct calibration_grouping){names, from->count};
    }
    calibration->groupings = groupings;
    calibration->grouping_count = config->grouping_count;
    return groupings != NULL;
}

static bool list_rule(struct pipeline_config *config, const struct rule *rule,
                      struct calibration_rule *to, struct buffer *told)
{
    const struct label_set *labels = &config->review.labels;
    struct bytes *ids = arena_zalloc(&config->arena, rule->label_count + 1, sizeof *ids);
    to->name = rule->name;
    to->labels = ids;
    buffer_append(told, rule->name.data, rule->name.size);
    for (uint32_t i = 0; ids && i < rule->label_count; i++) {
        int32_t at = label_set_find(labels, rule->labels[i]);
        if (at < 0)
            continue;
        ids[to->label_count++] = labels->items[at].id;
        buffer_append_byte(told, '=');
        buffer_append(told, labels->items[at].id.data, labels->items[at].id.size);
    }
    buffer_append_byte(told, ';');
    return ids != NULL;
}

static bool list_calibration(struct pipeline_config *config)
{
    struct calibration_settings *calibration = &config->review.calibration;
    const struct ruleset *ruleset = &config->ruleset;
    struct buffer told = {0};
    struct calibration_rule *rules =
        arena_zalloc(&config->arena, ruleset->rule_count + 1, sizeof *rules);
    bool is_whole = rules && list_groupings(config, &told);
    for (uint32_t i = 0; is_whole && i < ruleset->rule_count; i++)
        is_whole = list_rule(config, &ruleset->rules[i], &rules[i], &told);
    calibration->rules = rules;
    calibration->rule_count = rules ? ruleset->rule_count : 0;
    calibration->fingerprint = digest_fnv1a64(buffer_bytes(&told));
    is_whole = is_whole && !told.failed;
    buffer_finish(&told);
    return is_whole;
}

/* --- the whole --- */

void config_review_load(struct config_loader *loader)
{
    if (config_loader_failed(loader))
        return;
    struct review_settings *review = &loader->config->review;
    const char *queues = "review.queues";
    if (review->reviewers_file && review->reviewers_file[0] == 0)
        review->reviewers_file = NULL;
    if (config_loader_is_given(loader, "review.labels"))
        load_labels(loader, config_loader_place(loader, "review.labels"));
    else
        take_default_labels(loader->config);
    if (!config_loader_failed(loader))
        load_queues(loader, config_loader_is_given(loader, queues)
                                ? config_loader_place(loader, queues)
                                : NULL);
    if (!config_loader_failed(loader))
        check_consensus(loader);
    if (!config_loader_failed(loader) &&
        (!label_set_seal(&review->labels) || !list_calibration(loader->config)))
        error_set(loader->error, EXIT_TEMPORARY, "out of memory");
}

/* --- the listener --- */

static bool is_same_port(const char *one, const char *other)
{
    struct bytes host;
    uint32_t port = 0;
    return strcmp(one, other) == 0 && config_value_split_endpoint(one, &host, &port) && port != 0;
}

static void check_ports(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    const char *endpoint = config->review.endpoint, *who = NULL;
    if (is_same_port(endpoint, config->telemetry_endpoint))
        who = "service.telemetry.http";
    else if (config->reads_otlp && config->otlp.has_grpc &&
             is_same_port(endpoint, config->otlp.grpc_endpoint))
        who = "receivers.otlp";
    else if (config->reads_otlp && config->otlp.has_http &&
             is_same_port(endpoint, config->otlp.http_endpoint))
        who = "receivers.otlp";
    if (who)
        config_loader_error(loader, config_loader_place(loader, "review.http.endpoint"),
                            "%s listens there: use another port", who);
}

static void check_proxy(struct config_loader *loader)
{
    const struct review_settings *review = &loader->config->review;
    struct bytes url = review->proxy_url;
    if ((review->proxy_count == 0) != (url.size == 0))
        config_loader_error(loader, config_loader_place(loader, "review.http.behind_proxy"),
                            "behind_proxy needs both from and url");
    for (uint32_t i = 0; i < review->proxy_count; i++) {
        struct network network;
        if (!network_parse(review->proxies[i], &network))
            config_loader_error(
                loader, config_loader_place(loader, "review.http.behind_proxy.from"),
                "%.*s is no range of addresses: write it like 10.0.0.0/8 or 192.0.2.7",
                (int)review->proxies[i].size, (const char *)review->proxies[i].data);
    }
    if (url.size > 0 && !bytes_starts_with(url, BYTES_LITERAL("https://")) &&
        !bytes_starts_with(url, BYTES_LITERAL("http://")))
        config_loader_error(loader, config_loader_place(loader, "review.http.behind_proxy.url"),
                            "url must begin with https:// or http://");
}

/* People's texts are behind it: strangers must not get in, and nobody must read on the way. */
static void check_exposure(struct config_loader *loader)
{
    const struct review_settings *review = &loader->config->review;
    const struct config_node *place = config_loader_place(loader, "review.http.endpoint");
    if ((review->tls_cert_file != NULL) != (review->tls_key_file != NULL) ||
        (!review->tls_cert_file && config_loader_is_given(loader, "review.http.tls")))
        config_loader_error(loader, config_loader_place(loader, "review.http.tls"),
                            "tls needs both cert_file and key_file");
    if (config_value_is_loopback(review->endpoint))
        return;
    if (!review->reviewers_file)
        config_loader_error(loader, place,
                            "the review listener is off loopback and does not know its reviewers: "
                            "set review.reviewers_file, or listen on 127.0.0.1");
    else if (!review->tls_cert_file && review->proxy_count == 0)
        config_loader_error(loader, place,
                            "the review listener is off loopback without TLS: set review.http.tls, "
                            "or review.http.behind_proxy where something in front speaks it");
}

void config_review_check(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    if (config_loader_failed(loader))
        return;
    if (!config->review.is_present) {
        if (config_loader_is_given(loader, "receivers.kafka/results"))
            config_loader_error_at_key(loader,
                                       config_loader_place(loader, "receivers.kafka/results"),
                                       "no pipeline reads results: add `results: {}` to "
                                       "service.pipelines");
        return;
    }
    check_ports(loader);
    check_proxy(loader);
    check_exposure(loader);
}
