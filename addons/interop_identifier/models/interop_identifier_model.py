"""Which kinds of records carry identifiers, and what binds the two."""

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from .. import const
from .interop_identifier_trigger import (
    create_function,
    drop_trigger,
    ensure_foreign_key,
    ensure_trigger,
)

# Identifiers, and what they rest on, cannot be known by identifiers themselves.
OWN_PREFIX = "interop.identifier"


class InteropIdentifierModel(models.Model):
    """The list of models whose records may carry identifiers.

    Addons declare theirs (``interop.identifier._declared_models``), an administrator adds
    any other without code. Each gets a trigger on its table, the other half of the
    reference: a record that has identifiers is not deleted behind their back.
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
        help="Records of this kind may carry identifiers of other systems.",
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
        help="What happens when somebody deletes a record that has identifiers. Late "
        "messages and audits need their history.",
    )
    declared = fields.Boolean(
        "Built In",
        compute="_compute_declared",
        help="An installed app or an approved inbound mapping needs this kind.",
    )
    identifier_count = fields.Integer(
        "Identifiers", compute="_compute_identifier_count"
    )

    _model_uniq = models.Constraint(
        "UNIQUE (model)", "This kind of record is on the list already."
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

    @api.constrains("model_id")
    def _check_model(self):
        for kind in self:
            name = kind.model_id.model
            model = self.env.get(name)
            if (
                model is None
                or model._abstract
                or model._transient
                or not model._auto
                or name.startswith(OWN_PREFIX)
            ):
                raise ValidationError(
                    self.env._(
                        "Records of “%s” cannot carry identifiers: they are not kept "
                        "in a table of their own.",
                        kind.model_id.name,
                    )
                )

    def init(self):
        """Create the function that the triggers call."""
        create_function(self.env.cr)

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------
    @api.model_create_multi
    def create(self, vals_list):
        """Add kinds, with their trigger and, unless told otherwise, their page."""
        # What has its page already keeps it, whatever is asked for at first.
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
        """Keep the kind itself: identifiers refer to it."""
        if "model_id" in vals and any(
            kind.model_id.id != vals["model_id"] for kind in self
        ):
            raise UserError(
                self.env._("Add another line instead of changing the kind of this one.")
            )
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for kind in self:
            if kind.declared:
                raise UserError(
                    self.env._(
                        "“%s” cannot be taken off the list: an installed app needs it.",
                        kind.name,
                    )
                )
            # sudo: identifiers of other facilities count as well
            if kind.sudo().identifier_count:
                raise UserError(
                    self.env._(
                        "“%s” cannot be taken off the list while such records have "
                        "identifiers.",
                        kind.name,
                    )
                )

    def unlink(self):
        """Take kinds off the list, their trigger and page with them."""
        views_sudo = self.sudo().view_ids  # sudo: see _inverse_has_page
        tables = self.mapped("table_name")
        result = super().unlink()
        for table in tables:
            drop_trigger(self.env.cr, table)
        views_sudo.unlink()
        self.env.registry.clear_cache()
        return result

    def _remove_traces(self):
        """Remove what was added to the models of these kinds, before all is
        uninstalled."""
        for kind in self:
            drop_trigger(self.env.cr, kind.table_name)
        self.view_ids.unlink()

    # ------------------------------------------------------------------
    # Keeping the list, the triggers and the declared kinds in step
    # ------------------------------------------------------------------
    def _register_hook(self):
        """See that each kind is listed and guarded, whatever an update has done."""
        result = super()._register_hook()
        self.sudo()._sync()  # sudo: no user has asked for anything
        return result

    @api.model
    def _sync(self):
        """List the kinds that addons declare; restore triggers that are missing."""
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
        # sudo: everyone may know which kinds of records there are
        names = self.sudo().search([("model", "!=", False)]).mapped("model")
        return tuple(name for name in names if name in self.env)

    def _create_trigger(self):
        """Let the database refuse or carry on a deletion."""
        ensure_trigger(self.env.cr, self.table_name, self.model)

    def action_view_identifiers(self):
        """Open the identifiers of records of this kind."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_identifier.interop_identifier_action"
        )
        action["domain"] = [("res_model", "=", self.model)]
        action["context"] = {}
        return action
