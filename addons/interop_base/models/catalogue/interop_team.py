"""Teams that correct failed messages."""

from odoo import api, fields, models


class InteropTeam(models.Model):
    """A team that owns failed messages, if they do not belong to a single user."""

    _name = "interop.team"
    _description = "Integration Team"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    member_ids = fields.Many2many(
        "res.users",
        string="Members",
        domain=[("share", "=", False)],
        help="Members see the failed messages of the interfaces that this team owns. "
        "The filter “Waiting for Me” lists them.",
    )

    _name_uniq = models.Constraint(
        "UNIQUE (name)", "Another team has this name. Choose another name."
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Give the members access to the messages of the team."""
        teams = super().create(vals_list)
        self.env["res.users"]._forget_areas()
        return teams

    def write(self, vals):
        """Update the access of the members to the messages of the team."""
        result = super().write(vals)
        if "member_ids" in vals:
            self.env["res.users"]._forget_areas()
        return result
