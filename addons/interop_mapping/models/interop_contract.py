"""Contracts without program code: their schema may come from a mapping."""

import json

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.interop_base.tools import schema_build
from odoo.addons.interop_base.tools.errors import SchemaInvalid
from odoo.addons.interop_base.tools.schema_build import PathError


class InteropContract(models.Model):
    """A contract whose schema may be generated from its mapping."""

    _inherit = "interop.contract"

    mapping_ids = fields.One2many("interop.mapping", "contract_id", "Mappings")

    def _schema_is_to_come(self):
        """Return whether this draft has no schema yet."""
        self.ensure_one()
        if self.state not in ("draft", False):
            return False
        try:
            schema = json.loads(self.schema or "{}")
        except ValueError:
            return False
        return not schema or schema == json.loads(self._fields["schema"].default(self))

    def _schema_from_mapping(self):
        """Return the schema of the mappings of this contract (dict).

        :raises UserError: there is no mapping, or the mappings differ
        """
        self.ensure_one()
        mappings = self.mapping_ids.filtered("line_ids")
        if not mappings:
            raise UserError(
                self.env._(
                    "Contract %s has no mapping yet. Add it to an interface, open the "
                    "mapping of the interface, and choose the fields to send.",
                    self.display_name,
                )
            )
        try:
            schemas = [mapping.line_ids._schema() for mapping in mappings]
        except PathError as error:
            raise UserError(str(error)) from None
        if any(schema != schemas[0] for schema in schemas):
            raise UserError(
                self.env._(
                    "The mappings of these interfaces differ: %s. Make them equal, or "
                    "write a schema that fits all of them.",
                    ", ".join(mappings.interface_id.mapped("name")),
                )
            )
        return schema_build.document(schemas[0], self.display_name)

    def _fill_from_mapping(self):
        """Generate the schema from the mapping, and an invented example if none
        fits."""
        for contract in self:
            schema = contract._schema_from_mapping()
            stale = contract.example_ids.filtered(
                lambda example, known=schema: not example._fits(known)
            )
            commands = [Command.delete(example.id) for example in stale]
            if stale == contract.example_ids:
                body = schema_build.examples(schema)[0]
                values = {
                    "name": self.env._("Invented Example"),
                    "body": json.dumps(body, indent=2, ensure_ascii=False),
                }
                commands.append(Command.create(values))
            text = json.dumps(schema, indent=2, ensure_ascii=False)
            contract.write({"schema": text, "example_ids": commands})

    def _fallback_handler(self):
        return "interop.handler.mapping"

    def _comes_from_mapping(self):
        """Return whether publication generates the schema from the mapping."""
        self.ensure_one()
        return self._schema_is_to_come() and bool(self.mapping_ids.line_ids)

    def _schema_to_publish(self):
        if self._comes_from_mapping():
            return self._schema_from_mapping()
        return super()._schema_to_publish()

    def _missing_for_approval(self):
        if self._comes_from_mapping():
            return []  # an example is generated with the schema
        return super()._missing_for_approval()

    def _excluded_approvers(self):
        """Exclude authors of the mapping: the schema is generated from it."""
        excluded = super()._excluded_approvers()
        if self._comes_from_mapping():
            # sudo: mappings of interfaces that the approver does not see count as well
            excluded |= self.sudo().mapping_ids.interface_id.editor_ids
        return excluded

    def _prepare_publishing(self):
        """Generate the schema of contracts without one from their mapping."""
        self.filtered(lambda item: item._comes_from_mapping())._fill_from_mapping()
        return super()._prepare_publishing()

    def action_generate_schema(self):
        """Generate schema and example from the mapping (administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self._require_draft()
        self._fill_from_mapping()
        return True


class InteropContractExample(models.Model):
    """Examples of a contract with a generated schema."""

    _inherit = "interop.contract.example"

    def _fits(self, schema):
        """Return whether the body is valid against another ``schema`` (dict)."""
        self.ensure_one()
        try:
            return not schema_build.violations(schema, json.loads(self.body))
        except (ValueError, SchemaInvalid):
            return False
