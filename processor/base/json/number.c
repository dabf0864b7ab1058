/* Doubles as decimal text and back. The program never calls setlocale(), so snprintf() and strtod()
 * use the C locale and its decimal point. */
#include "processor/base/json/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LITERAL_MAX = 1000 }; /* bytes; a longer literal is no number anybody meant */

static bool reads_back(const char *text, double value)
{
    return strtod(text, NULL) == value; /* the very same bits are wanted, so == it is */
}

void number_format(char to[NUMBER_TEXT_SIZE], double value)
{
    if (!isfinite(value)) { /* as Prometheus spells them; JSON callers write null instead */
        (void)snprintf(to, NUMBER_TEXT_SIZE, "%s",
                       isnan(value) ? "NaN"
                       : value > 0  ? "+Inf"
                                    : "-Inf");
        return;
    }
    if (fabs(value) < 1e15 && value == trunc(value)) {
        (void)snprintf(to, NUMBER_TEXT_SIZE, "%lld", (long long)value);
        return;
    }
    /* Any decimal of up to 15 digits survives a trip through a normal double, so %.15g finds the
     * shortest one when there is one; subnormals hold fewer digits. 17 digits always read back. */
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        (void)snprintf(to, NUMBER_TEXT_SIZE, "%.*g", digits, value);
        if (reads_back(to, value))
            return;
    }
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* What a decimal literal is made of: value = mantissa * 10^exponent, exactly, unless `is_inexact`.
 */
struct decimal {
    uint64_t mantissa;
    int exponent;
    bool is_negative, is_inexact;
};

/* Checks the form -?digits(.digits)?([eE][+-]?digits)? over all bytes. */
static bool scan_decimal(struct bytes text, struct decimal *ret)
{
    struct decimal d = {0};
    const uint8_t *at = text.data, *end = text.data + text.size;
    if (at < end && *at == '-')
        d.is_negative = true, at++;
    const uint8_t *first = at;
    for (; at < end && is_digit(*at); at++) {
        d.is_inexact |= d.mantissa > UINT64_MAX / 10 - 1;
        d.mantissa = d.mantissa * 10 + (uint64_t)(*at - '0');
    }
    if (at == first)
        return false;
    if (at < end && *at == '.') {
        first = ++at;
        for (; at < end && is_digit(*at); at++) {
            d.is_inexact |= d.mantissa > UINT64_MAX / 10 - 1;
            d.mantissa = d.mantissa * 10 + (uint64_t)(*at - '0');
            d.exponent--;
        }
        if (at == first)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        bool is_negative = at < end && *at == '-';
        if (at < end && (*at == '-' || *at == '+'))
            at++;
        first = at;
        int exponent = 0;
        for (; at < end && is_digit(*at); at++)
            exponent = exponent < 100000 ? exponent * 10 + (*at - '0') : exponent;
        if (at == first)
            return false;
        d.exponent += is_negative ? -exponent : exponent;
    }
    *ret = d;
    return at == end;
}

bool number_parse(struct bytes text, double *ret_value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct decimal d;
    if (text.size == 0 || text.size > LITERAL_MAX || !scan_decimal(text, &d))
        return false;
    double value;
    if (!d.is_inexact && d.mantissa <= (uint64_t)1 << 53 && d.exponent >= -22 && d.exponent <= 22) {
        /* Both operands are exact doubles, so the one operation rounds correctly (Clinger 1990). */
        value = (double)d.mantissa;
        value = d.exponent < 0 ? value / powers[-d.exponent] : value * powers[d.exponent];
        if (d.is_negative)
            value = -value;
    } else {
        char terminated[LITERAL_MAX + 1];
        memcpy(terminated, text.data, text.size);
        terminated[text.size] = 0;
        value = strtod(terminated, NULL);
    }
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}
