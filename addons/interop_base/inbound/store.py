"""Third step: insert the message row: log line, replay guard and idempotency record."""

import hashlib
import time

import psycopg2

from .. import db
from ..exceptions import Refused
from ..models.log.message_search import stored_keys
from ..models.vault.interop_payload import SEALED
from ..tools import trace as trace_tools

# Pauses while the same message is in progress elsewhere, in all a little under 2 s.
LOCK_PAUSES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.2, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25)
RETRY_AFTER = 2  # seconds; by then the same message has an answer, as a rule

# Whether an earlier message with the same ordering key is in progress or parked. The
# INSERT evaluates it: every row that is there at that moment has an earlier number.
_WAITS = """EXISTS (SELECT FROM interop_queue AS earlier
                     WHERE earlier.lane = %s AND earlier.ordering_key = %s
                       AND earlier.state IN ('pending', 'parked'))"""
# The clock of the database: workers compare due times with it.
_NOW = "clock_timestamp() AT TIME ZONE 'UTC'"
_TIMES = ("create_date", "write_date")


def lock(client_sudo, message_id, pauses=LOCK_PAUSES):
    """Lock the pair of client and message id until the transaction ends.

    Return the message if this client has sent it before, else an empty recordset.

    After a wait the transaction starts again with a fresh snapshot, so that it sees the
    commit of the other one. Nothing was written before, so the rollback undoes nothing.

    :raises Refused: ``in_flight``
    """
    cr = client_sudo.env.cr
    text = f"interop.in:{client_sudo.id}:{message_id}"
    digest = hashlib.sha256(text.encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    for pause in (0, *pauses):
        if pause:
            cr.rollback()
            time.sleep(pause)
        cr.execute(
            """SELECT pg_try_advisory_xact_lock(%s),
                      (SELECT id FROM interop_message WHERE direction = 'in'
                          AND client_id = %s AND external_id = %s)""",
            [key, client_sudo.id, message_id],
        )
        held, known = cr.fetchone()
        if held:
            return client_sudo.env["interop.message"].browse(known)
    raise Refused("in_flight", retry_after=RETRY_AFTER)


def find(client_sudo, message_id):
    """Return the message that this client sent under this id before, empty if none."""
    return client_sudo.env["interop.message"].search(
        [
            ("direction", "=", "in"),
            ("client_id", "=", client_sudo.id),
            ("external_id", "=", message_id),
        ],
        limit=1,
    )


def same(message, delivery):
    """Return the stored message if the same body was sent again.

    :raises Refused: the id came with another body
    """
    if message.body_hash != message.env["interop.vault"]._body_hash(delivery.body):
        raise Refused(
            "idempotency_key_reused" if delivery.key else "id_reused",
            client=message.client_id.code,
        )
    return message


def insert(client_sudo, route, envelope, delivery):
    """Insert the message row and its encrypted content.

    :returns: ``(message, has_to_wait, stored_at)``; ``has_to_wait``: an earlier
        real-time message with the same ordering key is not applied yet
    :raises Refused: the same message just arrived in another transaction, or the
        database cannot store a value
    """
    values = _values(client_sudo, route, envelope, delivery)
    waits, asked = "false", []
    if values["ordering_key"] and route.flow.latency_tier == "real_time":
        waits, asked = _WAITS, [values["lane"], values["ordering_key"]]
    content = (
        route.company.id,
        route.flow.data_class,
        delivery.content or delivery.body,
    )
    (sealed,) = client_sudo.env["interop.payload"]._sealed([content])
    names = ", ".join(f'"{name}"' for name in (*values, *_TIMES))
    marks = ", ".join(["%s"] * len(values) + [_NOW] * len(_TIMES))
    # No create(): if another transaction has just inserted the same message, the
    # statement must neither raise nor be logged. One statement stores content and row
    # together or not at all.
    found = _fetch(
        client_sudo,
        f"""WITH content AS (
                INSERT INTO interop_payload ({SEALED}, created_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, now() AT TIME ZONE 'UTC')
                RETURNING id)
            INSERT INTO interop_message ({names}, payload_id)
            SELECT {marks}, id FROM content
                ON CONFLICT DO NOTHING
             RETURNING id, {waits}, create_date""",
        [*sealed, *values.values(), *asked],
    )
    if not found:
        raise Refused("in_flight", retry_after=RETRY_AFTER, client=client_sudo.code)
    ((message_id, has_to_wait, stored_at),) = found
    message = client_sudo.env["interop.message"].browse(message_id)
    return message, has_to_wait, stored_at


def _fetch(client_sudo, query, params):
    """Run the INSERT; turn an error about its values into a refusal of the message,
    since sending the same content again would fail again."""
    code, refused = "content_refused", None
    try:
        return db.fetch(client_sudo.env.cr, query, params)
    except (psycopg2.Error, ValueError) as error:
        if not db.is_about_content(error):
            raise
        if db.may_be_a_race(error):
            code = (
                "technical"  # another transaction removed a record that the row names
            )
        refused = type(error).__name__
    # Raised outside "except": the exception of the database quotes values.
    raise Refused(code, reason=refused, client=client_sudo.code)


def _values(client_sudo, route, envelope, delivery):
    """Return the columns of the message row: hashes and blind indexes, no content."""
    flow, env = route.flow, client_sudo.env
    data_class = flow.data_class
    keys = route.contract._handler()._inbound_keys(envelope)
    trace = delivery.trace
    return {
        "direction": "in",
        "client_id": client_sudo.id,
        "external_id": envelope.id,
        "interface_id": flow.interface_id,
        "system_id": client_sudo.system_id.id,
        "contract_id": route.contract.id,
        "company_id": route.company.id,
        "state": "pending",
        "data_class": data_class,
        "test": envelope.test,
        "lane": flow.lane,
        "attempt_count": 0,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "traceparent": str(
            trace_tools.child(trace) if trace else trace_tools.new_trace()
        ),
        "sequence": envelope.sequence,
        "epoch": envelope.epoch,
        "occurred_at": envelope.occurred_at.replace(tzinfo=None),
        "size": len(delivery.content or delivery.body),
        "body_hash": env["interop.vault"]._body_hash(delivery.body),
        **stored_keys(env, data_class, *keys),
        "create_uid": env.uid,
        "write_uid": env.uid,
    }
