"""Systems of record: who may say what about which object."""

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.tools import frozendict

from ..tools.ownership import ODOO, Rule

POLICIES = [
    ("reject", "Reject the message"),
    ("ignore", "Ignore and record"),
    ("flag", "Accept and flag"),
]
PROTECTIONS = [
    ("none", "Anybody may edit"),
    ("known", "Protected once the system has sent the record"),
    ("always", "Always protected"),
]


class InteropOwnership(models.Model):
    """The authoritative system for a group of fields of one object."""

    _name = "interop.ownership"
    _description = "System of Record"
    _inherit = ["mail.thread"]
    _order = "model_id, name"

    name = fields.Char(
        "Field Group",
        required=True,
        tracking=True,
        help="What these fields are called together, such as Demographics. They are "
        "stated together, too: an older message never fills gaps of a newer one.",
    )
    active = fields.Boolean(default=True)
    model_id = fields.Many2one(
        "ir.model",
        "Object",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain=[("transient", "=", False), ("abstract", "=", False)],
    )
    field_ids = fields.Many2many(
        "ir.model.fields",
        string="Fields",
        domain="[('model_id', '=', model_id), ('store', '=', True)]",
        tracking=True,
    )
    company_id = fields.Many2one(
        "res.company",
        "Facility",
        index=True,
        tracking=True,
        help="Empty: the rule holds for every facility without a rule of its own. A "
        "rule of a facility also holds for its branches.",
    )
    authority = fields.Selection(
        [("odoo", "Odoo"), ("system", "Another system")],
        required=True,
        default="odoo",
        tracking=True,
    )
    system_id = fields.Many2one(
        "interop.system", ondelete="restrict", index=True, tracking=True
    )
    policy = fields.Selection(
        POLICIES,
        "Changes by Others",
        required=True,
        default="reject",
        tracking=True,
        help="What happens to values that arrive from a system that is not "
        "authoritative.",
    )
    protection = fields.Selection(
        PROTECTIONS,
        "Edits in Odoo",
        required=True,
        default="known",
        tracking=True,
        help="Whether people may edit in Odoo what another system decides. A steward "
        "may override the protection for a moment, with a reason that is "
        "recorded.",
    )
    contract_id = fields.Many2one(
        "interop.contract",
        "Publish Changes As",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        domain="[('model_id', '=', model_id)]",
        help="Changes to these fields are published under this type of message, to "
        "every interface that carries it: so systems that replicate what Odoo "
        "decides follow.",
    )
    is_enforced = fields.Boolean(
        compute="_compute_is_enforced",
        help="Rules are enforced on objects that an integration addon governs.",
    )

    # === COMPUTE METHODS === #

    @api.depends("model_id")
    def _compute_is_enforced(self):
        for rule in self:
            rule.is_enforced = self._is_governed(rule.sudo().model_id.model)

    @api.model
    def _is_governed(self, model_name):
        """Return whether rules about this model are enforced."""
        return getattr(self.env.get(model_name), "_interop_governed", False)

    # === CHECKS === #

    @api.constrains("authority", "system_id")
    def _check_authority(self):
        for rule in self:
            if (rule.authority == "system") != bool(rule.system_id):
                raise ValidationError(
                    self.env._(
                        "“%s”: name the system exactly when another system is "
                        "authoritative.",
                        rule.name,
                    )
                )

    @api.constrains("authority", "contract_id", "model_id")
    def _check_contract(self):
        for rule in self.filtered("contract_id"):
            if rule.authority != "odoo":
                raise ValidationError(
                    self.env._(
                        "“%s”: Odoo publishes changes only of what Odoo decides.",
                        rule.name,
                    )
                )
            if rule.contract_id.model_id != rule.model_id:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s”: contract %(contract)s is about another object.",
                        rule=rule.name,
                        contract=rule.contract_id.display_name,
                    )
                )

    @api.constrains("model_id", "field_ids", "company_id", "active")
    def _check_overlap(self):
        for rule in self.filtered("active"):
            others = self.search(
                [
                    ("id", "!=", rule.id),
                    ("model_id", "=", rule.model_id.id),
                    ("company_id", "=", rule.company_id.id),
                ]
            )
            shared = rule.field_ids & others.field_ids
            if shared:
                raise ValidationError(
                    self.env._(
                        "%(fields)s of %(object)s already have a system of record.",
                        fields=", ".join(shared.mapped("field_description")),
                        object=rule.model_id.name,
                    )
                )
            if any(field.model_id != rule.model_id for field in rule.field_ids):
                raise ValidationError(
                    self.env._("“%s” names fields of another object.", rule.name)
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create rules; they count at once."""
        rules = super().create(vals_list)
        self._clear_rules()
        return rules

    def write(self, vals):
        """Change rules; the change counts at once."""
        result = super().write(vals)
        self._clear_rules()
        return result

    def unlink(self):
        """Remove rules; they no longer count."""
        result = super().unlink()
        self._clear_rules()
        return result

    @api.model
    def _clear_rules(self):
        """Forget the rules and the forms that show them."""
        self.env.registry.clear_cache("default", "templates")

    # === BUSINESS METHODS === #

    @api.model
    @tools.ormcache("model_name")
    def _rules(self, model_name):
        """Return ``{company id or False: {field name: Rule}}`` of one model."""
        # sudo: who decides about a field concerns everybody who changes it
        rules_sudo = self.sudo().search([("model_id.model", "=", model_name)])
        found = {}
        for rule in rules_sudo:
            names = frozenset(rule.field_ids.mapped("name"))
            entry = Rule(
                rule.id,
                rule.name,
                rule.system_id.id or ODOO,
                rule.policy,
                rule.protection,
                rule.contract_id.message_type or "",
                names,
            )
            by_field = found.setdefault(rule.company_id.id, {})
            by_field.update(dict.fromkeys(names, entry))
        return frozendict(
            {company: frozendict(by_field) for company, by_field in found.items()}
        )

    @api.model
    @tools.ormcache("model_name", "company_id")
    def _effective(self, model_name, company_id):
        """Return ``{field name: Rule}`` that holds in a facility.

        The facility's own rule comes before those of the facilities it is a branch of,
        and these before the general one.
        """
        rules = self._rules(model_name)
        if not rules:
            return frozendict()
        chain = [False]
        if company_id:
            # sudo: the hierarchy of facilities is no secret to the rules
            company_sudo = self.env["res.company"].sudo().browse(company_id)
            path = company_sudo.parent_path or f"{company_id}/"
            chain += [int(part) for part in path.strip("/").split("/")]
        effective = {}
        for company in chain:
            effective.update(rules.get(company, {}))
        return frozendict(effective)

    @api.model
    @tools.ormcache("model_name")
    def _ruled_fields(self, model_name):
        """Return the names of all fields of a model that any rule names."""
        rules = self._rules(model_name)
        return frozenset(name for by_field in rules.values() for name in by_field)

    @api.model
    @tools.ormcache("model_name")
    def _foreign_fields(self, model_name):
        """Return the names of the fields that another system decides somewhere."""
        return frozenset(
            name
            for by_field in self._rules(model_name).values()
            for name, rule in by_field.items()
            if rule.owner != ODOO
        )
