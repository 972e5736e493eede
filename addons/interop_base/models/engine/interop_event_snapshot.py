"""Snapshots: what the receiver gets is what was true when it happened."""

import json
import logging
from collections import defaultdict

from odoo import api, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ... import const, db
from ...exceptions import GuardError, HandledError, TechnicalError
from .snapshot_batch import EventRow, SnapshotBatch

_logger = logging.getLogger(__name__)


class InteropEvent(models.Model):
    """Building events in batches, before commit or, for leftovers, in the pump.

    This runs in the business transaction, for every record: rows instead of recordsets,
    and one statement for what can be done in one.
    """

    _inherit = "interop.event"

    def _snapshot_transaction(self):
        """Snapshot the events that this transaction wrote and that still exist.

        By their ids: a transaction of many savepoints comes here for each of them, and
        must not look through all that it wrote before. What these ids may miss, the
        pump builds.
        """
        ids = self.env.cr.precommit.data.pop("interop.event", None)
        if ids:
            self._snapshot_where("id = ANY(%s) AND state = 'new'", ids)

    @api.model
    @api.private
    def _snapshot_before_unlink(self, records):
        """Build what this transaction published about records that are deleted next.

        Before commit it would be too late: the records are gone then.
        """
        self.env.flush_all()
        self._snapshot_where(
            "txid = txid_current()::text AND res_model = %s AND res_id = ANY(%s) "
            "AND state = 'new'",
            records._name,
            records.ids,
        )

    @api.model
    def _snapshot(self, event_ids):
        """Build the events, keep content and the interfaces that want it.

        An event that no interface wants is removed. Without a key file, protected
        content cannot be kept: such events stay ``new`` and are built when the key
        file is back.
        """
        if event_ids:
            self._snapshot_where("id = ANY(%s)", list(event_ids))

    def _snapshot_where(self, condition, *params):
        columns = ", ".join(EventRow._fields)
        self.env.cr.execute(
            f"SELECT {columns} FROM interop_event WHERE {condition} ORDER BY id",  # pylint: disable=sql-injection
            params,
        )
        rows = [EventRow._make(row) for row in self.env.cr.fetchall()]
        if not rows:
            return
        batches = defaultdict(list)
        for row in rows:
            batches[row.contract_id, row.res_model, row.company_id].append(row)
        # sudo: what leaves is decided by the contract, not by what the clerk may read;
        # no context: the wire has no language and no defaults of a user
        user_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "interop_base.user_integration"
        )
        engine_sudo = self.with_env(self.env(user=user_id, su=True, context={}))
        for (contract_id, _model, company_id), batch in batches.items():
            engine_sudo._snapshot_batch(contract_id, company_id, batch)
        self._delete_obsolete(rows)

    def _delete_obsolete(self, rows):
        """Delete earlier content that a combined update made obsolete."""
        obsolete = [row.payload_id for row in rows if row.payload_id]
        if obsolete:
            self.env.cr.execute(
                "DELETE FROM interop_payload WHERE id = ANY(%s)", [obsolete]
            )

    def _snapshot_batch(self, contract_id, company_id, rows):
        """Build one batch; whatever goes wrong, the business goes on.

        A failing query aborts the transaction of the business, therefore the
        savepoint; and one per record only when building all of them in one failed.
        """
        contract = self.env["interop.contract"].browse(contract_id)
        company = self.env["res.company"].browse(company_id or ())
        batch = SnapshotBatch(self, contract, company, rows)
        for careful in (False, True):
            try:
                with db.quiet(), self.env.cr.savepoint(flush=False):
                    self._write_snapshots(*batch.snapshots(careful), company)
                return
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise  # Odoo runs the whole business transaction again
            except Exception as error:  # noqa: BLE001 (handlers are anybody's code)
                kind = type(error).__name__
                self.env.invalidate_all(flush=False)
        # Such as a filter on a field that an uninstalled addon took away: kept, and
        # with an owner. Only the type is told: the text may hold content.
        _logger.error(
            "events %s could not be built: %s", [row.id for row in rows], kind
        )
        failure = TechnicalError(
            self.env._("Building the message failed (%s).", kind), code="build_failed"
        )
        self._write_snapshots(batch.failures(failure), [], company)

    def _is_meant_for(self, event, interface):
        """A resubmission, and what was held for a draft, is for one interface only;
        everything else for all.

        :param EventRow event: the event
        """
        return (
            event.interface_ids is None
            and not event.parent_id
            or (interface.id in (event.interface_ids or []))
        )

    def _capturing_interfaces(self, contract):
        capturing = dict(
            self.env["interop.interface"]._capturing(contract.message_type)
        )
        return self.env["interop.interface"].browse(capturing.get(contract.id, ()))

    def _write_snapshots(self, snapshots, gone, company):
        failed = [item for item in snapshots if isinstance(item.content, HandledError)]
        ready = [
            item for item in snapshots if not isinstance(item.content, HandledError)
        ]
        self._write_ready(ready, company)
        self._write_failed(failed)
        if gone:
            self.env.cr.execute("DELETE FROM interop_event WHERE id = ANY(%s)", [gone])
        self.env["interop.event"].invalidate_model(flush=False)

    def _write_ready(self, snapshots, company):
        if not snapshots:
            return
        order = [key for key, _label in const.DATA_CLASSES]
        # By identity: hashing recordsets of every event would cost more than storing
        # it.
        classes, lists = {}, {}
        for key, interfaces in {
            id(s.interfaces): s.interfaces for s in snapshots
        }.items():
            classes[key] = max((i.data_class for i in interfaces), key=order.index)
            lists[key] = json.dumps([interface.id for interface in interfaces])
        try:
            payload_ids = self.env["interop.payload"]._store_many(
                [
                    (company.id or None, classes[id(item.interfaces)], item.content)
                    for item in snapshots
                ]
            )
        except GuardError:
            # Settings shows why. Nothing is lost: the pump builds these later.
            return
        self.env.cr.execute(
            """UPDATE interop_event e
                  SET state = 'ready', payload_id = v.payload_id,
                      interface_ids = v.interfaces::jsonb,
                      error_class = NULL, error_code = NULL, error_message = NULL
                 FROM unnest(%s::int[], %s::int[], %s::text[])
                   AS v(id, payload_id, interfaces)
                WHERE e.id = v.id""",
            [
                [item.row.id for item in snapshots],
                payload_ids,
                [lists[id(item.interfaces)] for item in snapshots],
            ],
            log_exceptions=False,
        )

    def _write_failed(self, snapshots):
        if not snapshots:
            return
        errors = [item.content for item in snapshots]
        self.env.cr.execute(
            """UPDATE interop_event e
                  SET state = 'failed', payload_id = NULL,
                      interface_ids = v.interfaces::jsonb,
                      error_class = v.error_class, error_code = v.error_code,
                      error_message = v.error_message
                 FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                   AS v(id, interfaces, error_class, error_code, error_message)
                WHERE e.id = v.id""",
            [
                [item.row.id for item in snapshots],
                [json.dumps([i.id for i in item.interfaces]) for item in snapshots],
                [error.error_class for error in errors],
                [error.code for error in errors],
                [str(error) for error in errors],
            ],
            log_exceptions=False,
        )
