"""The kinds of records with identifiers, and the triggers that protect the link."""

import logging

from lxml import etree

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.interop_base.models import resources

from .. import const
from .interop_identified_mixin import READERS
from .interop_identifier_trigger import (
    create_function,
    drop_trigger,
    ensure_foreign_key,
    ensure_trigger,
)

_logger = logging.getLogger(__name__)

# Identifiers and the models that they depend on cannot have identifiers themselves.
OWN_PREFIX = "interop.identifier"
# Computed from the kind. The triggers act on the table with this name.
COMPUTED = ("model", "table_name")
# --- the page ---
PAGE = "interop_identifiers"
# A notebook that every user sees, and not one of a list within the form.
NOTEBOOK = "//notebook[not(ancestor::field) and not(@groups) and not(@invisible)]"
SHEET = "//sheet[not(ancestor::field)]"


class InteropIdentifierModel(models.Model):
    """The list of models whose records may have identifiers.

    Addons declare theirs (``interop.identifier._declared_models``). An administrator
    adds any other without code. Each gets a trigger on its table, which replaces a
    foreign key: a record with identifiers cannot be deleted silently.

    Each also gets a page on its forms, which belong to other apps. The page contains
    the widget ``interop_identifiers``. It reads the identifiers itself, so the model
    needs no field for them.
    """

    _name = "interop.identifier.model"
    _description = "Kind of Identified Record"
    _order = "model, id"
    _rec_name = "model_id"
    _rec_names_search = ["model_id.name", "model"]

    model_id = fields.Many2one(
        "ir.model",
        "Kind of Record",
        required=True,
        ondelete="cascade",
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="Records of this kind may have identifiers of other systems.",
    )
    name = fields.Char(related="model_id.name")
    model = fields.Char(related="model_id.model", store=True, precompute=True)
    table_name = fields.Char(
        compute="_compute_table_name", store=True, precompute=True, required=True
    )
    on_delete = fields.Selection(
        const.ON_DELETE,
        "When Deleted",
        required=True,
        default="restrict",
        help="Effect of deleting a record that has identifiers. Late messages "
        "and audits need the history, so deletion is refused by default.",
    )
    declared = fields.Boolean(
        "Built In",
        compute="_compute_declared",
        help="An installed app or an approved inbound mapping needs this kind. "
        "It cannot be removed.",
    )
    identifier_count = fields.Integer(
        "Identifiers", compute="_compute_identifier_count"
    )

    has_page = fields.Boolean(
        "Page on Forms",
        compute="_compute_has_page",
        compute_sudo=True,  # users of the integration have no access to views
        inverse="_inverse_has_page",
        help="Show the identifiers of a record on a page of its form.",
    )
    view_ids = fields.Many2many("ir.ui.view", readonly=True, groups=fields.NO_ACCESS)

    _model_uniq = models.Constraint(
        "UNIQUE (model)", "This kind of record is already on the list."
    )

    @api.depends("model_id")
    def _compute_table_name(self):
        for kind in self:
            known = kind.model_id.model in self.env
            kind.table_name = self.env[kind.model_id.model]._table if known else False

    @api.depends("model")
    def _compute_declared(self):
        needed = self.env["interop.identifier"]._declared_models()
        for kind in self:
            kind.declared = kind.model in needed

    def _compute_identifier_count(self):
        groups = self.env["interop.identifier"]._read_group(
            [("res_model", "in", self.mapped("model"))], ["res_model"], ["__count"]
        )
        counts = dict(groups)
        for kind in self:
            kind.identifier_count = counts.get(kind.model, 0)

    @api.depends("view_ids")
    def _compute_has_page(self):
        for kind in self:
            kind.has_page = bool(kind.view_ids) or kind._has_own_page()

    def _inverse_has_page(self):
        for (
            kind
        ) in self.sudo():  # sudo: integration administrators have no access to views
            # pass in other views
            if kind.has_page and not kind.view_ids:
                kind._create_pages()
            elif not kind.has_page and kind._has_own_page():
                raise UserError(
                    self.env._(
                        "The form of “%s” always shows identifiers, because "
                        "its app includes them. This setting cannot be "
                        "changed here.",
                        kind.name,
                    )
                )
            elif kind.view_ids and not kind.has_page:
                kind.view_ids.unlink()

    @api.constrains("model_id")
    def _check_model(self):
        for kind in self:
            name = kind.model_id.model
            if not resources.keeps_records(self.env, name) or name.startswith(
                OWN_PREFIX
            ):
                raise ValidationError(
                    self.env._(
                        "Records of “%s” cannot have identifiers, because Odoo does "
                        "not store them in a regular table. Choose another kind of "
                        "record.",
                        kind.model_id.name,
                    )
                )

    def init(self):
        """Create the function that the triggers call."""
        create_function(self.env.cr)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Add kinds with their trigger and, by default, their page."""
        for vals in vals_list:
            self._check_computed(vals)
        # A kind whose form already shows identifiers keeps that page.
        kinds = super().create(
            [
                {name: value for name, value in vals.items() if name != "has_page"}
                for vals in vals_list
            ]
        )
        self.env.registry.clear_cache()
        for kind, vals in zip(kinds, vals_list, strict=True):
            kind._create_trigger()
            # sudo: see _inverse_has_page
            if vals.get("has_page", True) and not kind.sudo().view_ids:
                kind._create_pages()
        return kinds

    def write(self, vals):
        """Refuse to change the kind: identifiers refer to it."""
        self._check_computed(vals)
        if "model_id" in vals and any(
            kind.model_id.id != vals["model_id"] for kind in self
        ):
            raise UserError(
                self.env._(
                    "The kind of record cannot be changed after it was "
                    "saved. Add another line for the other kind."
                )
            )
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    @api.model
    def _check_computed(self, vals):
        """Refuse values for computed fields, also from administrators.

        The triggers that protect identifiers act on the table with that name.
        """
        for name in COMPUTED:
            if name in vals:
                raise AccessError(
                    self.env._(
                        "“%s” is computed from the kind of record. Leave it out.",
                        self._fields[name]._description_string(self.env),
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for kind in self:
            if kind.declared:
                raise UserError(
                    self.env._(
                        "“%s” cannot be removed from the list, because an installed "
                        "app needs it.",
                        kind.name,
                    )
                )
            # sudo: identifiers of other facilities count as well
            if kind.sudo().identifier_count:
                raise UserError(
                    self.env._(
                        "“%s” cannot be removed from the list, because records of "
                        "this kind have identifiers.",
                        kind.name,
                    )
                )

    def unlink(self):
        """Remove kinds with their trigger and page."""
        views_sudo = self.sudo().view_ids  # sudo: see _inverse_has_page
        tables = self.mapped("table_name")
        result = super().unlink()
        for table in tables:
            drop_trigger(self.env.cr, table)
        views_sudo.unlink()
        self.env.registry.clear_cache()
        return result

    def _remove_traces(self):
        """Remove triggers and pages from the models of these kinds before
        uninstallation."""
        for kind in self:
            drop_trigger(self.env.cr, kind.table_name)
        self.view_ids.unlink()

    # === THE LIST, THE TRIGGERS AND THE DECLARED KINDS IN STEP === #

    def _register_hook(self):
        """Ensure that each kind is listed and has its trigger after an update."""
        result = super()._register_hook()
        self.sudo()._sync()  # sudo: runs at start-up, without a user
        return result

    @api.model
    def _sync(self):
        """List the kinds that addons declare and restore missing triggers."""
        listed = set(self.search([("model", "!=", False)]).mapped("model"))
        for name in self.env["interop.identifier"]._declared_models():
            if name in self.env and name not in listed:
                listed.add(name)
                model_id = self.env["ir.model"]._get_id(name)
                kind = self.create({"model_id": model_id, "has_page": False})
                kind._offer_page()
        for kind in self.search([("model", "!=", False)]):
            kind._create_trigger()
        ensure_foreign_key(self.env.cr)

    @api.model
    @tools.ormcache()
    def _names(self):
        """Return the names of the models on the list."""
        # sudo: the list of kinds is not confidential
        kinds_sudo = self.sudo().with_context(active_test=True)
        names = kinds_sudo.search([("model", "!=", False)]).mapped("model")
        return tuple(name for name in names if name in self.env)

    @api.model
    def _check_listed(self, names):
        """Refuse models that are not on the list (the database would refuse them, too)."""
        for name in sorted(names - {None, False, *self._names()}):
            raise ValidationError(
                self.env._(
                    "Records of “%s” cannot have identifiers yet. An administrator "
                    "can add this kind under Identity ‣ Kinds of Records.",
                    self.env["ir.model"].sudo()._get(name).name or name,
                )
            )

    def _create_trigger(self):
        """Create the trigger that handles deletion of records."""
        ensure_trigger(self.env.cr, self.table_name, self.model)

    # === THE PAGE ON FORMS === #

    def _has_own_page(self):
        """Return whether the forms of this kind already show identifiers."""
        model = self.env.get(self.model)
        return model is not None and "interop_identifier_ids" in model._fields

    def _offer_page(self):
        """Add the page unless the form already has one."""
        try:
            with self.env.cr.savepoint():
                self._create_pages()
        except (ValidationError, ValueError):
            # A broken form must not prevent the start of the server.
            _logger.warning(
                "the page of identifiers could not be added to the form of %s",
                self.model,
            )

    def _create_pages(self):
        """Add the page to the forms of this kind and of the model that shows its
        records."""
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

    @api.model
    def _default_form(self, model):
        """Return the form that Odoo opens for a record of ``model``."""
        views = self.env["ir.ui.view"]
        return views.browse(views.default_view(model, "form") or [])

    @api.model
    def _forms(self, model):
        """Return the forms of ``model`` that are not dialogs, without derived ones.

        Forms that inherit from another form get the page from it.
        """
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
        """Return whether ``view`` inherits from ``other``."""
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
        """Return the page as XML; for ``model`` and ``field`` with the identifiers of
        the records in that field."""
        options = f' model="{model}" records="{field}"' if field else ""
        hidden = f'<field name="{field}" invisible="1"/>' if field else ""
        suffix = f"_{field}" if field else ""
        return (
            f'<page string="Identifiers" name="{PAGE}{suffix}" invisible="not id" '
            f'groups="{READERS}">{hidden}<widget name="{PAGE}"{options}/></page>'
        )

    # === BUTTONS === #

    def action_view_identifiers(self):
        """Open the identifiers of records of this kind."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_identifier.interop_identifier_action"
        )
        action["domain"] = [("res_model", "=", self.model)]
        action["context"] = {}
        return action
