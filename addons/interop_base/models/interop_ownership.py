"""Systems of record: who may say what about which object."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

POLICIES = [
    ("reject", "Reject the message"),
    ("ignore", "Ignore and record"),
    ("flag", "Accept and flag"),
]


class InteropOwnership(models.Model):
    """The authoritative system for a group of fields of one object."""

    _name = "interop.ownership"
    _description = "System of Record"
    _inherit = ["mail.thread"]
    _order = "model_id, name"

    name = fields.Char(
        "Field Group",
        required=True,
        tracking=True,
        help="What these fields are called together, such as Demographics.",
    )
    active = fields.Boolean(default=True)
    model_id = fields.Many2one(
        "ir.model",
        "Object",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain=[("transient", "=", False), ("abstract", "=", False)],
    )
    field_ids = fields.Many2many(
        "ir.model.fields",
        string="Fields",
        domain="[('model_id', '=', model_id), ('store', '=', True)]",
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        index=True,
        tracking=True,
        help="Empty: the rule holds for every facility without a rule of its own.",
    )
    authority = fields.Selection(
        [("odoo", "Odoo"), ("system", "Another system")],
        required=True,
        default="odoo",
        tracking=True,
    )
    system_id = fields.Many2one(
        "interop.system", "System", ondelete="restrict", index=True, tracking=True
    )
    policy = fields.Selection(
        POLICIES,
        "Changes by Others",
        required=True,
        default="reject",
        tracking=True,
        help="What happens to values that arrive from a system that is not authoritative.",
    )

    @api.constrains("authority", "system_id")
    def _check_authority(self):
        for rule in self:
            if (rule.authority == "system") != bool(rule.system_id):
                raise ValidationError(
                    self.env._(
                        "“%s”: name the system exactly when another system is "
                        "authoritative.",
                        rule.name,
                    )
                )

    @api.constrains("model_id", "field_ids", "company_id", "active")
    def _check_overlap(self):
        for rule in self.filtered("active"):
            others = self.search(
                [
                    ("id", "!=", rule.id),
                    ("model_id", "=", rule.model_id.id),
                    ("company_id", "=", rule.company_id.id),
                ]
            )
            shared = rule.field_ids & others.field_ids
            if shared:
                raise ValidationError(
                    self.env._(
                        "%(fields)s of %(object)s already have a system of record.",
                        fields=", ".join(shared.mapped("field_description")),
                        object=rule.model_id.name,
                    )
                )
            if any(field.model_id != rule.model_id for field in rule.field_ids):
                raise ValidationError(
                    self.env._("“%s” names fields of another object.", rule.name)
                )
