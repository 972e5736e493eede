"""The part of the outbound bench that runs inside Odoo (``interop_setup.odoo_call``)."""

import json
import statistics
import time

from interop_setup import outbound_flow

MESSAGE_TYPE = "bench.happened"
PARTNERS = 1000


def set_up(env, url, endpoints=1) -> list[int]:
    """Create endpoints to ``url``, each with a suspended interface; return interface ids."""
    outbound_flow.prepare(env, 90)
    contract = outbound_flow.contract(env, MESSAGE_TYPE)
    policy = outbound_flow.policy(env, "Bench", "0s, 5s, 1h")
    made = []
    for number in range(endpoints):
        receiver, _secret = outbound_flow.endpoint(env, number, url, concurrency=64)
        interface = outbound_flow.interface(env, number, receiver, contract, policy)
        interface._set_suspended()
        made.append(interface.id)
    env["res.partner"].create(
        [
            {"name": f"Bench {number}", "ref": "bench", "company_id": env.company.id}
            for number in range(PARTNERS)
        ]
    )
    return made


def publish(env, count) -> None:
    """Publish ``count`` events, a thousand per transaction."""
    partners = env["res.partner"].search([("ref", "=", "bench")])
    while count > 0:
        env["interop.event"]._publish(MESSAGE_TYPE, partners[:count])
        env.cr.commit()
        count -= len(partners)


def materialize_lock(env) -> int:
    """Return the advisory lock of the materializer."""
    from odoo.addons.interop_base.const import MATERIALIZE_LOCK

    return MATERIALIZE_LOCK


def render(env, count) -> float:
    """Publish ``count`` events and materialize them; return seconds per message.

    The interfaces are suspended, so nothing is sent.
    """
    publish(env, count)
    # Earlier versions, which are measured beside the present one, had it in the pump.
    owner = "interop.materializer" if "interop.materializer" in env else "interop.pump"
    materializer, start = env[owner], time.perf_counter()
    while materializer._materialize():
        env.cr.commit()
    return (time.perf_counter() - start) / count


def activate(env, interfaces, active=True) -> None:
    """Activate these interfaces, or suspend them."""
    found = env["interop.interface"].browse(interfaces)
    found._set_active() if active else found._set_suspended()


def redirect(env, interface, url) -> None:
    """Change the address of the endpoint of an interface."""
    found = env["interop.interface"].browse(interface)
    found.endpoint_id.url = url
    if found.approval_changed:  # a changed address needs an approval
        found.with_user(env.ref("base.user_admin")).sudo()._set_approved()


def settle(env) -> dict[str, int]:
    """Count messages by state."""
    groups = env["interop.message"]._read_group([], ["state"], ["__count"])
    return dict(groups)


def forget(env, interface) -> None:
    """Cancel the waiting messages of an interface, so that they do not affect a later round."""
    env["interop.message"].search(
        [("interface_id", "=", interface), ("state", "in", ("pending", "dead"))]
    )._set_cancelled("The bench is over.")


def publish_steadily(env, rate, seconds) -> dict[str, float]:
    """Publish one record per transaction, ``rate`` times per second.

    :return: time of the commit by name of the record
    """
    partners = env["res.partner"].search([("ref", "=", "bench")])
    committed, start = {}, time.time()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, start + number / rate - time.time()))
        partner = partners[number % len(partners)]
        name = f"Steady {start:.0f} {number}"
        partner.name = name
        env["interop.event"]._publish(MESSAGE_TYPE, partner)
        env.cr.commit()
        committed[name] = time.time()
    return committed


def count_statements(env, count) -> dict[str, float]:
    """Deliver ``count`` events in this process and count the SQL statements.

    Every statement of psycopg2 counts, including ``BEGIN`` and ``COMMIT``, from the event to
    the recorded result.
    """
    import psycopg2.extensions

    import odoo.sql_db

    counted = {"statements": 0, "transactions": 0}

    class Counting(psycopg2.extensions.cursor):
        def execute(self, *args, **kwargs):
            counted["statements"] += 1
            return super().execute(*args, **kwargs)

    def cursor(connection, *args, **kwargs):
        kwargs.setdefault("cursor_factory", Counting)
        return plain.cursor(connection, *args, **kwargs)

    def commit(connection):
        counted["transactions"] += 1
        return plain.commit(connection)

    publish(env, count)
    env.cr.commit()
    plain = psycopg2.extensions.connection
    # This process ends after counting, so the replaced methods affect no other code.
    odoo.sql_db.PsycoConnection.cursor = cursor
    odoo.sql_db.PsycoConnection.commit = commit
    cpu, start = time.process_time(), time.perf_counter()
    moved = env["interop.pump"].sudo()._run()
    return {
        "moved": moved,
        "statements": counted["statements"],
        "transactions": counted["transactions"],
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - start,
    }


CORE_ROUNDS = 5


def time_core_webhook(env, url, count) -> dict[str, float]:
    """Time the same work as a user waits for it: alone, with the webhook action of an
    automation rule, and with a publication.

    :return: medians of seconds, by kind: ``plain``, ``core``, ``ours``
    """
    rules = env["base.automation"].with_context(active_test=False)
    rule = rules.search([("name", "=", "Bench")]) or _webhook_rule(env, url)
    times: dict[str, list[float]] = {"plain": [], "core": [], "ours": []}
    for number in range(CORE_ROUNDS + 1):  # the first one warms up
        for kind, found in times.items():
            rule.active = kind == "core"
            env.cr.commit()
            env.invalidate_all()
            start = time.perf_counter()
            partners = env["res.partner"].create(
                [
                    {"name": f"Bench {n}", "company_id": env.company.id}
                    for n in range(count)
                ]
            )
            if kind == "ours":
                env["interop.event"]._publish(MESSAGE_TYPE, partners)
            env.cr.commit()
            if number:
                found.append(time.perf_counter() - start)
    return {kind: statistics.median(found) for kind, found in times.items()}


def _webhook_rule(env, url):
    """An automation rule that sends a webhook for each new partner, as Odoo does it."""
    model = env["ir.model"]._get("res.partner")
    action = {
        "name": "Bench",
        "model_id": model.id,
        "state": "webhook",
        "webhook_url": url,
        "webhook_field_ids": [
            (6, 0, env["ir.model.fields"]._get("res.partner", "name").ids)
        ],
    }
    return env["base.automation"].create(
        {
            "name": "Bench",
            "model_id": model.id,
            "trigger": "on_create_or_write",
            "action_server_ids": [(0, 0, action)],
        }
    )


def exchange_by_edi(env, url, count) -> None:
    """Deliver ``count`` exchange records of OCA's EDI framework, as its cron does."""
    env["ir.config_parameter"].set_param("bench_edi.url", url)
    handler = env["ir.model"]._get_id("bench.edi.handler")
    kind = env["edi.backend.type"].create({"name": "Bench", "code": "bench"})
    backend = env["edi.backend"].create({"name": "Bench", "backend_type_id": kind.id})
    env["edi.exchange.type"].create(
        {
            "name": "Bench",
            "code": "bench",
            "direction": "output",
            "backend_type_id": kind.id,
            "backend_id": backend.id,
            "exchange_file_auto_generate": True,
            "generate_model_id": handler,
            "send_model_id": handler,
        }
    )
    partner = env.company.partner_id
    for _number in range(count):
        backend.create_record("bench", {"model": partner._name, "res_id": partner.id})
    env.cr.commit()
    backend._check_output_exchange_sync()


def enqueue(env, url, count) -> None:
    """Create one job per delivery with the yardstick addon."""
    body = json.dumps({"data": {"name": "Bench 1"}, "padding": "x" * 400})
    for number in range(count):
        env["bench.yardstick"].with_delay()._deliver(url, number, body)
