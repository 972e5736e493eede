"""Systems of record: rules about the authoritative system for fields of an object."""

from collections import defaultdict

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import frozendict

from odoo.addons.interop_base.tools.ownership import ODOO, Rule

from .interop_governed import UNGOVERNED

POLICIES = [
    ("reject", "Reject the message"),
    ("ignore", "Ignore and record"),
    ("flag", "Accept and flag"),
]
PROTECTIONS = [
    ("none", "Everyone may edit"),
    ("known", "Protected after the system has sent the record"),
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
        help="Name of these fields as a group, such as Demographics. Messages "
        "update the group as a whole: an older message never completes a "
        "newer one.",
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
        help="The facility that the rule applies to, branches included. Leave "
        "empty for every facility without a rule for it.",
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
        help="Effect of values that a system sends although it is not "
        "authoritative. Reject: the message fails. Ignore: the other "
        "values are applied. Flag: the value is applied and marked.",
    )
    protection = fields.Selection(
        PROTECTIONS,
        "Edits in Odoo",
        required=True,
        default="known",
        tracking=True,
        help="Whether users may edit these fields in Odoo when another system "
        "is authoritative. A steward can override the protection for 15 "
        "minutes, with a recorded reason.",
    )
    contract_id = fields.Many2one(
        "interop.contract",
        "Publish Changes As",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
        domain="[('model_id', '=', model_id)]",
        help="Message type under which Odoo publishes changes of these fields, "
        "on every interface with this contract. Leave empty to publish "
        "nothing.",
    )
    is_enforced = fields.Boolean(
        compute="_compute_is_enforced",
        help="Whether Odoo enforces this rule. It does so for objects that an "
        "integration addon governs.",
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
                        "“%s”: choose a system if, and only if, another system is "
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
                        "“%s”: only fields that Odoo is authoritative for can be "
                        "published. Remove the contract, or choose Odoo.",
                        rule.name,
                    )
                )
            if rule.contract_id.model_id != rule.model_id:
                raise ValidationError(
                    self.env._(
                        "“%(rule)s”: contract %(contract)s belongs to another "
                        "object. Choose a contract of this object.",
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
                        "%(fields)s of %(object)s already have a system of record "
                        "in this facility. Change that rule instead.",
                        fields=", ".join(shared.mapped("field_description")),
                        object=rule.model_id.name,
                    )
                )
            if any(field.model_id != rule.model_id for field in rule.field_ids):
                raise ValidationError(
                    self.env._(
                        "“%s” contains fields of another object. Remove them.",
                        rule.name,
                    )
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create rules and clear the caches that contain rules."""
        rules = super().create(vals_list)
        self._clear_rules()
        return rules

    def write(self, vals):
        """Change rules and clear the caches that contain rules."""
        result = super().write(vals)
        self._clear_rules()
        return result

    def unlink(self):
        """Delete rules and clear the caches that contain rules."""
        result = super().unlink()
        self._clear_rules()
        return result

    @api.model
    def _clear_rules(self):
        """Clear the caches of rules and of the forms that show them."""
        self.env.registry.clear_cache("default", "templates")

    # === BUSINESS METHODS === #

    @api.model
    @tools.ormcache("model_name")
    def _rules(self, model_name):
        """Return ``{company id or False: {field name: Rule}}`` of one model."""
        # sudo: rules apply to every user who changes a record. The active_test of a
        # caller must not be remembered for everybody.
        rules_sudo = self.sudo().with_context(active_test=True)
        rules_sudo = rules_sudo.search([("model_id.model", "=", model_name)])
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
        """Return ``{field name: Rule}`` of a facility.

        The rule of the facility itself comes first, then those of the facilities that
        it is a branch of, then the general one.
        """
        rules = self._rules(model_name)
        if not rules:
            return frozendict()
        chain = [False]
        if company_id:
            # sudo: rules may read the hierarchy of facilities
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
        """Return the names of the fields that another system is authoritative for at
        any facility."""
        return frozenset(
            name
            for by_field in self._rules(model_name).values()
            for name, rule in by_field.items()
            if rule.owner != ODOO
        )

    # === MATRIX: what happens, and what is shown; one call, under the reader's rights === #

    @api.model
    @api.readonly
    def matrix_data(self, company_id=None):
        """Return the matrix of one facility.

        A row is a field with a rule, or a field that a system reads or writes. It is a
        *gap* if systems exchange it and no rule covers it. It is an *overlap* if
        several systems write it, or if a system writes it that is not authoritative.

        :param int company_id: facility, default the user's current one
        :returns: dict with ``facility``, ``facilities``, ``systems`` and ``objects``;
            the cells of a field are ``{system id: {"owner", "writes", "reads"}}``, Odoo
            0
        :raises AccessError: for a facility of other users, or without access to rules
        """
        self.browse().check_access("read")
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        own = self.env.user._get_company_ids()
        if company.id not in own:
            raise AccessError(
                self.env._(
                    "You have no access to this facility. "
                    "Choose one of your facilities."
                )
            )
        systems = self.env["interop.system"].search(
            ["|", ("company_ids", "=", False), ("company_ids", "in", company.ids)]
        )
        reads = self._matrix_flows(company, systems, "out")
        writes = self._matrix_flows(company, systems, "in")
        for key, ids in self._matrix_writers(company, systems).items():
            writes[key] |= ids
        return {
            # sudo: names of the user's own facilities, whether selected at the top or
            # not
            "facility": {"id": company.id, "name": company.sudo().name},
            "facilities": [
                {"id": facility.id, "name": facility.name}
                for facility in self.env["res.company"].sudo().browse(own)
            ],
            "systems": [
                {"id": ODOO, "name": self.env._("Odoo")},
                *({"id": system.id, "name": system.name} for system in systems),
            ],
            "objects": self._matrix_objects(company, systems, reads, writes),
        }

    @api.model
    def _matrix_models(self):
        """Return the names of the models that have rules or obey rules."""
        # sudo: this screen lists all objects with rules
        groups = self.sudo()._read_group([], ["model_id"])
        ruled = [model.model for (model,) in groups]
        governed = [
            name
            for name, model in self.env.registry.items()
            if not model._abstract and self._is_governed(name)
        ]
        return sorted({name for name in [*ruled, *governed] if name in self.env})

    @api.model
    def _matrix_flows(self, company, systems, direction):
        """Return ``{(model, field): system ids}`` of the systems whose mappings use the
        field."""
        lines = self.env["interop.mapping.line"].search(
            [
                ("mapping_id.interface_id.system_id", "in", systems.ids),
                ("mapping_id.interface_id.company_ids", "in", company.ids),
                ("mapping_id.interface_id.direction", "=", direction),
                ("mapping_id.interface_id.state", "!=", "retired"),
                ("field_path", "!=", False),
            ]
        )
        found = defaultdict(set)
        for line in lines:
            model = line.mapping_id.contract_id.sudo().model_id.model
            if model and not line.parent_id:
                key = (model, line.field_path.split(".")[0])
                found[key].add(line.mapping_id.interface_id.system_id.id)
        return found

    @api.model
    def _matrix_writers(self, company, systems):
        """Return ``{(model, field): system ids}`` of the systems whose messages wrote
        the field.

        One index probe per field and system, so that it is fast with a million records.
        """
        pairs = [
            (model, name)
            for model in self._matrix_models()
            for name, field in self.env[model]._fields.items()
            if field.store and name not in UNGOVERNED
        ]
        self.env.cr.execute(
            """SELECT f.model, f.name, s.id
                 FROM unnest(%s::text[], %s::text[]) AS f(model, name)
                CROSS JOIN unnest(%s::int[]) AS s(id)
                WHERE EXISTS (SELECT 1 FROM interop_provenance p
                               WHERE p.system_id = s.id AND p.res_model = f.model
                                 AND p.field_name = f.name AND p.company_id = %s)""",
            [[p[0] for p in pairs], [p[1] for p in pairs], systems.ids, company.id],
        )
        found = defaultdict(set)
        for model, name, system_id in self.env.cr.fetchall():
            found[model, name].add(system_id)
        return found

    @api.model
    def _matrix_objects(self, company, systems, reads, writes):
        exchanged = {*reads, *writes}
        objects = []
        for model in sorted({*self._matrix_models(), *(key[0] for key in exchanged)}):
            if model not in self.env:
                continue
            rules = self._effective(model, company.id)
            names = {*rules, *(name for own, name in exchanged if own == model)}
            names &= self.env[model]._fields.keys()
            if not names:
                continue
            rows = [
                self._matrix_row(model, name, rules.get(name), reads, writes, systems)
                for name in names
            ]
            objects.append(
                {
                    "model": model,
                    "name": self.env[model]._description,
                    "enforced": self._is_governed(model),
                    "gaps": sum(row["gap"] for row in rows),
                    "overlaps": sum(row["overlap"] for row in rows),
                    "fields": sorted(
                        rows,
                        key=lambda row: (not row["group"], row["group"], row["label"]),
                    ),
                }
            )
        return sorted(objects, key=lambda item: item["name"])

    @api.model
    def _matrix_row(self, model, name, rule, reads, writes, systems):
        key = (model, name)
        writers = writes.get(key, set())
        owner = rule.owner if rule else None
        cells = {}
        for system_id in (ODOO, *systems.ids):
            cell = {
                "owner": system_id == owner,
                "writes": system_id in writers,
                "reads": system_id in reads.get(key, set()),
            }
            if any(cell.values()):
                cells[system_id] = cell
        return {
            "name": name,
            "label": self.env[model]._fields[name]._description_string(self.env),
            "group": rule.name if rule else "",
            "rule_id": rule.id if rule else False,
            "policy": rule.policy if rule else False,
            "elsewhere": bool(rule) and owner not in (ODOO, *systems.ids),
            "gap": rule is None,
            "overlap": len(writers) > 1 or bool(rule and writers - {owner}),
            "cells": cells,
        }
