"""Reconciliation: compare the messages that a client sent with those that arrived.

It covers the client's own messages, on its interfaces and for its facilities. One SQL
statement answers any number of messages, and one writes the audit event.
"""

from odoo.addons.interop_base import db
from odoo.addons.interop_base.inbound import pipeline, read
from odoo.addons.interop_base.models.log.message_state import STATE
from odoo.addons.interop_base.tools import rfc3339

from ..exceptions import Problem
from ..models.interop_message import public_code
from ..tools import reconcile as tool
from .authenticate import authenticate
from .call import Answer

MAX_DEPTH = 4
MAX_ITEMS = 5 * tool.MAX_MESSAGES


def reconcile(env, call):
    """Answer the status of the messages that a client lists, or their number.

    :raises Refused: authentication failed, or the body is not valid or not allowed
    """
    call = call._replace(once=True)
    client_sudo, _covered = authenticate(env, call, "may_reconcile")
    pipeline.check_ready(client_sudo)
    asked = _read(client_sudo, call.body)
    interfaces = _reconciled_interfaces(client_sudo, asked.interface)
    companies = _reconciled_facilities(client_sudo, asked.facility)
    if asked.window:
        states = _states_within(client_sudo, asked.window, interfaces, companies)
        body = tool.counted(asked.window, states)
        short = max(0, -body["window"]["difference"])
    else:
        found = _states_of(client_sudo, asked.messages, interfaces, companies)
        keyed = client_sudo.env["interop.vault"]._body_hash_of
        body = tool.compared(asked.messages, found, keyed)
        short = body["totals"].get(tool.UNKNOWN, 0)
    number = asked.window.count if asked.window else len(asked.messages)
    client_sudo.env["interop.audit.event"]._log(
        "viewed",
        client_sudo,
        f"Reconciled {number} sent messages: {short} not received",
    )
    return Answer(200, body, {})


def _read(client_sudo, body):
    """Return the ``tool.Asked`` of a body."""
    limits = client_sudo.env["interop.rest.settings"]._limits()
    value = read.parse(body, limits._replace(max_depth=MAX_DEPTH, max_items=MAX_ITEMS))
    try:
        return tool.parse(value, read_time=rfc3339.parse)
    except tool.ReconcileError as error:
        entry = {
            "pointer": error.pointer,
            "detail": error.detail,
            "code": "invalid",
        }
        raise Problem(error.code, client=client_sudo.code, errors=[entry]) from None


def _reconciled_interfaces(client_sudo, code):
    """Return the inbound interfaces to compare: all of the client, or one.

    Interfaces in any state count, because messages may be older than the current state.
    """
    inbound = client_sudo.interface_ids.filtered(lambda item: item.direction == "in")
    found = inbound.filtered(lambda item: item.code == code) if code else inbound
    if not found:
        raise Problem(
            "interface_not_allowed",
            detail="The client has no inbound interface with this code."
            if code
            else "The client has no inbound interface.",
            client=client_sudo.code,
        )
    return found


def _reconciled_facilities(client_sudo, code):
    """Return the facilities to compare: all of the client, or one."""
    companies = client_sudo._facilities()
    if not code:
        return companies
    company = client_sudo.system_id._company_for_code(code)
    if not company:
        raise Problem("unknown_facility", client=client_sudo.code)
    if company not in companies:
        raise Problem("facility_not_allowed", client=client_sudo.code)
    return company


def _states_of(client_sudo, stated, interfaces, companies):
    """Return ``{id: tool.Found}`` of the client's own messages."""
    client_sudo.env.flush_all()
    rows = db.fetch(
        client_sudo.env.cr,
        f"""SELECT external_id, {STATE}, error_kind, error_code, body_hash,
                  create_date, done_at,
                  interface_id = ANY(%s) AND company_id = ANY(%s)
             FROM interop_message m
            WHERE direction = 'in' AND client_id = %s AND external_id = ANY(%s)""",
        [
            interfaces.ids,
            companies.ids,
            client_sudo.id,
            list({item.id for item in stated}),
        ],
    )
    return {row[0]: _found(*row[1:]) for row in rows}


def _found(state, kind, error, body_hash, received, finished, visible):
    """Return the ``tool.Found`` of one row."""
    return tool.Found(
        state,
        visible,
        body_hash,
        f"{received.isoformat(timespec='seconds')}Z",
        f"{finished.isoformat(timespec='seconds')}Z" if finished else "",
        public_code(state, kind, error),
    )


def _states_within(client_sudo, window, interfaces, companies):
    """Return ``{state: number}`` of the client's own messages in a time window."""
    client_sudo.env.flush_all()
    return dict(
        db.fetch(
            client_sudo.env.cr,
            f"""SELECT {STATE}, count(*) FROM interop_message m
                WHERE direction = 'in' AND client_id = %s
                  AND interface_id = ANY(%s) AND company_id = ANY(%s)
                  AND occurred_at >= %s AND occurred_at < %s
                GROUP BY 1""",
            [
                client_sudo.id,
                interfaces.ids,
                companies.ids,
                *(moment.replace(tzinfo=None) for moment in (window.start, window.end)),
            ],
        )
    )
