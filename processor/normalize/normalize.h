/* From spans to one vocabulary, in three rooms: semconv/ knows the attribute names of every
 * convention (rows of semconv_table.c), facts/ reads what happened, content/ what was said. */
#pragma once

enum { NORMALIZER_VERSION = 2 }; /* part of the ruleset digest: raise it when a reading changes */
