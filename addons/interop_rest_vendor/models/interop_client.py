"""Clients that receive webhooks of vendors."""

import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get
from odoo.addons.interop_base.tools.signing import VerifyingKey

from ..tools import vendor_envelope, vendor_signatures

# Fields with places in an event, and the place of the event list in a body.
EVENT_PATHS = (
    "event_id_path",
    "event_data_path",
    "event_facility_path",
    "event_time_path",
)
PATHS = (*EVENT_PATHS, "event_list_path")
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


class InteropClient(models.Model):
    """Adds the signature scheme, and the mapping of vendor events to messages."""

    _inherit = "interop.client"

    accepts_vendor = fields.Boolean(
        "Vendor Webhooks",
        tracking=True,
        help="The client may receive webhooks that a vendor signs with its own signature "
        "scheme. They arrive at the webhook address of the client.",
    )
    webhook_url = fields.Char("Webhook Address", compute="_compute_webhook_url")
    signature_scheme_id = fields.Many2one(
        "interop.signature.scheme",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        help="Describes how the vendor signs its webhooks.",
    )
    scheme_is_weak = fields.Boolean(related="signature_scheme_id.is_weak")
    event_type_from = fields.Selection(
        [
            ("fixed", "One Type for All Events"),
            ("path", "Place in the Body"),
            ("header", "Header"),
        ],
        default="fixed",
        tracking=True,
        help="Where the vendor states the type of an event. Prefer a place in the body, "
        "because most vendors do not sign headers.",
    )
    event_type_name = fields.Char(
        "Event Type Place",
        tracking=True,
        help="The name of the header with the event type, such as X-Event, or the place "
        "in the body, such as /event/type.",
    )
    event_type_ids = fields.One2many(
        "interop.client.event.type", "client_id", "Event Types", copy=True
    )
    event_list_path = fields.Char(
        "Event List",
        tracking=True,
        help="The place of a list of events in the body, such as /events. Each event "
        "becomes a message, and all other places are inside an event. Leave empty if the "
        "body is one event, or is itself the list of events.",
    )
    event_id_path = fields.Char(
        "Event ID",
        tracking=True,
        help="The place of the event id, such as /id. Leave empty to use the id that the "
        "signature covers. If it covers no id, events with the same content count as the "
        "same event.",
    )
    event_data_path = fields.Char(
        "Data",
        tracking=True,
        help="The place of the data that matches the contract, such as /data. Leave empty "
        "if the whole event is the data.",
    )
    event_facility_path = fields.Char(
        "Facility",
        tracking=True,
        help="The place of the facility code, such as /site. Leave empty if the interface "
        "serves one facility.",
    )
    event_time_path = fields.Char(
        "Time",
        tracking=True,
        help="The place of the event time, such as /created_at. If the time cannot be "
        "read, the signed time is used; without a signed time the webhook is refused. "
        "Leave empty to use the signed time, or the time of arrival if no time is signed.",
    )
    event_time_format = fields.Selection(
        [
            ("auto", "Detect"),
            ("unix", "Seconds since 1970"),
            ("unix_ms", "Milliseconds since 1970"),
        ],
        "Time Format",
        required=True,
        default="auto",
        tracking=True,
        help="Detect accepts RFC 3339, ISO 8601, dates, dates of e-mail (RFC 5322), and "
        "numbers since 1970. Up to 11 digits are seconds, up to 14 digits milliseconds.",
    )
    event_time_zone = fields.Selection(
        _tz_get,
        "Time Zone",
        tracking=True,
        help="The time zone of dates and of times without an offset. Leave empty if every "
        "time has an offset; other times are then unreadable.",
    )

    @api.depends("code")
    def _compute_webhook_url(self):
        base_url = self.env["interop.rest.settings"]._public_url()
        for client in self:
            client.webhook_url = f"{base_url}/interop/v1/webhooks/{client.code or ''}"

    @api.constrains(*PATHS, "event_type_from", "event_type_name")
    def _check_event_places(self):
        for client in self:
            for name in (*PATHS, "event_type_name"):
                client._check_event_place(name)

    def _check_event_place(self, name):
        text = self[name] or ""
        if name == "event_type_name" and self.event_type_from == "header":
            fine = not text or HEADER_NAME.fullmatch(text)
        else:
            fine = vendor_envelope.is_pointer(text)
        if not fine:
            raise ValidationError(
                self.env._(
                    "Client %(client)s, field %(field)s: %(text)s is not a valid place. "
                    "Enter a JSON Pointer such as /event/type, or for a header its name "
                    "such as X-Event.",
                    client=self.name,
                    field=self._fields[name].string,
                    text=text,
                )
            )

    def _event_places(self):
        """Return the names of the fields with places in an event."""
        kinds = ["event_type_name"] if self.event_type_from == "path" else []
        return [*EVENT_PATHS, *kinds]

    # === APPROVAL === #

    @api.model
    def _approved_fields(self):
        return super()._approved_fields() | {
            "signature_scheme_id",
            "event_type_from",
            "event_type_name",
            "event_type_ids",
            "event_time_format",
            "event_time_zone",
            *PATHS,
        }

    def _approval_state(self):
        state = super()._approval_state()
        if self.accepts_vendor:
            scheme = self.signature_scheme_id
            state["signature_scheme"] = scheme and scheme._approval_texts()
            state["events"] = [
                f"{line.value or '–'} = {line.contract_id.display_name or 'ignored'}"
                for line in self.event_type_ids
            ]
        return state

    def _missing_for_activation(self):
        missing = super()._missing_for_activation()
        if self.accepts_vendor:
            required = [
                (self.signature_scheme_id, self.env._("a signature scheme")),
                (
                    self.event_type_from == "fixed" or self.event_type_name,
                    self.env._("the place of the event type"),
                ),
                (
                    self.event_type_ids.contract_id,
                    self.env._("a contract for at least one event type"),
                ),
            ]
            missing += [label for present, label in required if not present]
        return missing

    # === AUTHENTICATION === #

    @api.model
    def _auth_methods(self):
        return {**super()._auth_methods(), "vendor": "accepts_vendor"}

    def _secret_values(self, kind):
        values = super()._secret_values(kind)
        if kind == "credential":
            values["name"] = f"{self.name}: {self.env._('Vendor secret')}"
        return values

    def _can_authenticate(self, now):
        return super()._can_authenticate(now) or bool(
            self.accepts_vendor and self._vendor_secrets(now)
        )

    def _vendor_secrets(self, now):
        """Return the secrets for webhooks of the vendor that are valid at ``now``."""
        by_key = self.signature_scheme_id.algorithm == vendor_signatures.ED25519
        kind = "ed25519_public" if by_key else "credential"
        return self._keys_of((kind,))._usable(now)

    @api.private
    def _vendor_keys(self, now):
        """Return the raw keys for webhooks of the vendor at ``now``, newest first."""
        scheme = self.signature_scheme_id
        return [
            VerifyingKey.from_text(text).material
            if scheme.algorithm == vendor_signatures.ED25519
            else scheme._decode_key(text)
            for _secret, text in self._decrypted(self._vendor_secrets(now))
        ]

    @api.private
    def _event_type(self, call, value):
        """Return the event type line of an event, empty if the type is not listed."""
        if self.event_type_from == "fixed":
            return self.event_type_ids[:1]
        if self.event_type_from == "path":
            kind = vendor_envelope.text_at(value, self.event_type_name)
        else:
            name = self.event_type_name.lower()
            found = [text for key, text in call.headers if key.lower() == name]
            kind = found[0] if len(found) == 1 else ""
        return self.event_type_ids.filtered(lambda item: kind and item.value == kind)

    def action_set_vendor_secret(self):
        """Open the dialog for the secret of the vendor."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Vendor Secret"),
            "res_model": "interop.client.secret.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"default_client_id": self.id},
        }
