"""Partners as providers, people and locations."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.interop_base import clock

from ..tools.birth import latest_birth_date

LATEST_MESSAGES = 20
CONSENTS = [("granted", "Granted"), ("refused", "Refused")]


class ResPartner(models.Model):
    """Marks and numbers, nothing clinical; fields obey their systems of record."""

    _name = "res.partner"
    _inherit = ["res.partner", "interop.governed.mixin"]

    interop_is_provider = fields.Boolean(
        "Provider", help="Gives care: a practitioner that other systems know."
    )
    interop_is_person = fields.Boolean(
        "Person", help="Receives care or answers for somebody who does."
    )
    interop_is_location = fields.Boolean(
        "Care Location", help="A place where care is given: a building, ward, room, …"
    )
    interop_specialty_ids = fields.Many2many(
        "interop.care.specialty", string="Specialties"
    )
    interop_location_type = fields.Char(
        "Location Type", help="As the sending system states it, such as Ward."
    )
    interop_birth_date = fields.Date("Date of Birth")
    interop_guarantor_id = fields.Many2one(
        "res.partner",
        "Guarantor",
        ondelete="set null",
        index="btree_not_null",
        help="Who answers for the bills, if that is somebody else.",
    )
    interop_payer_id = fields.Many2one(
        "res.partner",
        "Payer",
        ondelete="set null",
        index="btree_not_null",
        help="Insurer or other organization that pays.",
    )
    interop_payer_number = fields.Char(
        "Member Number", help="The person's number at the payer."
    )
    interop_communication_consent = fields.Selection(
        CONSENTS,
        "Consent to Communication",
        help="Whether the person agreed to be written to and called. Empty: nobody "
        "asked, or nobody told.",
    )
    interop_role_ids = fields.One2many("interop.care.role", "partner_id", "Roles")
    interop_message_ids = fields.Many2many(
        "interop.message",
        string="Latest Messages",
        compute="_compute_interop_messages",
        groups="interop_base.interop_base_group_user,interop_base.interop_base_group_steward,interop_base.interop_base_group_auditor",
    )
    interop_message_count = fields.Integer(
        compute="_compute_interop_messages",
        groups="interop_base.interop_base_group_user,interop_base.interop_base_group_steward,interop_base.interop_base_group_auditor",
    )

    @api.constrains("interop_birth_date")
    def _check_interop_birth_date(self):
        latest = latest_birth_date(clock.now())
        for partner in self.filtered("interop_birth_date"):
            if partner.interop_birth_date > latest:
                raise ValidationError(
                    self.env._(
                        "The date of birth of %s is in the future. Correct it.",
                        partner.display_name,
                    )
                )

    def _compute_interop_messages(self):
        messages = self.env["interop.message"]
        for partner in self:
            domain = partner._interop_message_domain()
            partner.interop_message_count = messages.search_count(domain)
            partner.interop_message_ids = messages.search(
                domain, order="id desc", limit=LATEST_MESSAGES
            )

    def _interop_message_domain(self):
        """Return the domain of the messages about these partners."""
        return [("res_model", "=", self._name), ("res_id", "in", self.ids)]

    def action_view_interop_messages(self):
        """Open the messages about this partner."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_message_action"
        )
        action["domain"] = self._interop_message_domain()
        action["context"] = {}
        return action
