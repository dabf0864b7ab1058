/* Every table of the data directory, and how its keys and values are laid out. All numbers are big
 * endian in keys, so that key order is numeric order; values are written with `struct value_writer`
 * and start with a version byte. The store puts a CRC-32C in front of each value:
 *   stored value = be32 digest_crc32c(key, value) | u8 version | fields
 * The layouts stand in state/README.md, row by row. */
#pragma once
#include "processor/base/bytes.h"

enum {
    SCHEMA_VERSION = 4,
    STORE_KEY_BYTES_MAX = 256,
    STORE_VALUE_BYTES_MAX = 63996, /* 64,000 with the CRC: sixteen pages, whatever the content */
};

enum state_table {
    TABLE_META,           /* name -> small values: schema, instance, folded_sequence, ... */
    TABLE_SOURCE,         /* be16 source */
    TABLE_JOURNAL,        /* be16 source, be64 position, be16 chunk */
    TABLE_SPILL,          /* be64 sequence, be16 chunk */
    TABLE_DECIDED,        /* be64 sequence, be16 chunk */
    TABLE_DICTIONARY,     /* u8 kind, be16 id */
    TABLE_COHORT,         /* be16 grouping, hash 16, u8 ring, be64 bucket start */
    TABLE_COHORT_NAME,    /* be16 grouping, hash 16 */
    TABLE_OUTBOX,         /* u8 exporter, be64 sequence, be16 chunk */
    TABLE_OUTBOX_FILE,    /* u8 exporter */
    TABLE_COUNTER,        /* name */
    TABLE_AUDIT,          /* be64 sequence */
    TABLE_RETAINED,       /* be64 sequence, be16 chunk */
    TABLE_SELECTION,      /* u8 kind, ...: state/tables/selection.h */
    TABLE_ALERT,          /* be16 grouping, hash 16, u8 kind, be64 window */
    TABLE_PART,           /* u8 kind, be64 sequence[, be16 chunk] */
    TABLE_ITEM,           /* be64 item sequence */
    TABLE_ITEM_ID,        /* u8 kind, id: state/tables/item.h */
    TABLE_ITEM_OPEN,      /* u8 kind, ...: state/tables/item.h */
    TABLE_ITEM_CONTENT,   /* be64 item sequence, be16 chunk */
    TABLE_RESULT,         /* be64 item sequence, be64 principal hash, be16 chunk */
    TABLE_RESULT_ID,      /* hash 16 of the result's id */
    TABLE_RESULT_PENDING, /* be64 sequence, be16 chunk */
    TABLE_REVIEWER,       /* hash 16 of the name */
    TABLE_ROW,            /* row id 16 */
    TABLE_ROW_VERSION,    /* be64 dataset version, row id 16, be16 chunk */
    TABLE_CLUSTER,        /* u8 kind, ...: state/tables/cluster.h */
    TABLE_ERASED,         /* keyed fingerprint 16 of a trajectory */
    TABLE_AGREEMENT,      /* u8 kind, ...: state/tables/agreement.h */
    TABLE_PAIR,           /* u8 kind, ...: state/tables/agreement.h */
    TABLE_CALIBRATION,    /* u8 kind, ...: state/tables/calibration.h */
    TABLE_REGRESSION,     /* u8 kind, ...: state/tables/regression.h */
    TABLE_HIT,            /* be64 hour, row id 16: state/tables/regression.h */
    TABLE_FEEDBACK,       /* u8 kind, ...: state/tables/feedback.h */
    STATE_TABLES,
    /* Tables from here on came later: a directory may be without them until its owner opens it. */
    TABLES_FIRST_RELEASE = TABLE_RETAINED,
};

struct table_layout {
    const char *name;      /* of the LMDB database */
    const char *key_names; /* as above, for dump and README */
    bool is_bounded;       /* of a few rows: may use the room that is kept free of new ones */
};
extern const struct table_layout table_layouts[STATE_TABLES];

/* A cohort in a key: the first bytes of the SHA-256 of its values. */
enum { COHORT_HASH_SIZE = 16 };

/* A key being put together on the stack. Too long is a bug. */
struct state_key {
    uint8_t data[STORE_KEY_BYTES_MAX];
    size_t size;
};
void key_u8(struct state_key *key, uint8_t v);
void key_be16(struct state_key *key, uint16_t v);
void key_be64(struct state_key *key, uint64_t v);
void key_raw(struct state_key *key, struct bytes bytes);

static inline struct bytes key_bytes(const struct state_key *key)
{
    return (struct bytes){key->data, key->size};
}

/* The identity of a data directory: meta row "instance". */
enum { INSTANCE_UUID_SIZE = 16 };
struct schema_instance {
    uint8_t uuid[INSTANCE_UUID_SIZE];
    int64_t created_ms;
};
enum { INSTANCE_UUID_TEXT_SIZE = 37 };
void schema_instance_text(const struct schema_instance *instance, char to[INSTANCE_UUID_TEXT_SIZE]);
void schema_instance_encode(const struct schema_instance *instance, struct buffer *to);
MUST_CHECK enum status schema_instance_decode(struct bytes value, struct schema_instance *ret);

/* Meta row "schema". */
void schema_version_encode(uint32_t version, struct buffer *to);
MUST_CHECK enum status schema_version_decode(struct bytes value, uint32_t *ret_version);

/* A number under a name in the meta table, such as folded_sequence. */
void schema_number_encode(uint64_t number, struct buffer *to);
MUST_CHECK enum status schema_number_decode(struct bytes value, uint64_t *ret_number);
