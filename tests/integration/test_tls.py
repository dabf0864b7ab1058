"""TLS and tokens misused: every case is refused on both transports, and said in one log line that names the peer and nothing
of what it sent; what is right is served before, between and after."""
import http.client, os, signal, socket, ssl, time, warnings

import grpc

from flywheel.certificates import Authority
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.places import TRACES
from flywheel.waiting import patiently
from flywheel.otlp_bytes import request, span

checks = Checks()
warnings.simplefilter("ignore", DeprecationWarning)  # old protocols are what is tested
SECRET = "Tr0ub4dor-and-3"


def span_request():
    now = time.time_ns()
    return request([span(os.urandom(16), os.urandom(8), None, "chat", now, now + 1)])


def reader(path):
    return path.read_bytes()


def send_grpc(port, ca=None, pair=None, token=None, name=None):
    """The gRPC status of one export."""
    options = [("grpc.use_local_subchannel_pool", 1)] + ([("grpc.ssl_target_name_override", name)] if name else [])
    target = f"127.0.0.1:{port}"
    if ca:
        key, cert = (reader(pair[1]), reader(pair[0])) if pair else (None, None)
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(reader(ca), key, cert), options=options)
    else:
        channel = grpc.insecure_channel(target, options=options)
    metadata = [("authorization", f"Bearer {token}")] if token else []
    with channel:
        try:
            channel.unary_unary(TRACES)(span_request(), timeout=patiently(20), metadata=metadata)
            return "OK"
        except grpc.RpcError as error:
            return error.code().name


def client_context(ca=None, pair=None):
    context = ssl.create_default_context(cafile=str(ca)) if ca else ssl.create_default_context()
    if pair:
        context.load_cert_chain(str(pair[0]), str(pair[1]))
    return context


def send_http(port, ca=None, pair=None, token=None, name=None):
    """The HTTP status of one export, or the name of what stopped it."""
    headers = {"Content-Type": "application/x-protobuf"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if ca:
        connection = http.client.HTTPSConnection(name or "127.0.0.1", port, timeout=patiently(20), context=client_context(ca, pair))
        if name:  # the name is checked, the address is ours
            connection._create_connection = lambda address, *rest: socket.create_connection(("127.0.0.1", port), patiently(20))
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patiently(20))
    try:
        connection.request("POST", "/v1/traces", span_request(), headers)
        return str(connection.getresponse().status)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


SENDERS = {"grpc": (send_grpc, "OK", "UNAVAILABLE"), "http": (send_http, "200", None)}


def expect_refused(daemon, what, event="tls_refused", is_seen=True, **how):
    """On both transports: not served, and one more line of `event`. Not `is_seen`: the client may go after its handshake."""
    for transport, (send, good, code) in SENDERS.items():
        port = daemon.port if transport == "grpc" else daemon.http_port
        line = f"event={event} receiver=otlp/{transport} peer=127.0.0.1:"
        time.sleep(0.2)  # ten lines a second of one kind are logged, the others counted
        before = daemon.logged().count(line)
        answer = send(port, **how)
        is_logged = not is_seen or daemon.wait(lambda: daemon.logged().count(line) > before)
        refused = answer != good and (code is None or event != "tls_refused" or answer == code)
        checks.check(f"{what}: refused over {transport}" + " and logged" * is_seen, refused and is_logged,
                     f"{answer}, {'logged' if is_logged else 'not logged'}")


def expect_served(daemon, what, **how):
    for transport, (send, good, _) in SENDERS.items():
        answer = send(daemon.port if transport == "grpc" else daemon.http_port, **how)
        checks.check(f"{what}: served over {transport}", answer == good, answer)


def raw_attempt(daemon, transport, talk):
    port = daemon.port if transport == "grpc" else daemon.http_port
    line = f"event=tls_refused receiver=otlp/{transport}"
    time.sleep(0.2)
    before = daemon.logged().count(line)
    with socket.create_connection(("127.0.0.1", port), patiently(20)) as raw:
        raw.settimeout(patiently(20))
        outcome = talk(raw, transport)
    return outcome, daemon.wait(lambda: daemon.logged().count(line) > before)


def old_protocol(raw, transport):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    try:
        with context.wrap_socket(raw) as wrapped:
            return wrapped.version()
    except (ssl.SSLError, OSError):
        return "refused"


def plaintext(raw, transport):
    raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" if transport == "grpc" else b"POST /v1/traces HTTP/1.1\r\nHost: a\r\n\r\n")
    try:
        answer = b""
        while chunk := raw.recv(100):
            answer += chunk
        return "refused" if not answer.startswith(b"HTTP") else answer
    except OSError:
        return "refused"


def silence(raw, transport):
    began = time.time()
    raw.sendall(b"\x16\x03")
    try:
        while raw.recv(100):
            pass
    except OSError:
        pass
    return "refused" if time.time() - began < patiently(15) else "still open"


def misuse_of_handshakes(daemon, ca, other, client):
    good = {"ca": ca.cert, "pair": client, "token": SECRET}
    expect_served(daemon, "a good client", **good)
    expect_refused(daemon, "client that trusts another CA", **(good | {"ca": other.cert}))
    expect_refused(daemon, "certificate for another name, from the client's view", is_seen=False,
                   **(good | {"name": "elsewhere.example"}))
    expect_refused(daemon, "no client certificate", ca=ca.cert, token=SECRET)
    expect_refused(daemon, "client certificate of another CA", **(good | {"pair": other.issue("client")}))
    expect_refused(daemon, "expired client certificate", **(good | {"pair": ca.issue("late", days=-1)}))
    for name, talk in (("TLS 1.1 only", old_protocol), ("plaintext to the TLS port", plaintext),
                       ("a handshake that never ends", silence)):
        for transport in SENDERS:
            outcome, is_logged = raw_attempt(daemon, transport, talk)
            checks.check(f"{name}: refused over {transport} and logged", outcome == "refused" and is_logged,
                         f"{outcome}, {'logged' if is_logged else 'not logged'}")
    expect_served(daemon, "a good client afterwards", **good)


def misuse_of_tokens(daemon, good):
    expect_refused(daemon, "no token", "unauthenticated", **(good | {"token": None}))
    expect_refused(daemon, "wrong token", "unauthenticated", **(good | {"token": SECRET + "x"}))
    checks.check("gRPC says UNAUTHENTICATED, HTTP 401",
                 send_grpc(daemon.port, **(good | {"token": "x"})) == "UNAUTHENTICATED"
                 and send_http(daemon.http_port, **(good | {"token": "x"})) == "401")


def own_sender(daemon, ca, client, token):
    """`flywheel send` to a guarded port."""
    recorded = daemon.directory / "one.pb"
    recorded.write_bytes(span_request())
    guard = ["--ca-file", str(ca.cert), "--cert-file", str(client[0]), "--key-file", str(client[1])]
    target = ["send", "--endpoint", f"127.0.0.1:{daemon.port}"]
    done = daemon.run(*target, *guard, "--token-file", str(token), recorded)
    checks.check("flywheel send with certificate and token", done.returncode == 0, done.stdout.strip() + done.stderr.strip())
    done = daemon.run(*target, *guard, recorded)
    checks.check("flywheel send without a token says why not", done.returncode != 0 and "UNAUTHENTICATED" in done.stderr,
                 f"exit {done.returncode}: {done.stderr.strip()}")


def reload(daemon, files):
    """HUP with what `files` (path: bytes) hold instead; waits until the daemon has said what came of it."""
    for path, content in files.items():
        path.write_bytes(content)
    before = daemon.logged().count("event=reload")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait(lambda: daemon.logged().count("event=reload") > before)
    return daemon.metrics()["flywheel_config_last_reload_successful"] == 1


def reloads(daemon, ca, other, server, client, token):
    good = {"ca": ca.cert, "pair": client, "token": SECRET}
    cert, key = server[0].read_bytes(), server[1].read_bytes()
    foreign_cert, foreign_key = (p.read_bytes() for p in other.issue("server"))
    for name, files in (("key of another certificate", {server[1]: foreign_key}),
                        ("no certificate in the file", {server[0]: b"nothing\n"}),
                        ("an expired certificate", {server[0]: ca.issue("old", days=-1)[0].read_bytes()}),
                        ("an empty token", {token: b"\n"})):
        is_good = reload(daemon, files)
        checks.check(f"reload with {name}: refused, and says so", not is_good and "event=reload_failed" in daemon.logged())
        expect_served(daemon, f"the set before, after a reload with {name}", **good)
        reload(daemon, {server[0]: cert, server[1]: key, token: SECRET.encode()})
    credentials = grpc.ssl_channel_credentials(reader(ca.cert), reader(client[1]), reader(client[0]))
    with grpc.secure_channel(f"127.0.0.1:{daemon.port}", credentials, [("grpc.use_local_subchannel_pool", 1)]) as open_channel:
        export = open_channel.unary_unary(TRACES)
        metadata = [("authorization", f"Bearer {SECRET}")]
        export(span_request(), timeout=patiently(20), metadata=metadata)
        is_good = reload(daemon, {server[0]: foreign_cert, server[1]: foreign_key})
        checks.check("good reload: metric says so", is_good)
        export(span_request(), timeout=patiently(20), metadata=metadata)
        checks.check("good reload: an open connection goes on", True)
    expect_refused(daemon, "good reload: the certificate before is gone for new connections", **good)
    expect_served(daemon, "good reload: the new one", **(good | {"ca": other.cert}))
    reload(daemon, {server[0]: cert, server[1]: key, token: b"another-token\n"})
    expect_served(daemon, "good reload: new token", **(good | {"token": "another-token"}))
    expect_refused(daemon, "good reload: the token before", "unauthenticated", **good)


def expect_check(daemon, what, guards, code, *says, host="127.0.0.1"):
    daemon.write(otlp=guards, host=host)
    done = daemon.run("check", "-c", daemon.config)
    got, text = done.returncode, done.stdout + done.stderr
    checks.check(f"check: {what}", got == code and all(s in text for s in says), f"exit {got}: {text.strip()[-230:]}")


def refusals_of_check(flywheel, ca, other, server):
    daemon = Daemon(flywheel, http="")
    late, client = ca.issue("late-server", days=-1), ca.issue("other-key")
    tls = lambda cert, key, more="": f", tls: {{ cert_file: {cert}, key_file: {key}{more} }}"
    expect_check(daemon, "expired server certificate", tls(*late), 78, str(late[0]), "expired")
    expect_check(daemon, "key of another certificate", tls(server[0], client[1]), 78, str(client[1]), "does not belong")
    expect_check(daemon, "key that is not there", tls(server[0], "/nowhere/server.key"), 78, "/nowhere/server.key")
    unreadable = daemon.directory / "unreadable.key"
    unreadable.write_bytes(server[1].read_bytes())
    unreadable.chmod(0)
    if os.geteuid() != 0:
        expect_check(daemon, "key that may not be read", tls(server[0], unreadable), 77, str(unreadable))
    empty = daemon.directory / "empty"
    empty.write_text(" \n")
    expect_check(daemon, "empty token", f", auth: {{ bearer_token_file: {empty} }}", 78, str(empty))
    token = daemon.directory / "token"
    token.write_text(SECRET)
    auth, ca_file = f", auth: {{ bearer_token_file: {token} }}", f", client_ca_file: {ca.cert}"
    line = f"{daemon.config}:1:"
    expect_check(daemon, "off loopback with nothing", "", 78, line, "off loopback", host="0.0.0.0")
    expect_check(daemon, "off loopback by IPv6 with nothing", "", 78, line, "off loopback", host="[::]")
    expect_check(daemon, "token in clear off loopback", auth, 0, host="0.0.0.0")
    expect_check(daemon, "TLS that tells no senders apart", tls(*server), 0, host="0.0.0.0")
    expect_check(daemon, "off loopback by client certificates", tls(*server, ca_file), 0, host="0.0.0.0")
    expect_check(daemon, "off loopback by TLS and token", tls(*server) + auth, 0, host="0.0.0.0")
    expect_check(daemon, "off loopback, allowed", ", allow_insecure: true", 0, host="0.0.0.0")
    daemon.write(otlp="", host="0.0.0.0")
    done = daemon.run("run", "-c", daemon.config)
    checks.check("run refuses what check refuses, before it touches the state",
                 done.returncode == 78 and not daemon.state.exists(), done.returncode)
    daemon.remove()


def tls_to_plaintext(flywheel, ca, client):
    daemon = Daemon(flywheel, http="")
    daemon.start()
    checks.check("TLS to the plaintext gRPC port: refused", send_grpc(daemon.port, ca.cert, client) == "UNAVAILABLE")
    checks.check("TLS to the plaintext HTTP port: refused", send_http(daemon.http_port, ca.cert, client) != "200")
    expect_served(daemon, "a plaintext client afterwards")
    daemon.remove()


def main():
    flywheel = arguments().flywheel
    daemon = Daemon(flywheel, "limits: { handshake: 1s }\n", http="")
    ca, other = Authority(daemon.directory / "certificates", "ours"), Authority(daemon.directory / "certificates", "foreign")
    server, client = ca.issue("server"), ca.issue("client")
    token = daemon.directory / "token"
    token.write_text(SECRET + "\n")
    token.chmod(0o600)
    daemon.write(otlp=f", tls: {{ cert_file: {server[0]}, key_file: {server[1]}, client_ca_file: {ca.cert} }},"
                 f" auth: {{ bearer_token_file: {token} }}")
    refusals_of_check(flywheel, ca, other, server)
    daemon.start()
    misuse_of_handshakes(daemon, ca, other, client)
    misuse_of_tokens(daemon, {"ca": ca.cert, "pair": client, "token": SECRET})
    own_sender(daemon, ca, client, token)
    reloads(daemon, ca, other, server, client, token)
    checks.check("no token in the log", SECRET not in daemon.logged() and "another-token" not in daemon.logged())
    code = daemon.stop()
    checks.check("the daemon ends well", code == 0, code)
    tls_to_plaintext(flywheel, ca, client)
    daemon.remove()
    checks.finish()


main()
