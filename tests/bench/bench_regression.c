/* link: pipelines */
/* What the regression set costs a run: ns of one thread for each kind of run, for sets of 0, 1,000 and
 * 20,000 rows. Rows are questions of a bank made of the same few phrases, so that they look alike; each
 * demands one thing and forbids one.
 *   other   a question about something else
 *   alike   one of the same phrases that no row asks
 *   near    a row's question with a word more
 *   same    a row's question, rightly answered
 *   said    a row's question, answered with what it forbids
 *   failed  another question, of a run that failed as 10 rows did
 * The mean over all runs of a kind, and the 99th percentile over runs (each the mean of 50 calls).
 *   bench_regression [REPETITIONS]      5 unless told; the least counts */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pipelines/decide/regression.h"
#include "tests/support/hand_run.h"
#include "tests/support/regression_row.h"

enum { RUNS = 500, CALLS = 50, TEXT_MAX = 256, ROWS_MAX = 20000, ALIKE_PER_SIGNATURE = 10 };
enum kind { OTHER, ALIKE, NEAR, SAME, SAID, FAILED, KINDS };
static const char *const kind_names[KINDS] = {"other", "alike", "near", "same", "said", "failed"};

static const char *const openings[] = {"What is",         "Please tell me",   "How do I find out",
                                       "I need to know",  "Can you explain",  "Where can I see",
                                       "Could you check", "Who decides about"};
static const char *const things[] = {
    "the payoff amount",   "the early repayment fee",    "my escrow balance",
    "the interest rate",   "the next due date",          "the late payment charge",
    "my credit limit",     "the annual percentage rate", "the transfer limit",
    "the closing costs",   "the appraisal value",        "the insurance premium",
    "the minimum payment", "my remaining term",          "the exchange rate",
    "the overdraft fee",   "the statement balance",      "the processing time",
    "the wire cut-off",    "the refinancing offer"};
static const char *const products[] = {
    "mortgage",         "car loan",         "credit card", "savings account", "student loan",
    "home equity line", "business account", "travel card", "personal loan",   "brokerage account"};
static const char *const ends[] = {
    "if I move in spring",       "for the last year",    "before the holidays",
    "after my divorce",          "when I change my job", "in the first three years",
    "with a joint owner",        "from abroad",          "without a branch visit",
    "by the end of the quarter", "for tax purposes",     "as a new customer",
    "under the old contract",    "since the merger",     "with autopay switched on"};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A different question for each number below 24,000: the numbers of rows are even. */
static void write_question(char to[TEXT_MAX], uint32_t number)
{
    uint32_t n = number * 7919 % 24000;
    snprintf(to, TEXT_MAX, "%s %s of my %s %s?", openings[n % COUNT(openings)],
             things[n / COUNT(openings) % COUNT(things)],
             products[n / (COUNT(openings) * COUNT(things)) % COUNT(products)],
             ends[n / (COUNT(openings) * COUNT(things) * COUNT(products)) % COUNT(ends)]);
}

static void write_other(char to[TEXT_MAX], uint32_t number)
{
    static const char *const words[] = {"train",  "to",    "the",    "lake", "weather", "tomorrow",
                                        "recipe", "with",  "cheese", "and",  "garden",  "a",
                                        "movie",  "about", "whales", "in",   "winter",  "jacket",
                                        "of",     "size",  "river",  "boat"};
    uint64_t state = number + 1;
    size_t used = 0;
    to[0] = 0;
    for (int i = 0; i < 10; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        used += (size_t)snprintf(to + used, TEXT_MAX - used, "%s ",
                                 words[(state >> 33) % COUNT(words)]);
    }
}

static struct regression_set *make_set(uint32_t rows)
{
    struct regression_builder *builder = regression_builder_create(0.75, ROWS_MAX);
    char question[TEXT_MAX], signature[17];
    struct buffer json = {0};
    for (uint32_t i = 0; i < rows; i++) {
        write_question(question, i);
        snprintf(signature, sizeof signature, "%016x", i / ALIKE_PER_SIGNATURE + 1);
        struct regression_case row = {.number = i,
                                      .question = question,
                                      .kind = "facts",
                                      .must_include = "2 % fee in the first three years",
                                      .must_not_include = "no prepayment fee applies",
                                      .signature = signature};
        buffer_clear(&json);
        regression_case_write(&row, &json);
        if (regression_builder_add(builder, buffer_bytes(&json)) != STATUS_OK)
            abort();
    }
    buffer_finish(&json);
    return regression_builder_finish(builder);
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *a_, const void *b_)
{
    double a = *(const double *)a_, b = *(const double *)b_;
    return (a > b) - (a < b);
}

static void prepare(struct hand_run *hand, enum kind kind, uint32_t run, uint32_t rows,
                    char text[TEXT_MAX], struct verdict_report *report)
{
    uint32_t row = rows > 0 ? run * 37 % rows : 0;
    *report = (struct verdict_report){.verdict = kind == FAILED ? VERDICT_FAIL : VERDICT_PASS};
    snprintf(report->signature, sizeof report->signature, "%016x",
             kind == FAILED ? row / ALIKE_PER_SIGNATURE + 1 : 0);
    if (kind == OTHER || kind == FAILED)
        write_other(text, run);
    else
        write_question(text, kind == ALIKE ? ROWS_MAX + run : row);
    if (kind == NEAR)
        memcpy(text + strlen(text) - 1, " now?", 6);
    hand->run.input = bytes_of_text(text);
    hand->run.output =
        kind == SAID
            ? BYTES_LITERAL("Good news: no prepayment fee applies to your contract.")
            : BYTES_LITERAL("There is a 2 % fee in the first three years, and none later. Your "
                            "contract has run for four years, so you can repay at any time.");
}

static void measure(const struct regression_set *set, enum kind kind, uint32_t rows,
                    struct hand_run *hand, struct arena *arena)
{
    static double ns[RUNS];
    char text[TEXT_MAX];
    struct regression_report found = {0};
    struct verdict_report report;
    uint32_t matched = 0;
    double sum = 0;
    for (uint32_t run = 0; run < RUNS; run++) {
        prepare(hand, kind, run, rows, text, &report);
        double began = now_ns();
        for (int call = 0; call < CALLS; call++) {
            struct score_context context = {.run = &hand->run, .arena = arena};
            arena_reset(arena);
            regression_look(set, &context, &report, 0, &found);
        }
        ns[run] = (now_ns() - began) / CALLS;
        sum += ns[run];
        matched += found.count;
    }
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("| %u | %s | %.0f | %.0f | %.2f |\n", rows, kind_names[kind], sum / RUNS,
           ns[RUNS * 99 / 100], (double)matched / RUNS);
}

int main(void)
{
    static struct hand_run hand;
    static const uint32_t sizes[] = {0, 1000, ROWS_MAX};
    struct arena arena;
    arena_init(&arena, 64 << 20);
    hand_run_init(&hand);
    hand_run_step(&hand, NO_SPAN, STEP_AGENT, "root");
    (void)hand_run_ordered(&hand);
    printf("| Rows | Run | ns | p99 ns | rows met |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT(sizes); i++) {
        double began = now_ns();
        struct regression_set *set = make_set(sizes[i]);
        double built = now_ns() - began;
        for (enum kind kind = OTHER; kind < KINDS; kind++)
            measure(set, kind, sizes[i], &hand, &arena);
        printf("set of %u rows: %.1f MB, built in %.0f ms\n", sizes[i],
               (double)regression_set_bytes(set) / 1e6, built / 1e6);
        regression_set_release(set);
    }
    return EXIT_SUCCESS;
}
