"""What is set up for a client, remembered by the worker as long as no row changed.

A message needs a dozen rows of the catalogue: the client, its keys, its interfaces,
their contracts and facilities. Reading them anew for each message costs more than the
message itself; an ordinary cache would accept a revoked key for as long as nobody told
this worker. So each request asks the database one question: are these still the same
versions of the same rows? PostgreSQL answers with ``ctid`` and ``xmin``, which change
with every change, whoever makes it and by whatever way. If they are the same, the
record cache of the request is filled from memory; if not, everything is read again.

A code that is nobody's is looked up in the same way and at the same cost: another client
stands in for it, always the same one, and with the first sight of the code that one is
read as a client is that was never seen before. What a stranger can measure tells nothing
about which codes exist.
"""

import hashlib
import weakref
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from odoo import api, models

REMEMBERED = 512  # clients per worker
STRANGERS = 4096  # codes per worker that were nobody's
_VERSIONS = 'ARRAY(SELECT ctid::text || xmin::text FROM "{}" WHERE "{}" = ANY(%s))'
_memory = OrderedDict()  # (database, code) -> Remembered
_strangers = OrderedDict()  # (database, code that is nobody's) -> code that stands in
_lock = Lock()


class Remembered(NamedTuple):
    """One client: ``rows`` are ``(table, column, ids)`` that were read, ``versions``
    their versions then, ``values`` ``(field, whether its cache is the same in every
    environment, id of the user as whom it was read with all rights or None,
    {id: cached value})``."""

    registry: weakref.ref
    client_id: int
    rows: list
    versions: list
    values: list


class InteropInbound(models.AbstractModel):
    """Keys stay encrypted in memory: whoever needs one decrypts it."""

    _inherit = "interop.inbound"

    @api.model
    @api.private
    def _client(self, code):
        """Return ``(client, candidate)`` for a code: the client with all that is set up
        for it, and whose keys to try. A code that is nobody's has no client, but a
        candidate, if there is any active client."""
        self.env.flush_all()
        database = self.env.cr.dbname
        stands_in = _strangers.get((database, code))
        known = _memory.get((database, code if stands_in is None else stands_in))
        if known and self._recall(known, code, stands_in is None):
            client_id, stranger = known.client_id, stands_in is not None
        else:
            client_id, stranger = self._learn(code)
        # sudo: verification happens before anybody is signed in
        candidate_sudo = self.env["interop.client"].sudo().browse(client_id)
        return candidate_sudo.browse() if stranger else candidate_sudo, candidate_sudo

    @api.model
    def _learn(self, code):
        """Read and remember; return ``(id of the client or of who stands in, whether it
        stands in)``; no id when there is neither."""
        number = int.from_bytes(hashlib.sha256(code.encode()).digest()[:4], "big")
        self.env.cr.execute(
            """SELECT (SELECT id FROM interop_client WHERE code = %s),
                      (SELECT id FROM interop_client WHERE state = 'active' ORDER BY id
                       OFFSET %s %% greatest(1, (SELECT count(*) FROM interop_client
                                                  WHERE state = 'active')) LIMIT 1)""",
            [code, number],
        )
        mine, other = self.env.cr.fetchone()
        client_id = mine or other
        # sudo: see above
        client_sudo = self.env["interop.client"].sudo().browse(client_id)
        remembered = self._remember(client_sudo) if client_sudo else None
        database = self.env.cr.dbname
        with _lock:
            _strangers.pop((database, code), None)
            _memory.pop((database, code), None)
            if remembered:
                _memory[database, client_sudo.code] = remembered
                if not mine:
                    _strangers[database, code] = client_sudo.code
            for memory, most in ((_memory, REMEMBERED), (_strangers, STRANGERS)):
                while len(memory) > most:
                    memory.popitem(last=False)
        return client_id, not mine

    @api.model
    def _recall(self, known, code, own):
        """Fill the record cache from memory; False if anything has changed since.

        :param bool own: the code is the client's own, else it is nobody's
        """
        if known.registry() is not self.env.registry:
            return False
        owner, *versions = self._versions(known.rows, code)
        if owner != (known.client_id if own else None) or versions != known.versions:
            return False
        self._fill(known)
        return True

    @api.model
    def _fill(self, known):
        """Fill the record cache from memory."""
        data = self.env.transaction.field_data
        for field, plain, user_id, values in known.values:
            if plain:
                cache = data[field]
            else:
                # sudo: as it was read
                env = self.env(user=user_id, su=True) if user_id else self.env
                cache = field._get_cache(env)
            if cache:  # what is not saved yet counts
                values = {**values, **cache}
            cache.update(values)

    @api.model
    def _remember(self, client_sudo):
        """Return what is set up for a client, read now."""
        interfaces = client_sudo.interface_ids
        contracts = interfaces.contract_ids
        companies = interfaces.company_ids
        system = client_sudo.system_id
        codes = system.facility_code_ids
        values = []
        for records, names in (
            (client_sudo, self._columns(client_sudo)),
            (client_sudo, ("secret_ids", "interface_ids", "company_ids")),
            (client_sudo.secret_ids, self._columns(client_sudo.secret_ids)),
            (system, self._columns(system)),
            (system, ("facility_code_ids",)),
            (codes, self._columns(codes)),
            (interfaces, self._columns(interfaces)),
            (interfaces, ("contract_ids", "company_ids")),
            (contracts, self._columns(contracts)),
            (companies, ("name", "active", "interop_stopped_at", "parent_path")),
        ):
            values += self._cached(records, names)
        rows, more = self._remember_for_applying(client_sudo)
        values += more
        rows += self._rows_of(client_sudo)
        return Remembered(
            weakref.ref(self.env.registry),
            client_sudo.id,
            rows,
            self._versions(rows, client_sudo.code)[1:],
            values,
        )

    @api.model
    def _rows_of(self, client_sudo):
        """Return ``(table, column, ids)`` of all rows that ``_remember`` reads."""
        # Archived ones, too: they may come back.
        interfaces = client_sudo.with_context(active_test=False).interface_ids
        clients, system = client_sudo.ids, client_sudo.system_id
        uses = client_sudo._fields["interface_ids"]
        within = client_sudo._fields["company_ids"]
        carries = interfaces._fields["contract_ids"]
        serves = interfaces._fields["company_ids"]
        codes = system._fields["facility_code_ids"]
        return [
            (client_sudo._table, "id", clients),
            (client_sudo.secret_ids._table, "client_id", clients),
            (uses.relation, uses.column1, clients),
            (within.relation, within.column1, clients),
            (system._table, "id", system.ids),
            (system[codes.name]._table, codes.inverse_name, system.ids),
            (interfaces._table, "id", interfaces.ids),
            (carries.relation, carries.column1, interfaces.ids),
            (serves.relation, serves.column1, interfaces.ids),
            (interfaces.contract_ids._table, "id", interfaces.contract_ids.ids),
            (interfaces.company_ids._table, "id", interfaces.company_ids.ids),
        ]

    @api.model
    def _columns(self, records):
        """Return the names of the fields that are columns and the same for everybody."""
        context_fields = self.env.registry.field_depends_context
        return [
            name
            for name, field in records._fields.items()
            if name != "id"
            and field.store
            and field.column_type
            and not field.company_dependent
            and not context_fields[field]
        ]

    @api.model
    def _cached(self, records, names, user_id=None):
        """Read fields of ``records``; return each as ``Remembered.values`` has them."""
        if not records:
            return []
        dependent = self.env.registry.field_depends_context
        records.fetch(names)
        found = []
        for name in names:
            field = records._fields[name]
            records.mapped(name)  # lists of records are not fetched with the columns
            cache = field._get_cache(records.env)
            plain = field not in dependent and not getattr(field, "translate", False)
            values = {key: cache[key] for key in records._ids}
            found.append((field, plain, user_id, values))
        return found

    @api.model
    def _versions(self, rows, code):
        """Return the id of the client with this code, or None, and the versions of these
        rows in the present transaction."""
        parts = ", ".join(_VERSIONS.format(*row[:2]) for row in rows)
        self.env.cr.execute(
            f"SELECT (SELECT id FROM interop_client WHERE code = %s), {parts}",
            [code, *(ids for _table, _column, ids in rows)],
        )
        owner, *versions = self.env.cr.fetchone()
        return [owner, *(sorted(found) for found in versions)]
