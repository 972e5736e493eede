"""Something that happened here and must leave."""

import json

from odoo import api, fields, models

from ... import clock, const
from . import origin

EVENT_STATES = [
    ("new", "Captured"),
    ("ready", "Ready"),
    ("failed", "Could not be built"),
    # For an interface that was set back to draft while in use: built when it is active.
    ("held", "Waits for an approval"),
]


class InteropEvent(models.Model):
    """One narrow row per record and contract, written inside the business transaction.

    The database itself undoes it with a rolled back savepoint or transaction. The pump
    turns ready events into messages and removes them in the same transaction.
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
    # Transaction that wrote the row: how pre-commit finds its own rows after
    # savepoints.
    txid = fields.Char(readonly=True)
    interface_ids = fields.Json(readonly=True)
    # The id of an interop.payload without a foreign key: the pump removes both in one
    # statement each, and the business transaction does not pay for checking it.
    payload_id = fields.Integer("Content", readonly=True)
    correlation_id = fields.Char(readonly=True)
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

    # None on the state: there are only as many rows as wait, and a row that becomes
    # ready in its page costs the business half of what an index would make of it.
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
        """Leave room in each page for the second version of its rows."""
        self.env.cr.execute("ALTER TABLE interop_event SET (fillfactor = 45)")

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
        """Publish that something happened to ``records``, in the current transaction.

        One INSERT per call. Costs one cache look-up when nobody subscribes. A rolled
        back savepoint or transaction takes the events with it.

        :param str contract_type: message type, such as ``invoice.posted``
        :param records: recordset
        :param datetime occurred_at: naive UTC, default now
        :param parent: ``interop.message`` that this resubmits
        :param interface: publish to this interface only (resubmission)
        :param combine: repeated publications of one record in this transaction make one
            message, whatever the contract says
        :returns: number of events, 0 when nobody subscribes
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
            # sudo: what leaves is decided by the contract, not by what the clerk may
            # read
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
        """Write the events of ``records``: one per facility that the handler names."""
        records = records.browse(records.ids)  # what is not saved yet has no id
        if not records:
            return
        handler = contract_sudo._handler().with_company(self._own_company())
        pairs = [
            (record.id, company_id)
            for record in records.sudo()  # sudo: what leaves is decided by the contract
            for company_id in handler._companies(record)._ids
        ]
        self._insert_events(
            contract_sudo.id, records._name, pairs, moment, parent, interface, state
        )

    def _own_company(self):
        """Return the facility of records that name none: where the user works now.

        As superuser Odoo believes the companies of the context, which a caller can
        forge: only those of the user count.
        """
        user, company = self.env.user, self.env.company
        if user._is_superuser() or company.id in user._get_company_ids():
            return company
        return user.company_id

    def _coalesce(self, contract_id, records):
        """Return the ids that need a row of their own.

        Those of which this transaction has no row yet; the others are taken again.
        """
        self.env.cr.execute(
            """UPDATE interop_event
                  SET state = 'new', occurred_at = %s, interface_ids = NULL,
                      origin_system_id = CASE WHEN origin_system_id = %s
                                              THEN origin_system_id END
                WHERE txid = txid_current()::text AND contract_id = %s AND res_model =
                %s
                  AND res_id = ANY(%s) AND parent_id IS NULL AND state <> 'held'
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
            self._hook_transaction([event_id for event_id, _res_id in found])
        known = {res_id for _event_id, res_id in found}
        return [res_id for res_id in records.ids if res_id not in known]

    def _insert_events(
        self, contract_id, model, pairs, moment, parent, interface, state
    ):
        only = json.dumps([interface.id]) if interface else None
        self.env.cr.execute(
            """INSERT INTO interop_event (contract_id, res_model, res_id, company_id,
                                          occurred_at, state, txid, interface_ids,
                                          correlation_id, parent_id, origin_system_id)
               SELECT %s, %s, row.res_id, row.company_id, %s, %s,
               txid_current()::text, %s, %s, %s, %s
                 FROM unnest(%s::int[], %s::int[]) AS row(res_id, company_id)
            RETURNING id""",
            [
                contract_id,
                model,
                moment,
                state,
                only,
                parent.correlation_id if parent else None,
                parent.id if parent else None,
                None if parent else origin.origin_system_id(self.env),
                [record_id for record_id, _company_id in pairs],
                [company_id for _record_id, company_id in pairs],
            ],
        )
        if state == "new":
            self._hook_transaction([event_id for (event_id,) in self.env.cr.fetchall()])

    @api.model
    @api.private
    def _release_held(self, interface):
        """Let the engine build what was captured while ``interface`` was a draft."""
        self._change_held("UPDATE interop_event SET state = 'new'", interface)

    @api.model
    @api.private
    def _drop_held(self, interface):
        """Remove what waits for the approval of an interface that ends; return how
        many events.

        What was built for other interfaces as well stays for those. The engine removes
        what is for none.
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
        """Keep what is not built yet for ``interface``, which was set back to draft:
        a draft captures nothing, and what nobody captures is removed."""
        only = json.dumps([interface.id])
        self.env.cr.execute(
            """UPDATE interop_event SET state = 'held'
                WHERE state = 'new' AND interface_ids = %s::jsonb""",
            [only],
        )
        # What is for all who capture it stays for the others.
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

    def _hook_transaction(self, event_ids):
        """Snapshot these before commit and wake the pump after it, once per
        transaction.
        """
        precommit = self.env.cr.precommit
        if "interop.event" not in precommit.data:
            precommit.data["interop.event"] = []
            precommit.add(self._snapshot_transaction)
        precommit.data["interop.event"] += event_ids
        self.env["interop.pump"]._arm_after_commit()
