"""The common start of all queries: authenticate the client and parse the query."""

from odoo.addons.interop_base.inbound import pipeline

from ..exceptions import Problem
from .authenticate import authenticate, require_id


def read_query(env, call, operation, tool):
    """Return the client, with all rights, and its parsed query.

    :param str operation: field of the client that allows this query
    :param tool: module of ``tools`` with ``signed_id`` and ``parse``
    :raises Refused: authentication failed, or the query is not valid
    """
    client_sudo, covered = authenticate(env, call, operation)
    require_id(client_sudo, covered, tool.signed_id(call.query))
    pipeline.check_ready(client_sudo)
    asked = tool.parse(call.query)
    if not asked:
        raise Problem("invalid_query", client=client_sudo.code)
    return client_sudo, asked
