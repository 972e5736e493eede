"""Teams that own failures."""

from odoo import fields, models


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
