"""What applying a message reads of the catalogue, remembered as the client is.

See ``interop_inbound_recall.py``: one question whether the rows are still the same
versions, instead of reading each of them anew for each message. A message that is only
accepted does not ask it.
"""

import weakref
from collections import OrderedDict
from threading import Lock

from odoo import SUPERUSER_ID, api, models

from .interop_inbound_recall import _VERSIONS, REMEMBERED, Remembered

NAMESPACES = 64  # of a client
_memory = OrderedDict()  # (database, id of a client) -> Remembered
_lock = Lock()


class InteropInbound(models.AbstractModel):
    """The users and the namespaces of a client's messages."""

    _inherit = "interop.inbound"

    @api.model
    def _recall_for_applying(self, client_sudo):
        """Have at hand what applying a message of this client reads in any case."""
        key = (self.env.cr.dbname, client_sudo.id)
        known = _memory.get(key)
        if (
            known
            and known.registry() is self.env.registry
            and self._present_versions(known.rows) == known.versions
        ):
            self._fill(known)
            return
        remembered = self._remember_for_applying(client_sudo)
        with _lock:
            _memory.pop(key, None)
            _memory[key] = remembered
            while len(_memory) > REMEMBERED:
                _memory.popitem(last=False)

    @api.model
    def _remember_for_applying(self, client_sudo):
        """Return what applying reads in any case, read now."""
        self.env.flush_all()
        rows, values = [], []
        for records, names, *more in self._read_when_applying(client_sudo):
            if records:
                rows += self._rows_of_fields(records, names)
                values += self._cached(records, names, *more)
        return Remembered(
            weakref.ref(self.env.registry),
            client_sudo.id,
            rows,
            self._present_versions(rows),
            values,
        )

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
        found = {(records._table, "id")} if any(f.column_type for f in fields) else set()
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

    @api.model
    def _present_versions(self, rows):
        """Return the versions of these rows in the present transaction."""
        parts = ", ".join(_VERSIONS.format(*row[:2]) for row in rows)
        self.env.cr.execute(f"SELECT {parts}", [ids for _table, _column, ids in rows])
        return [sorted(found) for found in self.env.cr.fetchone()]
