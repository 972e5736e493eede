"""What is set up for a client, remembered by the worker as long as no row changed.

A message needs a dozen rows of the catalogue: the client, its keys, its interfaces,
their contracts and facilities. Reading them anew for each message costs more than the
message itself; an ordinary cache would accept a revoked key for as long as nobody told
this worker. So each request asks the database one question: are these still the same
versions of the same rows? PostgreSQL answers with ``ctid`` and ``xmin``, which change
with every change, whoever makes it and by whatever way. If they are the same, the
record cache of the request is filled from memory; if not, everything is read again.
"""

import weakref
from collections import OrderedDict
from threading import Lock
from typing import NamedTuple

from odoo import api, models

REMEMBERED = 512  # clients per worker
# Functions, so that a connection plans what is in them once and not with each request.
_FUNCTIONS = """
CREATE OR REPLACE FUNCTION interop_client_versions(
    clients int[], systems int[], interfaces int[], contracts int[], companies int[])
RETURNS text[] LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN ARRAY[{}]::text[];
END $$;
CREATE OR REPLACE FUNCTION interop_inbound_hold(
    key bigint, client int, message text, OUT held boolean, OUT known int)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    held := pg_try_advisory_xact_lock(key);
    known := (SELECT id FROM interop_message
               WHERE direction = 'in' AND client_id = client
                 AND external_id = message);
END $$"""
_VERSIONS = """(SELECT string_agg(ctid::text || xmin::text, ',')
                  FROM "{}" WHERE "{}" = ANY({}))"""
_memory = OrderedDict()  # (database, code) -> Remembered
_lock = Lock()


class Remembered(NamedTuple):
    """One client: ``ids`` are those of the rows that were read, ``versions`` their
    versions then, ``values`` ``(field, {id: cached value})``."""

    registry: weakref.ref
    client_id: int
    ids: list
    versions: list
    values: list


class InteropInbound(models.AbstractModel):
    """Keys stay encrypted in memory: whoever needs one decrypts it."""

    _inherit = "interop.inbound"

    def init(self):
        """Make the functions; see there."""
        super().init()
        parts = [_VERSIONS.format(*row) for row in self._remembered_rows()]
        self.env.cr.execute(_FUNCTIONS.format(", ".join(parts)))

    @api.model
    @api.private
    def _client(self, code):
        """Return the client of this code with all that is set up for it; empty when
        there is none."""
        self.env.flush_all()
        key = (self.env.cr.dbname, code)
        known = _memory.get(key)
        if known and self._recall(known):
            # sudo: verification happens before anybody is signed in
            return self.env["interop.client"].sudo().browse(known.client_id)
        # sudo: see above
        client_sudo = (
            self.env["interop.client"].sudo().search([("code", "=", code)], limit=1)
        )
        remembered = self._remember(client_sudo) if client_sudo else None
        with _lock:
            _memory.pop(key, None)
            if remembered:
                _memory[key] = remembered
                while len(_memory) > REMEMBERED:
                    _memory.popitem(last=False)
        return client_sudo

    @api.model
    def _recall(self, known):
        """Fill the record cache from memory; False if anything has changed since."""
        if known.registry() is not self.env.registry:
            return False
        if self._versions(known.ids) != known.versions:
            return False
        for field, values in known.values:
            cache = field._get_cache(self.env)
            if cache:  # what is not saved yet counts
                values = {**values, **cache}
            cache.update(values)
        return True

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
            (companies, ("active", "interop_stopped_at")),
        ):
            values += self._cached(records, names)
        ids = self._remembered_ids(client_sudo)
        return Remembered(
            weakref.ref(self.env.registry),
            client_sudo.id,
            ids,
            self._versions(ids),
            values,
        )

    @api.model
    def _remembered_ids(self, client_sudo):
        """Return the ids by which the rows are found that ``_remember`` reads, as the
        function takes them."""
        # Archived ones, too: they may come back.
        interfaces = client_sudo.with_context(active_test=False).interface_ids
        return [
            client_sudo.ids,
            client_sudo.system_id.ids,
            interfaces.ids,
            interfaces.contract_ids.ids,
            interfaces.company_ids.ids,
        ]

    @api.model
    def _remembered_rows(self):
        """Return ``(table, column, parameter of the function)`` of all rows that
        ``_remember`` reads."""
        client, interface = self.env["interop.client"], self.env["interop.interface"]
        uses = client._fields["interface_ids"]
        within = client._fields["company_ids"]
        keys = client._fields["secret_ids"]
        codes = self.env["interop.system"]._fields["facility_code_ids"]
        carries = interface._fields["contract_ids"]
        serves = interface._fields["company_ids"]
        return [
            (client._table, "id", "clients"),
            (self.env[keys.comodel_name]._table, keys.inverse_name, "clients"),
            (uses.relation, uses.column1, "clients"),
            (within.relation, within.column1, "clients"),
            (self.env["interop.system"]._table, "id", "systems"),
            (self.env[codes.comodel_name]._table, codes.inverse_name, "systems"),
            (interface._table, "id", "interfaces"),
            (carries.relation, carries.column1, "interfaces"),
            (serves.relation, serves.column1, "interfaces"),
            (self.env[carries.comodel_name]._table, "id", "contracts"),
            (self.env["res.company"]._table, "id", "companies"),
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
    def _cached(self, records, names):
        """Read fields of ``records``; return ``(field, {id: cached value})`` of each."""
        if not records:
            return []
        records.fetch(names)
        found = []
        for name in names:
            field = records._fields[name]
            records.mapped(name)  # lists of records are not fetched with the columns
            cache = field._get_cache(records.env)
            found.append((field, {key: cache[key] for key in records._ids}))
        return found

    @api.model
    def _versions(self, ids):
        """Return the versions of these rows in the present transaction."""
        self.env.cr.execute(
            "SELECT interop_client_versions(%s::int[], %s::int[], %s::int[], "
            "%s::int[], %s::int[])",
            ids,
        )
        return self.env.cr.fetchone()[0]
