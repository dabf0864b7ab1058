/* Who is at the other end of a connection, for log lines. */
#pragma once

enum { PEER_SIZE = 64 };

/* "192.0.2.1:4711", "[2001:db8::1]:4711", or "unknown". */
void peer_name(int connection, char to[PEER_SIZE]);
