"""Measure the identity services with a million partners and a million identifiers.

The calls use the rights of a user in one facility and Odoo's own methods. They are single
look-ups, a thousand look-ups at once, the search bar of contacts (compared with Odoo's own
search), and the list of the steward's queue. In one transaction that is rolled back, the
bench measures links compared with plain creates, and merges. The cache is empty at each
call, as in a new request.

Times are by the clock. ``…_cpu_ms`` is the processor time of the Odoo process and its
PostgreSQL backend, which other processes on a busy machine do not affect. The ratio of links
to plain creates compares processor time, as in the bench ``capture``; ``…_wall`` compares
the clock.
"""

import os
import random
import statistics
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from ..benching import Bench
from ..gates import at_most
from ..progress import say

MODEL = "res.partner"
GATES = {
    "resolve_p95_ms": at_most(3),
    "resolve_1000_ms": at_most(100),
    "search_bar_p95_ms": at_most(150),
    "queue_p95_ms": at_most(300),
    "link_vs_bare_create": at_most(1.5),
}
CASES = 20000
NAMESPACES = 12  # a group of hospitals has several
QUESTIONS = ("duplicate", "merge", "identifier")


def run(bench: Bench) -> dict[str, float]:
    """Fill a database, then measure; figures are milliseconds and one ratio."""
    rows = bench.option("rows", 1_000_000)
    samples = bench.option("samples", 300)
    slow = bench.option("core_samples", 5)
    bench.measured_on["load_before"] = round(os.getloadavg()[0], 2)
    database = bench.database(["interop_identifier"])
    say(f"    {rows} partners with an identifier each")
    bench.in_odoo(database, fill, rows=rows)
    figures = bench.in_odoo(database, ask, rows=rows, samples=samples, slow=slow)
    return figures | bench.in_odoo(database, change, rows=rows, samples=samples)


# --- filling


def fill(env, rows: int) -> None:
    """Create partners, identifiers and open cases by SQL."""
    facility = env["res.company"].create({"name": "Mercy Hospital"})
    namespaces = env["interop.namespace"].create(
        [
            {
                "name": f"Numbers {number}",
                "code": f"numbers-{number}",
                "uri": f"http://bench.example/{number}",
                "separator_rule": "punctuation" if number % 2 else "spaces",
                "company_id": number % 3 == 0 and facility.id,
            }
            for number in range(NAMESPACES)
        ]
    )
    env.flush_all()
    _people(env.cr, rows, namespaces.ids)
    _questions(env, facility)
    for user in ("reader", "steward"):
        _person(env, user, facility)
    env.cr.commit()
    with _autocommit(env.cr):
        for table in (
            "res_partner",
            "interop_identifier",
            "interop_identifier_anchor",
            "interop_identity_case",
        ):
            env.cr.execute(f"VACUUM ANALYZE {table}")


def _people(cr, rows: int, namespace_ids: list[int]) -> None:
    """Partners with an identifier each."""
    cr.execute("ALTER TABLE interop_identifier DISABLE TRIGGER USER")
    cr.execute(
        "INSERT INTO res_partner (name, complete_name, active, type, autopost_bills, "
        "email, create_date, write_date, create_uid, write_uid) "
        "SELECT 'Person ' || md5(n::text), 'Person ' || md5(n::text), true, 'contact', "
        "'ask', 'p' || n || '@bench.example', now(), now(), 1, 1 "
        "FROM generate_series(1, %s) n",
        [rows],
    )
    cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE name ~ '^Person '"
    )
    cr.execute(
        "INSERT INTO interop_identifier (namespace_id, company_id, value, "
        "value_normalized, res_model, res_id, partner_id, state, single, check_failed, "
        "once, create_date, write_date, create_uid, write_uid) "
        "SELECT space.id, space.company_id, 'M' || lpad(p.n::text, 9, '0'), "
        "'M' || lpad(p.n::text, 9, '0'), 'res.partner', p.id, p.id, 'active', true, "
        "false, false, now(), now(), 1, 1 FROM (SELECT id, row_number() OVER (ORDER BY "
        "id) AS n FROM res_partner WHERE name ~ '^Person ') p JOIN interop_namespace "
        "space ON space.id = (%s::int[])[1 + p.n %% %s]",
        [namespace_ids, len(namespace_ids)],
    )
    cr.execute(
        "INSERT INTO interop_identifier_anchor (res_model, res_id) "
        "SELECT res_model, res_id FROM interop_identifier ON CONFLICT DO NOTHING"
    )
    cr.execute("ALTER TABLE interop_identifier ENABLE TRIGGER USER")


@contextmanager
def _autocommit(cr):
    """VACUUM runs outside a transaction."""
    cr._cnx.autocommit = True
    try:
        yield
    finally:
        cr._cnx.autocommit = False


def _questions(env, facility) -> None:
    """Open questions about pairs of partners."""
    env.cr.execute(
        "INSERT INTO interop_identity_case (kind, state, priority, question_key, "
        "company_id, left_model, left_id, right_model, right_id, opened_at, "
        "create_date, write_date, create_uid, write_uid) "
        "SELECT (%s::text[])[1 + n %% 3], 'open', (n %% 4)::text, 'bench-' || n, "
        "%s, 'res.partner', p.id, 'res.partner', p.id + 1, "
        "now() - n * interval '1 minute', now(), now(), 1, 1 FROM (SELECT id, "
        "row_number() OVER (ORDER BY id) n FROM res_partner "
        "WHERE name ~ '^Person ' ORDER BY id LIMIT %s) p",
        [list(QUESTIONS), facility.id, CASES],
    )


def _person(env, login: str, facility) -> None:
    """Create a user of the facility with ordinary rights."""
    group = {"reader": "user", "steward": "steward"}[login]
    groups = ["base.group_user", f"interop_base.interop_base_group_{group}"]
    env["res.users"].with_context(no_reset_password=True).create(
        {
            "name": login,
            "login": login,
            "company_id": facility.id,
            "company_ids": [(6, 0, facility.ids)],
            "group_ids": [(6, 0, [env.ref(name).id for name in groups])],
        }
    )


# --- asking


def ask(env, rows: int, samples: int, slow: int) -> dict[str, float]:
    """Look-ups, searches and lists."""
    from odoo.addons.interop_identifier.models.identity_resolver import (
        IdentityResolver,
    )

    chance = random.Random(1)
    reader, steward = _as(env, "reader"), _as(env, "steward")
    partners, core = reader["res.partner"], _core_domain(env)
    wires = lambda: [_wire(chance.randint(1, rows))]
    resolve = reader["interop.identifier"]._resolve
    many = IdentityResolver(reader["interop.identifier"]).resolve_many
    facility = reader.company
    found = many([wires() for _number in range(1000)], facility, model=MODEL)
    assert all(record and record._name == MODEL for record in found)
    times = {
        "resolve": _times(
            env, samples, lambda: resolve(wires(), facility, model=MODEL)
        ),
        "resolve_1000": _times(
            env,
            20,
            lambda asked: many(asked, facility, model=MODEL),
            lambda: [wires() for _number in range(1000)],
        ),
        "queue": _times(env, samples, lambda: _queue(steward)),
    }
    times |= _searches(env, samples, slow, partners, core, lambda: wires()[0]["value"])
    return _figures(times)


def _searches(env, samples, slow, partners, core, value_of) -> dict[str, list]:
    """Measure the search bar, a name search, and the search bar of Odoo alone."""
    return {
        "search_bar": _times(
            env,
            samples,
            lambda value: _search(partners, [("interop_search", "ilike", value)]),
            value_of,
        ),
        "many2one": _times(
            env,
            samples,
            lambda value: partners.name_search(value, limit=8),
            value_of,
        ),
        "search_bar_core": _times(
            env,
            slow,
            lambda value: _search(partners, core(value)),
            value_of,
        ),
    }


def _figures(times: dict[str, list]) -> dict[str, float]:
    """Return the figures by the clock and by processor time."""
    figures = {}
    for name, found in times.items():
        figures[f"{name}_p95_ms"] = _p95(found, CLOCK)
        figures[f"{name}_p95_cpu_ms"] = _p95(found, WORK)
    for unit, ending in ((CLOCK, ""), (WORK, "_cpu")):
        figures[f"resolve_1000{ending}_ms"] = _median(times["resolve_1000"], unit)
        figures[f"resolve_p50{ending}_ms"] = _median(times["resolve"], unit)
    return figures


def _as(env, login: str):
    """The environment of a user."""
    user = env["res.users"].search([("login", "=", login)])
    return env(
        user=user.id, su=False, context={"allowed_company_ids": [user.company_id.id]}
    )


def _wire(number: int) -> dict[str, str]:
    """Return the identifier of a partner in the format of messages."""
    return {
        "system": f"http://bench.example/{number % NAMESPACES}",
        "value": f"M{number:09d}",
    }


def _core_domain(env):
    """Return the search domain of Odoo's own view, without this suite."""
    from lxml import etree

    from odoo.tools.safe_eval import safe_eval

    arch = etree.fromstring(env.ref("base.view_res_partner_filter").arch_db)
    domain = arch.xpath("//field[@name='name']/@filter_domain")[0]
    return lambda value: safe_eval(domain, {"self": value})


def _search(partners, domain) -> None:
    """Search as the list of contacts does, with its counter."""
    found = partners.web_search_read(domain, {"display_name": {}}, limit=80)
    if found["length"] != 1 and "interop_search" in str(domain):
        raise AssertionError(f"found {found['length']} partners")


def _queue(env) -> None:
    """The first page of the open questions, as the list shows it."""
    names = ("kind", "about", "waiting_count", "age", "priority", "state")
    found = env["interop.identity.case"].web_search_read(
        [("state", "=", "open")], {name: {} for name in names}, limit=80
    )
    assert len(found["records"]) == 80


# --- changing


def change(env, rows: int, samples: int) -> dict[str, float]:
    """Measure links, plain creates and merges; the transaction is rolled back."""
    chance = random.Random(2)
    count = min(samples, rows // 4)
    env.cr.execute("SELECT min(id) FROM res_partner WHERE name ~ '^Person '")
    first = env.cr.fetchone()[0]
    picked = [first + n for n in chance.sample(range(rows), 4 * count)]
    seconds = _links(env, picked[: 2 * count])

    def merge(pair):
        survivor, prior = (env[MODEL].browse(partner_id) for partner_id in pair)
        env["interop.identifier.merge"]._merge(survivor, prior)
        env.flush_all()

    pairs = iter(zip(picked[: 2 * count : 2], picked[1 : 2 * count : 2], strict=True))
    merges = _times(env, count, merge, lambda: next(pairs))
    env.cr.rollback()
    return {
        "link_ms": _median(seconds["link"], CLOCK),
        "bare_create_ms": _median(seconds["create"], CLOCK),
        "link_vs_bare_create": _ratio(seconds, WORK),
        "link_vs_bare_create_wall": _ratio(seconds, CLOCK),
        "merge_p95_ms": _p95(merges, CLOCK),
        "merge_p95_cpu_ms": _p95(merges, WORK),
    }


def _links(env, partner_ids: list[int]) -> dict[str, list]:
    """Measure links and plain creates alternately."""
    space = env["interop.namespace"].create(
        {"name": "New", "code": "new", "uri": "http://bench.example/new"}
    )
    message = SimpleNamespace(  # the values that linking reads from a message
        id=False,
        company_id=env.company,
        system_id=env["interop.system"],
        occurred_at=False,
        _statement=lambda: "",
    )
    identifiers = env["interop.identifier"]

    def link(partner_id):
        wire = {"system": space.uri, "value": f"N{partner_id}"}
        identifiers._link(env[MODEL].browse(partner_id), [wire], message)

    def create(partner_id):
        identifiers.create(
            {
                "namespace_id": space.id,
                "value": f"N{partner_id}",
                "res_model": MODEL,
                "res_id": partner_id,
            }
        ).flush_recordset()

    turns = iter(partner_ids)
    seconds = {"link": [], "create": []}
    for _turn in range(len(partner_ids) // 2):
        for name, do in (("link", link), ("create", create)):
            seconds[name] += _times(env, 1, do, lambda: next(turns))
    return seconds


# --- timing


CLOCK, WORK = 0, 1  # places in what _times answers


def _times(env, count: int, do, prepare=None) -> list[tuple[float, float]]:
    """Return clock seconds and processor seconds of ``count`` calls with empty cache."""
    backend = Path(f"/proc/{env.cr._cnx.get_backend_pid()}/schedstat")
    seconds = []
    for _number in range(count):
        given = [prepare()] if prepare else []
        env.invalidate_all()
        work, start = _worked(backend), time.perf_counter()
        do(*given)
        clock = time.perf_counter() - start
        seconds.append((clock, _worked(backend) - work))
    return seconds


def _worked(backend: Path) -> float:
    """Seconds that this process and its PostgreSQL backend have worked."""
    return time.process_time() + int(backend.read_text().split()[0]) / 1e9


def _median(seconds: list[tuple[float, float]], unit: int) -> float:
    return round(1000 * statistics.median(pair[unit] for pair in seconds), 3)


def _p95(seconds: list[tuple[float, float]], unit: int) -> float:
    ordered = sorted(pair[unit] for pair in seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3)


def _ratio(seconds: dict[str, list], unit: int) -> float:
    """The median of link to bare create, turn by turn."""
    turns = zip(seconds["link"], seconds["create"], strict=True)
    return round(statistics.median(a[unit] / b[unit] for a, b in turns), 3)
