"""What the bench of backlogs does inside Odoo (``interop_setup.odoo_call``)."""

import time

from interop_setup import outbound_flow

from . import _outbound_world as world

ORDERINGS = ("key", "strict")
KEYS = 10_000  # ordering keys of an ordered flow; half of them wait for a failed head
CLAIM_LIMIT = 120  # seconds after which a claim is ended; it counts as that long
CLAIM_ROUNDS = 5
BATCH = 400  # messages that are out at once, see interop_base.pump_batch
QUEUED = 10_000  # copies that one statement puts into the queue


def publish_at_once(env, count) -> float:
    """Publish ``count`` events, a thousand per transaction; answer when that began."""
    partners = env["res.partner"].search([("ref", "=", "bench")])
    partners.mapped("name")
    start = time.time()
    world.publish(env, count)
    return start


def set_up_ordered(env, url) -> dict[str, int]:
    """Make a suspended flow for each kind of order; answer interfaces by ordering."""
    policy = outbound_flow.policy(env, "Ordered", "0s, 5s, 1h")
    made = {}
    for number, ordering in enumerate(ORDERINGS, start=100):
        contract = outbound_flow.contract(env, f"bench.{ordering}")
        receiver, _secret = outbound_flow.endpoint(
            env, number, url, concurrency=64, ordering=ordering
        )
        interface = outbound_flow.interface(env, number, receiver, contract, policy)
        interface._set_suspended()
        made[ordering] = interface.id
    return made


# -- filling -----------------------------------------------------------------------


def fill_finished(env, interface, count) -> None:
    """Copy a delivered message of an interface ``count`` times, with its attempts."""
    message = env["interop.message"].search(
        [("interface_id", "=", interface), ("state", "=", "done")], limit=1
    )
    copy(env, message.id, count)


def fill_waiting(env, interface, ordering, count) -> None:
    """Let ``count`` messages wait on an ordered flow.

    With ``key``, every other key waits for its first message, which has failed.
    """
    partner = env["res.partner"].search([("ref", "=", "bench")], limit=1)
    env["interop.event"]._publish(f"bench.{ordering}", partner)
    env.cr.commit()
    message, deadline = env["interop.message"], time.monotonic() + 60
    while not message and time.monotonic() < deadline:
        time.sleep(0.5)  # the pump renders it
        env.cr.commit()
        message = message.search([("interface_id", "=", interface)], limit=1)
    keys = min(KEYS, max(1, count // 10))
    copy(env, message.id, count - 1, keys)
    if ordering != "key":
        return
    for start in range(0, keys, 2000):
        names = [f"key{number}" for number in range(start, min(keys, start + 2000), 2)]
        env.cr.execute(
            "SELECT min(id) FROM interop_message WHERE interface_id = %s"
            " AND ordering_key = ANY(%s) GROUP BY ordering_key",
            [interface, names],
        )
        heads = env["interop.message"].browse(row[0] for row in env.cr.fetchall())
        heads._set_dead("schema", "bench", "The bench lets it fail.")
        env.cr.commit()


def copy(env, message_id, count, keys=0) -> None:
    """Copy a message with its attempts, and with its place in the queue if it has one.

    The one place that knows how a message is kept: the bench fills by it alone, whatever
    columns the tables have.

    :param keys: number of ordering keys to share out; 0 keeps the key
    """
    cr = env.cr
    cr.execute("SELECT COALESCE(max(id), 0) FROM interop_message")
    first = cr.fetchone()[0] + 1
    changed = {
        "id": f"{first} + n",
        "external_id": "o.external_id || '-' || n",
        "business_key": "o.business_key || ' ' || n",
        "res_id": "n",
        "sequence": f"{first} + n",
    }
    if keys:
        changed["ordering_key"] = f"'key' || (n %% {int(keys)})"
    _copy_rows(cr, "interop_message", "id", message_id, count, changed)
    attempts = {"message_id": f"{first} + n", "id": None}
    _copy_rows(cr, "interop_attempt", "message_id", message_id, count, attempts)
    cr.execute(
        "SELECT setval(pg_get_serial_sequence('interop_message', 'id'), max(id))"
        " FROM interop_message"
    )
    cr.commit()
    _queue_up(env, message_id, first, count)


def _queue_up(env, message_id, first, count) -> None:
    """Put copies into the queue, where the version has one and their original waits."""
    if "interop.queue" not in env or not env["interop.queue"]._rows([message_id]):
        return
    for start in range(first, first + count, QUEUED):
        ids = range(start, min(first + count, start + QUEUED))
        env["interop.queue"].sudo()._enqueue(list(ids))
        env.cr.commit()


def _copy_rows(cr, table, name, value, count, changed) -> None:
    """Copy the rows of a table with ``name = value`` so many times.

    :param changed: SQL of columns that differ, by name; ``None`` leaves a column to its
        default. ``o`` is the row that is copied, ``n`` the number of the copy.
    """
    columns = [
        name for name in _columns(cr, table) if changed.get(name, "") is not None
    ]
    values = [changed.get(column) or f'o."{column}"' for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    cr.execute(
        f"""INSERT INTO {table} ({names}) SELECT {", ".join(values)}
              FROM generate_series(0, %s - 1) AS n CROSS JOIN {table} o
             WHERE o.{name} = %s ORDER BY n""",
        [count, value],
    )


def _columns(cr, table) -> list[str]:
    """Names of a table's columns that can be written; none without the table."""
    cr.execute(
        """SELECT column_name FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = %s
              AND is_generated = 'NEVER' ORDER BY ordinal_position""",
        [table],
    )
    return [row[0] for row in cr.fetchall()]


# -- claiming ----------------------------------------------------------------------


def time_claims(env, flows) -> dict[str, float]:
    """Claim from each ordered flow and roll back; answer milliseconds by ordering.

    Medians of some rounds, and for how long the search for the next due moment takes.
    """
    world.activate(env, list(flows.values()))
    env.cr.commit()
    figures = {}
    for ordering, interface in flows.items():
        times = [_claim(env, interface) for _round in range(CLAIM_ROUNDS)]
        figures[f"claim_{ordering}_ms"] = _median_ms([time_ for time_, _n in times])
        figures[f"claim_{ordering}_messages"] = times[-1][1]
    figures["next_due_ms"] = _median_ms([_next_due(env) for _round in range(3)])
    world.activate(env, list(flows.values()), active=False)
    return figures


def _median_ms(seconds: list[float]) -> float:
    return round(1000 * sorted(seconds)[len(seconds) // 2], 2)


def _claim(env, interface) -> tuple[float, int]:
    """Seconds of one claim that is rolled back, and how many messages it took."""

    def claim(env):
        pump = env["interop.pump"]
        found = pump._moving_interfaces().filtered(lambda item: item.id == interface)
        lanes, start = pump._lanes(found, BATCH), time.perf_counter()
        claims = pump._claim(lanes, found.ids, 90, False)
        return time.perf_counter() - start, len(claims)

    return _limited(env, claim)


def _next_due(env) -> float:
    """Seconds of the search for the moment when something is due."""

    def search(env):
        start = time.perf_counter()
        env["interop.pump"]._next_due()
        return time.perf_counter() - start, 0

    return _limited(env, search)[0]


def _limited(env, work) -> tuple[float, int]:
    """Do some work as the pump does, for a while at most, and roll it back."""
    from psycopg2.errors import QueryCanceled
    from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

    import odoo.api

    with env.registry.cursor() as cr:
        cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        cr.execute(f"SET statement_timeout = '{CLAIM_LIMIT}s'")
        try:
            return work(odoo.api.Environment(cr, env.uid, {}, su=True))
        except QueryCanceled:
            return float(CLAIM_LIMIT), 0
        finally:
            cr.rollback()
            cr.execute("RESET statement_timeout")
