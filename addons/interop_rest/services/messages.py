"""Receive messages, and answer their status."""

import logging
from urllib.parse import quote

from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.inbound import pipeline, read, store

from .. import const
from ..exceptions import Problem
from ..tools import batch, headers, problems
from .authenticate import authenticate, idempotency_key, require_id
from .call import Answer

_logger = logging.getLogger(__name__)

STATUS_PATH = "/interop/v1/messages/"


def receive(env, call):
    """Receive one message.

    :raises Refused: nothing was stored; the caller must roll back
    """
    client_sudo, covered = authenticate(env, call, "may_send")
    key = idempotency_key(call, client_sudo)
    delivered = delivery(env, call, key=key, proven_id=covered or key)
    return answer_taken(pipeline.receive(client_sudo, delivered), call)


def receive_batch(env, call, lines):
    """Receive the messages of a batch in order, each with a separate result.

    The ``webhook-id`` of the request is signed and has no other use. A batch can be
    repeated because each message has its own id.

    :param bool lines: NDJSON instead of a JSON array
    :raises Refused: the whole batch is refused; nothing was stored
    """
    client_sudo, _batch_id = authenticate(env, call, "may_send")
    try:
        bodies = batch.split(call.body, lines, const.BATCH_MESSAGES)
    except batch.BatchError as error:
        raise Problem(error.code, client=client_sudo.code) from None
    pipeline.check_ready(client_sudo)
    results = []
    for index, body in enumerate(bodies):
        item = call._replace(body=body)
        results.append({"index": index, **_receive_item(env, client_sudo, item)})
        if not len(results) % const.BATCH_COMMIT:
            # Each message holds a lock until the commit, and PostgreSQL's lock table is
            # small. If the request is repeated, committed messages are found by their id.
            env.cr.commit()  # pylint: disable=invalid-commit
    return Answer(200, {"results": results}, {})


def _receive_item(env, client_sudo, item):
    """Return the result of one message of a batch; a refusal rolls back only this one."""
    identity = {}
    try:
        with env.cr.savepoint():
            delivered = delivery(env, item, pauses=())
            envelope = read.envelope(item.body, delivered.limits)
            identity["id"] = envelope.id
            taken = pipeline.take(client_sudo, envelope, delivered)
            answer = answer_taken(taken, item)
    except Refused as refused:
        answer = refusal(env, refused, item)
    return item_result(identity, answer)


def status(env, call, external_id):
    """Answer the status of one message of the client.

    The ``webhook-id`` of a signed call is the id of that message.

    :raises Refused: authentication failed, or the client sent no message with this id
    """
    client_sudo, covered = authenticate(env, call, "may_read_status")
    require_id(client_sudo, covered, external_id)
    # A text that is not a valid id is not searched: PostgreSQL refuses NUL characters.
    is_id = headers.message_id(external_id) == external_id
    message = is_id and store.find(client_sudo, external_id)
    if not message:
        raise Problem("not_found", client=client_sudo.code)
    extra = message.contract_id._lifecycle_headers()
    return Answer(200, message._status_body(), extra)


def delivery(env, call, **values):
    """Return the ``pipeline.Delivery`` of a call."""
    return pipeline.Delivery(
        call.body,
        trace=call.trace,
        limits=env["interop.rest.settings"]._limits(),
        rates=call.limits,
        **values,
    )


# === ANSWERS === #


def answer_taken(taken, call):
    """Return the answer for a message that was received now or before."""
    if taken.accepted:
        return _answer_accepted(taken.accepted)
    found = answer(taken.message, call)
    if taken.repeated:
        found = found._replace(headers={**found.headers, headers.REPLAYED: "true"})
    return found


def _answer_accepted(accepted):
    """Return the answer for a message that was just stored for the pump.

    It equals the result of :func:`answer`, without reading the row.
    """
    envelope = accepted.envelope
    body = {
        "id": envelope.id,
        "type": envelope.type,
        "schema_version": envelope.schema_version,
        "status": "pending",
        "received_at": accepted.stored_at.isoformat(timespec="seconds") + "Z",
    }
    location = STATUS_PATH + quote(envelope.id, safe="")
    extra = accepted.contract._lifecycle_headers()
    return Answer(202, body, {**extra, "Location": location})


def answer(message, call):
    """Return the answer for a message in its current state."""
    status_code = message._answer_status()
    location = STATUS_PATH + quote(message.external_id, safe="")
    extra = message.contract_id._lifecycle_headers()
    if status_code != 422:
        if status_code == 202:
            extra["Location"] = location
        return Answer(status_code, message._status_body(), extra)
    code = problems.failure_code(message.error_code)
    if message.state == "cancelled":
        code = "cancelled"
    documented = message.error_code == code and message.state != "cancelled"
    detail = message.error_message if documented else ""
    body = problems.problem(
        code,
        base_url=call.base_url,
        trace_id=call.trace.trace_id,
        detail=detail,
        errors=message._answer_errors(detail or problems.KINDS[code].advice),
        message=message._status_body(),
        status_url=location,
    )
    return Answer(422, body, extra, problems.MEDIA_TYPE)


def item_result(identity, answered):
    """Return the result of one message of several.

    :param dict identity: the member ``id``, if the envelope could be read
    :param Answer answered: the answer for this message alone
    """
    member = "message" if answered.status < 400 else "problem"
    result = {**identity, "status": answered.status, member: answered.body}
    for header, name in const.BATCH_HEADERS.items():
        if header in answered.headers:
            result[name] = answered.headers[header]
    if headers.REPLAYED in answered.headers:
        result["replayed"] = True
    return result


def refusal(env, refused, call):
    """Log a refusal that does not end the request, and return its answer."""
    problem = Problem.of(refused)
    problem.trace_id = call.trace.trace_id
    _logger.info("%s", problem)
    body = problems.problem(
        problem.code,
        base_url=call.base_url,
        trace_id=problem.trace_id,
        detail=problem.detail,
        errors=problem.errors,
    )
    extra = dict(problem.headers)
    if problem.status == 503:
        wait = env["interop.rest.settings"]._setting(const.PARAM_RETRY_AFTER)
        extra.setdefault("Retry-After", str(wait))
    return Answer(problem.status, body, extra, problems.MEDIA_TYPE)
