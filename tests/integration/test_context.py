"""Where a run went, and whose it was: gateways' headers and routing policies reach records, cohorts and rules, by default names
and by configured ones; the traffic of evaluators, experiments and simulators is kept out, and counted."""

import json, pathlib, tempfile

from flywheel import processes
from flywheel.checks import Checks, arguments
from flywheel.daemon import Daemon, lines_of
from flywheel.metrics import total
from flywheel.otlp_bytes import field, request, span
from test_oracles import trace

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND


def header(name, value):
    """`http.response.header.NAME` as HTTP instrumentation records it: an array of texts."""
    array = field(5, field(1, field(1, value)))  # AnyValue.array_value of one string
    return field(9, field(1, f"http.response.header.{name}") + field(2, array))


def routed(number, headers, **attributes):
    """An agent, its model call, and the HTTP call to a gateway below it."""
    trace_id = number.to_bytes(16, "big")
    ids = [(number * 100 + i).to_bytes(8, "big") for i in range(3)]
    start = START + number * SECOND
    return [span(trace_id, ids[0], None, "invoke_agent", start, start + SECOND, gen_ai__operation__name="invoke_agent",
                 intent=f"case-{number}", output__value="Ten days.", **attributes),
            span(trace_id, ids[1], ids[0], "chat", start + 1000, start + 9000, gen_ai__operation__name="chat",
                 gen_ai__request__model="big", gen_ai__response__model="big"),
            span(trace_id, ids[2], ids[1], "POST", start + 2000, start + 8000)
            + b"".join(header(name, value) for name, value in headers.items())]


def replay(flywheel, config, spans, *options):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        (path / "runs.pb").write_bytes(request(spans))
        (path / "pipeline.yaml").write_text(config, encoding="utf-8")
        result = processes.run(flywheel, "replay", "-c", path / "pipeline.yaml", *options, path / "runs.pb", check=True)
    return {record["cohort"]["intent"]: record for record in map(json.loads, lines_of(result.stdout))}


RULES = """
cohorts: { dimensions: { intent: ["*"] }, group_by: [[intent], [routing_policy], [model_route]] }
rules:
  - { name: fell_back, measure: route.fallback, when: 'routing_policy == "cost-optimized"', fail_above: 0 }
  - { name: cached, measure: route.cache_hit, borderline_above: 0 }
  - { name: retried, measure: route.retries, fail_above: 1 }
"""


def outcomes(record):
    return {evaluation["rule"]: evaluation["outcome"] for evaluation in record["evaluations"]}


def gateways(checks, flywheel):
    spans = routed(1, {"x-agentcc-routing-strategy": "cost-optimized", "x-agentcc-fallback-used": "true",
                       "x-agentcc-cache": "miss"})
    spans += routed(2, {"x-portkey-cache-status": "SEMANTIC HIT", "x-portkey-retry-attempt-count": "2"})
    spans += routed(3, {}, **{"routing policy": "cost-optimized"})
    spans += routed(4, {"x-litellm-attempted-fallbacks": "0", "x-company-policy": "cheapest", "x-agentcc-cache": "hit"})
    found = replay(flywheel, RULES, spans, "--all")
    one = found["case-1"]
    checks.equal("the policy of a gateway's header is a signal", one["signals"].get("routing_policy"), "cost-optimized")
    checks.equal("and a dimension", one["cohort"].get("routing_policy"), "cost-optimized")
    checks.equal("its fallback is a signal, a miss no hit",
                 (one["signals"]["fallback"], one["signals"]["cache_hit"]), (True, False))
    checks.equal("a condition on the policy applies", outcomes(one)["fell_back"], "fail")
    evaluation = next(evaluation for evaluation in one["evaluations"] if evaluation["rule"] == "fell_back")
    checks.check("a fallback is explained and pointed at", evaluation.get("explanation") and evaluation["evidence"], evaluation)
    two = found["case-2"]
    checks.equal("a hit below a model call marks it in the route", two["cohort"]["model_route"], "big(cache)")
    checks.equal("hits and retries are measured; without a policy the condition is na",
                 (outcomes(two)["cached"], outcomes(two)["retried"], outcomes(two)["fell_back"]), ("borderline", "fail", "na"))
    checks.equal("no policy is unknown", two["cohort"]["routing_policy"], "unknown")
    checks.equal("the attribute `routing policy` is read", found["case-3"]["cohort"]["routing_policy"], "cost-optimized")
    checks.equal("no attempted fallback is none", found["case-4"]["signals"]["fallback"], False)

    config = ("measurements: { route: { policy: [http.response.header.x-company-policy, '*'], "
              "cache_hit: [my.cache] } }\n" + RULES)
    found = replay(flywheel, config, spans, "--all")
    checks.equal("a configured name is read", found["case-4"]["cohort"]["routing_policy"], "cheapest")
    checks.equal("with `*` the defaults stay", found["case-3"]["cohort"]["routing_policy"], "cost-optimized")
    checks.equal("without it they are replaced", found["case-4"]["signals"]["cache_hit"], False)


def judges():
    """Runs of evaluators, experiments and simulators: what marks the root of each."""
    roots = [{"openinference__span__kind": "EVALUATOR"}, {"langfuse__experiment__id": "e1"},
             {"langfuse__environment": "langfuse-llm-as-a-judge"}, {"langsmith__reference_example_id": "8f2c"},
             {"fi__simulator__is_simulator_trace": True}]
    out = []
    for number, root in enumerate(roots, 50):
        run = trace(number, [("find", {"id": 1})], root=root)
        if "openinference__span__kind" in root:  # an operation would say that it is an agent
            run[0] = span(number.to_bytes(16, "big"), (number * 100).to_bytes(8, "big"), None, "judge", START, START + SECOND,
                          intent=f"case-{number}", **root)
        out.append(run)
    return out


def own_traffic(checks, flywheel):
    daemon = Daemon(flywheel, "rules: [{ name: any, measure: steps, fail_above: 0 }]\ntrajectory: { settle: 2s, idle_timeout: 5s }\n"
                    "selection: { pass: 1.0, unscored: 1.0 }\nredaction: { content: full }\n")
    daemon.start()
    spans = [one for run in judges() for one in run]
    daemon.send(request(spans), request(trace(90, [("find", {"id": 1})])))
    daemon.wait(lambda: total(daemon.metrics(), "flywheel_trajectories_total") >= 6)
    metrics = daemon.metrics()
    checks.equal("the spans of judges' runs are counted as dropped{evaluation}",
                 total(metrics, "flywheel_spans_dropped_total", reason="evaluation"), len(spans))
    checks.equal("their runs are skipped as no_agent", total(metrics, "flywheel_review_skipped_total", reason="no_agent"), 5)
    checks.equal("only the agent's run has a verdict", total(metrics, "flywheel_verdicts_total"), 1)
    daemon.wait(daemon.lines)
    daemon.settle()
    checks.equal("only the agent's run becomes a record", [record["cohort"]["intent"] for record in daemon.records()], ["case-90"])
    cohorts = [cohort["cohort"]["intent"] for cohort in daemon.cohorts("--group-by", "intent")]
    checks.check("no cohort counts a judge's run", not set(cohorts) & {f"case-{number}" for number in range(50, 55)}, cohorts)
    daemon.remove()


args = arguments()
checks = Checks()
gateways(checks, args.flywheel)
own_traffic(checks, args.flywheel)
checks.finish()
