"""Outbox rows: changes that have to be sent."""

import json
import logging
from collections import defaultdict

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ... import clock, const, db, storage
from ...exceptions import GuardError, HandledError, TechnicalError
from ..vault.interop_payload import SEALED
from . import origin
from .snapshot_batch import EventRow, SnapshotBatch

_logger = logging.getLogger(__name__)

FEW = 8  # number of rows up to which a snapshot does not read them again
WRITTEN_AT_ONCE = 500  # rows per statement that writes content
EVENT_STATES = [
    ("new", "Captured"),
    ("ready", "Ready"),
    ("failed", "Failed"),
    # The interface was set back to draft while in use. The event is built when the
    # interface is active again.
    ("held", "Waiting for Approval"),
]
# Columns that a snapshot writes.
BUILT = (
    *("state", "payload_id", "interface_ids"),
    *("error_class", "error_code", "error_message"),
)
# One statement stores the content and makes its event ready. The ids appear twice, so that
# PostgreSQL uses the primary key also with wrong statistics and never scans the whole
# table.
_READY = f"""
WITH v AS MATERIALIZED (
    SELECT *, nextval('interop_payload_id_seq') AS payload_id
      FROM unnest(%(ids)s::int[], %(interfaces)s::text[], %(sealed)s)
        AS own(event_id, interfaces, {SEALED})),
ready AS (
    UPDATE interop_event e
       SET state = 'ready', payload_id = v.payload_id,
           interface_ids = v.interfaces::jsonb,
           error_class = NULL, error_code = NULL, error_message = NULL
      FROM v
     WHERE e.id = ANY(%(ids)s) AND e.id = v.event_id AND e.state = 'new'
 RETURNING v.*)
INSERT INTO interop_payload (id, {SEALED}, created_at)
SELECT payload_id, {SEALED}, now() AT TIME ZONE 'UTC' FROM ready
"""


class InteropEvent(models.Model):
    """One narrow row per record and contract, written inside the business transaction.

    A rollback of the savepoint or transaction also removes the event. The pump turns
    ready events into messages and removes the events in the same transaction.
    """

    _name = "interop.event"
    _description = "Outbound Event"
    _order = "id"
    _log_access = False

    contract_id = fields.Many2one(
        "interop.contract", required=True, readonly=True, ondelete="restrict"
    )
    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="res_model", required=True, readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="restrict")
    occurred_at = fields.Datetime(required=True, readonly=True)
    state = fields.Selection(EVENT_STATES, required=True, readonly=True)
    # Transaction that wrote the row. Pre-commit finds the rows of the transaction by it,
    # also after savepoints.
    txid = fields.Char(readonly=True)
    interface_ids = fields.Json(readonly=True)
    # The id of an interop.payload, without a foreign key. The pump removes both rows, and
    # the business transaction saves the check.
    payload_id = fields.Integer("Content", readonly=True)
    correlation_id = fields.Char(readonly=True)
    # From the state of the server (origin.py), because a caller can forge the context.
    origin_system_id = fields.Many2one(
        "interop.system", "Caused By", readonly=True, ondelete="restrict"
    )
    parent_id = fields.Many2one(
        "interop.message",
        "Resubmission Of",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    error_class = fields.Selection(const.ERROR_CLASSES, readonly=True)
    error_code = fields.Char(readonly=True)
    error_message = fields.Char(readonly=True)

    # The state has no index. The table has only the waiting rows, and without an index an
    # update stays in its page (HOT), which halves its cost.
    _txid_idx = models.Index("(txid, res_id)")

    @api.depends("contract_id")
    def _compute_display_name(self):
        for event in self:
            event.display_name = event.contract_id.display_name and self.env._(
                "%(contract)s, event %(number)s",
                contract=event.contract_id.display_name,
                number=event.id,
            )

    def init(self):
        """Set storage options: a fill factor for updates within a page, and the options
        of the other tables of the engine after all tables exist."""
        self.env.cr.execute("ALTER TABLE interop_event SET (fillfactor = 45)")
        self.pool.post_init(storage.set_options, self.env.cr)

    @api.model
    @api.private
    def _publish(
        self,
        contract_type,
        records,
        *,
        occurred_at=None,
        parent=None,
        interface=None,
        combine=False,
    ):
        """Publish events about ``records`` in the current transaction.

        One INSERT per call, or one cache look-up when no interface subscribes. A rollback
        of the savepoint or transaction also removes the events.

        :param str contract_type: message type, such as ``invoice.posted``
        :param records: recordset
        :param datetime occurred_at: naive UTC, default now
        :param parent: ``interop.message`` that this resubmits
        :param interface: publish to this interface only (resubmission)
        :param combine: repeated publications of one record in this transaction make one
            message, also if the contract does not combine them
        :returns: number of events, 0 when no interface subscribes
        """
        capturing = self.env["interop.interface"]._capturing(contract_type)
        if interface:
            capturing = [
                (contract_id, ids)
                for contract_id, ids in capturing
                if interface.id in ids and contract_id == parent.contract_id.id
            ]
        holding = (
            [] if parent else self.env["interop.interface"]._holding(contract_type)
        )
        if not (capturing or holding) or not records:
            return 0
        moment = occurred_at or clock.now()
        for contract_id, _interfaces in capturing:
            # sudo: the contract decides about the content, not the access rights of the
            # current user
            contract_sudo = self.env["interop.contract"].sudo().browse(contract_id)
            wanted = records
            if not parent and (combine or contract_sudo.coalesce):
                wanted = records.browse(self._coalesce(contract_id, records))
            self._capture(contract_sudo, wanted, moment, parent, interface)
        for contract_id, interface_ids in holding:
            contract_sudo = self.env["interop.contract"].sudo().browse(contract_id)
            for held in self.env["interop.interface"].browse(interface_ids):
                self._capture(contract_sudo, records, moment, None, held, "held")
        return (len(capturing) + len(holding)) * len(records)

    def _capture(self, contract_sudo, records, moment, parent, interface, state="new"):
        """Write the events of ``records``, one per facility that the handler returns."""
        records = records.browse(records.ids)  # unsaved records have no id
        if not records:
            return
        handler = contract_sudo._handler().with_company(self._own_company())
        shared = {
            "contract_id": contract_sudo.id,
            "res_model": records._name,
            "occurred_at": moment,
            "state": state,
            "interface_ids": Json([interface.id]) if interface else None,
            "correlation_id": parent.correlation_id if parent else None,
            "parent_id": parent.id if parent else None,
            "origin_system_id": None if parent else origin.origin_system_id(self.env),
        }
        rows = [
            {"res_id": record.id, "company_id": company_id}
            for record in records.sudo()  # sudo: the contract decides
            for company_id in handler._companies(record)._ids
        ]
        event_ids = self._insert_events(rows, **shared)
        if state != "new":
            return
        if len(rows) > FEW:
            self._hook_transaction(dict.fromkeys(event_ids))
            return
        known = {**shared, "interface_ids": [interface.id] if interface else None}
        self._hook_transaction(
            {
                event_id: EventRow.known(id=event_id, **row, **known)
                for event_id, row in zip(event_ids, rows, strict=True)
            }
        )

    def _own_company(self):
        """Return the facility for records without one: the current company of the user.

        For the superuser, Odoo accepts the companies of the context, which a caller can
        forge. Therefore only companies of the user count.
        """
        user, company = self.env.user, self.env.company
        if user._is_superuser() or company.id in user._get_company_ids():
            return company
        return user.company_id

    def _coalesce(self, contract_id, records):
        """Return the ids of records without a row in this transaction.

        Existing rows are reset to new, so that their content is built again.
        """
        self.env.cr.execute(
            """UPDATE interop_event
                  SET state = 'new', occurred_at = %s, interface_ids = NULL,
                      origin_system_id = CASE WHEN origin_system_id = %s
                                              THEN origin_system_id END
                WHERE txid = txid_current()::text AND contract_id = %s
                  AND res_model = %s AND res_id = ANY(%s) AND parent_id IS NULL AND state <> 'held'
            RETURNING id, res_id""",
            [
                clock.now(),
                origin.origin_system_id(self.env),
                contract_id,
                records._name,
                records.ids,
            ],
        )
        found = self.env.cr.fetchall()
        if found:
            self._hook_transaction({event_id: None for event_id, _res_id in found})
        known = {res_id for _event_id, res_id in found}
        return [res_id for res_id in records.ids if res_id not in known]

    @api.model
    @api.private
    def _insert_events(self, rows, **shared):
        """Insert events in one statement and return their ids.

        :param rows: dicts of columns
        :param shared: columns that have the same value in each row
        """
        stamps = {name: SQL("%s", value) for name, value in shared.items()}
        stamps["txid"] = SQL("txid_current()::text")
        return db.insert_rows(self, rows, stamps)

    @api.model
    @api.private
    def _release_held(self, interface):
        """Release the events that were captured while ``interface`` was a draft."""
        self._change_held("UPDATE interop_event SET state = 'new'", interface)

    @api.model
    @api.private
    def _drop_held(self, interface):
        """Remove the events that wait for the approval of a retired interface.

        Events that were also built for other interfaces stay for those. The engine
        removes events without an interface.

        :returns: number of events
        """
        self.env.cr.execute(
            """UPDATE interop_event
                  SET interface_ids = jsonb_path_query_array(
                          interface_ids, '$[*] ? (@ != $own)',
                          jsonb_build_object('own', %s))
                WHERE state IN ('ready', 'failed') AND interface_ids @> %s::jsonb""",
            [interface.id, json.dumps([interface.id])],
        )
        built = self.env.cr.rowcount
        return built + self._change_held("DELETE FROM interop_event", interface)

    @api.model
    @api.private
    def _hold_new(self, interface):
        """Hold the new events of ``interface``, which was set back to draft.

        A draft captures nothing, so that the engine would remove these events.
        """
        only = json.dumps([interface.id])
        self.env.cr.execute(
            """UPDATE interop_event SET state = 'held'
                WHERE state = 'new' AND interface_ids = %s::jsonb""",
            [only],
        )
        # An event for all capturing interfaces stays for the other interfaces.
        self.env.cr.execute(
            """INSERT INTO interop_event (contract_id, res_model, res_id, company_id,
                                          occurred_at, state, txid, interface_ids,
                                          correlation_id, origin_system_id)
               SELECT contract_id, res_model, res_id, company_id, occurred_at, 'held',
                      txid, %s, correlation_id, origin_system_id
                 FROM interop_event
                WHERE state = 'new' AND interface_ids IS NULL AND parent_id IS NULL
                  AND contract_id = ANY(%s)
             ORDER BY id""",
            [only, interface.contract_ids.ids],
        )
        self.invalidate_model(flush=False)

    def _change_held(self, statement, interface):
        self.env.cr.execute(
            f"{statement} WHERE state = 'held' AND interface_ids = %s::jsonb",
            [json.dumps([interface.id])],
        )
        self.invalidate_model(flush=False)
        return self.env.cr.rowcount

    def _hook_transaction(self, events):
        """Register the snapshot before commit and the pump after it, once per
        transaction.

        :param dict events: ``{id: EventRow}``; ``None`` for a row that has to be read
        """
        precommit = self.env.cr.precommit
        if "interop.event" not in precommit.data:
            precommit.data["interop.event"] = {}
            precommit.add(self._snapshot_transaction)
        precommit.data["interop.event"].update(events)
        self.env["interop.pump"]._arm_after_commit()

    # === SNAPSHOTS === #
    # This code runs in the business transaction for every record. Therefore it uses rows
    # instead of recordsets, and as few statements as possible.

    def _snapshot_transaction(self):
        """Snapshot the events that this transaction wrote and that still exist.

        The events are found by their ids, because a transaction with many savepoints
        calls this for each savepoint and must not search all its rows. The pump builds
        events that are missing here.

        Odoo calls this whenever a savepoint begins or ends, mostly for one or two rows.
        These rows are not read again. If a rollback without Odoo's knowledge removed a
        row, its content is built but not written.
        """
        waiting = self.env.cr.precommit.data.pop("interop.event", None)
        if not waiting:
            return
        if len(waiting) <= FEW and all(waiting.values()):
            self._snapshot_rows(sorted(waiting.values()))
        else:
            self._snapshot_where("id = ANY(%s) AND state = 'new'", list(waiting))

    @api.model
    @api.private
    def _snapshot_before_unlink(self, records):
        """Build the events of this transaction about records before their deletion.

        At pre-commit the records no longer exist.
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
        """Build the events, and store their content and their interfaces.

        An event without an interface is removed. Without a key file, protected content
        cannot be encrypted. Such events stay ``new`` until the key file is available.
        """
        if event_ids:
            self._snapshot_where("id = ANY(%s) AND state = 'new'", list(event_ids))

    def _snapshot_where(self, condition, *params):
        columns = ", ".join(EventRow._fields)
        self.env.cr.execute(
            f"SELECT {columns} FROM interop_event WHERE {condition} ORDER BY id",  # pylint: disable=sql-injection
            params,
        )
        rows = [EventRow._make(row) for row in self.env.cr.fetchall()]
        if rows:
            self._snapshot_rows(rows)
            self._delete_obsolete(rows)

    def _snapshot_rows(self, rows):
        batches = defaultdict(list)
        for row in rows:
            batches[row.contract_id, row.res_model, row.company_id].append(row)
        # sudo: the contract decides about the content, not the access rights of the
        # current user. No context: messages do not depend on the language of a user
        user_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "interop_base.user_integration"
        )
        engine_sudo = self.with_env(self.env(user=user_id, su=True, context={}))
        for (contract_id, _model, company_id), batch in batches.items():
            engine_sudo._snapshot_batch(contract_id, company_id, batch)

    def _delete_obsolete(self, rows):
        """Delete earlier content that a repeated publication replaced."""
        obsolete = [row.payload_id for row in rows if row.payload_id]
        if obsolete:
            self.env.cr.execute(
                "DELETE FROM interop_payload WHERE id = ANY(%s)", [obsolete]
            )

    def _snapshot_batch(self, contract_id, company_id, rows):
        """Build one batch. An error does not stop the business transaction.

        A failed query would abort the transaction, therefore the savepoint. The second
        round uses one savepoint per record, after the first round failed.
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
                raise  # Odoo repeats the whole business transaction
            except Exception as error:  # noqa: BLE001 (handlers may raise anything)
                kind = type(error).__name__
                self.env.invalidate_all(flush=False)
        # For example a filter on a field of an uninstalled addon. The events are kept as
        # failures with an owner. Only the type is logged, as the text may hold content.
        _logger.error(
            "events %s could not be built: %s", [row.id for row in rows], kind
        )
        failure = TechnicalError(
            self.env._(
                "The message could not be built (%s). Look for the cause in the server "
                "log, then build it again.",
                kind,
            ),
            code="build_failed",
        )
        self._write_snapshots(batch.failures(failure), [], company)

    def _is_meant_for(self, event, interface):
        """Hook: return whether an interface gets an event.

        Called before the content is built, for each kind of event and each interface that
        captures its contract, in the business transaction. A resubmission or a held event
        is for one interface only. An event that a system caused is not sent back to that
        system, unless the interface allows it. Override it to exclude an interface for
        other reasons, and call ``super()``.

        An override must not read or write records, because it runs for every published
        record.

        :param EventRow event: the event
        :param interface: ``interop.interface``
        """
        asked = (
            event.interface_ids is None
            and not event.parent_id
            or (interface.id in (event.interface_ids or []))
        )
        caused = event.origin_system_id and (
            event.origin_system_id == interface.system_id.id
        )
        return asked and (interface.send_back or not caused)

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
            self.env.cr.execute(
                "DELETE FROM interop_event WHERE id = ANY(%s) AND state = 'new'", [gone]
            )
        self.env["interop.event"].invalidate_model(None if gone else BUILT, flush=False)

    def _write_ready(self, snapshots, company):
        if not snapshots:
            return
        order = [key for key, _label in const.DATA_CLASSES]
        # The key is the identity, because hashing the recordset of each event costs more
        # than storing the event.
        classes, lists = {}, {}
        for key, interfaces in {
            id(s.interfaces): s.interfaces for s in snapshots
        }.items():
            classes[key] = max((i.data_class for i in interfaces), key=order.index)
            lists[key] = json.dumps([interface.id for interface in interfaces])
        for start in range(0, len(snapshots), WRITTEN_AT_ONCE):
            batch = snapshots[start : start + WRITTEN_AT_ONCE]
            contents = [
                (company.id or None, classes[id(item.interfaces)], item.content)
                for item in batch
            ]
            try:
                sealed = self.env["interop.payload"]._sealed_arrays(contents)
            except GuardError:
                # The Settings show the reason. The pump builds these events later.
                return
            self.env.cr.execute(
                SQL(
                    _READY,
                    ids=[item.row.id for item in batch],
                    interfaces=[lists[id(item.interfaces)] for item in batch],
                    sealed=sealed,
                ),
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
                WHERE e.id = v.id AND e.state = 'new'""",
            [
                [item.row.id for item in snapshots],
                [json.dumps([i.id for i in item.interfaces]) for item in snapshots],
                [error.error_class for error in errors],
                [error.code for error in errors],
                [str(error) for error in errors],
            ],
            log_exceptions=False,
        )
