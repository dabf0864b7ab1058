/* The supervisor's side channel (systemd's sd_notify protocol): one datagram to $NOTIFY_SOCKET.
 * Without one nothing happens. */
#pragma once

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "RELOADING=1", or several on lines of their own. */
void supervisor_notify(const char *state);
