"""Facility memberships: which facilities know a person, since when, and why."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock, db
from odoo.addons.interop_base.models.engine import origin
from odoo.addons.interop_base.tools import statement

MEMBERSHIP_STATES = [("active", "Active"), ("left", "Left")]


class InteropFacilityMembership(models.Model):
    """One facility knows one person for one period.

    A person is one partner for all facilities; memberships replace ``company_id``. They
    begin and end with ``res.partner._interop_join`` and ``_interop_leave``, with an
    audit row each time, and are never edited.
    """

    _name = "interop.facility.membership"
    _description = "Facility Membership"
    _inherit = ["interop.state.mixin"]
    _order = "state, company_id, id desc"
    _rec_name = "company_id"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", "Facility", required=True, readonly=True, ondelete="restrict"
    )
    state = fields.Selection(
        MEMBERSHIP_STATES, required=True, default="active", readonly=True
    )
    joined_at = fields.Datetime("Since", required=True, readonly=True)
    joined_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    joined_message_id = fields.Many2one(
        "interop.message",
        "Joined by Message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message that made this person known at the facility. Empty if "
        "a user or a merge did.",
    )
    merge_id = fields.Many2one(
        "interop.identifier.merge",
        "Joined by Merge",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The merge because of which the facility knows this person. The "
        "facility knew the prior record.",
    )
    joined_reason = fields.Char("Reason", readonly=True)
    left_at = fields.Datetime("Until", readonly=True)
    left_by_id = fields.Many2one(
        "res.users", "Ended By", readonly=True, ondelete="restrict"
    )
    left_message_id = fields.Many2one(
        "interop.message",
        "Ended by Message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    left_reason = fields.Char("Reason for Ending", readonly=True)
    stated = fields.Char(
        "Statement",
        readonly=True,
        copy=False,
        help="Time and sequence of the message that began, ended or continued "
        "this period. A message that is not newer does not change the "
        "period. Empty if a user decided.",
    )
    roles_stated = fields.Json(
        "Statements of Roles",
        readonly=True,
        copy=False,
        help="Time and sequence of the last message about the provider's roles, "
        "by the id of the system.",
    )

    _active_uniq = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'active'",
        "This facility already knows the person.",
    )
    _partner_idx = models.Index("(partner_id)")
    _facility_idx = models.Index("(company_id, partner_id)")
    _period_order = models.Constraint(
        "CHECK (left_at IS NULL OR left_at >= joined_at)",
        "A membership cannot end before it starts.",
    )

    def _guarded_fields(self):
        names = {"left_at", "left_by_id", "left_message_id", "stated", "roles_stated"}
        return super()._guarded_fields() | names

    @api.model_create_multi
    def create(self, vals_list):
        """Begin memberships and log them in the audit trail."""
        memberships = super().create(vals_list)
        memberships._log_joined()
        return memberships

    @api.model
    @api.private
    def _begin(self, facilities, reason=None):
        """Begin memberships in one statement and log them: messages create millions.

        The caller recomputes the fields that depend on memberships.

        :param dict facilities: ``{partner: facilities}``
        :param str reason: reason for the audit trail, without content
        """
        scope = origin.current(self.env)
        common = {
            "state": "active",
            "joined_at": clock.now(),
            "joined_by_id": self.env.uid,
            "joined_message_id": scope.message_id if scope else False,
            "joined_reason": reason,
            "stated": scope.stated if scope else False,
            **self._log_access_values(),
        }
        memberships = db.insert(
            self,
            [
                {"partner_id": partner.id, "company_id": company_id, **common}
                for partner, companies in facilities.items()
                for company_id in companies.ids
            ],
        )
        memberships._log_joined()
        return memberships

    def _log_access_values(self):
        uid, now = self.env.uid, self.env.cr.now()
        return {
            **dict.fromkeys(("create_uid", "write_uid"), uid),
            **dict.fromkeys(("create_date", "write_date"), now),
        }

    def _log_joined(self):
        details = {item.id: item._evidence(item.joined_reason) for item in self}
        if details:
            self.env["interop.audit.event"]._log("joined", self, details)

    def write(self, vals):
        """Refuse to change facility and reason of a membership."""
        fixed = self._fixed_fields() & vals.keys()
        if fixed:
            raise ValidationError(
                self.env._(
                    "A membership cannot be edited. Let the person leave, and join "
                    "again."
                )
            )
        return super().write(vals)

    @api.model
    def _fixed_fields(self):
        return {"partner_id", "company_id", "joined_at", "joined_by_id"}

    def _set_left(self, reason, message=None):
        """End memberships and log them; ended ones do not change."""
        moved = self._set_state(
            "left",
            {"active"},
            left_at=clock.now(),
            left_by_id=self.env.uid,
            left_message_id=message.id if message else False,
            stated=message._statement() if message else False,
            left_reason=reason,
        )
        for membership in moved:
            self.env["interop.audit.event"]._log(
                "left", membership, membership._evidence(reason)
            )
        return moved

    # === WHICH MESSAGE IS NEWER === #

    def _known_statement(self):
        """Return the statement that this membership is based on (``tools.statement``).

        Empty if a user decided.
        """
        self.ensure_one()
        if self.stated:
            return self.stated
        # Stored before statements were kept.
        left = self.state == "left"
        message = self.left_message_id if left else self.joined_message_id
        return message._statement() if message else ""

    def _set_stated(self, message):
        """Store that a message confirms the membership."""
        self._transition({"stated": message._statement()})

    def _take_roles(self, message):
        """Store that ``message`` states the roles at this facility.

        Returns False, and stores nothing, if it is not newer than the last statement of
        its system.
        """
        self.ensure_one()
        system, stated = str(message.system_id.id), message._statement()
        known = self.roles_stated or {}
        if not statement.is_newer(stated, known.get(system, "")):
            return False
        self._transition({"roles_stated": {**known, system: stated}})
        return True

    def _evidence(self, reason):
        """Return partner id and reason for the audit trail, without a name: it is
        permanent."""
        self.ensure_one()
        return f"partner {self.partner_id.id}: {reason or ''}".rstrip(": ")

    def action_leave(self):
        """Open the dialog that asks for the reason (button)."""
        self.ensure_one()
        return self.partner_id._interop_facility_dialog("leave", self.company_id)
