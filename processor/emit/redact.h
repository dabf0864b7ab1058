/* What may leave, and what is masked. Applied before anything but the journal is stored.
 *   none      no content at all: texts, arguments, explanations and evidence are left out
 *   metadata  the same; what may be known of content beside it (names, lengths) stays
 *   redacted  texts leave after masking (the default)
 *   full      as they are
 * Built-in masks: e-mail address, card number (13-19 digits of a known issuer that pass Luhn),
 * phone number (international or grouped), secret (sk-..., AKIA..., ghp_..., JWT, "Bearer ...", PEM
 * blocks, key=value with password, secret or token names, passwords of URLs), then the pipeline's
 * own regexes. Both read a text as its escapes read (base/masks/escapes.h), the regexes also as it
 * stands. A match becomes [EMAIL] [CARD] [PHONE] [SECRET] [MASKED]. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/base/error.h"
#include "processor/base/masks/masks.h"
#include "processor/base/regex.h"

enum redaction_content { REDACT_NONE, REDACT_METADATA, REDACT_REDACTED, REDACT_FULL };
extern const char *const redaction_content_names[4];

extern const char *const mask_kind_names[MASK_KINDS];
extern const char *const mask_marks[MASK_KINDS]; /* what stands in place of a match */

enum { REDACTION_KEYS_MAX = 256, REDACTION_REGEXES_MAX = 64 };

struct redaction_policy {
    enum redaction_content content;
    bool builtin[MASK_KINDS]; /* which built-in masks run; all by default */
    struct regex *custom[REDACTION_REGEXES_MAX];
    uint32_t custom_count;
    /* Attribute keys that may leave; exact or with a trailing `*`. */
    struct bytes allow[REDACTION_KEYS_MAX];
    uint32_t allow_count;
    /* Attribute keys that leave as HMAC-SHA256 (first 16 bytes, hex). */
    struct bytes hash[REDACTION_KEYS_MAX];
    uint32_t hash_count;
    struct bytes hash_key;
};

struct redaction_counts {
    uint32_t masked[MASK_KINDS];
    uint32_t dropped_fields, hashed_fields;
    uint32_t given_up; /* of the dropped: a regex met its limit, what it would mask is not known */
};

/* Where a mask changed the text, so that offsets into the original can be carried over. */
struct redaction_edit {
    uint32_t start, end; /* byte range in the original */
    uint32_t new_start, new_end;
};
struct redacted_text {
    /* In the arena, or the original when nothing was masked; absent when the policy drops it. */
    struct bytes text;
    struct redaction_edit *edits;
    uint32_t edit_count;
};

/* One text through the policy. */
struct redacted_text redact_text(const struct redaction_policy *policy,
                                 struct regex_scratch *scratch, struct bytes text,
                                 struct arena *arena, struct redaction_counts *counts);
/* A name (of a span, a tool, a cohort): masked like content, also where the policy drops texts. */
struct bytes redact_name(const struct redaction_policy *policy, struct regex_scratch *scratch,
                         struct bytes name, struct arena *arena, struct redaction_counts *counts);
/* May the attribute of that key leave, as it is or hashed? Fails closed: what no list names stays
 * here, unless the policy is full. */
bool redact_allows_key(const struct redaction_policy *policy, struct bytes key);
/* A byte offset of the original in the redacted text; inside a mask it becomes the mask's start (or
 * end, for range ends). */
uint32_t redact_offset(const struct redacted_text *text, uint32_t offset, bool is_end);
/* An identifier under the `hash` list, or as it is. */
struct bytes redact_identifier(const struct redaction_policy *policy, struct bytes key,
                               struct bytes value, struct arena *arena,
                               struct redaction_counts *counts);
