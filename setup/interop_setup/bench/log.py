"""Measure how fast the message log opens with a million messages.

The calls are those of the web client: the columns of the list view, eighty rows, the count
of the pager, and the groups and filters of the search view. They use the record rules of an
operator. The bench prints ``EXPLAIN`` of each list query, to show plans that read the whole
table.
"""

import statistics
import time

from ..benching import Bench
from ..progress import say

ROWS = 1_000_000
ROUNDS = 20
PAGE = 80
COUNT_LIMIT = 10_001  # what Odoo's list view counts to at most

_GENERATE = """
INSERT INTO interop_message
    (direction, interface_id, system_id, contract_id, company_id, external_id, state,
     is_withdrawn, data_class, lane, try_count, attempt_count, error_class,
     error_kind, error_code, error_message, cause, owner_user_id, sequence, epoch,
     business_key, ordering_key, size, answer_status, occurred_at, first_attempt_at,
     done_at, create_date, write_date, create_uid, write_uid, test)
SELECT 'out', i.id, i.system_id, i.contract_id, i.company_id, 'msg_bench' || n,
       s.state, CASE WHEN s.state IN ('skipped', 'cancelled') THEN true END, 'none',
       'interface:' || i.id, 1, 1,
       s.error_class, CASE WHEN s.error_class = 'schema' THEN 'business'
                           WHEN s.error_class IS NOT NULL THEN 'technical' END,
       s.error_class, CASE WHEN s.error_class IS NOT NULL THEN 'It failed.' END,
       CASE WHEN s.error_class IS NOT NULL THEN 'cause' || n %% 37 END,
       CASE WHEN s.state IN ('dead', 'parked') THEN
            CASE WHEN n %% 3 = 0 THEN %(owner)s ELSE 1 END END,
       n / 20, 1, 'INV/' || n, 'key' || n %% 5000, 1500,
       CASE WHEN s.state = 'done' THEN 204 END,
       moment, moment, CASE WHEN s.state = 'done' THEN moment END, moment, moment, 1, 1,
       false
  FROM generate_series(1, %(rows)s) AS n
 CROSS JOIN LATERAL (
       SELECT now() AT TIME ZONE 'UTC'
              - make_interval(secs => (%(rows)s - n) * 31536000.0 / %(rows)s) AS moment
       ) t
  JOIN (SELECT row_number() OVER (ORDER BY f.id) - 1 AS k, f.*, c.contract_id,
               o.company_id
          FROM interop_interface f
          JOIN (SELECT interop_interface_id AS iid, min(interop_contract_id) AS contract_id
                  FROM interop_contract_interop_interface_rel GROUP BY 1) c ON c.iid = f.id
          JOIN (SELECT interop_interface_id AS iid, min(res_company_id) AS company_id
                  FROM interop_interface_res_company_rel GROUP BY 1) o ON o.iid = f.id
         WHERE f.code LIKE 'bench-%%') i ON i.k = n %% 20
 CROSS JOIN LATERAL (
       SELECT CASE WHEN n %% 100 < 94 THEN 'done' WHEN n %% 100 < 96 THEN 'dead'
                   WHEN n %% 100 < 97 THEN 'parked' WHEN n %% 100 < 98 THEN 'pending'
                   WHEN n %% 100 < 99 THEN 'skipped' ELSE 'cancelled' END AS state,
              CASE WHEN n %% 100 BETWEEN 94 AND 96 THEN
                   (ARRAY['timeout', 'connect', 'http_5xx', 'schema'])[1 + n %% 4]
                   END AS error_class) s
"""


def run(bench: Bench) -> dict[str, float]:
    """Generate the rows, then time each way of opening the log (milliseconds)."""
    rows = bench.option("rows", ROWS)
    rounds = bench.option("rounds", ROUNDS)
    database = bench.database()
    say(f"    generating {rows:,} messages")
    operator = bench.in_odoo(database, generate, rows=rows)
    for table in ("interop_message", "interop_queue"):
        bench.cluster.psql(f"VACUUM ANALYZE {table}", database=database)
    figures = bench.in_odoo(database, measure, operator=operator, rounds=rounds)
    return {"rows": rows, **figures}


def generate(env, rows: int) -> int:
    """Create twenty interfaces in five facilities and ``rows`` messages.

    :return: id of an operator of all five facilities
    """
    companies = env["res.company"].create([{"name": f"Bench {n}"} for n in range(5)])
    operator = env["res.users"].create(
        {
            "name": "Operator",
            "login": "bench_operator",
            "company_id": companies[0].id,
            "company_ids": [(6, 0, companies.ids)],
            "group_ids": [(4, env.ref("interop_base.interop_base_group_operator").id)],
        }
    )
    system = env["interop.system"].create(
        {
            "name": "Bench",
            "code": "bench",
            "environment": "test",
            "company_ids": [(6, 0, companies.ids)],
        }
    )
    contract = env["interop.contract"].create({"message_type": "bench.happened"})
    env["interop.interface"].create(
        [
            {
                "name": f"Bench {n}",
                "code": f"bench-{n}",
                "system_id": system.id,
                "direction": "out",
                "contract_ids": [(6, 0, contract.ids)],
                "company_ids": [(6, 0, companies[n % 5].ids)],
            }
            for n in range(20)
        ]
    )
    env.flush_all()
    env.cr.execute(_GENERATE, {"rows": rows, "owner": operator.id})
    queue_open(env)
    env.cr.commit()
    return operator.id


def queue_open(env) -> None:
    """Put the open messages into the queue, as the engine does."""
    env.cr.execute(
        "SELECT id FROM interop_message WHERE state IN ('dead', 'parked', 'pending')"
    )
    env["interop.queue"]._enqueue([message_id for (message_id,) in env.cr.fetchall()])


def measure(env, operator: int, rounds: int) -> dict[str, float]:
    """Time the list, each filter and each grouping; 50th and 95th percentile in ms."""
    user = env["res.users"].browse(operator)
    log = env(user=operator)["interop.message"].with_context(
        allowed_company_ids=user.company_ids.ids
    )
    columns = _columns(log)
    filters, groupings = _search_view(log)
    figures: dict[str, float] = {}
    cases = {"default_list": _list(log, columns, [])}
    cases |= {f"{name}_filter": _list(log, columns, d) for name, d in filters.items()}
    cases |= {f"group_by_{name}": _group(log, by) for name, by in groupings.items()}
    searched = [("search_key", "ilike", "INV/4711")]
    cases["search_prefix"] = _list(log, columns, searched)
    plain = _plain_user(env, operator)
    cases["plain_user_list"] = _list(plain, columns, [])
    owner = _plain_user(env, operator, "owner")
    env["interop.interface"].search([], limit=1).owner_id = owner.env.uid
    cases["interface_owner_list"] = _list(owner, columns, [])
    teammate = _plain_user(env, operator, "teammate")
    team = {"name": "Bench", "member_ids": [(4, teammate.env.uid)]}
    env["interop.interface"].search([], limit=1).write(
        {
            "exception_user_id": False,
            "exception_team_id": env["interop.team"].create(team).id,
        }
    )
    cases["team_member_list"] = _list(teammate, columns, [])
    causes = log.env["interop.dead.letter.cause"]
    cases["causes"] = lambda: causes.web_search_read([], {"cause": {}}, limit=PAGE)
    for name, call in cases.items():
        times = sorted(_timed(log, call) for _round in range(rounds))
        figures[f"{name}_p50_ms"] = round(statistics.median(times), 1)
        figures[f"{name}_p95_ms"] = round(times[max(0, int(0.95 * rounds) - 1)], 1)
    for name, domain in {"default": [], "search": searched, **filters}.items():
        _explain(log, name, domain)
    _explain(plain, "plain_user", [])
    _explain(owner, "interface_owner", [])
    return figures


def _plain_user(env, operator: int, login: str = "clerk"):
    """Return the log with the rights of a user of one facility who owns no interface."""
    facility = env["res.users"].browse(operator).company_id
    user = env["res.users"].create(
        {
            "name": "Clerk",
            "login": f"bench_{login}",
            "company_id": facility.id,
            "company_ids": [(6, 0, facility.ids)],
            "group_ids": [(4, env.ref("interop_base.interop_base_group_user").id)],
        }
    )
    return env(user=user.id)["interop.message"].with_context(
        allowed_company_ids=facility.ids
    )


def _timed(log, call) -> float:
    """Milliseconds of one call with nothing cached."""
    log.env.invalidate_all()
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def _columns(log) -> dict[str, dict]:
    """The specification that the web client sends for the list view."""
    view = log.get_views([(False, "list")])["views"]["list"]
    import lxml.etree  # only in Odoo's own environment

    arch = lxml.etree.fromstring(view["arch"])
    names = {node.get("name") for node in arch.iter("field")}
    fields = log.fields_get(names)
    return {
        name: {"fields": {"display_name": {}}}
        if fields[name]["type"] in ("many2one", "reference")
        else {}
        for name in names
    }


def _search_view(log) -> tuple[dict, dict]:
    """Domains of the filters and fields of the groupings that the search view offers."""
    import lxml.etree

    from odoo.tools.safe_eval import safe_eval

    view = log.get_views([(False, "search")])["views"]["search"]
    arch = lxml.etree.fromstring(view["arch"])
    filters, groupings = {}, {}
    for node in arch.iter("filter"):
        context = node.get("context") or ""
        name = node.get("name")
        if "group_by" in context:
            by = safe_eval(context)["group_by"]
            groupings[name.removeprefix("group_")] = by
        elif node.get("domain"):
            # Relative dates such as 'today' are resolved by the server, as in the client.
            filters[name] = safe_eval(node.get("domain"), {"uid": log.env.uid})
    return filters, groupings


def _list(log, columns, domain):
    """A call that opens the list as the web client does."""
    return lambda: log.web_search_read(
        domain, columns, limit=PAGE, count_limit=COUNT_LIMIT
    )


def _group(log, by):
    """A call that groups the whole log as the web client does."""
    return lambda: log.web_read_group([], [by], [], limit=PAGE)


def _explain(log, name: str, domain) -> None:
    """Print the plan of the list's query."""
    query = log._search(domain, limit=PAGE, order=log._order)
    log.env.cr.execute(_prefixed(query.select()))
    plan = "\n".join(row[0] for row in log.env.cr.fetchall())
    print(f"--- {name}\n{plan}", flush=True)


def _prefixed(query):
    from odoo.tools import SQL

    return SQL("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) %s", query)
