"""Users: their area of responsibility, and service users of clients."""

from odoo import api, fields, models
from odoo.exceptions import AccessDenied

# The fields of an interface that assign its messages to users.
AREA_FIELDS = frozenset(("owner_id", "exception_user_id", "exception_team_id"))


class ResUsers(models.Model):
    """The area of a functional user, for the record rules of the log.

    The rules contain the ids of the area. So PostgreSQL uses an index per kind of
    owner, where sub-queries behind an OR would read the whole log. Odoo caches the
    rules, so each change of an area clears that cache (``_forget_areas``).
    """

    _inherit = "res.users"

    interop_area_interface_ids = fields.Many2many(
        "interop.interface",
        string="Interfaces of the Own Area",
        compute="_compute_interop_area",
        groups=fields.NO_ACCESS,
    )
    interop_area_team_ids = fields.Many2many(
        "interop.team",
        string="Integration Teams",
        compute="_compute_interop_area",
        groups=fields.NO_ACCESS,
    )

    def _compute_interop_area(self):
        # sudo: the area decides what the user may read
        team_sudo = self.env["interop.team"].sudo().with_context(active_test=False)
        interface_sudo = team_sudo.env["interop.interface"]
        for user in self:
            teams_sudo = team_sudo.search([("member_ids", "in", user.ids)])
            user.interop_area_team_ids = teams_sudo
            user.interop_area_interface_ids = interface_sudo.search(
                [
                    *("|", "|"),
                    ("owner_id", "in", user.ids),
                    ("exception_user_id", "in", user.ids),
                    ("exception_team_id", "in", teams_sudo.ids),
                ]
            )

    @api.model
    @api.private
    def _forget_areas(self):
        """Clear the cache, so that all workers compute the areas again."""
        self.invalidate_model(
            ["interop_area_interface_ids", "interop_area_team_ids"], flush=False
        )
        self.env.registry.clear_cache()

    def _check_credentials(self, credential, env):
        """Refuse service users of clients: they cannot log in."""
        if self.has_group("interop_base.interop_rest_group_client"):
            raise AccessDenied()
        return super()._check_credentials(credential, env)
