/* Facts of one step: slots of its span become members, names are cleaned of what libraries put
 * around them. */
#include "processor/normalize/facts/steps.h"

#include "processor/normalize/facts/failure.h"
#include "processor/normalize/facts/step_kind.h"
#include "processor/normalize/facts/usage.h"

static struct bytes without_prefix(struct bytes text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text.size <= size || memcmp(text.data, prefix, size) != 0)
        return text;
    return bytes_of(text.data + size, text.size - size);
}

static struct bytes without_suffix(struct bytes text, const char *suffix)
{
    size_t size = strlen(suffix);
    if (text.size <= size || memcmp(text.data + text.size - size, suffix, size) != 0)
        return text;
    return bytes_of(text.data, text.size - size);
}

static struct bytes first_of(struct bytes a, struct bytes b)
{
    return a.size ? a : b;
}

static struct bytes tool_name(const struct semconv *semconv)
{
    struct bytes name = semconv_text(semconv, SC_TOOL_NAME);
    if (name.size == 0)
        name = semconv_text(semconv, SC_ENTITY_NAME);
    if (name.size == 0)
        name = without_suffix(without_prefix(semconv->name, "execute_tool "), ".tool");
    return without_suffix(name, ".__call__");
}

/* Nanoseconds since 1970 of "2026-11-23T05:11:43.123Z", quoted or not; 0: no such time. */
static uint64_t parse_time(struct bytes text)
{
    int fields[6] = {0};
    static const char marks[] = "--T::";
    size_t at = text.size && text.data[0] == '"';
    for (int i = 0; i < 6; i++) {
        size_t digits = i == 0 ? 4 : 2;
        if (at + digits > text.size)
            return 0;
        for (; digits > 0; digits--, at++) {
            if (text.data[at] < '0' || text.data[at] > '9')
                return 0;
            fields[i] = fields[i] * 10 + (text.data[at] - '0');
        }
        if (i < 5 && (at >= text.size || text.data[at++] != (uint8_t)marks[i]))
            return 0;
    }
    uint64_t fraction = 0, unit = 100000000;
    if (at < text.size && text.data[at] == '.')
        for (at++; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
            fraction += (uint64_t)(text.data[at] - '0') * unit;
            unit /= 10;
        }
    if (fields[0] < 1970 || fields[1] < 1 || fields[1] > 12)
        return 0;
    /* Days from civil, after Howard Hinnant's algorithm for the proleptic Gregorian calendar. */
    int64_t year = fields[0] - (fields[1] <= 2), era = year / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (fields[1] + (fields[1] > 2 ? -3 : 9)) + 2) / 5 + fields[2] - 1;
    int64_t days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
                   day_of_year - 719468;
    int64_t seconds = ((days * 24 + fields[3]) * 60 + fields[4]) * 60 + fields[5];
    return seconds < 0 ? 0 : (uint64_t)seconds * 1000000000 + fraction;
}

static int64_t read_ttft(const struct span *span, const struct semconv *semconv)
{
    double number;
    if (semconv_number(semconv, SC_TTFT_SECONDS, &number) && number < 1e6)
        return (int64_t)(number * 1e9);
    if (semconv_number(semconv, SC_TTFT_MS, &number) && number < 1e9)
        return (int64_t)(number * 1e6);
    uint64_t first = semconv->first_token_ns;
    if (first == 0 && semconv_has(semconv, SC_TTFT_TIME))
        first = parse_time(semconv_text(semconv, SC_TTFT_TIME));
    bool is_within = first != 0 && span->start_ns != 0 && first >= span->start_ns &&
                     (span->end_ns == 0 || first <= span->end_ns);
    return is_within ? (int64_t)(first - span->start_ns) : -1;
}

/* Of a list that an exporter wrote as text: ["stop"], ['stop']. */
static struct bytes first_element(struct bytes text)
{
    if (text.size < 4 || text.data[0] != '[' || (text.data[1] != '"' && text.data[1] != '\''))
        return text;
    const uint8_t *end = memchr(text.data + 2, text.data[1], text.size - 2);
    return end ? bytes_of(text.data + 2, (size_t)(end - text.data) - 2) : text;
}

struct bytes steps_agent_name(const struct semconv *semconv)
{
    /* What frameworks write for an agent that nobody named. */
    static const char *const placeholders[] = {
        "unknown", "Unknown",   "UnknownAgent",  "unknown_agent", "<unknown>", "None",
        "null",    "undefined", "Unnamed Agent", "unnamed",       "N/A",       "default"};
    struct bytes name = semconv_text(semconv, SC_AGENT_NAME);
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (bytes_equal_text(name, placeholders[i]))
            return (struct bytes){0};
    return name;
}

static struct bytes agent_name(const struct semconv *semconv, enum step_kind kind)
{
    struct bytes name = steps_agent_name(semconv);
    if (name.size == 0 && kind == STEP_AGENT)
        name =
            without_suffix(without_suffix(without_prefix(semconv->name, "invoke_agent "), ".agent"),
                           "._execute_core");
    return name;
}

void step_read(const struct span *span, const struct semconv *semconv, struct bytes scope,
               struct arena *arena, struct step *ret)
{
    enum semconv_family family;
    *ret = (struct step){.span = span, .is_counted = true, .is_own = true, .name = semconv->name};
    ret->kind = step_kind_of_span(semconv, scope, &family);
    ret->family = (uint8_t)family;
    if (ret->kind == STEP_TOOL)
        ret->tool = tool_name(semconv);
    ret->agent = agent_name(semconv, ret->kind);
    ret->model_asked = semconv_text(semconv, SC_MODEL_ASKED);
    ret->model = first_of(semconv_text(semconv, SC_MODEL), ret->model_asked);
    if (ret->model.size == 0 && ret->kind == STEP_LLM &&
        semconv->family[SC_ENTITY_NAME] == FAMILY_GENKIT) /* names the model there */
        ret->model = ret->model_asked = semconv_text(semconv, SC_ENTITY_NAME);
    ret->provider = semconv_text(semconv, SC_PROVIDER);
    ret->response_id = semconv_text(semconv, SC_RESPONSE_ID);
    ret->call_id = semconv_text(semconv, SC_TOOL_CALL_ID);
    ret->finish_reason = first_element(semconv_text(semconv, SC_FINISH_REASON));
    ret->cache_hit = semconv_flag(semconv, SC_CACHE_HIT);
    ret->is_fallback = semconv_flag(semconv, SC_FALLBACK);
    usage_read(semconv, arena, ret);
    ret->ttft_ns = read_ttft(span, semconv);
    failure_read(semconv, arena, ret);
}

void step_fill_gaps(const struct semconv *semconv, struct step *step)
{
    double number;
    if (step->tokens_input < 0 && semconv_number(semconv, SC_TOKENS_INPUT, &number))
        step->tokens_input = (int64_t)number;
    if (step->tokens_output < 0 && semconv_number(semconv, SC_TOKENS_OUTPUT, &number))
        step->tokens_output = (int64_t)number;
    step->model_asked = first_of(step->model_asked, semconv_text(semconv, SC_MODEL_ASKED));
    step->model =
        first_of(step->model, first_of(semconv_text(semconv, SC_MODEL), step->model_asked));
    step->provider = first_of(step->provider, semconv_text(semconv, SC_PROVIDER));
    step->finish_reason = first_of(step->finish_reason, semconv_text(semconv, SC_FINISH_REASON));
    step->response_id = first_of(step->response_id, semconv_text(semconv, SC_RESPONSE_ID));
    step->agent = first_of(step->agent, steps_agent_name(semconv));
}
