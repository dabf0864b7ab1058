/* Dead letters of the data directory that tell of a run. */
#pragma once
#include <stdint.h>

/* Removes every letter below `directory` that holds the trajectory id, as bytes or digits, with its
 * description; how many. What is compressed in a letter is not looked into. */
uint32_t dead_letters_erase(const char *directory, const uint8_t trajectory_id[16]);
