"""More than the shards can read: with marks so low that every burst is above them, senders that wait are held back, and none is
refused; with no wait allowed the same burst is refused retryably. What was accepted is decided in both cases."""
import os, struct, threading, time

import grpc

from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon
from flywheel.metrics import spans_add_up, total
from flywheel.otlp_bytes import request, span
from flywheel.places import TRACES
from flywheel.sender import connect, post
from flywheel.waiting import patiently

SENDERS, REQUESTS, SPANS = 24, 30, 60
MARK = 1 << 20  # the lowest that the option takes
NOW = time.time_ns()
checks = Checks()


def body():
    trace_id, spans = os.urandom(16), []
    for number in range(SPANS):
        spans.append(span(trace_id, struct.pack(">Q", number + 1), struct.pack(">Q", 1) if number else None, "chat", NOW, NOW + 1,
                          gen_ai__input__messages="what is the answer to this long question? " * 40))
    return request(spans)


def send(daemon):
    """Everybody at once, each request once; how each was answered, by transport."""
    answers, lock = {"grpc": {}, "http": {}}, threading.Lock()

    def count(transport, answer):
        with lock:
            answers[transport][answer] = answers[transport].get(answer, 0) + 1

    def by_grpc():
        with grpc.insecure_channel(f"127.0.0.1:{daemon.port}", [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]) as channel:
            call = channel.unary_unary(TRACES)
            for _ in range(REQUESTS):
                try:
                    call(body(), timeout=patiently(60))
                    count("grpc", "OK")
                except grpc.RpcError as error:
                    count("grpc", error.code().name)

    def by_http():
        connection = connect(daemon)
        for _ in range(REQUESTS):
            count("http", post(connection, body())[0])
        connection.close()

    threads = [threading.Thread(target=by_grpc if k % 2 else by_http, daemon=True) for k in range(SENDERS)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def daemon_with(wait):
    daemon = Daemon(args.flywheel, "trajectory: { settle: 500ms, idle_timeout: 3s }\nrules: [{ name: failed, measure: errors, fail_above: 0 }]\n"
                    f"limits: {{ queue_bytes: {MARK}, queue_time: 10ms, answer_wait: {wait} }}\n", http="")
    daemon.start()
    return daemon


args = arguments()
half = SENDERS // 2 * REQUESTS
daemon = daemon_with("10m")
answers = send(daemon)
checks.check("who waits is never refused", answers == {"grpc": {"OK": half}, "http": {200: half}}, answers)
values = daemon.metrics()
checks.check("how far each shard is behind is a gauge", any(name.startswith('flywheel_shard_behind_seconds{shard="0"') for name in values))
checks.check("nothing is counted as refused", total(values, "flywheel_receiver_refused_spans_total", reason="overload") == 0)
checks.check("all of it is decided, and the queues are empty",
             daemon.wait(lambda: total(daemon.metrics(), "flywheel_spans_decided_total") == 2 * half * SPANS
                         and daemon.metrics()["flywheel_queue_bytes"] == 0), daemon.metrics().get("flywheel_queue_bytes"))
checks.check("the account adds up", spans_add_up(daemon.metrics()))
checks.check("it ends with 0 on TERM", daemon.stop() == 0)
daemon.remove()

daemon = daemon_with("0")
answers = send(daemon)
taken = answers["grpc"].get("OK", 0) + answers["http"].get(200, 0)
checks.check("without a wait, refusals are retryable ones", set(answers["grpc"]) <= {"OK", "UNAVAILABLE"} and set(answers["http"]) <= {200, 503}, answers)
checks.check("what was acknowledged is decided", daemon.wait(lambda: total(daemon.metrics(), "flywheel_spans_decided_total") == taken * SPANS), taken)
checks.check("it ends with 0 on TERM then too", daemon.stop() == 0)
daemon.remove()
checks.finish()
