/* link: state base */
/* Any bytes as the rows that came after the first release, as the heads of chunked values and as
 * small values of the meta table: each decoder refuses them or gives what encodes again to the same
 * thing. The first byte chooses the decoder; where a row is known by its key as well, the second
 * byte is the key's size. */
#include <assert.h>

#include "state/tables/agreement.h"
#include "state/tables/alert.h"
#include "state/tables/calibration.h"
#include "state/tables/feedback.h"
#include "state/tables/outbox.h"
#include "state/tables/part.h"
#include "state/tables/retained.h"
#include "state/tables/regression.h"
#include "state/tables/selection.h"
#include "state/tables/spill.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct row {
    struct bytes key, value;
};

static struct row row_of(struct bytes input)
{
    size_t key_size = input.size ? input.data[0] : 0, rest = input.size ? input.size - 1 : 0;
    if (key_size > rest)
        key_size = rest;
    const uint8_t *at = input.size ? input.data + 1 : input.data;
    return (struct row){bytes_of(at, key_size), bytes_of(at + key_size, rest - key_size)};
}

static bool is_answer(enum status status)
{
    assert(status == STATUS_OK || status == STATUS_MALFORMED);
    return status == STATUS_OK;
}

static void fuzz_spill(struct bytes value)
{
    struct spill_header header = {0}, again = {0};
    struct buffer encoded = {0};
    if (is_answer(spill_header_decode(value, &header))) {
        assert(header.position_count <= SPILL_SOURCES_MAX);
        for (uint32_t i = 0; i < header.position_count; i++)
            assert(header.positions[i].first_position <= header.positions[i].spilled_through);
        spill_header_encode(&header, &encoded);
        assert(spill_header_decode(buffer_bytes(&encoded), &again) == STATUS_OK);
        assert(memcmp(&header, &again, sizeof header) == 0);
    }
    buffer_finish(&encoded);
}

static void fuzz_selection(struct bytes input)
{
    struct row row = row_of(input);
    struct selection_row decoded;
    if (is_answer(selection_row_decode(row.key, row.value, &decoded)))
        assert(decoded.kind == 'h' || decoded.kind == 's' || decoded.kind == 'd' ||
               decoded.kind == 'c');
}

static void fuzz_alert(struct bytes input)
{
    struct row row = row_of(input);
    struct alert_key key;
    struct alert_row decoded;
    if (is_answer(alert_row_decode(row.key, row.value, &key, &decoded))) {
        assert(key.kind < ALERT_KINDS && decoded.failed <= decoded.seen);
        assert(decoded.statistic >= 0 && decoded.p0 >= 0 && decoded.p0 < 1);
    }
}

static void fuzz_part(struct bytes input)
{
    struct row row = row_of(input);
    struct part_row decoded;
    if (is_answer(part_row_decode(row.key, row.value, &decoded)))
        assert(row.key.size == 9);
}

static void fuzz_agreement(struct bytes input)
{
    struct row row = row_of(input);
    struct agreement_row decoded;
    struct agreement_pair pair;
    if (is_answer(agreement_decode(row.key, row.value, &decoded)))
        assert(decoded.day >= AGREEMENT_TOTAL && decoded.id.size <= AGREEMENT_ID_MAX);
    if (is_answer(agreement_decode_pair(row.key, row.value, &pair)))
        assert(pair.is_actor || pair.categories[0] < AGREEMENT_CATEGORIES);
}

static void fuzz_calibration(struct bytes input)
{
    struct row row = row_of(input);
    struct calibration_row decoded;
    if (is_answer(calibration_decode(row.key, row.value, &decoded)))
        assert(decoded.day >= CALIBRATION_TOTAL && decoded.outcome < CALIBRATION_OUTCOMES);
}

static void fuzz_regression(struct bytes input)
{
    struct row row = row_of(input);
    struct regression_any decoded;
    struct regression_hit_hour hour;
    if (is_answer(regression_decode(row.key, row.value, &decoded)))
        assert(decoded.kind == 'r' || decoded.kind == 'w');
    if (is_answer(regression_hit_hour_decode(row.key, row.value, &hour)))
        assert(row.key.size == 8 + REGRESSION_ID_SIZE);
}

static void fuzz_feedback(struct bytes input)
{
    struct row row = row_of(input);
    struct feedback_row decoded;
    if (is_answer(feedback_row_decode(row.key, row.value, &decoded)))
        assert(decoded.kind == (char)row.key.data[0] &&
               decoded.cohort_count <= FEEDBACK_COHORTS_MAX &&
               decoded.said_kind < FEEDBACK_ROW_KINDS);
}

static void fuzz_chunk(struct bytes value)
{
    struct bytes head, part;
    uint64_t body_size;
    if (!is_answer(chunked_first_decode(value, &head, &body_size, &part)))
        return;
    assert(head.size <= value.size && part.size <= value.size && part.size <= body_size);
    assert(head.size == 0 || (head.data > value.data && head.data < value.data + value.size));
    assert(part.size == 0 || part.data + part.size == value.data + value.size);
}

static void fuzz_heads(struct bytes value)
{
    int64_t committed_ms;
    uint32_t version;
    uint64_t number;
    (void)is_answer(outbox_head_decode(value, &committed_ms));
    (void)is_answer(retained_head_decode(value, &committed_ms));
    struct buffer encoded = {0};
    if (is_answer(schema_version_decode(value, &version))) {
        schema_version_encode(version, &encoded);
        assert(schema_version_decode(buffer_bytes(&encoded), &version) == STATUS_OK);
    }
    buffer_clear(&encoded);
    if (is_answer(schema_number_decode(value, &number))) {
        schema_number_encode(number, &encoded);
        assert(schema_number_decode(buffer_bytes(&encoded), &number) == STATUS_OK);
    }
    buffer_finish(&encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const decoders[])(struct bytes) = {
        fuzz_spill, fuzz_selection,  fuzz_alert,     fuzz_part,        fuzz_chunk,
        fuzz_heads, fuzz_regression, fuzz_agreement, fuzz_calibration, fuzz_feedback};
    if (size == 0)
        return 0;
    decoders[data[0] % (sizeof decoders / sizeof *decoders)](bytes_of(data + 1, size - 1));
    return 0;
}
