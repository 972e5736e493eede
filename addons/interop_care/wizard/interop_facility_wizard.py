"""Ask for the reason when a person joins or leaves a facility."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class InteropFacilityWizard(models.TransientModel):
    """Lets a person join or leave a facility (stewards), with a recorded reason."""

    _name = "interop.facility.wizard"
    _description = "Joining or Leaving a Facility"

    operation = fields.Selection(
        [("join", "Join"), ("leave", "Leave")], required=True, readonly=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        required=True,
        domain="[('id', 'in', choice_ids)]",
        ondelete="cascade",
    )
    choice_ids = fields.Many2many("res.company", compute="_compute_choice_ids")
    reason = fields.Char(
        required=True,
        help="Kept in the audit trail. Do not enter names or clinical facts.",
    )

    @api.depends("operation", "partner_id")
    def _compute_choice_ids(self):
        for wizard in self:
            # By id, because a user may have selected only one of several facilities.
            own = wizard.env["res.company"].browse(wizard.env.user._get_company_ids())
            present = own & wizard.partner_id._interop_known_at()
            wizard.choice_ids = (
                present if wizard.operation == "leave" else own - present
            )

    def action_apply(self):
        """Join or leave (button; stewards of that facility)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.partner_id.check_access("read")
        if self.company_id.id not in self.env.user._get_company_ids():
            raise AccessError(
                self.env._(
                    "You have no access to facility “%s”. Ask a steward of that "
                    "facility to decide.",
                    self.company_id.sudo().name,  # sudo: a name, for the error
                )
            )
        if self.operation == "join":
            self.partner_id._interop_join(self.company_id, self.reason)
            return {"type": "ir.actions.act_window_close"}
        if not self.partner_id._interop_leave(self.company_id, self.reason):
            raise UserError(
                self.env._(
                    "“%s” does not know this person, or no longer does. Reload the "
                    "form of the person.",
                    self.company_id.name,
                )
            )
        # The form may show a person that the user can no longer see.
        return (
            {"type": "ir.actions.client", "tag": "soft_reload"}
            if (self.partner_id.has_access("read"))
            else self.env["ir.actions.actions"]._for_xml_id(
                "interop_care.res_partner_action_person"
            )
        )
