"""What the log knows of inbound messages."""

from odoo import api, fields, models
from odoo.tools import ormcache

from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.tools import field_report

from ..tools import problems

ACCEPTED = ("pending", "processing")


def public_code(state, error_kind, error_code):
    """Return the code of a failed message as its sender may know it: ``""`` for one that
    did not fail, or failed for reasons that the sender cannot change."""
    if state not in base_const.FAILED_STATES or error_kind == "technical":
        return ""
    return problems.failure_code(error_code)


class InteropMessage(models.Model):
    """Adds the sender, the replay guard, and the answer to the sender."""

    _inherit = "interop.message"

    client_id = fields.Many2one(
        "interop.client",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )

    _inbound_external_id_uniq = models.UniqueIndex(
        "(client_id, external_id) WHERE direction = 'in'",
        "This client has sent a message with this id already.",
    )
    # Who reconciles asks for a span of time; rows are stored about in that order.
    _occurred_idx = models.Index("USING brin (occurred_at) WITH (pages_per_range = 32)")
    _inbound_known = models.Constraint(
        "CHECK (direction <> 'in' OR (client_id IS NOT NULL AND external_id IS NOT "
        "NULL))",
        "An inbound message has a sender and an id.",
    )

    def _fill_cache(self, values):
        """Take the columns of a row that was just inserted; those that are not among
        ``values`` are empty."""
        self.ensure_one()
        for field in self._column_fields():
            value = values.get(field.name)
            if value is not None:
                value = field.convert_to_cache(value, self, validate=False)
            field._get_cache(self.env)[self.id] = value

    @api.model
    @ormcache()
    def _column_fields(self):
        """Return the fields that are columns."""
        return [
            field
            for name, field in self._fields.items()
            if name != "id" and field.store and field.column_type
        ]

    def _service_user(self):
        self.ensure_one()
        client = self.client_id
        if not client.user_id:
            return super()._service_user()
        interface = self.interface_id
        given = client.state == "active" and interface in client.interface_ids
        if not given and interface.state == "active":  # else it is a dry run
            # Accepted before, and tried again perhaps long after that.
            client._sync_service_user()
        return client.user_id

    def _answer_status(self):
        """Return the HTTP status of the answer to the sender in the present state."""
        self.ensure_one()
        if self.state in ACCEPTED or self._is_our_fault():
            return 202
        return 200 if self.state in ("done", "skipped") else 422

    def _answer_errors(self, detail):
        """Return ``errors`` of the problem details: the place that is wrong, if one is
        known and the sender can change it."""
        self.ensure_one()
        code = public_code(self.state, self.error_kind, self.error_code)
        if not code or not self.error_pointer:
            return []
        return [{"pointer": self.error_pointer, "detail": detail, "code": code}]

    def _is_our_fault(self):
        """Return whether the message failed for reasons that its sender cannot
        change."""
        return self.state in base_const.FAILED_STATES and self.error_kind == "technical"

    def _status_body(self):
        """Return the status of the message as its sender may know it."""
        self.ensure_one()
        body = {
            "id": self.external_id,
            "type": self.contract_id.message_type,
            "schema_version": self.contract_id.version,
            "status": self.state,
            "received_at": self.create_date.isoformat(timespec="seconds") + "Z",
        }
        if self.done_at:
            body["finished_at"] = self.done_at.isoformat(timespec="seconds") + "Z"
        if self.test:
            body["test"] = True
        if self.state == "skipped" and self.error_code == field_report.STALE:
            body["reason"] = field_report.STALE
        code = public_code(self.state, self.error_kind, self.error_code)
        if code:
            body["code"] = code
            if self.error_pointer:
                body["pointer"] = self.error_pointer
        # What became of each field, where the record has systems of record.
        report = self._answer_fields()
        if report:
            body["fields"] = report
        return body
