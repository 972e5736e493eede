"""The ownership matrix: objects and fields down, systems across."""

from collections import defaultdict

from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.ownership import ODOO
from .interop_governed import UNGOVERNED


class InteropOwnership(models.Model):
    """What the matrix screen shows; one call, under the reader's own rights."""

    _inherit = "interop.ownership"

    @api.model
    @api.readonly
    def matrix_data(self, company_id=None):
        """Return the matrix of one facility.

        A row is a field that has a rule, or that some system reads or writes. It is a
        *gap* when systems exchange it and nobody is named to decide, and an *overlap*
        when several systems write it, or one that does not decide about it.

        :param int company_id: facility, default the user's current one
        :returns: dict with ``facility``, ``facilities``, ``systems`` and ``objects``;
            the
            cells of a field are ``{system id: {"owner", "writes", "reads"}}``, Odoo 0
        :raises AccessError: for a facility of others, or without a right to read the
            rules
        """
        self.browse().check_access("read")
        company = self.env["res.company"].browse(company_id or self.env.company.id)
        own = self.env.user._get_company_ids()
        if company.id not in own:
            raise AccessError(self.env._("This facility is not one of yours."))
        systems = self.env["interop.system"].search(
            ["|", ("company_ids", "=", False), ("company_ids", "in", company.ids)]
        )
        reads = self._matrix_flows(company, systems, "out")
        writes = self._matrix_flows(company, systems, "in")
        for key, ids in self._matrix_writers(company, systems).items():
            writes[key] |= ids
        return {
            # sudo: names of the user's own facilities, chosen in the switcher or not
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

    # === WHAT HAPPENS === #

    @api.model
    def _matrix_models(self):
        """Return the names of the models with rules, and of those that obey rules."""
        # sudo: which objects have rules is what this screen is about
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
        """Return ``{(model, field): system ids}`` of what mappings read or write."""
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
        """Return ``{(model, field): system ids}`` of what messages have written.

        One probe of an index per field and system, so that it stays quick on a million
        records.
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

    # === WHAT IS SHOWN === #

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
