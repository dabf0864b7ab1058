/* FNV-1a over `rule NUL rule NUL ... NUL tool_path NUL error`. The regression set is no part of how a
 * run failed by itself, or a row would change the signature that it was made from: it counts, with
 * its row, where nothing else failed. */
#include "processor/score/signature.h"

#include "processor/base/text/utf8.h"
#include "processor/regression.h"
#include "processor/rule.h"

static uint64_t hash_more(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * 0x100000001b3;
    return hash;
}

static uint64_t hash_name(uint64_t hash, struct bytes name)
{
    return hash_more(hash_more(hash, name.data, name.size), "", 1);
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_token(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

/* An id in hex: hex digits only, some of them decimal or eight and more, with or without 0x. Behind
 * a `#-` a group of a UUID needs neither. */
static bool is_hex_run(const char *token, size_t size, bool continues_id)
{
    bool has_digit = false;
    size_t at = size > 2 && token[0] == '0' && token[1] == 'x' ? 2 : 0;
    for (; at < size; at++) {
        has_digit |= is_digit(token[at]);
        if (!is_digit(token[at]) && !(token[at] >= 'a' && token[at] <= 'f'))
            return false;
    }
    return has_digit || size >= 8 || continues_id;
}

/* Copies a token with its digits collapsed. */
static size_t put_token(char *to, size_t used, const char *token, size_t size)
{
    bool continues_id = used >= 2 && to[used - 1] == '-' && to[used - 2] == '#';
    if (is_hex_run(token, size, continues_id)) {
        if (continues_id)
            used -= 2;
        to[used++] = '#';
        return used;
    }
    for (size_t i = 0; i < size; i++) {
        char c = is_digit(token[i]) ? '#' : token[i];
        if (c != '#' || used == 0 || to[used - 1] != '#')
            to[used++] = c;
    }
    return used;
}

size_t signature_normalize_error(char to[NORMALIZED_ERROR_MAX], struct bytes error)
{
    /* Collapsing only shortens, so what ends up in the first 200 bytes is mostly here. */
    enum { READ_MAX = 4 * NORMALIZED_ERROR_MAX };
    char source[READ_MAX], normalized[READ_MAX];
    struct bytes text = utf8_cut(error, READ_MAX);
    size_t used = 0;
    for (size_t i = 0; i < text.size; i++)
        source[i] = lower(text.data[i]);
    for (size_t i = 0; i < text.size;) {
        size_t end = i;
        while (end < text.size && is_token(source[end]))
            end++;
        if (end == i)
            normalized[used++] = source[i++];
        else
            used = put_token(normalized, used, source + i, end - i);
        i = end > i ? end : i;
    }
    struct bytes cut = utf8_cut(bytes_of(normalized, used), NORMALIZED_ERROR_MAX);
    memcpy(to, cut.data, cut.size);
    return cut.size;
}

void signature_write(char to[17], const struct verdict_report *report, const struct agent_run *run)
{
    uint64_t hash = 0xcbf29ce484222325, first = hash;
    const struct evaluation *of_row = NULL;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        if (evaluation->outcome != OUTCOME_FAIL)
            continue;
        if (bytes_equal_text(evaluation->rule->name, REGRESSION_RULE))
            of_row = evaluation;
        else
            hash = hash_name(hash, evaluation->rule->name);
    }
    if (of_row && hash == first)
        hash = hash_name(hash_name(hash, of_row->rule->name), of_row->evaluator_id);
    hash = hash_more(hash, "", 1);
    hash = hash_more(hash, run->tool_path.data, run->tool_path.size);
    hash = hash_more(hash, "", 1);
    if (run->errors.count > 0) {
        char error[NORMALIZED_ERROR_MAX];
        size_t size = signature_normalize_error(error, run->errors.items[0]);
        hash = hash_more(hash, error, size);
    }
    uint8_t digest[8];
    put_be64(digest, hash);
    hex_encode(to, digest, sizeof digest);
    to[16] = '\0';
}
