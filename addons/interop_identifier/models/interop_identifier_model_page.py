"""The page with the identifiers of a record, on the forms of every kind."""

import logging

from lxml import etree

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .. import const
from .interop_identified_mixin import READERS

_logger = logging.getLogger(__name__)

NAME = "interop_identifiers"
# A notebook that everybody sees, not one of a list within the form.
NOTEBOOK = "//notebook[not(ancestor::field) and not(@groups) and not(@invisible)]"
SHEET = "//sheet[not(ancestor::field)]"


class InteropIdentifierModel(models.Model):
    """Adds a page to forms that belong to other apps, or to none of ours.

    What is on the page is the widget ``interop_identifiers``: it asks for the identifiers
    by itself, so that a model needs no field for them.
    """

    _inherit = "interop.identifier.model"

    has_page = fields.Boolean(
        "Page on Forms",
        compute="_compute_has_page",
        compute_sudo=True,  # views are nobody's but the system's
        inverse="_inverse_has_page",
        help="Show the identifiers of a record on a page of its form.",
    )
    view_ids = fields.Many2many("ir.ui.view", readonly=True, groups=fields.NO_ACCESS)

    @api.depends("view_ids")
    def _compute_has_page(self):
        for kind in self:
            kind.has_page = bool(kind.view_ids) or kind._has_own_page()

    def _inverse_has_page(self):
        for kind in self.sudo():  # sudo: an administrator of the integration has no
            # hand in other views
            if kind.has_page and not kind.view_ids:
                kind._create_pages()
            elif not kind.has_page and kind._has_own_page():
                raise UserError(
                    self.env._("The form of “%s” always shows identifiers.", kind.name)
                )
            elif kind.view_ids and not kind.has_page:
                kind.view_ids.unlink()

    def _has_own_page(self):
        """Say whether the forms of this kind show its identifiers by themselves."""
        model = self.env.get(self.model)
        return model is not None and "interop_identifier_ids" in model._fields

    def _offer_page(self):
        """Add the page unless the form has one already."""
        try:
            with self.env.cr.savepoint():
                self._create_pages()
        except (ValidationError, ValueError):
            # A form that somebody broke is no reason not to start.
            _logger.warning("the form of %s takes no page of identifiers", self.model)

    def _create_pages(self):
        """Add the page to the forms of this kind, and to those of what stands for it."""
        if self._has_own_page():
            return
        kind_sudo = self.sudo()  # sudo: see _inverse_has_page
        values = [
            kind_sudo._prepare_page(view, kind_sudo._page_arch())
            for view in kind_sudo._forms(kind_sudo.model)
        ]
        parent, field = const.SHOWN_WITH.get(kind_sudo.model, ("", ""))
        if parent in self.env:
            arch = kind_sudo._page_arch(kind_sudo.model, field)
            view = kind_sudo._default_form(parent)
            values += [kind_sudo._prepare_page(view, arch)] if view else []
        kind_sudo.view_ids = kind_sudo.env["ir.ui.view"].create(values)

    # ------------------------------------------------------------------
    # Which forms, and where
    # ------------------------------------------------------------------
    @api.model
    def _default_form(self, model):
        """Return the form that people get when they open a record of ``model``."""
        views = self.env["ir.ui.view"]
        return views.browse(views.default_view(model, "form") or [])

    @api.model
    def _forms(self, model):
        """Return the forms of ``model`` that are more than a dialog, each one once:
        what is added to a form is on those that are made from it, too."""
        first = self._default_form(model)
        others = self.env["ir.ui.view"].search(
            [("model", "=", model), ("type", "=", "form"), ("mode", "=", "primary")],
            order="priority, id",
        )
        forms = first
        for view in others - first:
            related = any(
                self._is_made_from(view, form) or self._is_made_from(form, view)
                for form in forms
            )
            arch = etree.fromstring(view.get_combined_arch())
            if not related and arch.xpath("//div[@name='button_box']"):
                forms |= view
        return forms

    @api.model
    def _is_made_from(self, view, other):
        """Say whether ``other`` is among what ``view`` inherits from."""
        while view:
            if view == other:
                return True
            view = view.inherit_id
        return False

    @api.model
    def _prepare_page(self, view, page):
        """Return the values of a view that adds ``page`` (XML) to ``view``."""
        arch = etree.fromstring(view.get_combined_arch())
        if arch.xpath(NOTEBOOK):
            place, inner = f"({NOTEBOOK})[1]", page
        else:
            place = SHEET if arch.xpath(SHEET) else "/form"
            inner = f"<notebook>{page}</notebook>"
        return {
            "name": f"{view.model}.form: identifiers",
            "model": view.model,
            "inherit_id": view.id,
            "mode": "extension",
            "priority": 90,
            "arch": f'<xpath expr="{place}" position="inside">{inner}</xpath>',
        }

    @api.model
    def _page_arch(self, model="", field=""):
        """Return the page as XML; of the records of ``model`` in ``field``, instead of
        those of the record itself."""
        options = f' model="{model}" records="{field}"' if field else ""
        hidden = f'<field name="{field}" invisible="1"/>' if field else ""
        suffix = f"_{field}" if field else ""
        return (
            f'<page string="Identifiers" name="{NAME}{suffix}" invisible="not id" '
            f'groups="{READERS}">{hidden}<widget name="{NAME}"{options}/></page>'
        )
