/* Card and phone numbers. Digits are read as groups and the separators between them:
 *
 *   "(030) 1234-5678"    groups 030 1234 5678, joined by ')' and '-'
 *   "4111 1111 1111 1111 12/27"   the card is groups 0-3, the rest stays
 *
 * A card is 13-19 digits of a known issuer that pass Luhn. A phone number is international (+...),
 * or grouped as people group one: an area in parentheses, a trunk zero, or a national shape. A run
 * of digits alone is an order number, a timestamp or an amount, and stays. */
#include "processor/base/masks/scanners.h"

#include <assert.h>

enum { GROUPS_MAX = 32, GROUPS_KEPT = 12 };

struct group {
    size_t start, end;
    uint8_t before; /* what joins it to the group before: ' ' '-' '.' '/' '(' ')', 0 for nothing */
};

struct groups {
    struct bytes text;
    struct group items[GROUPS_MAX];
    int count;
    bool has_plus, has_parenthesis; /* in front of the first */
    uint8_t after; /* joins the last group to something that is no group of digits; 0: nothing */
};

static size_t group_size(const struct group *group)
{
    return group->end - group->start;
}

static uint8_t digit_of(const struct groups *groups, int group, size_t index)
{
    return groups->text.data[groups->items[group].start + index];
}

/* One separator at `at` as one of the canonical characters; 0 when there is none. */
static uint8_t one_separator(struct bytes text, size_t at, size_t *ret_next)
{
    uint8_t c = byte_at(text, at), second = byte_at(text, at + 1), third = byte_at(text, at + 2);
    *ret_next = at + 1;
    if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')')
        return c;
    if (c == 0xc2 && second == 0xa0) { /* no-break space */
        *ret_next = at + 2;
        return ' ';
    }
    bool is_general = c == 0xe2 && second == 0x80; /* general punctuation: hyphens and dashes */
    if (is_general && third >= 0x90 && third <= 0x93) {
        *ret_next = at + 3;
        return '-';
    }
    return 0;
}

/* Up to three separators as one: a parenthesis or a dash counts more than the spaces around it. A
 * full stop before a space ends a sentence: "The fee is $25. 4111 1111 ..." joins nothing. */
static uint8_t separator(struct bytes text, size_t at, size_t *ret_next)
{
    uint8_t joined = 0;
    *ret_next = at;
    if (byte_at(text, at) == '.' && byte_at(text, at + 1) == ' ')
        return 0;
    for (int i = 0; i < 3; i++) {
        size_t next;
        uint8_t one = one_separator(text, at, &next);
        if (!one || (one == ' ' && joined == ' '))
            break;
        if (!joined || joined == ' ')
            joined = one;
        else if (one != ' ' && joined != ')')
            break;
        at = next;
    }
    *ret_next = at;
    return joined;
}

static size_t skip_word(struct bytes text, size_t at)
{
    while (is_word(byte_at(text, at)))
        at++;
    return at;
}

/* Most numbers of a text are short and alone: no card, and no phone number. */
static bool may_be_number(struct bytes text, size_t at)
{
    size_t end = at, next;
    while (is_digit(byte_at(text, end)))
        end++;
    return end - at >= 9 || (separator(text, end, &next) && is_digit(byte_at(text, next)));
}

/* Appends groups from a digit at `at`; where the run ended, or the table was full. */
static size_t read_groups(struct groups *groups, size_t at, uint8_t before)
{
    struct bytes text = groups->text;
    groups->after = 0;
    while (groups->count < GROUPS_MAX) {
        size_t end = at;
        while (is_digit(byte_at(text, end)))
            end++;
        uint8_t c = byte_at(text, end);
        if (is_word(c) && (c | 0x20) != 'x') { /* part of an id; x: a telephone extension */
            groups->after = before;
            return skip_word(text, end);
        }
        groups->items[groups->count++] = (struct group){at, end, before};
        size_t next;
        before = separator(text, end, &next);
        if (!before || !is_digit(byte_at(text, next))) {
            uint8_t behind = byte_at(text, end + 1);
            if ((c == '-' && is_word(behind)) || ((c == ',' || c == '.') && is_digit(behind)))
                groups->after = c;
            return end;
        }
        at = next;
    }
    return at;
}

static bool luhn(const struct groups *groups, int from, int to)
{
    unsigned sum = 0;
    bool is_doubled = false;
    for (int g = to - 1; g >= from; g--)
        for (size_t i = group_size(&groups->items[g]); i-- > 0;) {
            unsigned digit = (unsigned)digit_of(groups, g, i) - '0';
            if (is_doubled)
                digit = digit > 4 ? digit * 2 - 9 : digit * 2;
            sum += digit;
            is_doubled = !is_doubled;
        }
    return sum % 10 == 0;
}

/* Issuer ranges by the first digits and the length (ISO/IEC 7812; public lists of the networks). */
static bool is_issued(unsigned first4, size_t size)
{
    unsigned first2 = first4 / 100, first3 = first4 / 10;
    if (first4 / 1000 == 4)
        return size == 13 || size == 16 || size == 19;
    if ((first2 >= 51 && first2 <= 55) || (first4 >= 2221 && first4 <= 2720))
        return size == 16;
    if (first2 == 34 || first2 == 37)
        return size == 15;
    if (first2 == 36 || first2 == 38 || first2 == 39 || (first3 >= 300 && first3 <= 305))
        return size >= 14;
    if (first4 >= 3528 && first4 <= 3589)
        return size >= 16;
    return first2 == 50 || (first2 >= 56 && first2 <= 69); /* Maestro, Discover, UnionPay */
}

/* The number of groups of the card that starts at group `from`; 0 when none does. */
static int card_groups(const struct groups *groups, int from, uint8_t before)
{
    const struct group *first = &groups->items[from];
    if (group_size(first) < 3 || before == '.' || before == ',')
        return 0;
    uint8_t joint = from + 1 < groups->count ? groups->items[from + 1].before : 0;
    size_t total = 0;
    int best = 0;
    for (int to = from; to < groups->count && total <= 19; to++) {
        if (to > from && (groups->items[to].before != joint || (joint != ' ' && joint != '-') ||
                          group_size(&groups->items[to]) < 2 || before == '-'))
            break;
        total += group_size(&groups->items[to]);
        if (total < 13 || total > 19)
            continue;
        uint8_t after = to + 1 < groups->count ? groups->items[to + 1].before : groups->after;
        if (after == '.' || after == ',' || (after == '-' && to > from))
            continue;
        unsigned first4 = 0;
        int group = from;
        for (size_t i = 0, n = 0; n < 4; n++, i++) {
            if (i == group_size(&groups->items[group]))
                group++, i = 0;
            first4 = first4 * 10 + digit_of(groups, group, i) - '0';
        }
        if (is_issued(first4, total) && luhn(groups, from, to + 1))
            best = to + 1 - from;
    }
    return best;
}

/* Groups from `from` on with at most `max` digits in all; 0 when they hold fewer than `min`. */
static int longest(const struct groups *groups, int from, size_t min, size_t max, size_t group_min)
{
    size_t total = 0;
    int to = from;
    for (; to < groups->count; to++) {
        size_t size = group_size(&groups->items[to]);
        if (total + size > max || (to > from && size < group_min))
            break;
        total += size;
    }
    return total >= min ? to - from : 0;
}

static uint8_t joint_behind(const struct groups *groups, int to)
{
    return to < groups->count ? groups->items[to].before : groups->after;
}

static bool is_year(const struct groups *groups, int group)
{
    if (group_size(&groups->items[group]) != 4)
        return false;
    uint8_t a = digit_of(groups, group, 0), b = digit_of(groups, group, 1);
    return (a == '1' && b == '9') || (a == '2' && b == '0');
}

/* 0151 2345678, 030/123456, 01 23 45 67 89, 0049 151 2345678; not 01.02.2026 10. */
static int trunk_groups(const struct groups *groups, int from)
{
    const struct group *first = &groups->items[from];
    if (group_size(first) < 2 || digit_of(groups, from, 0) != '0' || from + 1 >= groups->count)
        return 0;
    bool is_international = digit_of(groups, from, 1) == '0';
    if (is_international && (group_size(first) < 3 || digit_of(groups, from, 2) == '0'))
        return 0;
    uint8_t joint = groups->items[from + 1].before;
    if (joint == '(' || joint == ')')
        return 0;
    int count = longest(groups, from, is_international ? 11 : 9, 15, 2);
    if (count < 2)
        return 0;
    if (count > 2 && group_size(first) == 2 && group_size(&groups->items[from + 1]) == 2 &&
        (is_year(groups, from + 2) || joint == '/'))
        return 0; /* a date */
    for (int i = from + 1; i < from + count; i++) {
        uint8_t other = groups->items[i].before;
        if ((joint == '.' || other == '.') && (joint != other || group_size(first) != 2))
            return 0; /* a version or an address */
    }
    uint8_t behind = joint_behind(groups, from + count);
    return behind == '-' || behind == '.' || behind == ',' ? 0 : count;
}

/* National forms without a mark: sizes of the groups, which separators, which first digits. */
static const struct shape {
    const char *sizes, *separators, *first_digits;
    bool is_mixed; /* separators may differ */
} shapes[] = {
    {"334", "-. ", "123456789", false}, /* North America */
    {"344", "- ", "1", false},          /* Chinese mobile */
    {"333", "- ", "6789", false},       {"3222", "- ", "6789", false},
    {"2322", "- ", "89", false},        {"433", " ", "1", false}, /* Australian service numbers */
    {"13322", "- ()", "78", true},                                /* Russia */
    {"1334", "-. ()", "1", true},                                 /* 1 (555) 123-4567 */
};

static int shape_groups(const struct groups *groups, int from, uint8_t before,
                        const struct shape *shape)
{
    int count = (int)strlen(shape->sizes);
    if (from + count > groups->count || !strchr(shape->first_digits, digit_of(groups, from, 0)))
        return 0;
    uint8_t joint = groups->items[from + 1].before;
    for (int i = 0; i < count; i++) {
        const struct group *group = &groups->items[from + i];
        if (group_size(group) != (size_t)(shape->sizes[i] - '0'))
            return 0;
        if (i > 0 && (!strchr(shape->separators, group->before) ||
                      (!shape->is_mixed && group->before != joint)))
            return 0;
    }
    uint8_t behind = joint_behind(groups, from + count);
    bool is_inside = before == joint || behind == joint || before == '-' || before == '.' ||
                     before == ',' || before == '#' || behind == '-' || behind == '.' ||
                     behind == ',';
    return is_inside ? 0 : count; /* part of a longer list, address or id */
}

/* "(030) 1234567", but not "(555-123-4567)". */
static bool has_area(const struct groups *groups)
{
    return groups->has_parenthesis && groups->count > 1 && groups->items[1].before == ')';
}

static int phone_groups(const struct groups *groups, int from, uint8_t before)
{
    if (from == 0 && groups->has_plus) {
        uint8_t first = digit_of(groups, 0, 0);
        return first == '0' ? 0 : longest(groups, 0, 9, first == '1' ? 11 : 15, 1);
    }
    if (from == 0 && has_area(groups)) {
        size_t area = group_size(&groups->items[0]);
        if (area < 2 || area > 5 || is_year(groups, 0))
            return 0;
        size_t max = area == 3 && digit_of(groups, 0, 0) != '0' ? 10 : 15;
        return longest(groups, 0, 9, max, 2);
    }
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        int count = shape_groups(groups, from, before, &shapes[i]);
        if (count)
            return count;
    }
    if (before && strchr("-./,#", before))
        return 0;
    return trunk_groups(groups, from);
}

/* Masks what starts in the first `count` groups; the index of the first group not dealt with. */
static int mask_groups(const struct groups *groups, int count, size_t front, uint8_t before_first,
                       const bool enabled[MASK_KINDS], struct mask_ranges *ranges)
{
    int from = 0;
    while (from < count) {
        const struct group *group = &groups->items[from];
        uint8_t before = group->before ? group->before : before_first;
        enum mask_kind kind = MASK_CARD;
        int taken = enabled[MASK_CARD] ? card_groups(groups, from, before) : 0;
        if (!taken && enabled[MASK_PHONE]) {
            kind = MASK_PHONE;
            taken = phone_groups(groups, from, before);
        }
        if (taken) {
            bool has_front =
                from == 0 && kind == MASK_PHONE && (groups->has_plus || has_area(groups));
            mask_ranges_add(ranges, has_front ? front : group->start,
                            groups->items[from + taken - 1].end, kind);
            from += taken;
        } else {
            from++;
        }
    }
    return from;
}

size_t mask_number(struct bytes text, size_t at, const bool enabled[MASK_KINDS],
                   struct mask_ranges *ranges)
{
    bool has_front = !is_digit(text.data[at]); /* a plus or a parenthesis */
    if (has_front && !is_digit(byte_at(text, at + 1)))
        return at + 1;
    if (!may_be_number(text, at + has_front))
        return skip_word(text, at + 1);
    struct groups groups;
    groups.text = text;
    groups.count = 0;
    groups.has_plus = groups.has_parenthesis = false;
    size_t front = at;
    uint8_t before = byte_before(text, at);
    if (has_front) {
        groups.has_plus = text.data[at] == '+' && !is_word(before);
        groups.has_parenthesis = text.data[at] == '(';
        at++;
        if (!groups.has_parenthesis && !groups.has_plus)
            before = '+';
    } else if (is_word(before)) {
        return skip_word(text, at);
    }
    /* "a716-4466" is one token, "- 4466" is not. */
    bool joins = before == '-' || before == '.' || before == ',';
    if (before != '#' && !(joins && is_word(byte_before(text, front - 1))))
        before = 0;
    size_t next = read_groups(&groups, at, 0);
    while (groups.count == GROUPS_MAX && is_digit(byte_at(text, next))) {
        int done = mask_groups(&groups, GROUPS_MAX - GROUPS_KEPT, front, before, enabled, ranges);
        assert(done < groups.count); /* no number spans more than GROUPS_KEPT groups */
        groups.count -= done;
        memmove(groups.items, groups.items + done, (size_t)groups.count * sizeof *groups.items);
        groups.has_plus = groups.has_parenthesis = false;
        size_t last_end = groups.items[groups.count - 1].end;
        size_t after;
        next = read_groups(&groups, next, separator(text, last_end, &after));
    }
    (void)mask_groups(&groups, groups.count, front, before, enabled, ranges);
    return next;
}
