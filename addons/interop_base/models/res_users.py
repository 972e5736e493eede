"""Users: which failures are theirs, and those that machines work as."""

from odoo import api, fields, models
from odoo.exceptions import AccessDenied

# What of an interface makes its messages those of a person.
AREA_FIELDS = frozenset(("owner_id", "exception_user_id", "exception_team_id"))


class ResUsers(models.Model):
    """The area of a functional user, as the record rules of the log need it.

    The rules name the ids: with them PostgreSQL reads an index per kind of owner, where
    sub-queries behind an OR would make it read the whole log. Odoo caches the rules, so
    whatever changes an area clears that cache (``_forget_areas``).
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
        # sudo: an area is worked out before there is a right to read what is in it
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
        """Have every worker work the areas out anew."""
        self.invalidate_model(
            ["interop_area_interface_ids", "interop_area_team_ids"], flush=False
        )
        self.env.registry.clear_cache()

    def _check_credentials(self, credential, env):
        """Refuse service users of clients: a machine never logs in."""
        if self.has_group("interop_base.interop_rest_group_client"):
            raise AccessDenied()
        return super()._check_credentials(credential, env)
