/* What a function tells its caller to do next. Each code names a fate, so that a caller never has
 * to guess: OK, NOT_FOUND  go on; absence is an answer MALFORMED      drop this item, count it by
 * reason, go on BUSY           a limit or a peer says wait: pause the source, try again, lose
 * nothing FATAL          stop and exit non-zero; the restart replays from state */
#pragma once

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND,
    STATUS_MALFORMED,
    STATUS_BUSY,
    STATUS_FATAL,
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* The exit codes of every command, a contract with scripts and supervisors (BSD sysexits where one
 * fits). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_GATE_FAILED = 1, /* or a diff that is not empty */
    EXIT_USAGE = 2,
    EXIT_TOO_LITTLE_DATA = 3,
    EXIT_BUG = 70,
    EXIT_STATE_IO = 74,
    EXIT_TEMPORARY = 75, /* data directory in use, port or broker not available */
    EXIT_PERMISSION = 77,
    EXIT_CONFIG = 78, /* bad configuration, or state of a newer schema */
};
