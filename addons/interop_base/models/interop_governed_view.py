"""Governed records: the form says who decides, and locks what it must."""

from odoo import api, fields, models

from .. import clock


class InteropGovernedMixin(models.AbstractModel):
    """Adds a banner and locks fields on every form of a governed model that has rules.

    A glue addon changes no view: ``_get_view`` does it, and does nothing for models
    without a rule that names another system.
    """

    _inherit = "interop.governed.mixin"

    interop_owned_fields = fields.Json(
        "Decided Elsewhere",
        compute="_compute_interop_ownership",
        help="Fields of this record that another system decides, and where their "
        "values are from.",
    )
    interop_locked_fields = fields.Char(
        "Locked Fields",
        compute="_compute_interop_ownership",
        help="Names of the fields that may not be edited here, each between commas.",
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_interop_ownership(self):
        """One query for provenance and one for overrides, however many records."""
        origins = self._origin
        has_rules = bool(self.env["interop.ownership"]._foreign_fields(self._name))
        sources = self.env["interop.provenance"]._sources(origins) if has_rules else {}
        protected = origins._protected_fields(sources) if has_rules else {}
        open_ids = (
            self.env["interop.ownership.override"]._reasons(origins)
            if any(protected.values())
            else {}
        )
        for record in self:
            origin = record._origin
            rules = protected.get(origin.id, {})
            locked = set() if origin.id in open_ids else set(rules)
            record.interop_locked_fields = (
                f",{','.join(sorted(locked))}," if locked else ""
            )
            record.interop_owned_fields = (
                origin._owned_notes(sources.get(origin.id, {}), locked)
                if has_rules and origin
                else []
            )

    def _owned_notes(self, rows, locked):
        """Return the notes of the banner, one per field that another system decides
        here.

        :param dict rows: provenance by field
        :param locked: names of the fields that the user may not edit now
        """
        known = {int(system) for row in rows.values() for system in row["stated"]}
        notes = []
        for name, rule in sorted(self._foreign_rules(rows).items()):
            if rule.owner not in known and name not in locked:
                continue  # the system has never heard of this record
            row = rows.get(name)
            notes.append(
                {
                    "name": name,
                    "label": self._labels([name])[0],
                    "owner": self._owner_name(rule.owner),
                    "source": self._source_name(row),
                    "at": clock.isoformat(row["set_at"]) if row else False,
                    "own": bool(row and row["system_id"] == rule.owner),
                    "locked": name in locked,
                }
            )
        return notes

    def _foreign_rules(self, rows):
        """Return ``{field: Rule}`` of what other systems decide about this record."""
        found = {}
        facilities = [row["company_id"] for row in rows.values() if row["company_id"]]
        for company in self._governing_companies(facilities):
            rules = self.env["interop.ownership"]._effective(self._name, company.id)
            for name, rule in rules.items():
                if rule.owner:
                    found.setdefault(name, rule)
        return found

    def _source_name(self, row):
        """Return who set a value: a system, a person, or ``""`` for nobody known."""
        if not row:
            return ""
        if row["system_id"]:
            return self._owner_name(row["system_id"])
        # sudo: the name of a colleague who edited this record is shown in its chatter,
        # too
        return self.env["res.users"].sudo().browse(row["user_id"] or []).name or ""

    # === VIEWS === #

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        names = self.env["interop.ownership"]._foreign_fields(self._name)
        if view_type == "form" and names and arch.tag == "form":
            self._show_ownership(arch, names)
        return arch, view

    @api.model
    def _show_ownership(self, arch, names):
        """Put the banner above the sheet and lock the fields ``names`` while
        protected."""
        for node in arch.xpath(".//field[not(ancestor::field)]"):
            name = node.get("name")
            if name in names:
                locked = (
                    f"(interop_locked_fields and ',{name},' in interop_locked_fields)"
                )
                readonly = node.get("readonly")
                if readonly not in ("1", "True"):
                    already = f"({readonly}) or " if readonly else ""
                    node.set("readonly", already + locked)
        sheet = arch.find("sheet")
        place = arch.index(sheet) if sheet is not None else 0
        attributes = {
            "name": "interop_owned_fields",
            "widget": "interop_ownership_banner",
        }
        banner = arch.makeelement(
            "field", {**attributes, "nolabel": "1", "class": "d-block w-100 mb-2"}
        )
        arch.insert(place, banner)
        hidden = {"name": "interop_locked_fields", "invisible": "1"}
        arch.insert(place, arch.makeelement("field", hidden))

    # === ACTIONS === #

    def action_interop_override(self):
        """Ask for the reason to edit, for a moment, what other systems decide
        (stewards)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Edit What Another System Decides"),
            "res_model": "interop.override.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
            },
        }
