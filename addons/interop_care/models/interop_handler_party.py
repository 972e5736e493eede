"""Shared code of the handlers of people, providers and locations."""

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import escape_psql

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    Skipped,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tools import field_report, statement
from odoo.addons.interop_base.tools.schema import Violation
from odoo.addons.interop_base.tools.text import MAX_TEXT
from odoo.addons.interop_identifier.models.identity_resolver import (
    IdentityResolver,
    message_keys,
)

from ..tools import address as address_tools

# FHIR ContactPoint.system -> field. The first of each kind counts.
TELECOM_FIELDS = {"phone": "phone", "email": "email", "url": "website"}


class InteropHandlerParty(models.AbstractModel):
    """Finds or creates the partner of a message."""

    _name = "interop.handler.party"
    _inherit = "interop.handler"
    _description = "Handler of Partners"

    _one_line = True
    _verbatim = frozenset({"identifiers", "parent", "locations", "survivor", "prior"})
    # Partner field that marks the records of a handler.
    _partner_flag = "interop_is_person"
    # Whether every message states that the facility knows the partner.
    _registers = False
    # Which telephone counts when there are several.
    _telecom_use = "work"

    def _inbound_keys(self, envelope):
        return message_keys(envelope, envelope.data.get("identifiers"))

    def _content_violations(self, data, cleaned):
        """Check members that Odoo stores in one field and sends as one member."""
        found = super()._content_violations(data, cleaned)
        words = self.env._(
            "The parts together have more than %s characters. Shorten them.", MAX_TEXT
        )
        name = cleaned.get("name")
        if isinstance(name, dict) and len(self._full_name(name)) > MAX_TEXT:
            found.append(Violation("/name", "maxLength", words))
        address = cleaned.get("address", {})
        if len(self._city_text(address)) > MAX_TEXT:
            found.append(Violation("/address/city", "maxLength", words))
        for place, point in enumerate(cleaned.get("telecom", ())):
            if point["system"] == "url" and not self._fits_website(point["value"]):
                found.append(
                    Violation(
                        f"/telecom/{place}/value",
                        "format",
                        self.env._("The value is not the address of a website."),
                    )
                )
        return found

    @api.model
    def _fits_website(self, value):
        """Return whether Odoo can store a web address and send it again."""
        try:
            website = self.env["res.partner"]._clean_website(value)
        except ValueError:  # such as a bracket that does not enclose an IPv6 address
            return False
        return len(website) <= MAX_TEXT

    @api.model
    def _city_text(self, address):
        """Return city and state as one text, for a state that Odoo does not list."""
        return ", ".join(filter(None, [address.get("city"), address.get("state")]))

    def _upsert(self, message, data, values):
        """Create or update the partner of ``data`` with field ``values`` and its
        identifiers."""
        values = {**values, self._partner_flag: True}
        identifiers = self.env["interop.identifier"]
        wires = data["identifiers"]
        looked_up = IdentityResolver(identifiers).look_up(
            wires, message.company_id, message.system_id
        )
        partner = self._find_party(message, wires, values, looked_up)
        leaves = False
        if partner:
            leaves = self._admit(partner, message, values)
            self._update(partner, message, values)
            identifiers._link(partner, wires, message)
        else:
            partner = self._create(message, values)
            identifiers._link(partner, wires, message, looked_up)
        if leaves:
            partner._interop_leave(message.company_id)
        message._note_fields(
            field_report.entries("res.partner", partner.id, self._left_out(data))
        )
        return partner

    @api.model
    def _left_out(self, data):
        """Return ``{name: Decision}`` of stated members that Odoo cannot store, for the
        sender."""
        kinds = [TELECOM_FIELDS[point["system"]] for point in data.get("telecom", ())]
        first = field_report.Decision(field_report.IGNORED, field_report.ONLY_FIRST)
        return {"telecom": first} if len(kinds) > len(set(kinds)) else {}

    @api.model
    def _find_party(self, message, wires, values, looked_up):
        """Return the partner of the identifiers, None if the message may create one.

        The new partner gets field ``values``. ``looked_up`` is the look-up of the
        identifiers.

        :raises UnknownIdentifier: the interface asks a steward to decide
        """
        partner = self._resolve_party(message, wires, looked_up)
        return partner or self.env["interop.identifier"]._resolve_unknown(
            wires, message, "res.partner"
        )

    @api.model
    def _resolve_party(self, message, wires, looked_up=None):
        """Return the partner that has these identifiers of the sender, or None."""
        return self.env["interop.identifier"]._resolve(
            wires,
            message.company_id,
            model="res.partner",
            system=message.system_id,
            at=message.occurred_at,
            looked_up=looked_up,
        )

    @api.model
    def _numbers(self, message, wires):
        """Return the identifiers as ``{(namespace id, normalized value)}``."""
        named = self.env["interop.identifier"]._parse(
            wires, message.company_id, message.system_id
        )
        return {(item.namespace.id, item.normalized) for item in named}

    @api.model
    def _admit(self, partner, message, values):
        """Let the facility of the message know the partner.

        ``active: false`` of a person known at other facilities concerns only this
        facility: the person leaves it and is not archived. Then ``active`` is removed
        from ``values``.

        :return: whether the person leaves
        :raises Skipped: the person has left the facility since
        """
        company = message.company_id
        memberships_sudo = partner._interop_memberships_sudo()
        active_sudo = memberships_sudo.filtered(lambda item: item.state == "active")
        here_sudo = active_sudo.filtered(lambda item: item.company_id == company)
        if not here_sudo:
            self._check_not_left_since(memberships_sudo - active_sudo, message)
            partner._interop_join(company)
        is_newer = not here_sudo or statement.is_newer(
            message._statement(), here_sudo._known_statement()
        )
        if values.get("active") is not False:
            if here_sudo and is_newer and (values.get("active") or self._registers):
                here_sudo._set_stated(message)
            return False
        if not is_newer:  # a message older than the registration does not undo it
            stale = field_report.Decision(field_report.IGNORED, field_report.STALE)
            message._note_fields(
                field_report.entries("res.partner", partner.id, {"active": stale})
            )
        elif active_sudo == here_sudo:
            return False
        del values["active"]
        return is_newer

    @api.model
    def _check_not_left_since(self, ended_sudo, message):
        """Refuse to let a person join who left by a newer statement."""
        stated = message._statement()
        later = ended_sudo.filtered(
            lambda item: (
                item.company_id == message.company_id
                and not statement.is_newer(stated, item._known_statement())
            )
        )
        if later:
            raise Skipped(
                self.env._(
                    "The person left this facility after the time that this message "
                    "is about."
                ),
                code=field_report.STALE,
            )

    @api.model
    def _update(self, partner, message, values):
        """Write the values that the rules allow and that differ; report them to the
        message."""
        partner.check_access("write")
        # sudo: other addons react to changed contacts by reading their own models, to
        # which a service user has no access. The access to the contact was checked
        # above.
        partner_sudo = partner.sudo()
        partner_sudo._apply_governed(message, values)

    @api.model
    def _create(self, message, values):
        """Create a partner with the sender's rights, see :meth:`_update`."""
        partners = self.env["res.partner"]
        partners.check_access("create")
        # sudo: see _update; record rules are checked on the result. The creation is not
        # noted: provenance names the message of each field.
        partners_sudo = partners.sudo().with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True
        )
        partner_sudo, _outcome = partners_sudo._create_governed(message, values)
        partner = partner_sudo.with_env(self.env)
        partner.check_access("create")
        return partner

    @api.model
    def _referenced(self, message, wires, flag=None):
        """Return the partner that a message refers to.

        The facility has to know it already. If ``flag`` is given, the partner needs
        that mark.

        :raises UnknownIdentifier: it is unknown; the message waits
        """
        partner = self._resolve_party(message, wires)
        if not partner:
            partner = self.env["interop.identifier"]._resolve_unknown(
                wires, message, "res.partner", create=False
            )
        if not partner.has_access("read") or (flag and not partner[flag]):
            raise UnknownIdentifier(
                self.env._(
                    "The message refers to a person or a location that this "
                    "facility does not know yet. Send that record first, then retry "
                    "the message."
                )
            )
        return partner

    # ------------------------------------------------------------------
    # Values
    # ------------------------------------------------------------------
    @api.model
    def _full_name(self, name):
        """Return the name as one text; the sender's own text comes first."""
        if name.get("text"):
            return name["text"]
        parts = [
            *name.get("prefix", ()),
            *name.get("given", ()),
            name.get("family", ""),
        ]
        suffix = ", ".join(name.get("suffix", ()))
        text = " ".join(part for part in parts if part)
        return ", ".join(filter(None, [text, suffix]))

    @api.model
    def _contact_values(self, data):
        """Return the partner values of ``telecom``, ``address`` and ``active``."""
        values = {}
        points = sorted(
            data.get("telecom", ()),
            key=lambda point: point.get("use") != self._telecom_use,
        )
        for point in points:
            name = TELECOM_FIELDS.get(point["system"])
            if name:
                values.setdefault(name, point["value"])
        if "address" in data:
            values.update(self._address_values(data["address"]))
        if "active" in data:
            values["active"] = data["active"]
        return values

    @api.model
    def _address_values(self, address):
        """Return the partner values of one address, which replaces the previous one
        completely."""
        lines = address.get("lines", [])
        values = {
            "street": lines[0] if lines else False,
            "street2": address_tools.joined(lines[1:]) or False,
            "city": address.get("city") or False,
            "zip": address.get("postal_code") or False,
            "country_id": False,
            "state_id": False,
        }
        country = self._country(address.get("country"))
        values["country_id"] = country.id
        if address.get("state"):
            state = self._state(country, address["state"])
            values["state_id"] = state.id
            if not state:  # Odoo lists no states of the country: keep it as text
                values["city"] = self._city_text(address)
        return values

    @api.model
    def _country(self, code):
        """Return the country of an ISO 3166-1 alpha-2 code, empty without one."""
        countries = self.env["res.country"]
        if not code:
            return countries
        # Also reads the country fields that core needs for a new partner.
        country = countries.search_fetch(
            [("code", "=", code)], ["code", "phone_code"], limit=1
        )
        if not country:
            raise BusinessError(
                self.env._(
                    "The country is not an ISO 3166-1 alpha-2 code. Send two "
                    "letters, such as US."
                ),
                error_class="schema",
                pointer="/data/address/country",
            )
        return country

    @api.model
    def _state(self, country, text):
        """Return the state of ``country`` by its code or name, ignoring letter case.

        Empty if Odoo lists no states of the country.

        :raises BusinessError: Odoo lists the states of this country, but not this one
        """
        states = self.env["res.country.state"]
        here = Domain("country_id", "=", country.id)
        for name in ("code", "name"):
            # The text of the sender is compared as text, never as a pattern.
            alike = Domain(name, "=ilike", escape_psql(text))
            if found := states.search(here & alike, limit=1):
                return found
        if country and states.search_count(here, limit=1):
            raise BusinessError(
                self.env._(
                    "The state does not belong to the country. Send the code or "
                    "name of a state of this country."
                ),
                error_class="schema",
                pointer="/data/address/state",
            )
        return states
