"""Specialties of providers."""

from odoo import api, fields, models

from odoo.addons.interop_base import clock, db


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
            name = coding.get("display") or coding["code"]
            found |= match or self._made(coding["code"], name, uri)
        return found

    @api.model
    def _made(self, code, name, uri):
        """Return a new specialty.

        Not by ``create``: when another transaction has just made the same one, that is
        a unique violation, which looks like wrong content. This statement fails with a
        serialization failure then, and the message is applied again.
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
