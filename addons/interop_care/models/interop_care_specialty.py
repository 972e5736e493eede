"""Specialties of providers."""

from odoo import api, fields, models


class InteropCareSpecialty(models.Model):
    """A coded specialty, as the systems that send it write it."""

    _name = "interop.care.specialty"
    _description = "Specialty"
    _order = "name"
    _rec_names_search = ["name", "code"]

    name = fields.Char(required=True)
    code = fields.Char(required=True, index=True)
    uri = fields.Char(
        "Code System", help="URI of the code system; empty for local codes."
    )
    active = fields.Boolean(default=True)

    _code_uniq = models.UniqueIndex(
        "(COALESCE(uri, ''), code)", "This specialty exists already."
    )

    @api.model
    def _from_codings(self, codings):
        """Return the specialties of codings ``{"code", "display", "system"}``, new ones
        made.

        A display text of an existing one is left alone: the first to send it named it.
        """
        found = self.browse()
        for coding in codings or ():
            uri = coding.get("system") or False
            match = self.with_context(active_test=False).search(
                [("code", "=", coding["code"]), ("uri", "=", uri)], limit=1
            )
            found |= match or self.create(
                {
                    "code": coding["code"],
                    "name": coding.get("display") or coding["code"],
                    "uri": uri,
                }
            )
        return found
