"""Measure the cost of capturing events in the business transaction.

The same work runs without an interface, with one and with three interfaces. The work is to
create partners in one call, to post invoices in one call, and to create partners one by one
in separate savepoints. The measured time includes the commit. The variants alternate within
each round, in changing order. An overhead is the median over the rounds of the ratio to the
same round without an interface. ``…_spread`` is half of the interquartile range of these
ratios; smaller differences are not significant.

Overheads compare the processor time of the Odoo process and its PostgreSQL backend. The two
work alternately, so on an idle machine this is the waiting time of the user. On a busy
machine other processes do not affect it. ``…_wall`` are the same ratios by the clock.

The interfaces have personal data, so snapshots are encrypted. Partners use a mapping of
eight lines, invoices use the contract of ``interop_account``.
"""

import gc
import statistics
import time
from pathlib import Path

from ..benching import Bench
from ..gates import at_most
from ..progress import say

VARIANTS = {"none": 0, "one": 1, "three": 3}
PARTNERS = 1000
INVOICES = 100
SAVEPOINTS = 1000
ROUNDS = 9
GATES = {
    "partners_overhead_one": at_most(0.06),
    "invoices_overhead_one": at_most(0.06),
    "savepoints_overhead_one": at_most(0.15),
}
LINES = {
    "name": "name",
    "reference": "ref",
    "contact.email": "email",
    "contact.phone": "phone",
    "address.street": "street",
    "address.city": "city",
    "address.country": "country_id.code",
    "is_company": "is_company",
}


def run(bench: Bench) -> dict[str, float]:
    """Time the three kinds of work; overheads are shares, the rest milliseconds."""
    rounds = bench.option("rounds", ROUNDS)
    sizes = {
        "partners": bench.option("partners", PARTNERS),
        "invoices": bench.option("invoices", INVOICES),
        "savepoints": bench.option("savepoints", SAVEPOINTS),
    }
    database = bench.database(["interop_account", "interop_webhook"])
    bench.in_odoo(database, prepare)
    figures: dict[str, float] = {}
    for work, size in sizes.items():
        if not size:
            continue
        say(f"    {work}: {size} a time, {rounds} rounds")
        found = bench.in_odoo(database, measure, work=work, size=size, rounds=rounds)
        figures |= summary(work, found)
    return figures


def summary(work: str, found: dict[str, list]) -> dict[str, float]:
    """The figures of one kind of work.

    :param found: for each variant, per round, seconds of processor and of clock
    """
    figures: dict[str, float] = {}
    for position, (unit, ending) in enumerate((("cpu_ms", ""), ("ms", "_wall"))):
        times = {
            variant: [round_[position] for round_ in rounds]
            for variant, rounds in found.items()
        }
        for variant, seconds in times.items():
            figures[f"{work}_{variant}_{unit}"] = round(
                1000 * statistics.median(seconds), 1
            )
        for variant in ("one", "three"):
            ratios = [
                with_it / without
                for with_it, without in zip(times[variant], times["none"], strict=True)
            ]
            name = f"{work}_overhead_{variant}{ending}"
            figures[name] = round(statistics.median(ratios) - 1, 4)
            figures[f"{name}_spread"] = round(_half_spread(ratios), 4)
    return figures


def _half_spread(ratios: list[float]) -> float:
    """Half of the distance between the first and the third quartile."""
    if len(ratios) < 2:
        return 0.0
    first, _median, third = statistics.quantiles(ratios, n=4, method="inclusive")
    return (third - first) / 2


def prepare(env) -> None:
    """Create a chart of accounts, a product, a system and three interfaces."""
    company = env.company
    env["account.chart.template"].try_loading(
        "generic_coa", company, install_demo=False
    )
    env["product.product"].create(
        {"name": "Consulting room", "default_code": "BENCH", "list_price": 150.5}
    )
    env["interop.guard"]._adopt_database()
    system = env["interop.system"].create(
        {
            "name": "Bench",
            "code": "bench",
            "environment": "test",
            "company_ids": [(6, 0, company.ids)],
        }
    )
    contract = env["interop.contract"].create(
        {
            "message_type": "bench.partner_created",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "data_class": "personal",
        }
    )
    interfaces = _interfaces(env, system, contract)
    assert len(interfaces) == max(VARIANTS.values())
    contract._set_published()
    env.cr.commit()


def _interfaces(env, system, contract):
    """Create as many interfaces as the largest variant needs."""
    company = env.company
    invoices = env["interop.contract"]._find("invoice.posted")
    return env["interop.interface"].create(
        [
            {
                "name": f"Bench {number}",
                "code": f"bench-{number}",
                "system_id": system.id,
                "direction": "out",
                "data_class": "patient_adjacent",
                "contract_ids": [(6, 0, (contract | invoices).ids)],
                "company_ids": [(6, 0, company.ids)],
                "mapping_ids": [
                    (0, 0, {"contract_id": contract.id, "line_ids": _lines()})
                ],
            }
            for number in range(max(VARIANTS.values()))
        ]
    )


def _lines() -> list[tuple]:
    """The mapping of partners, as commands."""
    return [
        (0, 0, {"path": path, "field_path": field}) for path, field in LINES.items()
    ]


def measure(env, work: str, size: int, rounds: int) -> dict[str, list]:
    """Seconds of processor and of clock of each round of one kind of work, by variant."""
    prepare_round, do = {
        "partners": (lambda size: None, _create_partners),
        "invoices": (lambda size: _draft_invoices(env, size), _post_invoices),
        "savepoints": (lambda size: None, _create_in_savepoints),
    }[work]
    times: dict[str, list] = {variant: [] for variant in VARIANTS}
    order = list(VARIANTS)
    for number in range(rounds + 1):  # the first one warms up
        for variant in order:
            _use(env, VARIANTS[variant])
            prepared = prepare_round(size)
            env.cr.commit()
            seconds = _timed(env, lambda given=prepared: do(env, size, given))
            captured = _captured(env)
            if captured != (size if VARIANTS[variant] else 0):
                raise AssertionError(f"{captured} of {size} events were captured")
            if number:
                times[variant].append(seconds)
        order = order[1:] + order[:1]
    return times


def _timed(env, do) -> tuple[float, float]:
    """Return processor seconds and clock seconds of a piece of work and its commit.

    The cache is empty at the start, as in a new request.
    """
    env.invalidate_all()
    gc.collect()
    backend = Path(f"/proc/{env.cr._cnx.get_backend_pid()}/schedstat")
    before = _processor(backend), time.perf_counter()
    do()
    env.cr.commit()
    return _processor(backend) - before[0], time.perf_counter() - before[1]


def _processor(backend: Path) -> float:
    """Seconds that this process and its PostgreSQL backend have worked."""
    return time.process_time() + int(backend.read_text().split()[0]) / 1e9


def _use(env, count: int) -> None:
    """Activate ``count`` of the interfaces and deactivate the others."""
    interfaces = env["interop.interface"].search([("code", "like", "bench-")])
    interfaces._transition({"state": "draft"})
    interfaces[:count]._transition({"state": "active"})
    env.registry.clear_cache()
    env.cr.commit()
    # Fill the caches that every worker has after its first publication.
    for contract in interfaces.contract_ids:
        env["interop.interface"]._capturing(contract.message_type)
        contract._handler()


def _captured(env) -> int:
    """Count the events that are ready, and remove them as pump and vacuum would."""
    env.cr.execute("SELECT count(*) FROM interop_event WHERE state = 'ready'")
    count = env.cr.fetchone()[0]
    env.cr.execute("TRUNCATE interop_event, interop_payload CASCADE")
    env.cr.commit()
    return count


def _partner(country, company, number: int) -> dict:
    """The values of one partner."""
    return {
        "name": f"Partner {number}",
        "ref": f"P{number}",
        "email": f"partner{number}@example.org",
        "phone": "+1 555 0100",
        "street": f"{number} Main Street",
        "city": "Springfield",
        "country_id": country.id,
        "company_id": company.id,
    }


def _create_partners(env, size: int, _prepared) -> None:
    """Create partners in one call and publish them."""
    country, company = env.ref("base.us"), env.company
    values = [_partner(country, company, number) for number in range(size)]
    partners = env["res.partner"].create(values)
    env["interop.event"]._publish("bench.partner_created", partners)


def _create_in_savepoints(env, size: int, _prepared) -> None:
    """Create and publish partners one by one, each in a savepoint."""
    country, company = env.ref("base.us"), env.company
    for number in range(size):
        with env.cr.savepoint():
            values = _partner(country, company, number)
            partner = env["res.partner"].create(values)
            env["interop.event"]._publish("bench.partner_created", partner)


def _draft_invoices(env, size: int):
    """Draft invoices with two lines each."""
    product = env["product.product"].search([("default_code", "=", "BENCH")])
    country, company = env.ref("base.us"), env.company
    values = [_partner(country, company, number) for number in range(10)]
    partners = env["res.partner"].create(values)
    return env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partners[number % 10].id,
                "invoice_date": "2026-03-01",
                "invoice_line_ids": [
                    (0, 0, {"product_id": product.id, "quantity": quantity})
                    for quantity in (1, 2)
                ],
            }
            for number in range(size)
        ]
    )


def _post_invoices(env, size: int, invoices) -> None:
    """Post the invoices in one call."""
    invoices.action_post()
