"""What applying a message reads of the catalogue, remembered with its client.

See ``interop_inbound_recall.py``. Clients without an interface in real time do without:
what they send is applied later, by the pump.
"""

from odoo import SUPERUSER_ID, api, models

NAMESPACES = 64  # of a client


class InteropInbound(models.AbstractModel):
    """The users and the namespaces of a client's messages."""

    _inherit = "interop.inbound"

    @api.model
    def _remember_for_applying(self, client_sudo):
        """Return ``(rows, values)`` as in ``Remembered`` of what applying reads."""
        rows, values = [], []
        if "real_time" in client_sudo.interface_ids.mapped("latency_tier"):
            for records, names, *more in self._read_when_applying(client_sudo):
                if records:
                    rows += self._rows_of_fields(records, names)
                    values += self._cached(records, names, *more)
        return rows, values

    @api.model
    @api.private
    def _read_when_applying(self, client_sudo):
        """Return ``[(records, names of fields)]`` that applying any message of a client
        reads, or ``(records, names, id of a user)`` where the values are those that
        this user sees with all rights.

        Fields that are columns, or many2many. Addons whose handlers read more add it.
        """
        # Whom the messages are applied as, and with whom Odoo compares who shares a
        # partner.
        users = client_sudo.env["res.users"].browse(
            [SUPERUSER_ID, *client_sudo.user_id.ids]
        )
        namespaces = self._namespaces_of(client_sudo)
        return [
            (users, ("login", "partner_id")),
            (namespaces, self._columns(namespaces)),
        ]

    @api.model
    def _rows_of_fields(self, records, names):
        """Return ``(table, column, ids)`` of the rows that hold these fields."""
        fields = [records._fields[name] for name in names]
        found = (
            {(records._table, "id")} if any(f.column_type for f in fields) else set()
        )
        found |= {(f.relation, f.column1) for f in fields if f.type == "many2many"}
        return [(*place, records.ids) for place in sorted(found)]

    @api.model
    def _namespaces_of(self, client_sudo):
        """Return the namespaces that its messages may name: those of its facilities and
        those for all. One that comes later is read when it is named."""
        companies = client_sudo.interface_ids.company_ids
        return client_sudo.env["interop.namespace"].search(
            [
                "|",
                ("company_id", "=", False),
                ("company_id", "parent_of", companies.ids),
            ],
            order="id",
            limit=NAMESPACES,
        )
