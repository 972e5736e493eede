"""A number that was somebody's before, and whose it may be now."""

from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import ConflictError, PossibleDuplicate

from .. import const


class InteropNamespace(models.Model):
    """When a retired value may identify another record."""

    _inherit = "interop.namespace"

    reuse_policy = fields.Selection(
        const.REUSE_POLICIES,
        "Re-use of Values",
        required=True,
        default="retired",
        tracking=True,
        help="When a value that one record had may become another record's. Messages "
        "that do so wait for a steward in any case.",
    )
    reuse_days = fields.Integer(
        "Days",
        default=365,
        tracking=True,
        help="So long after its retirement nobody else gets the value.",
    )

    _reuse_days_positive = models.Constraint(
        "CHECK (reuse_policy <> 'days' OR reuse_days > 0)",
        "Say after how many days a value may be used again.",
    )

    def write(self, vals):
        """Let the database know at once which values are never used again."""
        result = super().write(vals)
        self.flush_recordset(["reuse_policy", "reuse_days"])  # the trigger reads them
        if "reuse_policy" in vals:
            self.env.cr.execute(
                "UPDATE interop_identifier SET once = %(once)s WHERE namespace_id = "
                "ANY(%(ids)s) AND once IS DISTINCT FROM %(once)s",
                {"once": vals["reuse_policy"] == "never", "ids": self.ids},
            )
            self.env["interop.identifier"].invalidate_model(["once"])
        return result

    def _reusable_at(self, retired_at):
        """Return from when on another record may have a value that was retired then
        (naive UTC), None for never."""
        if self.reuse_policy == "never":
            return None
        days = self.reuse_days if self.reuse_policy == "days" else 0
        return (retired_at or clock.now()) + timedelta(days=days)


class InteropIdentifier(models.Model):
    """Re-use of values: by the policy of the namespace, and with a steward's word."""

    _inherit = "interop.identifier"

    # Set by the trigger on insert (see interop_identifier_anchor.py), for the index.
    once = fields.Boolean(
        "Never Used Again", readonly=True, help="By the policy of the namespace."
    )

    _once_uniq = models.UniqueIndex(
        "(namespace_id, value_normalized) WHERE once AND state <> 'entered_in_error'",
        "Another record had this identifier before, and values of this namespace are "
        "never used again.",
    )

    @api.model
    def _reuse_text(self, namespace, free_at):
        if not free_at:
            return self.env._(
                "Another record had this identifier before, and values of “%s” are "
                "never used again.",
                namespace.name,
            )
        return self.env._(
            "Another record had this identifier before. Values of “%(name)s” may be "
            "used again %(days)s days after their retirement, this one from %(date)s "
            "on.",
            name=namespace.name,
            days=namespace.reuse_days,
            date=fields.Date.to_string(free_at),
        )

    # ------------------------------------------------------------------
    # Messages
    # ------------------------------------------------------------------
    @api.model
    def _again(self, named, rows, company):
        """Return the record that a steward gave a retired number back to, as ``(model,
        id)``, None if nobody has."""
        for item in named:
            for row in rows.get((item.namespace.id, item.normalized), ()):
                record = (row.res_model, row.res_id)
                asked = self._number_question(record, item, company)
                decided_sudo = self.env["interop.identity.case"]._decided(asked)
                if row.state == "retired" and decided_sudo.decision == "same":
                    return record
        return None

    @api.model
    def _was_then(self, record, former, message):
        """Say whether a late message calls ``record`` by a number that it had when that
        happened (one of the retired rows ``former``): nothing to link today."""
        own = former.filtered(
            lambda row: (row.res_model, row.res_id) == (record._name, record.id)
        )
        return message.occurred_at and own._valid_at(message.occurred_at)

    @api.model
    def _use_again(self, record, former, item, message):
        """Return the record's own retired row, active again, where the value was its
        before; an empty one where a new row is due.

        :param former: the retired rows with the value of ``item``
        :raises PossibleDuplicate: it was another record's and no steward has approved
        :raises ConflictError: the policy of the namespace forbids it
        """
        own = former.filtered(
            lambda row: (row.res_model, row.res_id) == (record._name, record.id)
        )
        others = former - own
        for other in others:
            self._check_approved(other, item, message.company_id)
        if own and not others:
            last = own.sorted("period_end")[-1:]
            if self._make_way(record, item, message)[0] == "active":
                last._set_active(message=message)
            return last
        return self.browse()

    @api.model
    def _check_approved(self, other, item, company):
        """Refuse a number of ``other`` unless a steward approved and the policy
        agrees."""
        free_at = item.namespace._reusable_at(other.period_end)
        if not free_at or free_at > clock.now():
            raise ConflictError(
                self._reuse_text(item.namespace, free_at), code="identifier_reuse"
            )
        asked = self._number_question((other.res_model, other.res_id), item, company)
        decided_sudo = self.env["interop.identity.case"]._decided(asked)
        if decided_sudo.decision != "create":
            raise PossibleDuplicate(
                self.env._(
                    "An identifier of this message was another record's before. A "
                    "steward has to approve that it is used again."
                ),
                code="identifier_reuse",
                question=asked,
            )
