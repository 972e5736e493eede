"""Content of the messages about a posted customer invoice."""

from decimal import Decimal

from odoo import models

from odoo.addons.interop_base.tools.value_format import decimal_text

from .. import const


class InteropHandlerInvoicePosted(models.AbstractModel):
    """``invoice.posted`` v1: the data that administration needs to track payments.

    Amounts and quantities are decimal text, so that no reader rounds them. The partner
    is given by identifiers only. Free notes and sections of the invoice are never sent.
    """

    _name = "interop.handler.invoice.posted"
    _inherit = "interop.handler"
    _description = "Invoice Message Handler"

    def _snapshot_builder(self, records, build=None, subject=None):
        """Find the identifiers of all partners and lines of a batch in two queries."""
        prefetched = {}
        for company, invoices in records.grouped("company_id").items():
            partners = invoices.partner_id
            partners |= partners.commercial_partner_id
            for found in (partners, self._product_lines(invoices)):
                for record_id, wire in self._wire_many(found, company).items():
                    prefetched[found._name, record_id, company.id] = wire
        return super()._snapshot_builder(
            records,
            build or (lambda record: self._build(record, prefetched)),
            subject or (lambda record: self._subject(record, prefetched)),
        )

    def _build(self, record, prefetched=None):
        return {
            "number": record.name,
            "type": const.DOCUMENT_TYPES[record.move_type],
            "state": "posted",
            "invoice_date": self._day(record).isoformat(),
            "due_date": (record.invoice_date_due or self._day(record)).isoformat(),
            "currency": record.currency_id.name,
            "partner": {"identifiers": self._subject(record, prefetched)},
            "lines": self._build_lines(record, prefetched),
            **self._build_totals(record),
            **self._build_optional(record),
        }

    def _day(self, record):
        """Return the invoice date; a reopened invoice may have lost it."""
        return record.invoice_date or record.date

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

    def _build_lines(self, record, prefetched=None):
        lines = self._product_lines(record)
        charges = self._identifiers(lines, record.company_id, prefetched)
        return [
            self._build_line(number, line, charges[line.id])
            for number, line in enumerate(lines, 1)
        ]

    def _build_line(self, number, line, charges):
        money = line.currency_id
        members = {
            "number": number,
            "description": line.name or line.product_id.display_name or "-",
            "quantity": decimal_text(line.quantity),
            "unit_price": decimal_text(line.price_unit),
            "net": _money(line.price_subtotal, money),
            "tax": _money(line.price_total - line.price_subtotal, money),
            "total": _money(line.price_total, money),
        }
        optional = {
            "code": line.product_id.default_code,
            "unit": line.product_uom_id.name,
            "discount_percent": decimal_text(line.discount) if line.discount else None,
            "charges": charges,
        }
        members.update({name: value for name, value in optional.items() if value})
        return members

    def _subject(self, record, prefetched=None):
        partner = record.partner_id
        found = self._identifiers(
            partner | partner.commercial_partner_id, record.company_id, prefetched
        )
        return found[partner.id] or found[partner.commercial_partner_id.id]

    def _identifiers(self, records, company, prefetched=None):
        """Return ``{record id: identifiers}`` that the facility may see."""
        if prefetched is None:
            return self._wire_many(records, company)
        return {
            record.id: prefetched[record._name, record.id, company.id]
            for record in records
        }

    def _wire_many(self, records, company):
        return self.env["interop.identifier"]._wire_many(records, company)

    _business_key_names_record = True

    def _replaced_types(self, contract):
        """Return the message types that a newer message about the invoice supersedes.

        Posting supersedes paid, cancelled and reopened, and each of these supersedes
        posting. Only a paid message leaves ``invoice.posted`` in force.
        """
        life = ("invoice.posted", "invoice.cancelled", "invoice.reopened")
        own = contract.message_type
        return (own,) if own == "invoice.paid" else (*life, "invoice.paid")

    def _ordering_key(self, record):
        """Return the first number that the document had.

        Messages about one number stay in order: of a document that is posted again
        under another number, and of another document that gets the old number.
        """
        return record.interop_number_ids[:1].number or record.name

    def _business_key(self, record):
        return self._number_at_receivers(record)

    def _number_at_receivers(self, record):
        """Return the number under which receivers currently know the document."""
        if record.state == "posted":
            return record.name
        return record.interop_number_ids[-1:].number or record.name


class InteropHandlerInvoicePosted2(models.AbstractModel):
    """``invoice.posted`` v2: adds whether prices include taxes, rounding differences,
    and the replaced posting."""

    _name = "interop.handler.invoice.posted.v2"
    _inherit = "interop.handler.invoice.posted"
    _description = "Invoice Message Handler, Version 2"

    def _build(self, record, prefetched=None):
        data = super()._build(record, prefetched)
        data["rounding"] = rounding(data, record.currency_id)
        replaces = record.interop_number_ids[-1:].number
        if replaces:
            data["replaces"] = replaces
        return data

    def _build_line(self, number, line, charges):
        return with_tax_included(super()._build_line(number, line, charges), line)


class InteropHandlerInvoiceReopened(models.AbstractModel):
    """``invoice.reopened`` v1: a document is not valid until it is posted again.

    It may be posted under another number, or be cancelled.
    """

    _name = "interop.handler.invoice.reopened"
    _inherit = "interop.handler.invoice.posted"
    _description = "Reopened Invoice Message Handler"

    def _build(self, record, prefetched=None):
        return {
            "number": record.interop_number_ids[-1:].number or record.name,
            "type": const.DOCUMENT_TYPES[record.move_type],
            "state": "reopened",
            "currency": record.currency_id.name,
            "partner": {"identifiers": self._subject(record, prefetched)},
        }

    def _business_key(self, record):
        return record.interop_number_ids[-1:].number or record.name


def with_tax_included(members, line):
    """Return the members of a line with whether its unit price includes taxes."""
    taxes = line.tax_ids.flatten_taxes_hierarchy()
    return {**members, "unit_price_includes_tax": any(taxes.mapped("price_include"))}


def rounding(data, currency):
    """Return the difference between the sums of the document and those of its lines.

    Taxes rounded per document, and cash rounding, are not in any line.
    """
    rest = {
        name: Decimal(data[name]) - sum(Decimal(line[name]) for line in data["lines"])
        for name in ("net", "tax", "total")
    }
    return {
        name: decimal_text(value, currency.decimal_places)
        for name, value in rest.items()
    }


def _money(amount, currency):
    """Return an amount as decimal text with the digits of its currency."""
    return decimal_text(currency.round(amount), currency.decimal_places)
