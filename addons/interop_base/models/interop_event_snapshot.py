"""Snapshots: what the receiver gets is what was true when it happened."""

import logging
from collections import defaultdict

from psycopg2.extras import Json

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .. import const, db
from ..exceptions import BusinessError, GuardError, HandledError, TechnicalError
from ..tools.canonical import canonical_bytes
from ..tools.errors import CanonicalError

_logger = logging.getLogger(__name__)


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
        # Content of an earlier snapshot that a combined update made obsolete.
        obsolete = events_sudo.payload_id.ids
        for (contract, model, company), events in batches.items():
            try:
                with db.quiet(), self.env.cr.savepoint(flush=False):
                    events_sudo._snapshot_batch(contract, model, company, events)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise  # Odoo runs the whole business transaction again
            except Exception as error:
                events_sudo._fail_batch(contract, company, events, error)
        if obsolete:
            self.env.cr.execute(
                "DELETE FROM interop_payload WHERE id = ANY(%s)", [obsolete]
            )

    def _fail_batch(self, contract, company, events, error):
        """Keep events that could not even be sorted, such as with a filter on a field that
        an uninstalled addon took away: the business goes on, and the failure has an owner."""
        _logger.error(
            "events %s could not be built: %s",
            [event.id for event in events],
            type(error).__name__,
        )
        failure = TechnicalError(
            self.env._("Building the message failed (%s).", type(error).__name__),
            code="build_failed",
        )
        covering = self._capturing_interfaces(contract).filtered(
            lambda interface: company in interface.company_ids
        )
        failed = []
        for event in events:
            interfaces = [i for i in covering if self._is_meant_for(event, i)]
            failed.append((event.id, interfaces, failure))
        self._write_snapshots([], failed, [], company)

    def _is_meant_for(self, event, interface):
        """A resubmission is for one interface only, everything else for all."""
        return not event.parent_id or interface.id in (event.interface_ids or [])

    def _capturing_interfaces(self, contract):
        capturing = dict(
            self.env["interop.interface"]._capturing(contract.message_type)
        )
        return self.env["interop.interface"].browse(capturing.get(contract.id, ()))

    def _snapshot_batch(self, contract, model, company, events):
        env = self.env(user=self.env.ref("interop_base.user_integration").id, su=True)
        handler = contract.with_env(env)._handler().with_company(company)
        records = handler.env[model].browse({event.res_id for event in events}).exists()
        wanted = self._wanted(contract, company, records)
        leaving = records.filtered(lambda record: wanted.get(record.id))
        if contract.handler_name == "interop.handler.mapping":
            built = self._build_mapped(contract, wanted, records, handler)
        else:
            built = handler._build_many(leaving)
        keys = handler._build_many(leaving, lambda record: self._keys(handler, record))
        ready, failed, gone = [], [], []
        for event in events:
            interfaces = [
                i for i in wanted.get(event.res_id, []) if self._is_meant_for(event, i)
            ]
            if interfaces:
                content = self._content(built[event.res_id], keys[event.res_id])
                kind = failed if isinstance(content, HandledError) else ready
                kind.append((event.id, interfaces, content))
            elif event.parent_id:
                # Somebody asked for it: say why it does not leave instead of dropping it.
                asked = self.env["interop.interface"].browse(event.interface_ids)
                failed.append((event.id, asked, self._not_wanted()))
            else:
                gone.append(event.id)
        self._write_snapshots(ready, failed, gone, company)

    def _not_wanted(self):
        return BusinessError(
            self.env._(
                "The record was deleted, or it no longer matches the facilities and the "
                "filter of the interface. Cancel the message if that is right."
            ),
            code="not_wanted",
        )

    def _keys(self, handler, record):
        return {
            "subject": handler._subject(record),
            "ordering_key": handler._ordering_key(record),
            "business_key": handler._business_key(record) or "",
        }

    def _content(self, data, keys):
        """Return the snapshot of one event as bytes, or the ``HandledError`` of a part."""
        for part in (data, keys):
            if isinstance(part, HandledError):
                return part
        try:
            return canonical_bytes({"data": data, **keys})
        except CanonicalError as error:
            return TechnicalError(str(error), code="build_failed")

    def _build_mapped(self, contract, wanted, records, handler):
        """Return ``{record id: {"by_interface": …}}``: interfaces map on their own."""
        contents = {record_id: {"by_interface": {}} for record_id in wanted}
        everyone = {interface for wanting in wanted.values() for interface in wanting}
        for interface in sorted(everyone, key=lambda item: item.id):
            mapping = interface.mapping_ids.filtered(
                lambda item, own=contract: item.contract_id == own
            )
            own = records.filtered(
                lambda record, own=interface: own in wanted.get(record.id, [])
            )
            built = handler._build_many(own, handler._builder(mapping, own))
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
        for interface in self._capturing_interfaces(contract):
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

