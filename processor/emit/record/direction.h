/* The side of a rule's thresholds that decided an evaluation, and the thresholds of that side. */
#pragma once
#include "processor/rule.h"
#include "processor/verdict.h"

struct direction {
    bool is_above, has_fail, has_borderline;
    double fail, borderline;
};

struct direction direction_of(const struct evaluation *evaluation);
