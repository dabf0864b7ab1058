/* link: state base */
/* Any bytes as a stored value of any table: the decoder refuses them or gives what encodes again to
 * something that it accepts. The first byte chooses the decoder. */
#include <assert.h>

#include "state/cohorts/cohort.h"
#include "state/tables/alert.h"
#include "state/tables/counters.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/outbox.h"
#include "state/tables/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_bucket(struct bytes value)
{
    struct cohort_bucket bucket = {0}, again = {0};
    struct buffer encoded = {0};
    double quantile;
    if (cohort_bucket_decode(value, &bucket) == STATUS_OK) {
        cohort_bucket_encode(&bucket, &encoded);
        assert(cohort_bucket_decode(buffer_bytes(&encoded), &again) == STATUS_OK);
        assert(cohort_bucket_merge(&bucket, &again));
        sketch_quantile(&bucket.duration_ms, 0.5, &quantile);
    }
    cohort_bucket_finish(&bucket);
    cohort_bucket_finish(&again);
    buffer_finish(&encoded);
}

static void fuzz_contribution(struct bytes value)
{
    struct value_reader reader;
    struct cohort_contribution contribution;
    struct cohort_bucket bucket = {0};
    value_reader_init(&reader, value);
    while (reader.at < reader.end && !reader.failed) {
        cohort_contribution_decode(&reader, &contribution);
        if (!reader.failed)
            assert(cohort_bucket_add(&bucket, &contribution));
    }
    cohort_bucket_finish(&bucket);
}

static void fuzz_decided(struct bytes value)
{
    struct value_reader reader;
    struct decided_row row;
    struct buffer encoded = {0};
    value_reader_init(&reader, value);
    decided_row_decode(&reader, &row);
    if (!reader.failed)
        decided_row_encode(&row, &encoded);
    buffer_finish(&encoded);
}

static void fuzz_source(struct bytes value)
{
    struct source_row row, again;
    struct buffer encoded = {0};
    if (source_row_decode(value, &row) == STATUS_OK) {
        source_row_encode(&row, &encoded);
        /* A name with a NUL inside is cut there; all else comes back. */
        assert(source_row_decode(buffer_bytes(&encoded), &again) == STATUS_OK);
        assert(again.low_watermark == row.low_watermark);
    }
    buffer_finish(&encoded);
}

static void fuzz_small(struct bytes value)
{
    struct journal_header header;
    struct outbox_file file;
    struct cohort_name name;
    struct cohort_key key;
    struct schema_instance instance;
    struct alert_key alert_key;
    struct alert_row alert;
    static const uint8_t alert_at[2 + COHORT_HASH_SIZE + 1 + 8] = {0};
    struct bytes alert_place = bytes_of(alert_at, sizeof alert_at);
    uint64_t number;
    enum status statuses[] = {
        journal_header_decode(value, &header),
        outbox_file_decode(value, &file),
        cohort_name_decode(value, &name),
        cohort_key_decode(value, &key),
        schema_instance_decode(value, &instance),
        counter_value_decode(value, &number),
        alert_row_decode(alert_place, value, &alert_key, &alert),
    };
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        assert(statuses[i] == STATUS_OK || statuses[i] == STATUS_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(struct bytes) = {fuzz_bucket, fuzz_contribution, fuzz_decided,
                                                     fuzz_source, fuzz_small};
    if (size == 0)
        return 0;
    decoders[data[0] % (sizeof decoders / sizeof *decoders)](bytes_of(data + 1, size - 1));
    return 0;
}
