"""Contracts: versioned message types."""

import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ... import clock, const
from ...tools import approval
from ...tools import schema as schema_tools
from ...tools.errors import SchemaInvalid

# Fields that partners rely on once a contract is published.
FROZEN_FIELDS = {
    "message_type",
    "version",
    "schema",
    "data_class",
    "model_id",
    "coalesce",
    "field_ids",
    "example_ids",
}


class InteropContract(models.Model):
    """One version of one message type, for example ``invoice.posted`` v1."""

    _name = "interop.contract"
    _description = "Message Contract"
    _inherit = ["interop.approval.mixin"]
    _order = "message_type, version desc"

    _installed_is_approved = True

    message_type = fields.Char(
        required=True,
        index=True,
        tracking=True,
        help="Name of the message: subject, dot, event, such as invoice.posted.",
    )
    version = fields.Integer(required=True, default=1, tracking=True)
    active = fields.Boolean(default=True)
    description = fields.Text()
    state = fields.Selection(
        const.CONTRACT_STATES,
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    published_at = fields.Datetime(readonly=True, copy=False)
    sunset_date = fields.Date(
        tracking=True,
        copy=False,
        help="From this day on the server refuses messages of this deprecated version.",
    )
    schema = fields.Text(
        "JSON Schema",
        required=True,
        default='{\n  "type": "object",\n  "additionalProperties": false,\n'
        '  "properties": {}\n}',
        tracking=True,
        help="JSON Schema 2020-12 of the member “data”. With additionalProperties: "
        "false, only members that the schema names can be exchanged.",
    )
    data_class = fields.Selection(
        const.DATA_CLASSES,
        required=True,
        default="none",
        tracking=True,
        help="The strictest class of all fields. Personal and patient-adjacent content "
        "is encrypted, and only users of the payload group can see it.",
    )
    model_id = fields.Many2one(
        "ir.model",
        "Odoo Object",
        ondelete="set null",
        domain=[("transient", "=", False), ("abstract", "=", False)],
        help="The object from which a message is built, or to which it is applied.",
    )
    coalesce = fields.Boolean(
        "Combine Repeated Updates",
        help="Several changes of one record in one transaction result in one message.",
    )
    example_ids = fields.One2many(
        "interop.contract.example", "contract_id", "Examples", copy=True
    )
    field_ids = fields.One2many(
        "interop.contract.field", "contract_id", "Field Classes", copy=True
    )
    interface_count = fields.Integer(compute="_compute_interface_count")
    handler_name = fields.Char("Handler", compute="_compute_handler_name")

    _version_uniq = models.Constraint(
        "UNIQUE (message_type, version)", "This version of the contract already exists."
    )
    _version_positive = models.Constraint(
        "CHECK (version > 0)", "The version must be 1 or higher."
    )

    @api.depends("message_type", "version")
    def _compute_display_name(self):
        for contract in self:
            named = contract.message_type  # without a name, Odoo shows "New"
            contract.display_name = named and f"{named} v{contract.version}"

    def _compute_interface_count(self):
        interfaces = self.env["interop.interface"].search(
            [("contract_ids", "in", self.ids)]
        )
        for contract in self:
            contract.interface_count = len(
                interfaces.filtered(lambda item, own=contract: own in item.contract_ids)
            )

    @api.depends("message_type", "version")
    def _compute_handler_name(self):
        """Prefer a handler of this version, such as ``interop.handler.<type>.v2``."""
        for contract in self:
            name = f"interop.handler.{contract.message_type}"
            names = (f"{name}.v{contract.version}", name)
            known = [name for name in names if name in self.env.registry]
            contract.handler_name = known[0] if known else contract._fallback_handler()

    # === CHECKS === #

    @api.constrains("message_type")
    def _check_message_type(self):
        for contract in self:
            parts = (contract.message_type or "").split(".")
            if len(parts) < 2 or not all(
                part.replace("_", "").isalnum() and part.islower() for part in parts
            ):
                raise ValidationError(
                    self.env._(
                        "“%(name)s” is not a valid message type. Write subject and "
                        "event in lower case with a dot between them, such as "
                        "invoice.posted.",
                        name=contract.message_type,
                    )
                )

    @api.constrains("schema")
    def _check_schema(self):
        for contract in self:
            try:
                schema_tools.check_schema(contract._schema())
            except SchemaInvalid as error:
                raise ValidationError(
                    self.env._(
                        "The schema of %(name)s is not valid JSON Schema 2020-12: "
                        "%(reason)s",
                        name=contract.display_name,
                        reason=str(error),
                    )
                ) from None

    @api.constrains("schema", "example_ids")
    def _check_examples(self):
        self.example_ids._check_body()

    @api.constrains("schema")
    def _check_field_paths(self):
        self.field_ids._check_path()

    @api.constrains("active")
    def _check_archive(self):
        """Refuse to archive a contract in use: its interfaces would stop capturing
        events without any notice."""
        for contract in self.filtered(lambda item: not item.active):
            # sudo: interfaces of all facilities
            using_sudo = (
                self.env["interop.interface"]
                .sudo()
                .with_context(active_test=False)
                .search([("contract_ids", "=", contract.id)])
                .filtered(lambda item: item.active and item._is_in_use())
            )
            if using_sudo:
                raise ValidationError(
                    self.env._(
                        "Contract %(contract)s cannot be archived, because interfaces "
                        "use it (%(interfaces)s). Retire the contract, or remove it "
                        "from these interfaces.",
                        contract=contract.display_name,
                        interfaces=", ".join(using_sudo.mapped("name")),
                    )
                )

    @api.constrains("data_class", "field_ids")
    def _check_field_classes(self):
        order = [key for key, _label in const.DATA_CLASSES]
        for contract in self:
            for line in contract.field_ids:
                if order.index(line.data_class) > order.index(contract.data_class):
                    raise ValidationError(
                        self.env._(
                            "Field %(path)s of contract %(contract)s has a stricter "
                            "data class than the contract (“%(class)s”). Raise the "
                            "data class of the contract.",
                            contract=contract.display_name,
                            path=line.path,
                            **{"class": contract.data_class},
                        )
                    )

    @api.model
    def _guarded_fields(self):
        return super()._guarded_fields() | {"published_at"}

    def write(self, vals):
        """Refuse to change a published contract: partners rely on it."""
        if FROZEN_FIELDS & vals.keys():
            self._require_draft()
        result = super().write(vals)
        if FROZEN_FIELDS & vals.keys():
            self._note_editor()
        if "active" in vals:
            self.env.registry.clear_cache()  # interop.interface._capturing
        return result

    def _require_draft(self):
        """Raise ``UserError`` unless the contracts are drafts."""
        for contract in self:
            if contract.state != "draft":
                raise UserError(
                    self.env._(
                        "%(name)s is published and cannot be changed: partners rely on "
                        "it. Create a new version instead.",
                        name=contract.display_name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        for contract in self:
            if contract.state != "draft":
                raise UserError(
                    self.env._(
                        "%(name)s was published and cannot be deleted: messages refer "
                        "to it. Retire it instead.",
                        name=contract.display_name,
                    )
                )

    def unlink(self):
        """Forget the drafts: the interfaces of clients may have named them."""
        result = super().unlink()
        self.env.registry.clear_cache()  # interop.client._scope
        return result

    def copy_data(self, default=None):
        """Give a copy the next version number."""
        vals_list = super().copy_data(default)
        for contract, vals in zip(self, vals_list, strict=True):
            vals["version"] = contract._next_version()
        return vals_list

    # === BUSINESS METHODS === #

    def _next_version(self):
        self.ensure_one()
        latest = self.with_context(active_test=False).search(
            [("message_type", "=", self.message_type)], order="version desc", limit=1
        )
        return latest.version + 1

    def _schema(self):
        """Return the schema as a dict.

        :raises ValidationError: it is not a JSON object
        """
        self.ensure_one()
        try:
            value = json.loads(self.schema or "")
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "The schema of %(name)s is not valid JSON: %(reason)s",
                    name=self.display_name,
                    reason=str(error),
                )
            ) from None
        if not isinstance(value, dict):
            raise ValidationError(self.env._("The schema must be a JSON object."))
        return value

    def _violations(self, value):
        """Return all violations of the schema in ``value`` (list of
        ``schema.Violation``)."""
        self.ensure_one()
        try:
            return schema_tools.violations_by_text(self.schema or "", value)
        except SchemaInvalid:
            return schema_tools.violations(self._schema(), value)  # says what is wrong

    def _inbound_violations(self, data):
        """Return all violations in inbound ``data``: of the schema, and of the rules
        for texts (:meth:`_text_violations`)."""
        violations = self._violations(data)
        if violations:
            return violations
        return self._text_violations(data, self._handler()._clean(data))

    def _text_violations(self, data, cleaned):
        """Return violations that the schema does not cover.

        These are texts that are empty or too long after cleaning, and violations that
        the handler reports (``interop.handler._content_violations``).
        """
        found = self._handler()._content_violations(data, cleaned)
        if not found and cleaned != data:
            found = self._violations(cleaned)
        return found

    def _handler(self):
        """Return the handler model that builds and applies messages of this contract.

        Without a handler, return the base model, which refuses to build and to apply.
        """
        self.ensure_one()
        return self.env[self.handler_name or "interop.handler"]

    def _fallback_handler(self):
        """Return the name of the handler of contracts without program code.

        Called while ``handler_name`` is computed. An override returns the name of a
        model that inherits from ``interop.handler``. ``False`` means that the contract
        has no handler.
        """
        return False

    @api.model
    def _find(self, message_type, version=None):
        """Return the usable contract of ``message_type``, empty if there is none.

        :param int version: by default the newest usable version
        """
        domain = [
            ("message_type", "=", message_type),
            ("state", "in", const.USABLE_CONTRACT_STATES),
        ]
        if version is not None:
            domain.append(("version", "=", version))
        return self.search(domain, order="version desc", limit=1)

    def _successor(self, interfaces):
        """Return the newest usable version of this type on ``interfaces``, empty if
        there is none."""
        self.ensure_one()
        return interfaces.contract_ids.filtered(
            lambda item: (
                item.message_type == self.message_type
                and item.version > self.version
                and item.state in const.USABLE_CONTRACT_STATES
            )
        ).sorted("version")[-1:]

    # === TRANSITIONS === #

    def _approval_state(self):
        """Return the state that partners will rely on.

        Texts of the schema and of examples are compared by digests. Names of fields are
        shown.
        """
        schema = self._schema_to_publish()
        return {
            **super()._approval_state(),
            "message_type": f"{self.message_type} v{self.version}",
            "data_class": self.data_class,
            "object": self.model_id.model,
            "coalesce": self.coalesce,
            "fields": list(schema_tools.field_paths(schema)),
            "schema": approval.digest(json.dumps(schema, sort_keys=True)),
            "examples": [
                f"{item.name}: {approval.digest(item.body)}"
                for item in self.example_ids
            ],
            "field_classes": [
                f"{line.path}: {line.data_class}" for line in self.field_ids
            ],
        }

    def _schema_to_publish(self):
        """Return the schema (dict) that publication will freeze."""
        return self._schema()

    def _missing_for_approval(self):
        missing = super()._missing_for_approval()
        if not self.example_ids:
            missing.append(
                self.env._("at least one example (partners build against it)")
            )
        return missing

    def _set_approved(self, fingerprint=None):
        """Publish the contract: publication is the approval of a contract."""
        return self._set_published(fingerprint)

    def _set_published(self, fingerprint=None):
        """Freeze the contract; from now on interfaces may use it.

        The author of a draft cannot publish it. Contracts that an addon installs are
        published by the system.

        :param str fingerprint: the state that the steward has seen
        """
        drafts = self.filtered(lambda item: item.state == "draft")
        (self - drafts)._set_state("published", ("draft",))
        drafts._check_may_approve(fingerprint)
        drafts._prepare_publishing()
        for contract in drafts:
            contract._check_schema()
            contract._check_examples()
        moved = drafts._approve_many(
            {"state": "published", "published_at": clock.now()}
        )
        return self._moved(moved, "published")

    def _prepare_publishing(self):
        """Complete drafts before they are frozen; an override fills in the values that
        the approved state contains."""

    def _moved(self, contracts, detail):
        if contracts:
            self.env.registry.clear_cache()  # interop.interface._capturing
            self.env["interop.audit.event"]._log("transition", contracts, detail)
        return contracts

    def _set_deprecated(self):
        """Announce the end of this version; requires a sunset date."""
        for contract in self:
            if not contract.sunset_date:
                raise UserError(
                    self.env._(
                        "%(name)s has no sunset date. Set the day from which messages "
                        "of this version are refused, then deprecate it again.",
                        name=contract.display_name,
                    )
                )
        return self._moved(self._set_state("deprecated", ("published",)), "deprecated")

    def _set_retired(self):
        """Refuse messages of this version from now on."""
        moved = self._set_state("retired", ("published", "deprecated"))
        return self._moved(moved, "retired")

    @api.autovacuum
    def _retire_at_sunset(self):
        """Retire deprecated versions that have reached their sunset date."""
        due = self.search(
            [("state", "=", "deprecated"), ("sunset_date", "<=", clock.now().date())]
        )
        due._set_retired()

    # === ACTIONS === #

    def action_publish(self, fingerprint=None):
        """Publish the state with this fingerprint (stewards); without a fingerprint,
        open the sheet that shows the state."""
        return self.action_approve(fingerprint)

    def action_deprecate(self):
        """Deprecate (stewards)."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.sudo()._set_deprecated()  # sudo: see action_publish

    def action_retire(self):
        """Retire (stewards)."""
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        self.sudo()._set_retired()  # sudo: see action_publish

    def action_new_version(self):
        """Copy the contract as a draft of the next version and open it."""
        self.ensure_one()
        draft = self.copy()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def action_view_interfaces(self):
        """Open the interfaces that use this contract."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "interop_base.interop_interface_action"
        )
        action["domain"] = [("contract_ids", "in", self.ids)]
        return action

    def action_view_messages(self):
        """Open the messages of this contract."""
        return self.env["interop.message"]._action_log(
            [("contract_id", "in", self.ids)]
        )
