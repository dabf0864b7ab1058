/* The idea of the hours of a budget (commit/budget_hours.c), for whole days and one number. */
#include "pipelines/decide/control_days.h"

#include <string.h>

enum { DAY_HOURS = 24 };

int64_t control_day_of(int64_t hour)
{
    return hour / DAY_HOURS;
}

struct selection_day *control_days_open(struct control_days *days, int64_t day,
                                        int64_t *ret_dropped)
{
    uint32_t at = days->count;
    *ret_dropped = -1;
    while (at > 0 && days->days[at - 1].day > day)
        at--;
    if (at > 0 && days->days[at - 1].day == day)
        return &days->days[at - 1];
    uint64_t basis = control_days_basis(days, day);
    if (days->count == CONTROL_DAYS) {
        if (at == 0)
            return &days->days[0];
        *ret_dropped = days->days[0].day;
        memmove(&days->days[0], &days->days[1], --days->count * sizeof(days->days[0]));
        at--;
    }
    memmove(&days->days[at + 1], &days->days[at], (days->count - at) * sizeof(days->days[0]));
    days->count++;
    days->days[at] = (struct selection_day){.day = day, .basis = basis};
    return &days->days[at];
}

uint64_t control_days_basis(const struct control_days *days, int64_t day)
{
    uint32_t at = days->count;
    if (at == CONTROL_DAYS && day < days->days[0].day)
        return days->days[0].basis;
    while (at > 0 && days->days[at - 1].day > day)
        at--;
    if (at > 0 && days->days[at - 1].day == day)
        return days->days[at - 1].basis;
    return at > 0 && days->days[at - 1].day == day - 1 ? days->days[at - 1].seen : 0;
}
