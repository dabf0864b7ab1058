/* Edit distance by three rows of the usual table: (Damerau, optimal string alignment)
 *   d[i][j] = min(d[i-1][j] + 1, d[i][j-1] + 1, d[i-1][j-1] + differ, d[i-2][j-2] + 1 if swapped) */
#include "processor/base/nearest.h"

enum { NAME_MAX_BYTES = 64 };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t nearest_distance(struct bytes a, struct bytes b)
{
    if (a.size > NAME_MAX_BYTES || b.size > NAME_MAX_BYTES)
        return (uint32_t)(a.size > b.size ? a.size : b.size);
    uint32_t rows[3][NAME_MAX_BYTES + 1];
    for (uint32_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.size; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b.size; j++) {
            uint8_t x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            uint32_t best = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                best = least(best, above2[j - 2] + 1);
            row[j] = best;
        }
    }
    return rows[a.size % 3][b.size];
}

struct nearest nearest_to(struct bytes wanted)
{
    return (struct nearest){.wanted = wanted, .distance = UINT32_MAX};
}

void nearest_offer(struct nearest *nearest, struct bytes name)
{
    uint32_t distance = nearest_distance(nearest->wanted, name);
    uint32_t limit = (uint32_t)(name.size < 6 ? 2 : name.size / 3);
    if (distance > limit || distance >= name.size || distance >= nearest->distance)
        return;
    nearest->name = name;
    nearest->distance = distance;
}
