/* Edit distance with transpositions (optimal string alignment), case folded in ASCII, over short
 * names only: three rows of a table that is never wider than NAME_MAX_SIZE. A name is close when at
 * most a third of it, and at least one letter, differs. */
#include "pipelines/nearest.h"

enum { NAME_MAX_SIZE = 64 };

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t distance(struct bytes a, struct bytes b)
{
    uint32_t rows[3][NAME_MAX_SIZE + 1];
    for (uint32_t j = 0; j <= b.size; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.size; i++) {
        uint32_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b.size; j++) {
            bool is_same = fold(a.data[i - 1]) == fold(b.data[j - 1]);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (is_same ? 0 : 1));
            if (i > 1 && j > 1 && fold(a.data[i - 1]) == fold(b.data[j - 2]) &&
                fold(a.data[i - 2]) == fold(b.data[j - 1]))
                row[j] = smaller(row[j], second[j - 2] + 1);
        }
    }
    return rows[a.size % 3][b.size];
}

void nearest_init(struct nearest *nearest, struct bytes wanted)
{
    *nearest = (struct nearest){.wanted = wanted, .distance = UINT32_MAX};
}

void nearest_offer(struct nearest *nearest, struct bytes name)
{
    if (nearest->wanted.size > NAME_MAX_SIZE || name.size > NAME_MAX_SIZE)
        return;
    uint32_t found = distance(nearest->wanted, name);
    size_t longer = name.size > nearest->wanted.size ? name.size : nearest->wanted.size;
    if (found > longer / 3 + 1 || found >= longer || found >= nearest->distance)
        return;
    nearest->distance = found;
    nearest->name = (const char *)name.data;
    nearest->name_size = name.size;
}
