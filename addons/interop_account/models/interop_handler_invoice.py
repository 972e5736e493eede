"""What other systems learn about a customer invoice."""

from decimal import Decimal

from odoo import models

from .. import const


class InteropHandlerInvoicePosted(models.AbstractModel):
    """``invoice.posted`` v1: what administration needs to follow the money, nothing
    else.

    Money and quantities travel as decimal text, so that no reader rounds them. The
    partner travels by identifiers only; free notes and sections of the invoice never
    leave.
    """

    _name = "interop.handler.invoice.posted"
    _inherit = "interop.handler"
    _description = "Invoice Message Handler"

    def _snapshot_builder(self, records, build=None, subject=None):
        """Find the identifiers of all partners and lines of a batch in two queries."""
        known = {}
        for company, invoices in records.grouped("company_id").items():
            partners = invoices.partner_id
            partners |= partners.commercial_partner_id
            for found in (partners, self._product_lines(invoices)):
                for record_id, wire in self._wire_many(found, company).items():
                    known[found._name, record_id, company.id] = wire
        return super()._snapshot_builder(
            records,
            build or (lambda record: self._build(record, known)),
            subject or (lambda record: self._subject(record, known)),
        )

    def _build(self, record, known=None):
        return {
            "number": record.name,
            "type": const.DOCUMENT_TYPES[record.move_type],
            "state": record.state,
            "invoice_date": record.invoice_date.isoformat(),
            "due_date": (record.invoice_date_due or record.invoice_date).isoformat(),
            "currency": record.currency_id.name,
            "partner": {"identifiers": self._subject(record, known)},
            "lines": self._build_lines(record, known),
            **self._build_totals(record),
            **self._build_optional(record),
        }

    def _build_optional(self, record):
        """Return the members that only some invoices have."""
        members = {
            "reference": record.ref,
            "payment_reference": record.payment_reference,
            "reverses": record.reversed_entry_id.name,
        }
        return {name: value for name, value in members.items() if value}

    def _build_totals(self, record):
        money = record.currency_id
        return {
            "net": _money(record.amount_untaxed, money),
            "tax": _money(record.amount_tax, money),
            "total": _money(record.amount_total, money),
            "residual": _money(record.amount_residual, money),
        }

    def _product_lines(self, records):
        return records.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )

    def _build_lines(self, record, known=None):
        lines = self._product_lines(record)
        charges = self._identifiers(lines, record.company_id, known)
        return [
            self._build_line(number, line, charges[line.id])
            for number, line in enumerate(lines, 1)
        ]

    def _build_line(self, number, line, charges):
        money = line.currency_id
        members = {
            "number": number,
            "description": line.name or line.product_id.display_name or "-",
            "quantity": _plain(line.quantity),
            "unit_price": _plain(line.price_unit),
            "net": _money(line.price_subtotal, money),
            "tax": _money(line.price_total - line.price_subtotal, money),
            "total": _money(line.price_total, money),
        }
        optional = {
            "code": line.product_id.default_code,
            "unit": line.product_uom_id.name,
            "discount_percent": _plain(line.discount) if line.discount else None,
            "charges": charges,
        }
        members.update({name: value for name, value in optional.items() if value})
        return members

    def _subject(self, record, known=None):
        partner = record.partner_id
        found = self._identifiers(
            partner | partner.commercial_partner_id, record.company_id, known
        )
        return found[partner.id] or found[partner.commercial_partner_id.id]

    def _identifiers(self, records, company, known=None):
        """Return ``{record id: identifiers}`` that the facility may see."""
        if known is None:
            return self._wire_many(records, company)
        return {
            record.id: known[record._name, record.id, company.id] for record in records
        }

    def _wire_many(self, records, company):
        return self.env["interop.identifier"]._wire_many(records, company)

    _business_key_names_record = True

    def _replaced_types(self, contract):
        """A newer message about an invoice ends what older ones said about it: paid,
        cancelled and reopened are undone by posting it again, and the other way round.

        Only that it was paid leaves the content of ``invoice.posted`` in force.
        """
        life = ("invoice.posted", "invoice.cancelled", "invoice.reopened")
        own = contract.message_type
        return (own,) if own == "invoice.paid" else (*life, "invoice.paid")

    def _ordering_key(self, record):
        return record.name

    def _business_key(self, record):
        return record.name


def _money(amount, currency):
    """Return an amount as decimal text with the digits of its currency."""
    return f"{currency.round(amount) + 0.0:.{currency.decimal_places}f}"


def _plain(number):
    """Return a number as decimal text without exponent or trailing zeros."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
