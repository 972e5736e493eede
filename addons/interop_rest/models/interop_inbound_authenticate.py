"""Who is calling: one refusal for whatever is wrong with the proof."""

from typing import NamedTuple

from odoo import api, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import signing
from odoo.addons.interop_base.tools.errors import SignatureError

from .. import const
from ..exceptions import Problem
from ..tools import headers, message_signatures, tokens
from ..tools.message_signatures import SignatureRefused

# way of proof -> the header by which a caller chooses it
WAYS = {
    "webhook": signing.HEADER_SIGNATURE,
    "token": "authorization",
    "http_signature": message_signatures.HEADER_INPUT,
}
# way of proof -> method; two at once are proven (in vain) as the first
PROVERS = {
    "none": "_prove_signature",
    "webhook": "_prove_signature",
    "token": "_prove_token",
    "http_signature": "_prove_http_signature",
    "vendor": "_prove_vendor",
}


class Proof(NamedTuple):
    """What a proof covers, and the id of the secret that proves it.

    ``covered`` is the id of a message, ``""`` where the proof covers none or the whole
    request, or what the signature of a vendor proves (``vendor_signatures.Proven``).
    """

    covered: object
    secret_id: int


class InteropInbound(models.AbstractModel):
    """The methods of proof; a client has to be allowed the one it uses."""

    _inherit = "interop.inbound"

    @api.model
    def _authenticate(self, call, operation=""):
        """Return ``(client, id that the proof covers)``: ``""`` if it covers none (a
        token) or the whole request (RFC 9421).

        Every failure is the same 401, after the same work: only the log knows the
        reason. The client comes back with its own service user as the environment's
        user.

        :param str operation: the field of the client that allows what is asked for
        """
        code = headers.client_code(
            headers.find(call.headers, headers.CLIENT)
            if call.vendor is None
            else call.vendor
        )
        # Who is refused anyway costs what a client costs: keys are tried in any case.
        # Whatever those of another client say, the refusal stays.
        client_sudo, candidate_sudo = self._client(code)
        now = clock.now()
        method = self._method(call)
        refusal = (
            client_sudo._may_call(now, call.address, method)
            if client_sudo
            else "unknown_client"
        )
        try:
            proof = getattr(self, PROVERS[method])(call, candidate_sudo, now)
        except (SignatureError, SignatureRefused) as error:
            reason = refusal or error.reason
        except ConfigurationError:
            reason = "key_not_readable"
        else:
            reason = refusal
        if reason:
            self._refuse_proof(call, client_sudo, code, reason)
        # So that people see when an old key may go.
        client_sudo.env["interop.secret"].browse(proof.secret_id)._note_used(now)
        client_sudo = client_sudo.with_user(client_sudo.user_id).sudo()
        self._limit_client(call, client_sudo)
        if operation and not client_sudo[operation]:
            raise Problem(
                "operation_not_allowed", reason=operation, client=client_sudo.code
            )
        return client_sudo, proof.covered

    @api.model
    def _method(self, call):
        """Return how the caller wants to prove itself; two ways at once are none."""
        if call.vendor is not None:
            return "vendor"
        names = {name.lower() for name, _value in call.headers}
        ways = [way for way, header in WAYS.items() if header in names]
        if len(ways) > 1:
            return "none"
        return ways[0] if ways else "webhook"

    @api.model
    def _prove_signature(self, call, client_sudo, now):
        """Return the ``Proof`` with the ``webhook-id`` that the signature covers.

        :raises SignatureError: no proof; always so without a client
        """
        verified = signing.verify(
            call.headers,
            call.body,
            client_sudo._verifying_keys(now) if client_sudo else [],
            now=clock.timestamp(),
            tolerance=self._setting(const.PARAM_TOLERANCE),
        )
        return Proof(verified.msg_id, verified.key.key_id)

    @api.model
    def _prove_http_signature(self, call, client_sudo, now):
        """Return a ``Proof`` without id: the signature covers the whole request.

        Messages are known by their ids; any other call is good once.

        :raises SignatureRefused: no proof; always so without a client
        """
        tolerance = self._setting(const.PARAM_TOLERANCE)
        verified = message_signatures.verify(
            message_signatures.Request(
                call.method, call.url, call.headers, bytes(call.body)
            ),
            client_sudo._message_keys(now) if client_sudo else [],
            now=clock.timestamp(),
            tolerance=tolerance,
        )
        nonces_sudo = client_sudo.env["interop.client.nonce"]
        once = call.once or call.method in headers.READING
        if once and not nonces_sudo._use(client_sudo, verified.nonce, tolerance):
            raise SignatureRefused("nonce_used")
        used = client_sudo.secret_ids.filtered(
            lambda item: item.uuid == verified.key_id
        )
        return Proof("", used[:1].id)

    @api.model
    def _prove_token(self, call, client_sudo, now):
        """Return a ``Proof`` without id: a token says who is calling, not what.

        :raises SignatureError: no proof; always so without a client
        """
        secret_sudo = self._matching_token(call, client_sudo, now)
        if not secret_sudo:
            raise SignatureError("no_matching_token")
        return Proof("", secret_sudo.id)

    @api.model
    def _matching_token(self, call, client_sudo, now):
        """Return the secret whose token was sent, perhaps none."""
        token = tokens.bearer(headers.find(call.headers, "Authorization"))
        found = client_sudo._readable(client_sudo._tokens(now)) if client_sudo else []
        position = tokens.matching(token, [digest for _secret, digest in found])
        return (
            client_sudo.secret_ids.browse() if position is None else found[position][0]
        )

    @api.model
    def _require_id(self, client_sudo, proven, asked):
        """Refuse a signature that covers another id than the one it is used for."""
        if proven and proven != asked:
            raise Problem("id_mismatch", client=client_sudo.code)
