/* Where the product's numbers become the store's: the store knows nothing of verdicts or receivers,
 * so what it keeps of them is "the caller's number". Each pair is held together here, and each
 * number that lies on disk is pinned: who reorders an enum must write a migration. Who raises a
 * limit of the product finds the limit of the table that it stands on. */
#pragma once
#include <assert.h>

#include "pipelines/decide/effects.h"
#include "processor/receive/request.h"
#include "state/cohorts/cohort.h"
#include "state/tables/journal.h"
#include "state/tables/outbox.h"
#include "state/tables/selection.h"
#include "state/tables/source.h"
#include "state/tables/spill.h"

/* --- numbers: in decided rows, contributions, buckets and hours of the selection --- */

static_assert((int)VERDICT_PASS == (int)COHORT_PASS, "on disk");
static_assert((int)VERDICT_BORDERLINE == (int)COHORT_BORDERLINE, "on disk");
static_assert((int)VERDICT_FAIL == (int)COHORT_FAIL, "on disk");
static_assert((int)VERDICT_UNSCORED == (int)COHORT_UNSCORED, "on disk");
static_assert((int)VERDICTS == (int)COHORT_VERDICTS, "a sum for each verdict");
static_assert((int)VERDICTS == (int)SELECTION_STRATA, "a stratum is a verdict");

static_assert(OUTCOME_PASS == 0 && OUTCOME_BORDERLINE == 1 && OUTCOME_FAIL == 2 &&
                  OUTCOME_NA == 3 && OUTCOME_ERROR == 4,
              "on disk");
static_assert((int)OUTCOMES == (int)COHORT_OUTCOMES, "a sum for each outcome");

static_assert((int)OUTCOMES == (int)COHORT_MISSING, "on disk");
static_assert(CONDEMNED_NOT == 0 && CONDEMNED_BORDERLINE == 1 && CONDEMNED_FAIL == 2, "on disk");
static_assert(JUDGED_NOT == 0 && JUDGED_PASS == 1 && JUDGED_BORDERLINE == 2 && JUDGED_FAIL == 3,
              "on disk");
static_assert((int)CONDEMNED_CLASSES == (int)COHORT_CONDEMNED, "a row for each");
static_assert((int)JUDGED_CLASSES == (int)COHORT_JUDGED, "a column for each");

static_assert(CLOSE_ROOT == 0 && CLOSE_IDLE == 1 && CLOSE_DURATION == 2 && CLOSE_SPANS == 3 &&
                  CLOSE_BYTES == 4 && CLOSE_MEMORY == 5 && CLOSE_SHUTDOWN == 6,
              "on disk");
static_assert(CLOSE_TRIGGERS <= UINT8_MAX, "one byte in a decided row");

static inline uint8_t stored_verdict(enum verdict verdict)
{
    return (uint8_t)verdict;
}

static inline uint8_t stored_trigger(enum close_trigger trigger)
{
    return (uint8_t)trigger;
}

/* --- numbers: in the header of a journaled request --- */

static_assert(WIRE_GATE_TRACES == 0 && WIRE_GATE_LOGS == 1, "on disk");
static_assert(REQUEST_IDENTITY == 0 && REQUEST_GZIP == 1, "on disk");

static inline uint8_t stored_signal(enum wire_gate_signal signal)
{
    return (uint8_t)signal;
}

static inline enum wire_gate_signal stored_signal_of(const struct journal_header *header)
{
    return header->signal == WIRE_GATE_LOGS ? WIRE_GATE_LOGS : WIRE_GATE_TRACES;
}

static inline uint8_t stored_encoding(enum request_encoding encoding)
{
    return (uint8_t)encoding;
}

static inline enum request_encoding stored_encoding_of(const struct journal_header *header)
{
    return header->encoding == REQUEST_GZIP ? REQUEST_GZIP : REQUEST_IDENTITY;
}

/* --- limits --- */

static_assert((int)EXPORTERS_MAX <= (int)OUTBOX_EXPORTERS_MAX && EXPORTERS_MAX <= UINT8_MAX,
              "a row of the outbox names its exporter by one byte");
static_assert((int)SHARDS_MAX <= (int)SOURCE_SHARDS_MAX, "a source has a mark for each shard");
static_assert((int)CLOSED_POSITIONS_MAX <= (int)DECIDED_POSITIONS_MAX, "each has a place");
static_assert((int)CLOSED_POSITIONS_MAX <= (int)SPILL_SOURCES_MAX, "each has a place");
static_assert((int)GROUPINGS_MAX <= (int)COHORT_GROUPS_MAX, "a contribution names each");
static_assert((int)GROUPING_DIMENSIONS_MAX <= (int)COHORT_DIMENSIONS_MAX,
              "a cohort has a value each");
static_assert((int)RULES_JUDGED_MAX <= (int)COHORT_RULES_MAX, "a contribution names each");
