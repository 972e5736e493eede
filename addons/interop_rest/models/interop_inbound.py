"""The inbound pipeline, in the order in which trust grows.

limits → who is calling → does the signature prove it → read the envelope → only then
touch the database: lock, look for the same message, find its place, validate, claim,
apply. Each step is a small method; a refusal is a ``Problem``, which rolls everything
back.
"""

import hashlib
import time

from odoo import api, models
from odoo.http import request
from odoo.tools import ormcache

from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.exceptions import ConfigurationError
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools import jsonlimits
from odoo.addons.interop_base.tools.errors import EnvelopeError

from .. import const
from ..exceptions import Problem
from ..tools import headers, lifecycle, problems
from ..tools.openapi_envelope import LARGEST_NUMBER
from .inbound_types import Answer, Route


class InteropInbound(models.AbstractModel):
    """From an HTTP request to a message with an effect, or to a refusal without any."""

    _name = "interop.inbound"
    _description = "Inbound Pipeline"

    @api.model
    @api.private
    def _receive(self, call):
        """Take one message.

        :param call: ``inbound_types.Call``
        :returns: ``inbound_types.Answer``
        :raises Problem: refused; nothing may be committed
        """
        client_sudo, proven = self._authenticate(call, "may_send")
        key = self._idempotency_key(call, client_sudo)
        envelope = self._read(call.body, key)
        self._require_id(client_sudo, proven or key, envelope.id)
        self._check_ready(client_sudo)
        call = call._replace(key=key)
        return self._take(client_sudo, envelope, call)

    @api.model
    def _take(self, client_sudo, envelope, call, pauses=const.LOCK_PAUSES):
        """Take one verified message, or answer the same one again.

        :param pauses: seconds to wait for the same message to end elsewhere; a wait
            undoes what the transaction has done before
        """
        known = self._lock(client_sudo, envelope.id, pauses)
        if known:
            return self._replay(known, call)
        route = self._route(client_sudo, envelope)
        self._limit_size(call, client_sudo, route.interface)
        self._limit_interface(call, client_sudo, route.interface)
        self._validate(route.contract, envelope.data)
        message, has_to_wait = self._claim(client_sudo, route, envelope, call)
        self._settle(message, has_to_wait, envelope)
        return self._answer(message, call)

    @api.model
    @api.private
    def _status(self, call, external_id):
        """Tell a client what became of one of its own messages.

        A signature covers the id asked for: ``webhook-id`` has to name it.

        :raises Problem: refused
        """
        client_sudo, proven = self._authenticate(call, "may_read_status")
        self._require_id(client_sudo, proven, external_id)
        # What can be no id is looked up nowhere: the database takes no NUL.
        is_id = headers.message_id(external_id) == external_id
        message = is_id and self._known(client_sudo, external_id)
        if not message:
            raise Problem("not_found", client=client_sudo.code)
        extra = message.contract_id._lifecycle_headers()
        return Answer(200, message._status_body(), extra)

    # ------------------------------------------------------------------
    # Settings
    # ------------------------------------------------------------------
    @api.model
    def _setting(self, parameter):
        """Return a setting within its bounds; anything else counts as the default."""
        return self._settings()[parameter]

    @api.model
    @ormcache(cache="stable")  # forgotten with every change of a system parameter
    def _settings(self):
        """Return all settings by their parameters."""
        # sudo: system parameters are readable by administrators only
        params_sudo = self.env["ir.config_parameter"].sudo()
        found = {}
        for parameter, (default, lowest, highest) in const.SETTINGS.items():
            try:
                value = int(params_sudo.get_param(parameter, ""))
            except ValueError:
                value = default
            found[parameter] = value if lowest <= value <= highest else default
        return found

    @api.model
    def _public_url(self):
        """Return the root address of this server as partners know it.

        The Settings name it; else it is the address of the request that is served, such
        as that of a person at the screen, and without one Odoo's own.
        """
        # sudo: system parameters are readable by administrators only
        params_sudo = self.env["ir.config_parameter"].sudo()
        named = params_sudo.get_param(const.PARAM_PUBLIC_URL)
        if not named and request:
            named = request.httprequest.url_root
        return (named or self.get_base_url()).rstrip("/")

    @api.model
    def _max_body_bytes(self):
        """Return the largest body that is read at all."""
        return 1024 * self._setting(const.PARAM_MAX_BODY_KB)

    @api.model
    def _check_ready(self, client_sudo):
        """Refuse while this database may not exchange messages (copy, missing index,
        …)."""
        try:
            client_sudo.env["interop.guard"]._check_system(client_sudo.system_id)
        except ConfigurationError:
            raise Problem(
                "not_ready", reason="guard", client=client_sudo.code
            ) from None

    # ------------------------------------------------------------------
    # What is sent
    # ------------------------------------------------------------------
    @api.model
    def _read(self, body, key=""):
        """Return the envelope of the verified bytes; ``key`` is the id of one without."""
        value = self._parse(body)
        if key and isinstance(value, dict):
            value.setdefault("id", key)
        try:
            envelope = envelope_tools.parse_envelope(value)
        except EnvelopeError as error:
            raise self._refused("invalid_envelope", error) from None
        self._check_numbers(envelope)
        return envelope

    @api.model
    def _check_numbers(self, envelope):
        """Refuse numbers that the log has no room for."""
        for name in ("sequence", "epoch"):
            if (getattr(envelope, name) or 0) > LARGEST_NUMBER:
                detail = f"At most {LARGEST_NUMBER}."
                entry = {"pointer": f"/{name}", "detail": detail, "code": "invalid"}
                raise Problem("invalid_envelope", reason="invalid", errors=[entry])

    @api.model
    def _parse(self, body, any_integer=False):
        """Return the JSON value of the verified bytes, within the limits.

        :param bool any_integer: take integers beyond 2**53 - 1 exactly, where the sender
            cannot change its bodies
        """
        try:
            return jsonlimits.parse(
                body,
                max_bytes=self._max_body_bytes(),
                max_depth=self._setting(const.PARAM_MAX_DEPTH),
                max_items=self._setting(const.PARAM_MAX_ITEMS),
                any_integer=any_integer,
            )
        except EnvelopeError as error:
            raise self._refused(problems.READER_CODES.get(error.code), error) from None

    @api.model
    def _refused(self, code, error):
        """Return the problem of an ``EnvelopeError``."""
        entry = {"pointer": error.pointer, "detail": error.message, "code": error.code}
        return Problem(code or "invalid_json", reason=error.code, errors=[entry])

    @api.model
    def _validate(self, contract, data):
        """Refuse data that does not match its contract, naming every place."""
        violations = contract._inbound_violations(data)
        if violations:
            raise Problem(
                "schema_violation",
                reason=contract.display_name,
                headers=contract._lifecycle_headers(),
                errors=[
                    {
                        "pointer": f"/data{violation.pointer}",
                        "detail": violation.message,
                        "code": violation.keyword,
                    }
                    for violation in violations
                ],
            )

    # ------------------------------------------------------------------
    # The same message again
    # ------------------------------------------------------------------
    @api.model
    def _lock(self, client_sudo, message_id, pauses):
        """Hold the message for this transaction, or refuse with ``in_flight``; return
        it if this client has sent it before.

        Who had to wait starts again with a fresh snapshot, so that it sees what the
        other one committed. Nothing was written before, so the rollback undoes
        nothing.
        """
        digest = hashlib.sha256(
            f"interop.in:{client_sudo.id}:{message_id}".encode()
        ).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        for pause in (0, *pauses):
            if pause:
                self.env.cr.rollback()
                time.sleep(pause)
            self.env.cr.execute(
                """SELECT pg_try_advisory_xact_lock(%s),
                          (SELECT id FROM interop_message WHERE direction = 'in'
                              AND client_id = %s AND external_id = %s)""",
                [key, client_sudo.id, message_id],
            )
            held, known = self.env.cr.fetchone()
            if held:
                # sudo: the log is read here for a caller that is no user of it
                return client_sudo.env["interop.message"].sudo().browse(known)
        raise Problem("in_flight", headers={"Retry-After": "2"})

    @api.model
    def _known(self, client_sudo, message_id):
        """Return the message that this client has sent under this id before, if any."""
        # sudo: the log is written and read here for a caller that is no user of it
        return (
            client_sudo.env["interop.message"]
            .sudo()
            .search(
                [
                    ("direction", "=", "in"),
                    ("client_id", "=", client_sudo.id),
                    ("external_id", "=", message_id),
                ],
                limit=1,
            )
        )

    @api.model
    def _replay(self, message, call):
        """Answer a message that is here already: as it stands now, or a conflict."""
        if message.body_hash != message.env["interop.vault"]._body_hash(call.body):
            raise Problem(
                "idempotency_key_reused" if call.key else "id_reused",
                client=message.client_id.code,
            )
        answer = self._answer(message, call)
        return answer._replace(headers={**answer.headers, headers.REPLAYED: "true"})

    # ------------------------------------------------------------------
    # Where it belongs
    # ------------------------------------------------------------------
    @api.model
    def _route(self, client_sudo, envelope):
        """Return contract, interface and facility, or refuse."""
        contract = self._contract(client_sudo, envelope)
        interfaces = client_sudo.interface_ids.filtered(
            lambda item: contract in item.contract_ids and item.direction == "in"
        )
        if not interfaces:
            raise Problem("interface_not_allowed", client=client_sudo.code)
        company = self._facility(client_sudo, interfaces, envelope.facility)
        serving = interfaces.filtered(lambda item: company in item.company_ids)
        if not serving or not client_sudo._serves(company):
            raise Problem("facility_not_allowed", client=client_sudo.code)
        active = serving.filtered(lambda item: item.state == "active")
        if not active:
            raise Problem("interface_not_active", client=client_sudo.code)
        moving = active.filtered(lambda item: item._moves())[:1]
        if not moving or company.interop_stopped_at:
            raise Problem("paused", client=client_sudo.code)
        return Route(contract, moving, company)

    @api.model
    def _contract(self, client_sudo, envelope):
        """Return the published contract of the envelope."""
        contract = client_sudo.interface_ids.contract_ids.filtered(
            lambda item: (
                item.message_type == envelope.type
                and item.version == envelope.schema_version
                and item.state in base_const.USABLE_CONTRACT_STATES
            )
        )
        if contract:
            return contract
        contracts = client_sudo.env["interop.contract"].sudo()  # sudo: the catalogue
        if contract := contracts._find(envelope.type, envelope.schema_version):
            return contract
        retired = contracts.with_context(active_test=False).search(
            [
                ("message_type", "=", envelope.type),
                ("version", "=", envelope.schema_version),
                ("state", "=", "retired"),
            ],
            limit=1,
        )
        if not retired:
            raise Problem("unknown_contract", client=client_sudo.code)
        successor = retired._successor(
            client_sudo.interface_ids.filtered(lambda item: item.direction == "in")
        )
        raise Problem(
            "contract_retired",
            client=client_sudo.code,
            detail=f"Use schema_version {successor.version}." if successor else "",
            headers={"Link": lifecycle.DESCRIPTION},
        )

    @api.model
    def _facility(self, client_sudo, interfaces, code):
        """Return the facility that the sender means by ``code``.

        Without a code it is the one facility of the interfaces, if there is only one.
        """
        if code:
            company = client_sudo.system_id._company_for_code(code)
            if not company:
                raise Problem("unknown_facility", client=client_sudo.code)
            return company
        companies = interfaces.company_ids.filtered(client_sudo._serves)
        if len(companies) != 1:
            raise Problem("facility_required", client=client_sudo.code)
        return companies
