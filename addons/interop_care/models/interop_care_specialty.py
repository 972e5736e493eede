"""Specialties of providers."""

from odoo import api, fields, models

from odoo.addons.interop_base import clock, db


class InteropCareSpecialty(models.Model):
    """A coded specialty as sent by other systems."""

    _name = "interop.care.specialty"
    _description = "Specialty"
    _order = "name"
    _rec_names_search = ["name", "code"]

    name = fields.Char(required=True)
    code = fields.Char(required=True, index=True)
    uri = fields.Char(
        "Code System", help="URI of the code system. Leave empty for local codes."
    )
    active = fields.Boolean(default=True)

    _code_uniq = models.UniqueIndex(
        "(COALESCE(uri, ''), code)",
        "A specialty with this code and code system already exists.",
    )

    @api.model
    def _from_codings(self, codings):
        """Return the specialties of codings ``{"code", "display", "system"}``, creating
        new ones.

        The display text of an existing specialty does not change: the first sender
        named it.
        """
        found = self.browse()
        for coding in codings or ():
            uri = coding.get("system") or False
            match = self.with_context(active_test=False).search(
                [("code", "=", coding["code"]), ("uri", "=", uri)], limit=1
            )
            name = coding.get("display") or coding["code"]
            found |= match or self._made(coding["code"], name, uri)
        return found

    @api.model
    def _made(self, code, name, uri):
        """Return a new specialty.

        ``create`` would raise a unique violation, which looks like invalid content, if
        another transaction just created the same one. This statement fails with a
        serialization error instead, and the message is applied again.
        """
        self.check_access("create")
        user, now = self.env.uid, clock.now()
        rows = db.values(
            self.env.cr,
            """INSERT INTO interop_care_specialty
                      (code, name, uri, active, create_uid, write_uid, create_date,
                       write_date)
               VALUES %s
                   ON CONFLICT (COALESCE(uri, ''), code)
                   DO UPDATE SET code = EXCLUDED.code
            RETURNING id""",
            [(code, name, uri or None, True, user, user, now, now)],
            fetch=True,
        )
        return self.browse(rows[0])
