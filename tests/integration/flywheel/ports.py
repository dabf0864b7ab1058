"""Ports for servers of a test.

A port that the system hands out lies in the range of outgoing connections: while a killed daemon or broker is away, a client that tries to
reach it can be given that very port, and a port of a test that starts later can be the same. So ports come from below that range, are tried
first, and are claimed for the life of the process by a name that the kernel frees with it."""
import random, socket

claims = []


def lowest_outgoing():
    try:
        with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
            return int(file.read().split()[0])
    except OSError:
        return 32768


def is_free(port):
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0flywheel-test-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
        claims.append(claim)
        return True
    except OSError:
        claim.close()
        return False


def free_port(neighbors=0):
    """The first of 1 + `neighbors` free ports in a row."""
    end = lowest_outgoing()
    for _ in range(10000):
        port = random.SystemRandom().randrange(max(end // 2, 1024), end - neighbors)
        if all(is_free(port + n) for n in range(1 + neighbors)):
            return port
    raise RuntimeError("no free port")
