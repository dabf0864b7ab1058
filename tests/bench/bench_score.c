/* link: pipelines */
/* What scoring costs: ns of one thread for each measurement of the table, over
 *   recorded   every trajectory of tests/data/corpus; most have nothing for most measurements
 *   heavy      one run with 12 documents of 4 KB, an answer of 2 KB and 40 tool calls with schemas
 * beside what comes before any of them: normalizing facts and content. Each measurement is read
 * from an empty memo, so one that asks another (groundedness asks refusal) pays for both.
 *   bench_score [ROUNDS]      200 unless told; the least of five repetitions counts */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/facts.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measurements.h"
#include "processor/score/memo.h"
#include "tests/support/hand_run.h"
#include "tests/support/runs.h"

enum { REPETITIONS = 5, HEAVY_DOCUMENTS = 12, HEAVY_CALLS = 40, TEXT_BYTES = 4096 };

static struct bytes required_names[] = {{(const uint8_t *)"find_flight", 11}};
static struct bytes contract_keys[] = {{(const uint8_t *)"answer", 6}};
static struct tool_expectation required = {{(const uint8_t *)"*", 1}, {required_names, 1}};
static struct ruleset ruleset = {
    .measurements = {.required = &required,
                     .required_count = 1,
                     .steps_max = 10,
                     .output_contract = {.is_present = true,
                                         .is_json = true,
                                         .required_keys = contract_keys,
                                         .required_key_count = 1}}};

struct set {
    struct agent_run *runs;
    uint32_t count;
};

struct cost {
    double ns;       /* a trajectory */
    uint32_t values; /* trajectories that were not na */
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct cost measure_cost_of(uint32_t row, const struct set *set, long rounds,
                                   struct arena *arena, struct regex_scratch *scratch)
{
    struct cost cost = {.ns = INFINITY};
    const struct measure measure = {.measurement = &measurements[row], .slot = row + 1};
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        double began = now_ns();
        uint32_t values = 0;
        for (long round = 0; round < rounds; round++)
            for (uint32_t i = 0; i < set->count; i++) {
                arena_reset(arena);
                struct score_context context = {
                    .run = &set->runs[i], .ruleset = &ruleset, .arena = arena, .scratch = scratch};
                const struct reading *reading = memo_read(&measure, &context);
                values += !reading->na_reason;
            }
        double ns = (now_ns() - began) / (double)rounds / set->count;
        cost.ns = ns < cost.ns ? ns : cost.ns;
        cost.values = values / (uint32_t)rounds;
    }
    return cost;
}

enum depth { FACTS, QUESTION, CONTENT };

/* Facts, or facts and the question or all content, of every recorded trajectory. */
static double normalize_cost(const struct recorded_runs *recorded, enum depth depth, long rounds,
                             struct arena *arena)
{
    double least = INFINITY;
    for (int repetition = 0; repetition < REPETITIONS; repetition++) {
        double began = now_ns();
        for (long round = 0; round < rounds; round++)
            for (uint32_t i = 0; i < recorded->count; i++) {
                struct agent_run run;
                arena_reset(arena);
                facts_read(&recorded->items[i], arena, &run);
                if (depth == QUESTION)
                    (void)content_question(&run);
                if (depth == CONTENT)
                    content_read(&run);
            }
        double ns = (now_ns() - began) / (double)rounds / recorded->count;
        least = ns < least ? ns : least;
    }
    return least;
}

/* Sentences of made-up words, some of them numbers, in a fixed order. */
static char *make_text(uint32_t seed, size_t size)
{
    static const char *const words[] = {
        "payoff", "escrow",   "the",        "interest", "of",      "branch", "is",  "holiday",
        "notice", "1,250.00", "3 May 2026", "fee",      "account", "[2]",    "und", "within"};
    char *text = malloc(size + 32);
    size_t used = 0;
    uint64_t state = seed;
    if (!text)
        abort();
    while (used < size) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        const char *word = words[(state >> 33) % (sizeof words / sizeof *words)];
        bool ends = (state >> 50) % 9 == 0;
        used += (size_t)snprintf(text + used, size + 32 - used, ends ? "%s. " : "%s ", word);
    }
    return text;
}

static struct agent_run *make_heavy(struct hand_run *hand)
{
    static struct bytes definition[] = {
        {(const uint8_t
              *)"{\"name\":\"find_flight\",\"parameters\":{\"type\":\"object\","
                "\"properties\":{\"route\":{\"type\":\"string\"}},\"required\":[\"route\"]"
                "}}",
         0}};
    definition[0].size = strlen((const char *)definition[0].data);
    hand_run_init(hand);
    hand_run_step(hand, NO_SPAN, STEP_AGENT, "root");
    for (uint32_t i = 0; i < HEAVY_CALLS; i++) {
        static char arguments[HEAVY_CALLS][64];
        snprintf(arguments[i], sizeof arguments[i], "{\"route\": \"BER-LIS %u\"}", i % 30);
        hand_run_tool(hand, "find_flight", arguments[i])->output = BYTES_LITERAL("FR8411 58.50");
        hand_run_llm(hand, "m", make_text(100 + i, 400));
    }
    for (uint32_t i = 0; i < HEAVY_DOCUMENTS; i++)
        hand_run_document(hand, make_text(i + 1, TEXT_BYTES));
    hand_run_offer(hand, "find_flight");
    hand->run.tool_definitions = (struct bytes_list){definition, 1};
    hand->run.input = BYTES_LITERAL("What is the payoff fee of my account within the notice?");
    hand->run.output = bytes_of_text(make_text(77, TEXT_BYTES / 2));
    hand->run.expected = bytes_of_text(make_text(78, TEXT_BYTES / 2));
    return hand_run_ordered(hand);
}

static void print_row(const char *name, struct cost recorded, struct cost heavy, double cheapest)
{
    printf("| %s | %.0f | %u | %.0f | %.1f |\n", name, recorded.ns, recorded.values, heavy.ns,
           heavy.ns / cheapest);
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 200;
    struct recorded_runs recorded = recorded_runs_load("*", "*");
    static struct hand_run hand;
    struct arena arena;
    struct regex_scratch *scratch = regex_scratch_create();
    struct set set = {calloc(recorded.count, sizeof(struct agent_run)), recorded.count};
    if (!set.runs || rounds < 1)
        return EXIT_FAILURE;
    arena_init(&arena, 64 << 20);
    struct cost facts = {normalize_cost(&recorded, FACTS, rounds, &arena), recorded.count};
    struct cost question = {normalize_cost(&recorded, QUESTION, rounds, &arena), recorded.count};
    struct cost content = {normalize_cost(&recorded, CONTENT, rounds, &arena), recorded.count};
    for (uint32_t i = 0; i < recorded.count; i++) {
        facts_read(&recorded.items[i], &recorded.arena, &set.runs[i]);
        content_read(&set.runs[i]);
    }
    struct set heavy = {make_heavy(&hand), 1};
    struct cost *costs = calloc(2 * measurement_count, sizeof *costs);
    double cheapest = INFINITY;
    for (uint32_t i = 0; costs && i < measurement_count; i++) {
        costs[2 * i] = measure_cost_of(i, &set, rounds, &arena, scratch);
        costs[2 * i + 1] = measure_cost_of(i, &heavy, rounds / 10 + 1, &arena, scratch);
        cheapest = fmin(cheapest, costs[2 * i + 1].ns);
    }
    printf("| Measurement | ns a recorded trajectory | of %u not na | ns a heavy one | ratio |\n"
           "|---|---|---|---|---|\n",
           recorded.count);
    printf("| facts (always) | %.0f | %u | | |\n", facts.ns, facts.values);
    printf("| facts and question | %.0f | %u | | |\n", question.ns, question.values);
    printf("| facts and content | %.0f | %u | | |\n", content.ns, content.values);
    for (uint32_t i = 0; costs && i < measurement_count; i++)
        print_row(measurements[i].name, costs[2 * i], costs[2 * i + 1], cheapest);
    return EXIT_SUCCESS;
}
