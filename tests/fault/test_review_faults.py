"""The review API on a disk that is full, and on one that is slow: what is not stored is said, the same result is taken later, and nobody
else waits."""
import errno, json, os, socket, struct, sys, time, uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from flywheel.checks import Checks, arguments
from flywheel.otlp_bytes import request, span
from flywheel.review import sign_in
from flywheel.waiting import patiently, wait_for
from member import Member

args = arguments()
checks = Checks()
pipeline = """
trajectory: { settle: 300ms, idle_timeout: 2s }
rules: [{ name: slow, measure: duration_ms, fail_above: 5000 }]
selection: { fail: 1.0, pass: 0, unscored: 0 }
"""
member = Member(args.flywheel, pipeline, faults=True, review="")
member.start()
asha = sign_in(member, "asha")
start = int(time.time() - 60) * 10**9
member.send(request([span(struct.pack(">QQ", 7, n + 1), b"r" * 8, None, "agent", start, start + 9 * 10**9, gen_ai__operation__name="invoke_agent",
                          input__value=f"question {n}", output__value="An answer.") for n in range(2)]))
member.settle()
wait_for(lambda: len(asha.get("/api/v1/review/items")[2]["items"]) == 2, 60)
item = asha.post("/api/v1/review/next", {})[2]
result = {"schema": "flywheel.result/v1", "result_id": str(uuid.uuid4()), "record_id": item["record_id"], "status": "completed", "verdict": "fail"}

# --- full ---

member.faults.set(write_errno=errno.ENOSPC)
status, headers, answer = asha.post("/api/v1/results", result)
checks.equal("on a full disk a result is 503", status, 503)
checks.check("with a time to come again", int(headers["Retry-After"]) >= 1)
checks.check("and a sentence", "nothing was stored" in answer["error"], answer)
checks.equal("who would be shown a run is not shown it unseen by the trail", asha.post("/api/v1/review/next", {})[0], 503)
checks.equal("reading goes on", asha.get("/api/v1/session")[0], 200)
member.faults.set()
status, answer = wait_for(lambda: (lambda found: found[::2] if found[0] != 503 else None)(asha.post("/api/v1/results", result)), 60)
checks.equal("with room again the same result is taken, once", (status, answer["outcome"]), (200, "accepted"))
checks.equal("and its repeat a duplicate", asha.post("/api/v1/results", result)[2]["outcome"], "duplicate")

# --- slow ---

member.faults.set(sync_delay_us=2_000_000)  # a writer that has not turned for 5 s would not be healthy


def post_while_others_ask():
    """What others were told while the caller waited for the commit (None: its answer was there first), and the caller's answer."""
    body = json.dumps({**result, "result_id": str(uuid.uuid4()), "record_id": item["record_id"]})
    with socket.create_connection(("127.0.0.1", member.review_port), timeout=patiently(60)) as connection:
        connection.sendall((f"POST /api/v1/results HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {asha.token}\r\nContent-Type: application/json\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        told = [member.get("/healthz"), asha.get("/api/v1/session")[0]]
        connection.setblocking(False)
        try:
            connection.recv(1, socket.MSG_PEEK)
            told = None
        except BlockingIOError:
            pass
        connection.setblocking(True)
        connection.settimeout(patiently(60))
        return told, connection.recv(4096)


# On a machine that is busy enough two short requests may take longer than one slow commit: then once more.
told, answer = next((found for found in (post_while_others_ask() for _ in range(10)) if found[0]), (None, b""))
checks.equal("while a commit is slow its caller waits, and nobody else", told, ["ok\n", 200])
checks.check("and the answer comes with the commit", answer.startswith(b"HTTP/1.1 200"), answer[:40])
member.faults.set()
checks.equal("it stops cleanly", member.stop(), 0)
checks.equal("the directory is whole", member.check_state().returncode, 0)
member.remove()
checks.finish()
