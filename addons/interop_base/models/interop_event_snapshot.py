"""Snapshots: what the receiver gets is what was true when it happened."""

from collections import defaultdict

from psycopg2.extras import Json

from odoo import api, models
from odoo.tools import SQL

from .. import const
from ..exceptions import GuardError, HandledError, TechnicalError
from ..tools.canonical import canonical_bytes
from ..tools.errors import CanonicalError


class InteropEvent(models.Model):
    """Building events in batches, before commit or, for leftovers, in the pump."""

    _inherit = "interop.event"

    def _snapshot_transaction(self):
        """Snapshot the events that this transaction wrote and that still exist."""
        self.env.cr.execute(
            "SELECT id FROM interop_event"
            " WHERE txid = txid_current()::text AND state = 'new' ORDER BY id"
        )
        self._snapshot([event_id for (event_id,) in self.env.cr.fetchall()])

    @api.model
    def _snapshot(self, event_ids):
        """Build the events, keep content and the interfaces that want it.

        An event that no interface wants is removed. Without a key file, protected content
        cannot be kept: such events stay ``new`` and are built when the key file is back.
        """
        if not event_ids:
            return
        # sudo: what leaves is decided by the contract, not by what the clerk may read;
        # no context: the wire has no language and no defaults of a user
        events_sudo = self.sudo().with_context({}).browse(event_ids)
        events_sudo.invalidate_recordset(flush=False)
        batches = defaultdict(list)
        for event in events_sudo:
            batches[event.contract_id, event.res_model, event.company_id].append(event)
        for (contract, model, company), events in batches.items():
            events_sudo._snapshot_batch(contract, model, company, events)

    def _snapshot_batch(self, contract, model, company, events):
        env = self.env(user=self.env.ref("interop_base.user_integration").id, su=True)
        handler = contract.with_env(env)._handler().with_company(company)
        records = handler.env[model].browse({event.res_id for event in events}).exists()
        wanted = self._wanted(contract, company, records)
        if contract.handler_name == "interop.handler.mapping":
            built = self._build_mapped(contract, wanted, records, handler)
        else:
            built = handler._build_many(
                records.filtered(lambda record: wanted.get(record.id))
            )
        ready, failed, gone = [], [], []
        for event in events:
            record = records.browse(event.res_id)
            interfaces = wanted.get(event.res_id, [])
            if event.interface_ids:
                interfaces = [i for i in interfaces if i.id in event.interface_ids]
            if not interfaces or record not in records:
                gone.append(event.id)
                continue
            self._sort_snapshot(
                event, record, handler, interfaces, built, ready, failed
            )
        self._write_snapshots(ready, failed, gone, company)

    def _sort_snapshot(
        self, event, record, handler, interfaces, built, ready, failed
    ):
        """File one event under ready or failed."""
        content = built.get(event.res_id)
        if isinstance(content, HandledError):
            failed.append((event.id, interfaces, content))
            return
        try:
            snapshot = canonical_bytes(
                {
                    "data": content,
                    "subject": handler._subject(record),
                    "ordering_key": handler._ordering_key(record),
                    "business_key": handler._business_key(record) or "",
                }
            )
        except (CanonicalError, HandledError) as error:
            failure = TechnicalError(str(error), code="build_failed")
            failed.append((event.id, interfaces, failure))
            return
        ready.append((event.id, interfaces, snapshot))

    def _build_mapped(self, contract, wanted, records, handler):
        """Return ``{record id: {"by_interface": …}}``: interfaces map on their own."""
        contents = {record_id: {"by_interface": {}} for record_id in wanted}
        everyone = {interface for wanting in wanted.values() for interface in wanting}
        for interface in sorted(everyone, key=lambda item: item.id):
            mapping = interface.mapping_ids.filtered(
                lambda item, own=contract: item.contract_id == own
            )
            built = handler._build_many(
                records.filtered(
                    lambda record, own=interface: own in wanted.get(record.id, [])
                ),
                lambda record, own=mapping: handler._build_with(own, record),
            )
            for record_id, content in built.items():
                contents[record_id]["by_interface"][str(interface.id)] = (
                    {"error": [content.error_class, content.code, str(content)]}
                    if isinstance(content, HandledError)
                    else {"data": content}
                )
        return contents

    def _wanted(self, contract, company, records):
        """Return ``{record id: [interface, …]}`` by facility and filter."""
        wanted = defaultdict(list)
        capturing = dict(
            self.env["interop.interface"]._capturing(contract.message_type)
        )
        interfaces = self.env["interop.interface"].browse(capturing.get(contract.id, ()))
        for interface in interfaces:
            if company in interface.company_ids:
                for record in records.filtered_domain(interface._filter()):
                    wanted[record.id].append(interface)
        return wanted

    def _write_snapshots(self, ready, failed, gone, company):
        order = [key for key, _label in const.DATA_CLASSES]
        items = [
            (
                company.id,
                max((i.data_class for i in interfaces), key=order.index),
                snapshot,
            )
            for _event_id, interfaces, snapshot in ready
        ]
        try:
            payload_ids = self.env["interop.payload"]._store_many(items)
        except GuardError:
            # Settings shows why. Nothing is lost: the pump builds these later.
            ready, payload_ids = [], []
        rows = [
            (event_id, "ready", payload_id, Json([i.id for i in interfaces]), *[None] * 3)
            for (event_id, interfaces, _s), payload_id in zip(
                ready, payload_ids, strict=True
            )
        ] + [
            (
                event_id,
                "failed",
                None,
                Json([i.id for i in interfaces]),
                error.error_class,
                error.code,
                str(error),
            )
            for event_id, interfaces, error in failed
        ]
        self._update_snapshots(rows)
        if gone:
            self.env.cr.execute(
                "DELETE FROM interop_event WHERE id = ANY(%s)", [gone]
            )

    def _update_snapshots(self, rows):
        if not rows:
            return
        values = SQL(", ").join(SQL("(%s, %s, %s, %s, %s, %s, %s)", *r) for r in rows)
        self.env.cr.execute(
            SQL(
                """UPDATE interop_event e
                      SET state = v.state, payload_id = v.payload_id::int,
                          interface_ids = v.interfaces::jsonb,
                          error_class = v.error_class, error_code = v.error_code,
                          error_message = v.error_message
                     FROM (VALUES %s) AS v(id, state, payload_id, interfaces,
                                           error_class, error_code, error_message)
                    WHERE e.id = v.id""",
                values,
            ),
            log_exceptions=False,
        )
        self.env["interop.event"].invalidate_model(flush=False)

