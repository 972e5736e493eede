"""Teams that own failures."""

from odoo import api, fields, models


class InteropTeam(models.Model):
    """The people to whom a failure belongs when it is not one person's."""

    _name = "interop.team"
    _description = "Integration Team"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    member_ids = fields.Many2many(
        "res.users",
        string="Members",
        domain=[("share", "=", False)],
        help="Members see the failed messages of the interfaces that this team owns, "
        "also under the filter “Waiting for me”.",
    )

    _name_uniq = models.Constraint("UNIQUE (name)", "A team of this name exists.")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        """Make the members see what is theirs."""
        teams = super().create(vals_list)
        self.env["res.users"]._forget_areas()
        return teams

    def write(self, vals):
        """Make the members see what is theirs, from now on."""
        result = super().write(vals)
        if "member_ids" in vals:
            self.env["res.users"]._forget_areas()
        return result
