/* Lines are split at spaces and tabs; every other control character is a mistake, so that what an
 * editor shows is what counts. */
#include "processor/review/reviewers.h"

#include <stdio.h>
#include <stdlib.h>

const char *const reviewer_role_names[REVIEWER_ROLES] = {
    [ROLE_VIEWER] = "viewer", [ROLE_REVIEWER] = "reviewer", [ROLE_ADJUDICATOR] = "adjudicator",
    [ROLE_ADMIN] = "admin",   [ROLE_SERVICE] = "service",
};

enum { FIELDS = 3 };

static bool is_letter_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool reviewer_name_is_valid(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!is_letter_or_digit(name.data[i]) && (i == 0 || !strchr("._-@+", name.data[i])))
            return false;
    return name.size > 0 && name.size <= REVIEWER_NAME_MAX && !memchr(name.data, 0, name.size);
}

bool reviewer_role_read(struct bytes name, enum reviewer_role *ret_role)
{
    for (uint32_t i = 0; i < REVIEWER_ROLES; i++)
        if (bytes_equal_text(name, reviewer_role_names[i])) {
            *ret_role = (enum reviewer_role)i;
            return true;
        }
    return false;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

const struct reviewer *reviewers_named(const struct reviewers *reviewers, struct bytes name)
{
    for (uint32_t i = 0; i < reviewers->count; i++) {
        struct bytes other = bytes_of_text(reviewers->items[i].name);
        size_t same = 0;
        while (same < name.size && same < other.size &&
               lower(name.data[same]) == lower(other.data[same]))
            same++;
        if (same == name.size && same == other.size)
            return &reviewers->items[i];
    }
    return NULL;
}

/* --- reading --- */

/* What one line says; NULL, or a sentence on what is wrong with it. */
static const char *read_fields(struct bytes line, struct bytes fields[FIELDS], uint32_t *ret_count)
{
    uint32_t count = 0;
    size_t at = 0;
    if (line.size > 0 && line.data[line.size - 1] == '\r') /* as some editors end lines */
        line.size--;
    if (line.size > REVIEWER_LINE_BYTES_MAX)
        return "the line is longer than 512 bytes";
    for (size_t i = 0; i < line.size; i++)
        if ((line.data[i] < ' ' && line.data[i] != '\t') || line.data[i] == 0x7f)
            return "the line holds a control character";
    for (;;) {
        while (at < line.size && (line.data[at] == ' ' || line.data[at] == '\t'))
            at++;
        if (at == line.size || line.data[at] == '#')
            break;
        size_t from = at;
        while (at < line.size && line.data[at] != ' ' && line.data[at] != '\t')
            at++;
        if (count == FIELDS)
            return "a line is `name role sha256`, and nothing behind it";
        fields[count++] = bytes_of(line.data + from, at - from);
    }
    *ret_count = count;
    return count == 0 || count == FIELDS ? NULL : "a line is `name role sha256`";
}

static const char *read_reviewer(const struct bytes fields[FIELDS], struct reviewer *reviewer)
{
    *reviewer = (struct reviewer){.is_disabled = bytes_equal_text(fields[2], "disabled")};
    if (!reviewer_name_is_valid(fields[0]))
        return "a name is 1 to 64 letters, digits and `. _ - @ +`, and begins with one of the "
               "first two";
    memcpy(reviewer->name, fields[0].data, fields[0].size);
    if (!reviewer_role_read(fields[1], &reviewer->role))
        return "the role must be one of: viewer, reviewer, adjudicator, admin, service";
    if (reviewer->is_disabled)
        return NULL;
    if (fields[2].size != 2 * SHA256_SIZE ||
        !hex_decode(reviewer->token, (const char *)fields[2].data, SHA256_SIZE))
        return "the third word must be the 64 hexadecimal digits of a token's SHA-256, or "
               "`disabled`";
    return NULL;
}

static const char *add(struct reviewers *reviewers, uint32_t max, const struct reviewer *reviewer)
{
    if (reviewers_named(reviewers, bytes_of_text(reviewer->name)))
        return "the name is there already (capital letters do not tell names apart)";
    for (uint32_t i = 0; i < reviewers->count && !reviewer->is_disabled; i++)
        if (!reviewers->items[i].is_disabled &&
            memcmp(reviewers->items[i].token, reviewer->token, SHA256_SIZE) == 0)
            return "another reviewer has this token already";
    if (reviewers->count == max)
        return "more reviewers than limits.reviewers";
    reviewers->items[reviewers->count++] = *reviewer;
    return NULL;
}

struct reviewers *reviewers_parse(const char *file, struct bytes text, uint32_t max,
                                  struct error *ret_error)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    uint32_t most = lines < max ? lines : max;
    struct reviewers *reviewers = calloc(1, sizeof *reviewers + most * sizeof(struct reviewer));
    if (!reviewers) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    const char *problem = NULL;
    if (text.size > REVIEWERS_FILE_BYTES_MAX)
        problem = "the file is larger than 256KiB";
    uint32_t number = 1;
    for (size_t at = 0; at < text.size && !problem; number++) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        struct bytes fields[FIELDS], line;
        struct reviewer reviewer;
        uint32_t count = 0;
        line = bytes_of(text.data + at, end ? (size_t)(end - text.data) - at : text.size - at);
        at += line.size + 1;
        problem = end ? read_fields(line, fields, &count)
                      : "the last line has no end: the file is torn, or lacks a line break";
        if (!problem && count > 0)
            problem = read_reviewer(fields, &reviewer);
        if (!problem && count > 0)
            problem = add(reviewers, max, &reviewer);
        if (problem)
            break;
    }
    if (!problem)
        return reviewers;
    error_set(ret_error, EXIT_CONFIG, "%s:%u: %s", file, number, problem);
    free(reviewers);
    return NULL;
}

/* --- asking --- */

const struct reviewer *reviewers_by_name(const struct reviewers *reviewers, struct bytes name)
{
    for (uint32_t i = 0; i < reviewers->count; i++)
        if (bytes_equal_text(name, reviewers->items[i].name))
            return reviewers->items[i].is_disabled ? NULL : &reviewers->items[i];
    return NULL;
}

const struct reviewer *reviewers_by_token(const struct reviewers *reviewers,
                                          const uint8_t token[SHA256_SIZE])
{
    const struct reviewer *found = NULL;
    for (uint32_t i = 0; i < reviewers->count; i++) {
        const struct reviewer *reviewer = &reviewers->items[i];
        uint8_t difference = reviewer->is_disabled;
        for (size_t j = 0; j < SHA256_SIZE; j++)
            difference |= (uint8_t)(token[j] ^ reviewer->token[j]);
        found = difference == 0 ? reviewer : found;
    }
    return found;
}

uint32_t reviewers_enabled(const struct reviewers *reviewers)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < reviewers->count; i++)
        count += !reviewers->items[i].is_disabled && reviewers->items[i].role >= ROLE_REVIEWER &&
                 reviewers->items[i].role <= ROLE_ADMIN;
    return count;
}
