"""Which facilities know a person, since when, and how it came."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock, db
from odoo.addons.interop_base.models.engine import origin
from odoo.addons.interop_base.tools import statement

MEMBERSHIP_STATES = [("active", "Known Here"), ("left", "Left")]


class InteropFacilityMembership(models.Model):
    """One facility knows one person for one period.

    A person is one partner however many facilities know them; this is what takes the
    place of ``company_id``. Memberships begin and end with ``res.partner._interop_join``
    and ``_interop_leave``, on record both times, and are never edited.
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
        "Joined Through",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The message that made this person known here.",
    )
    merge_id = fields.Many2one(
        "interop.identifier.merge",
        "Joined By Merge",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The prior record was known here, so that its survivor is.",
    )
    joined_reason = fields.Char("Why", readonly=True)
    left_at = fields.Datetime("Until", readonly=True)
    left_by_id = fields.Many2one(
        "res.users", "Ended By", readonly=True, ondelete="restrict"
    )
    left_message_id = fields.Many2one(
        "interop.message",
        "Ended Through",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    left_reason = fields.Char("Why It Ended", readonly=True)
    stated = fields.Char(
        "Statement",
        readonly=True,
        copy=False,
        help="Time and sequence of the message that began, ended or continued this "
        "period. A message that is not newer does not change the period. Empty if a "
        "user decided.",
    )
    roles_stated = fields.Json(
        "Statements of Roles",
        readonly=True,
        copy=False,
        help="Time and sequence of the last message about the provider's roles, by "
        "the id of the system.",
    )

    _active_uniq = models.UniqueIndex(
        "(partner_id, company_id) WHERE state = 'active'",
        "This facility knows the person already.",
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
        """Begin memberships, on record."""
        memberships = super().create(vals_list)
        memberships._log_joined()
        return memberships

    @api.model
    @api.private
    def _begin(self, facilities, reason=None):
        """Begin memberships, on record, in one statement: messages make them by the
        million.

        What is computed from memberships is the caller's to see to.

        :param dict facilities: ``{partner: facilities}``
        :param str reason: why, for the record; no content
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
        """Refuse to rewrite where a person was known, and why."""
        fixed = self._fixed_fields() & vals.keys()
        if fixed:
            raise ValidationError(
                self.env._(
                    "Memberships are never edited: let the person leave and join again."
                )
            )
        return super().write(vals)

    @api.model
    def _fixed_fields(self):
        return {"partner_id", "company_id", "joined_at", "joined_by_id"}

    def _set_left(self, reason, message=None):
        """End memberships, on record; those that have ended are left alone."""
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
        """Return the statement that this membership rests on (``tools.statement``),
        empty where a person decided."""
        self.ensure_one()
        if self.stated:
            return self.stated
        # Stated before statements were kept.
        left = self.state == "left"
        message = self.left_message_id if left else self.joined_message_id
        return message._statement() if message else ""

    def _set_stated(self, message):
        """Note that a message confirms the membership."""
        self._transition({"stated": message._statement()})

    def _take_roles(self, message):
        """Note that ``message`` states the roles here; returns False, and notes nothing,
        where it is not newer than what its system stated before."""
        self.ensure_one()
        system, stated = str(message.system_id.id), message._statement()
        known = self.roles_stated or {}
        if not statement.is_newer(stated, known.get(system, "")):
            return False
        self._transition({"roles_stated": {**known, system: stated}})
        return True

    def _evidence(self, reason):
        """Return whose membership it is, by number, and why: no name, kept for ever."""
        self.ensure_one()
        return f"partner {self.partner_id.id}: {reason or ''}".rstrip(": ")

    def action_leave(self):
        """Open the dialog that asks why the person leaves this facility."""
        self.ensure_one()
        return self.partner_id._interop_facility_dialog("leave", self.company_id)
