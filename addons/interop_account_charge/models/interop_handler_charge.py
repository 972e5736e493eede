"""``charge.posted``: a service or item becomes a line of a draft invoice."""

from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain

from odoo.addons.interop_base.exceptions import (
    BusinessError,
    ConflictError,
    PossibleDuplicate,
    Skipped,
    UnknownIdentifier,
)
from odoo.addons.interop_base.tools import field_report, order_key
from odoo.addons.interop_base.tools.value_format import exact
from odoo.addons.interop_identifier.located import located

LINE = "account.move.line"
CHARGE_UNKNOWN = "charge_unknown"


class InteropHandlerCharge(models.AbstractModel):
    """Shared code of posting and reversing: the charge and its number."""

    _name = "interop.handler.charge"
    _inherit = "interop.handler"
    _description = "Handler of Charges"
    _one_line = True
    _verbatim = frozenset({"identifiers", "provider"})

    def _inbound_keys(self, envelope):
        """Return the number of the charge as key, so that a reversal never overtakes
        its charge."""
        value, key = order_key.of_first(envelope.data.get("identifiers"))
        return value, envelope.ordering_key or key

    def _resolve(self, message, identifiers, model):
        """Return the one record that has these identifiers of ``message``, or None."""
        return self.env["interop.identifier"]._resolve(
            identifiers,
            message.company_id,
            model=model,
            system=message.system_id,
            at=message.occurred_at,
        )

    def _find_charge(self, message, identifiers):
        """Return ``(rows, line)`` of a charge number.

        ``rows`` are all its identifiers of any state. ``line`` bills the charge, and is
        empty if the charge was removed from its draft.
        """
        model = self.env["interop.identifier"]
        named = model._parse(identifiers, message.company_id, message.system_id)
        rows = model.browse()
        for found in model._rows(named, ("active", "merged", "retired")).values():
            rows |= found
        lines = set(rows.filtered(lambda row: row.res_model == LINE).mapped("res_id"))
        others = set(rows.mapped("res_model")) - {LINE, "account.move"}
        if len(lines) > 1 or others:
            raise PossibleDuplicate(
                self.env._(
                    "The numbers of this charge belong to different records. Retire "
                    "the wrong identifier, then retry the message."
                ),
                pointer="/data/identifiers",
            )
        line = self.env[LINE].browse(lines)
        if line:
            self._check_own(line)
        return rows, line

    def _check_own(self, line):
        """Refuse a charge of another facility."""
        if line.sudo().company_id != self.env.company:  # sudo: compared, not shown
            raise BusinessError(
                self.env._("The charge belongs to another facility."),
                code="not_this_facility",
                error_class="ownership",
            )

    def _check_rights(self, records, operation):
        records.check_access(operation)


class InteropHandlerChargePosted(models.AbstractModel):
    """Adds a line to a draft invoice; Odoo computes price and taxes.

    The charge states product, quantity, date and account.
    """

    _name = "interop.handler.charge.posted"
    _inherit = "interop.handler.charge"
    _description = "Handler of charge.posted"

    def _apply(self, message, data):
        rows, line = self._find_charge(message, data["identifiers"])
        if rows:
            self._check_same(line, message, data)
        partner = self._account(message, data)
        values = self._line_values(message, data)
        move = self._invoice(partner, self._currency(data))
        self._check_rights(move, "write")
        # sudo: Odoo reads taxes, journals and more to price a line, to which a service
        # user has no access. Its rights on the document are checked before and after.
        lines_sudo = self.env[LINE].sudo()
        line = lines_sudo.create({**values, "move_id": move.id}).with_env(self.env)
        self._check_rights(line, "create")
        self.env["interop.identifier"]._link(line, data["identifiers"], message)
        self._note_price(line, message, data)
        self._wake_reversals(message)
        return line

    def _check_same(self, line, message, data):
        """Skip a repeated charge and refuse a number with other content.

        :raises Skipped: it is already billed
        :raises ConflictError: the number was billed with other content
        """
        if not line:
            raise Skipped(self.env._("This charge was already reversed."))
        differing = self._differing(line.sudo(), message, data)  # sudo: not shown
        if not differing:
            raise Skipped(self.env._("This charge was already billed."))
        raise ConflictError(
            self.env._(
                "This charge number was already billed with other values: %s. "
                "Reverse the charge and post it under a new number.",
                ", ".join(differing),
            ),
            code="charge_differs",
            pointer=f"/data/{differing[0]}",
        )

    def _differing(self, line, message, data):
        """Return the members whose values differ from the line that bills the charge."""
        product = self._product(message, data)
        unit = self._unit(product, data["unit"]) if "unit" in data else product.uom_id
        same = {
            "account": line.move_id.partner_id == self._account(message, data),
            "code": line.product_id == product,
            "quantity": exact(line.quantity) == Decimal(data["quantity"]),
            "unit": line.product_uom_id == unit,
            "service_date": line.interop_service_date
            == fields.Date.to_date(data["service_date"]),
            "currency": line.move_id.currency_id == self._currency(data),
        }
        # A user may have added these if the charge does not state them.
        if "provider" in data:
            provider = self._provider(message, data)
            same["provider"] = line.interop_provider_id == provider
        if "cost_center" in data:
            account = self._cost_center(data)
            same["cost_center"] = str(account.id) in (line.analytic_distribution or {})
        return [name for name, is_same in same.items() if not is_same]

    # === WHAT AND FOR WHOM === #

    def _account(self, message, data):
        wires = data["account"]["identifiers"]
        with located("/data/account/identifiers"):
            partner = self._resolve(message, wires, "res.partner")
        if not partner:
            raise UnknownIdentifier(
                self.env._(
                    "No contact has the identifier of the account to bill. Link the "
                    "identifier to a contact, then retry the message."
                ),
                pointer="/data/account/identifiers",
            )
        company = partner.sudo().company_id  # sudo: compared, not shown
        if company and company not in self.env.company.sudo().parent_ids:
            raise BusinessError(
                self.env._("The account to bill belongs to another facility."),
                code="not_this_facility",
                error_class="ownership",
            )
        return partner

    def _line_values(self, message, data):
        product = self._product(message, data)
        values = {
            "product_id": product.id,
            "quantity": self._quantity(data),
            "interop_service_date": data["service_date"],
        }
        if "unit" in data:
            values["product_uom_id"] = self._unit(product, data["unit"]).id
        if "provider" in data:
            values["interop_provider_id"] = self._provider(message, data).id
        if "cost_center" in data:
            account = self._cost_center(data)
            values["analytic_distribution"] = {str(account.id): 100}
        return values

    def _quantity(self, data):
        """Return the quantity as Odoo stores it, without rounding.

        :raises BusinessError: it has more decimals than Odoo stores
        """
        stated = Decimal(data["quantity"])
        _total, places = self.env[LINE]._fields["quantity"].get_digits(self.env)
        if stated != round(stated, places) or exact(float(stated)) != stated:
            raise BusinessError(
                self.env._(
                    "The quantity has more than %s decimals. Send another unit, or "
                    "raise the decimal accuracy “Product Unit” in Odoo.",
                    places,
                ),
                code="quantity_precision",
                error_class="schema",
                pointer="/data/quantity",
            )
        return float(stated)

    def _cost_center(self, data):
        return self._one("account.analytic.account", "code", data, "cost_center")

    def _product(self, message, data):
        code = data["code"]
        if "system" not in code:
            found = self._one("product.product", "default_code", code, "code")
        else:
            wire = {"system": code["system"], "value": code["code"]}
            found = self._resolve(message, [wire], "product.product")
        if not found:
            raise UnknownIdentifier(
                self.env._(
                    "No product has the code of this charge. Create the product, or "
                    "link its identifier, then retry the message."
                ),
                pointer="/data/code",
            )
        return found

    def _one(self, model, field, data, member):
        """Return the one record with this code that the facility may use."""
        found = self.env[model].search(
            Domain(field, "=", data[member])
            & Domain(
                "company_id", "in", [False, *self.env.company.sudo().parent_ids.ids]
            ),
            limit=2,
        )
        if len(found) == 1:
            return found
        # sudo: name of the object
        name = self.env["ir.model"].sudo()._get(model).name
        if found:
            raise PossibleDuplicate(
                self.env._(
                    "Several records of “%s” have this code. Keep one of them, then "
                    "retry the message.",
                    name,
                ),
                pointer=f"/data/{member}",
            )
        raise UnknownIdentifier(
            self.env._(
                "No record of “%s” has this code. Create it, then retry the message.",
                name,
            ),
            pointer=f"/data/{member}",
        )

    def _unit(self, product, name):
        units = self.env["uom.uom"].search([("name", "=", name)], limit=2)
        fitting = units.filtered(
            lambda unit: unit._has_common_reference(product.sudo().uom_id)
        )  # sudo: the unit of a product that the service user may find
        if len(fitting) != 1:
            raise UnknownIdentifier(
                self.env._(
                    "The unit does not exist or does not fit the product. Create "
                    "it, or correct the product, then retry the message."
                ),
                pointer="/data/unit",
            )
        return fitting

    def _provider(self, message, data):
        with located("/data/provider", single=True):
            provider = self._resolve(message, [data["provider"]], "res.partner")
        if not provider:
            raise UnknownIdentifier(
                self.env._(
                    "No record has the identifier of the provider. Link the "
                    "identifier, then retry the message."
                ),
                pointer="/data/provider",
            )
        return provider

    # === THE INVOICE === #

    def _currency(self, data):
        if "currency" not in data:
            return self.env.company.sudo().currency_id  # sudo: of the own facility
        currency = self.env["res.currency"].search([("name", "=", data["currency"])])
        if not currency:
            raise BusinessError(
                self.env._(
                    "The currency is not active in Odoo. Activate it, then retry "
                    "the message."
                ),
                code="unknown_currency",
                pointer="/data/currency",
            )
        return currency

    def _invoice(self, partner, currency):
        """Return the draft invoice that collects the charges of this account."""
        moves = self.env["account.move"]
        self._check_rights(moves, "create")
        company = self.env.company
        move_sudo = moves.sudo()._interop_collecting(  # sudo: see _apply
            f"invoice:{company.id}:{partner.id}:{currency.id}",
            {
                "move_type": "out_invoice",
                "company_id": company.id,
                "partner_id": partner.id,
                "currency_id": currency.id,
            },
        )
        return move_sudo.with_env(self.env)

    def _note_price(self, line, message, data):
        """Report whether the expected price of the sender differs from Odoo's."""
        if "unit_price" not in data:
            return
        line_sudo = line.sudo()  # sudo: compared, not shown
        same = exact(line_sudo.price_unit) == Decimal(data["unit_price"])
        decision = (
            field_report.Decision(field_report.UNCHANGED)
            if same
            else field_report.Decision(field_report.IGNORED, field_report.NOT_OWNER)
        )
        message._note_fields(
            field_report.entries(LINE, line.id, {"price_unit": decision})
        )

    def _wake_reversals(self, message):
        """Retry a reversal that arrived before its charge."""
        keys = {
            name: message[name]
            for name in ("business_key", "business_key_index")
            if message[name]
        }
        if not keys:
            return
        domain = Domain(
            [
                ("direction", "=", "in"),
                ("state", "=", "parked"),
                ("error_code", "=", CHARGE_UNKNOWN),
                ("system_id", "=", message.system_id.id),
                ("company_id", "=", message.company_id.id),
            ]
        )
        for name, value in keys.items():
            domain &= Domain(name, "=", value)
        message.search(domain)._set_pending()
