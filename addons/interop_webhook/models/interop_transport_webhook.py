"""Webhook transport: prepare in a short transaction, send without a transaction."""

import atexit
import os
import secrets
import time
from contextlib import suppress
from typing import NamedTuple

from odoo import models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConfigurationError, HandledError
from odoo.addons.interop_base.models.engine.engine_types import Claim, Result
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools import outcome, redaction, signing, trace
from odoo.addons.interop_base.tools.errors import InteropError

from ..tools import (
    cloudevents,
    header_guard,
    http_channel,
    http_sender,
    message_signing,
    oauth,
    url_guard,
)
from ..tools.errors import WrongContent
from .endpoint_connection import EndpointConnection

_senders = {}


class Content(NamedTuple):
    """The columns of a message that the preparation reads."""

    id: int
    interface_id: int
    test: bool
    traceparent: str | None
    data_class: str
    envelope_format: str | None


def sender():
    """Return the sender of this process; it is created on first use and after a fork."""
    pid = os.getpid()
    if pid not in _senders:
        _senders.clear()
        _senders[pid] = http_sender.Sender(clock.now)
        atexit.register(_close_sender, pid)
    return _senders[pid]


def _close_sender(pid):
    """Close the connections when the process ends; a forked process has none of them."""
    if pid == os.getpid() and pid in _senders:
        with suppress(TimeoutError):
            _senders.pop(pid).close()


class Delivery(NamedTuple):
    """All values for sending one message, without records."""

    claim: Claim
    receiver: http_channel.Receiver
    body: bytes
    headers: dict
    keys: tuple
    grant: oauth.Grant | None
    data_class: str
    retry_other_4xx: bool
    max_retry_after: int
    signer: message_signing.Signer | None = None


class Route(NamedTuple):
    """Values that the messages of one interface share."""

    receiver: http_channel.Receiver
    headers: dict
    keys: tuple
    grant: oauth.Grant | None
    retry_other_4xx: bool
    max_retry_after: int
    payload_limit: int
    signer: message_signing.Signer | None = None


class InteropTransportWebhook(models.AbstractModel):
    """Standard Webhooks over HTTPS."""

    _name = "interop.transport.webhook"
    _inherit = "interop.transport"
    _description = "Webhook Transport"
    _uses_endpoint = True

    def _missing_for_delivery(self, endpoint):
        missing = super()._missing_for_delivery(endpoint)
        if not endpoint._has_usable_secret():
            missing.append(self.env._("a usable secret of endpoint %s", endpoint.name))
        connection = EndpointConnection(endpoint)
        try:
            connection.authorization()
            connection.receiver()
        except (ConfigurationError, url_guard.GuardRefusal) as error:
            missing.append(str(error))
        return missing

    # === PREPARE: one short transaction === #

    def _prepare(self, claims):
        """Return ``(deliveries, results)``; see ``interop.transport``."""
        messages = self._read_messages([claim.message_id for claim in claims])
        bodies = (
            self.env["interop.payload"]
            .browse([claim.payload_id for claim in claims if claim.payload_id])
            ._read_many()
        )
        interfaces = self._interfaces(item.interface_id for item in messages.values())
        routes, free, deliveries, results = {}, {}, [], []
        for claim in claims:
            message, body = messages[claim.message_id], bodies.get(claim.payload_id)
            key = (message.interface_id, message.test)
            if key not in free:
                interface = interfaces[message.interface_id]
                routes[key] = self._prepare_route(interface)
                free[key] = interface.endpoint_id and (
                    interface._may_test() if message.test else interface._moves()
                )
            refusal = self._refusal(routes[key], free[key], body)
            if refusal:
                results.append(_not_sent(claim, *refusal))
                continue
            try:
                deliveries.append(
                    self._prepare_delivery(claim, message, routes[key], body)
                )
            except (WrongContent, InteropError) as error:
                failure = (outcome.DEAD, "internal", "wrong_content", str(error))
                results.append(_not_sent(claim, *failure))
        return deliveries, results

    def _interfaces(self, ids):
        """Return ``{id: interface}`` of one recordset, so that Odoo reads all with one
        query."""
        found = self.env["interop.interface"].browse(set(ids))
        return {interface.id: interface for interface in found}

    def _read_messages(self, ids):
        """Return ``{id: Content}``."""
        messages = self.env["interop.message"]
        messages.flush_model(Content._fields[1:])
        columns = ", ".join(Content._fields)
        self.env.cr.execute(
            f"SELECT {columns} FROM interop_message WHERE id = ANY(%s)",  # pylint: disable=sql-injection
            [ids],
        )
        return {row[0]: Content._make(row) for row in self.env.cr.fetchall()}

    def _prepare_route(self, interface):
        """Return the ``Route`` of an interface, or the exception with the reason."""
        endpoint = interface.endpoint_id
        policy = interface.retry_policy_id
        try:
            self.env["interop.guard"]._check_system(interface.system_id)
            connection = EndpointConnection(endpoint)
            keys, signer = connection.signing_keys(clock.now())
            headers, grant = connection.authorization()
            return Route(
                connection.receiver(),
                {**connection.extra_headers(), **headers},
                keys,
                grant,
                policy.retry_other_4xx,
                policy.max_retry_after,
                endpoint.payload_limit_kb * 1024,
                signer,
            )
        except (
            InteropError,
            url_guard.GuardRefusal,
            header_guard.HeaderRefusal,
        ) as error:
            return error

    def _refusal(self, route, may_leave, body):
        """Return ``(outcome, class, code, text)`` of a refused message, or ``None``."""
        if not may_leave:
            return "deferred", None, "held", "The interface or its endpoint is on hold."
        if isinstance(route, Exception):
            code = route.code if isinstance(route, HandledError) else "configuration"
            return outcome.DEAD, "config", code, str(route)
        if body is None:
            text = "Retention has deleted the content of the message."
            return outcome.DEAD, "internal", "content_purged", text
        if len(body) > route.payload_limit:
            text = (
                f"The message has {len(body)} bytes. The endpoint accepts at most "
                f"{route.payload_limit} bytes (Maximum Message Size)."
            )
            return outcome.DEAD, "config", "too_large", text
        return None

    def _prepare_delivery(self, claim, message, route, body):
        headers = {**route.headers, **_content_headers(message, body)}
        context = trace.parse_traceparent(message.traceparent)
        if context:
            headers["traceparent"] = str(trace.child(context))
        return Delivery(
            claim,
            route.receiver,
            body,
            headers,
            route.keys,
            route.grant,
            message.data_class,
            route.retry_other_4xx,
            route.max_retry_after,
            route.signer,
        )

    # === EXCHANGE: no cursor, no records === #

    def _exchange(self, deliveries, deadline):
        """Yield a ``Result`` per finished delivery; see ``interop.transport``."""
        requests = [
            http_channel.Request(
                delivery,
                delivery.receiver,
                delivery.body,
                lambda own=delivery: _signed_headers(own),
                delivery.grant,
            )
            for delivery in deliveries
        ]
        seconds = max(0.0, deadline - time.monotonic())
        for answer in sender().run(requests, seconds):
            yield _result(answer)


def _content_headers(message, body):
    """Return the headers for the stored bytes.

    :raises WrongContent: the bytes are not a valid envelope
    """
    if message.envelope_format == "structured":
        return {"content-type": envelope_tools.MEDIA_TYPE_CLOUDEVENTS}
    if message.envelope_format == "binary":
        envelope = envelope_tools.parse_envelope(cloudevents.read_object(body))
        return envelope_tools.cloudevents_binary_headers(
            envelope, cloudevents.source_uri(envelope.source)
        )
    return {"content-type": envelope_tools.MEDIA_TYPE}


def _signed_headers(delivery):
    """Return the headers of one attempt, signed with the time of the attempt."""
    if delivery.signer:
        signed = message_signing.headers(
            delivery.signer,
            delivery.claim.external_id,
            clock.timestamp(),
            delivery.body,
            secrets.token_hex(16),
        )
        return {**delivery.headers, **signed}
    return {
        **delivery.headers,
        **signing.headers(
            delivery.claim.external_id, clock.timestamp(), delivery.body, delivery.keys
        ),
    }


def _result(answer):
    """Return the ``Result`` of a response."""
    delivery = answer.ref
    claim = delivery.claim
    if answer.failure == http_sender.NOT_SENT:
        text = "No connection was free in time."
        return _not_sent(claim, "deferred", None, "busy", text)
    if answer.failure:
        verdict = outcome.classify_exception(answer.failure)
        text = answer.detail
    else:
        verdict = outcome.classify_status(
            answer.status, retry_other_4xx=delivery.retry_other_4xx
        )
        text = f"The receiver answered {answer.status}."
    done = verdict.result == outcome.DONE
    return Result(
        claim.message_id,
        claim.lease_token,
        verdict.result,
        answer.started_at,
        duration_ms=answer.duration_ms,
        http_status=answer.status,
        error_class=verdict.error_class,
        error_code=verdict.error_code,
        error_message=None if done else text,
        excerpt=None
        if answer.failure
        else redaction.excerpt(
            answer.body, answer.content_type, data_class=delivery.data_class
        ),
        retry_after=None
        if done
        else outcome.parse_retry_after(
            answer.retry_after, clock.now(), delivery.max_retry_after
        ),
    )


def _not_sent(claim, result, error_class, code, text):
    """Return the result of a claim that was not sent."""
    return Result(
        claim.message_id,
        claim.lease_token,
        result,
        clock.now(),
        error_class=error_class,
        error_code=code,
        error_message=text,
    )
