"""Service users of clients never log in."""

from odoo import models
from odoo.exceptions import AccessDenied


class ResUsers(models.Model):
    """Machine identities prove themselves by signature and in no other way."""

    _inherit = "res.users"

    def _check_credentials(self, credential, env):
        if self.has_group("interop_rest.interop_rest_group_client"):
            raise AccessDenied()
        return super()._check_credentials(credential, env)
