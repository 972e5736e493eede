"""Governed records: rules about which system or user may change which field."""

from collections import defaultdict

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import BusinessError, OwnershipError
from odoo.addons.interop_base.models.engine import origin
from odoo.addons.interop_base.tools import field_report, ownership, statement
from odoo.addons.interop_base.tools.ownership import ODOO

from .. import vetted

# Fields that the ORM writes itself, or technical fields. No system states them.
UNGOVERNED = {
    "id",
    "create_uid",
    "create_date",
    "write_uid",
    "write_date",
    "parent_path",
    "message_main_attachment_id",
}


class InteropGovernedMixin(models.AbstractModel):
    """Makes a model obey ``interop.ownership``; glue addons add it to ``_inherit``.

    Handlers call ``_apply_governed`` and ``_create_governed`` instead of ``write`` and
    ``create``. The rules also apply to every other creation, change and deletion, and
    each change gets a provenance. Every form of a governed model whose rules name
    another system gets a banner and locked fields (``_get_view``), so a glue addon
    changes no view.
    """

    _name = "interop.governed.mixin"
    _description = "Governed Record"

    # Not inherited by delegation: a user is not governed because its contact is.
    _interop_governed = True

    interop_owned_fields = fields.Json(
        "Fields of Other Systems",
        compute="_compute_interop_ownership",
        help="Fields of this record for which another system is the system of "
        "record, with the source of their values.",
    )
    interop_locked_fields = fields.Char(
        "Locked Fields",
        compute="_compute_interop_ownership",
        help="Names of the fields that cannot be edited in Odoo, each between commas.",
    )

    # === HOOKS === #

    def _governing_companies(self, stating=()):
        """Return the facilities whose rules apply to an edit of this record in Odoo.

        A record shared by facilities is governed by the facilities of the user and by
        those whose systems stated something about it. Choosing another facility in the
        menu or in the context does not change this.

        :param stating: ids of the facilities whose systems stated something about it
        """
        self.ensure_one()
        # sudo: the facilities of a record must not depend on the user
        record_sudo = self.sudo()
        if "company_id" in self._fields and record_sudo.company_id:
            return record_sudo.company_id
        return (
            self.env.company
            | record_sudo.env.user.company_ids
            | record_sudo.env["res.company"].browse(stating)
        )

    # === MESSAGES === #

    @api.private
    def _apply_governed(self, message, vals, system=None):
        """Write the values that a message states about this record, as far as the rules
        allow.

        The report goes to the message (``field_report``) and with it to the sender.

        :param message: ``interop.message`` that is being applied
        :param dict vals: as for ``write``
        :param system: stating ``interop.system``, default the message's
        :returns: ``tools.field_report.Outcome``
        :raises OwnershipError: a rule rejects a value; nothing is written
        """
        self.ensure_one()
        self.check_access("write")
        with origin.applying(message, system):
            scope = origin.current(self.env)
            self._lock_governed()
            stated = self.env["interop.provenance"]._stated_by(self, scope.system_id)
            decisions = self._decide_values(scope, vals, stated)
            self._report(message, decisions)
            accepted = {n: vals[n] for n, item in decisions.items() if item.written}
            if accepted:
                with vetted.vetted(self, accepted):
                    self.write(accepted)
            outcome = field_report.Outcome(decisions)
            confirmed = [
                name
                for name in outcome.fields(*field_report.ACCEPTED)
                if statement.is_newer(scope.stated, stated.get(name, ""))
            ]
            self.env["interop.provenance"]._note_message(
                self, scope, confirmed, confirmed=True
            )
        return outcome

    @api.model
    @api.private
    def _create_governed(self, message, vals, system=None):
        """Create a record from the values that a message states, as far as the rules
        allow.

        :returns: ``(record, tools.field_report.Outcome)``
        :raises OwnershipError: a rule rejects a value, or ignores a required one
        """
        with origin.applying(message, system):
            scope = origin.current(self.env)
            decisions = self._decide_values(scope, vals, {})
            decisions = self._require_values(decisions, vals)
            if any(
                item.outcome == field_report.REJECTED for item in decisions.values()
            ):
                self._report(message, decisions)  # raises
            left_out = {
                n for n, i in decisions.items() if i.outcome == field_report.IGNORED
            }
            accepted = {n: value for n, value in vals.items() if n not in left_out}
            with vetted.vetted(self.browse(), vals):
                record = self.create(accepted)
            record._report(message, decisions)
        return record, field_report.Outcome(decisions)

    # === DECIDING === #

    def _decide_values(self, scope, vals, stated):
        """Return ``{field: Decision}`` for the values of the sender (``self`` may be
        empty)."""
        rules = self._rules_for_message(scope)
        compared_sudo = self._comparable()
        return ownership.all_or_nothing(
            {
                name: ownership.decide(
                    rule=rules.get(name),
                    sender=scope.system_id,
                    same=not compared_sudo._differs(name, value),
                    stated=scope.stated,
                    previous=ownership.group_statements(name, rules.get(name), stated),
                )
                for name, value in vals.items()
            }
        )

    def _rules_for_message(self, scope):
        """Return ``{field: Rule}`` of the facility of the message."""
        return self.env["interop.ownership"]._effective(self._name, scope.company_id)

    @api.model
    def _require_values(self, decisions, vals):
        """Reject a required value that would be ignored: the record cannot be created
        without it."""
        return ownership.all_or_nothing(
            {
                name: field_report.Decision(field_report.REJECTED, decision.reason)
                if decision.outcome == field_report.IGNORED
                and self._fields[name].required
                else decision
                for name, decision in decisions.items()
            }
        )

    def _report(self, message, decisions):
        """Store the outcome of each field; raise if a rule rejects a value."""
        report = field_report.entries(self._name, self.id or 0, decisions)
        rejected = field_report.Outcome(decisions).rejected
        if rejected:
            raise OwnershipError(
                self.env._(
                    "Another system is authoritative for: %s. The message was not "
                    "applied.",
                    ", ".join(self._labels(rejected)),
                ),
                fields=rejected,
                report=report,
            )
        message._note_fields(report)

    def _labels(self, names):
        """Return the labels of these fields."""
        return [self._fields[name]._description_string(self.env) for name in names]

    def _lock_governed(self):
        """Lock the row by its id, so that messages about one record are applied in
        turn.

        A failed statement is logged, and this one contains no content.
        """
        self.env.flush_all()
        self.env.cr.execute(
            f'SELECT id FROM "{self._table}" WHERE id = %s FOR NO KEY UPDATE', [self.id]
        )

    # === COMPARING === #

    def _comparable(self):
        """Return this record with all fields readable, for comparing values.

        A caller that compares several fields calls this once.
        """
        context = {"bin_size": False, "active_test": False}
        # sudo: the comparison shows nothing; the sender may state fields that it cannot
        # read
        record_sudo = self.sudo()
        if context.items() <= self.env.context.items():
            return record_sudo
        return record_sudo.with_context(**context)

    def _differs(self, name, value):
        """Return whether writing ``value`` would change the field.

        Without a record, it would if the value is not empty.

        :raises BusinessError: the value does not fit the field
        """
        field = self._fields[name]
        record_sudo = self._comparable()
        if field.type in ("one2many", "many2many"):
            current = record_sudo[name].ids if self else []
            return self._ids_after(current, value) != set(current)
        try:
            cached = field.convert_to_cache(value, record_sudo)
            stated = field.convert_to_record(cached, record_sudo)
        except (TypeError, ValueError):
            raise BusinessError(
                self.env._(
                    "The value does not fit the field “%s”. Correct it and "
                    "send the message again.",
                    self._labels([name])[0],
                ),
                code="invalid_value",
            ) from None
        return (stated or False) != ((record_sudo[name] if self else False) or False)

    @api.model
    def _ids_after(self, ids, commands):
        """Return the ids after ``commands``, ``None`` if lines themselves change."""
        if isinstance(commands, models.BaseModel):
            return set(commands.ids)
        if commands and isinstance(commands[0], int):
            return set(commands)
        after = set() if commands is False or commands is None else set(ids)
        for command in commands or ():
            if command[0] in (0, 1, 2):
                return None
            if command[0] == 3:
                after.discard(command[1])
            elif command[0] == 4:
                after.add(command[1])
            else:
                after = set(command[2]) if command[0] == 6 else set()
        return after

    def _changed_fields(self, vals):
        """Return ``{record: names}`` of the fields that ``write(vals)`` will change."""
        names = [
            name
            for name in vals
            if name not in UNGOVERNED
            and name in self._fields
            and self._fields[name].store
        ]
        changed = {}
        for record in self if names else ():
            compared_sudo = record._comparable()
            differing = {n for n in names if compared_sudo._may_differ(n, vals[n])}
            if differing:
                changed[record] = differing
        return changed

    def _may_differ(self, name, value):
        try:
            return self._differs(name, value)
        except BusinessError:
            return True  # the ORM raises the error

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create records, store provenance and publish fields of Odoo."""
        records = super().create(vals_list)
        ruled = self.env["interop.ownership"]._ruled_fields(self._name)
        scope = origin.current(self.env)
        if not ruled and not scope:
            return records
        filled = {}
        nothing_sudo = self.browse()._comparable()
        for record, vals in zip(records, vals_list, strict=True):
            names = vals.keys() if scope else vals.keys() & ruled
            filled[record] = {n for n in names if nothing_sudo._fills(n, vals[n])}
            if scope and not vetted.is_vetted(self.browse(), filled[record]):
                record._check_effect(scope, filled[record])
        created = self.env.cr.cache.setdefault(("interop.created", self._name), {})
        created.update(dict.fromkeys(records.ids, self._author()))
        self._after_change({record: names for record, names in filled.items() if names})
        return records

    def write(self, vals):
        """Write allowed changes, store provenance and publish fields of Odoo."""
        changed = self._changed_fields(vals)
        if changed:
            self._check_change(changed)
        result = super().write(vals)
        if changed:
            self._after_change(changed)
        return result

    def unlink(self):
        """Delete records with their provenance."""
        deleted = self.browse(self.ids)
        result = super().unlink()
        self.env["interop.provenance"]._delete_of(deleted)
        return result

    def _author(self):
        """Return the author of the current change: the message, otherwise the user."""
        scope = origin.current(self.env)
        return (scope.message_id if scope else 0, self.env.uid)

    def _is_new_of_author(self):
        """Return whether the author created this record in the same transaction.

        Core completes new records by writing to them.
        """
        created = self.env.cr.cache.get(("interop.created", self._name), {})
        return created.get(self.id) == self._author()

    def _fills(self, name, value):
        """Return whether ``value`` is set on an empty recordset."""
        field = self._fields.get(name)
        return bool(field and field.store) and self._may_differ(name, value)

    # === CHECKING === #

    def _check_change(self, changed):
        """Refuse changes that the sender of a message or a user may not make.

        :param dict changed: ``{record: names}``
        """
        scope = origin.current(self.env)
        if scope:
            for record, names in changed.items():
                record._check_effect(scope, names)
        elif self.env.uid not in (SUPERUSER_ID, self._integration_uid()):
            # Also with sudo: code that a user calls edits on behalf of that user.
            self._check_edit(changed)

    @api.model
    def _integration_uid(self):
        return self.env["ir.model.data"]._xmlid_to_res_id(
            "interop_base.user_integration"
        )

    def _check_effect(self, scope, names):
        """Refuse side effects of a message that bypass ``_apply_governed``.

        :raises OwnershipError: the sender is not authoritative for one of ``names``
        """
        if self._is_new_of_author():
            return  # values that core derives for a new record, such as its parent's address
        rules = self._rules_for_message(scope)
        refused = sorted(
            name
            for name in names
            if name in rules
            and rules[name].owner != scope.system_id
            and rules[name].policy != "flag"
            and not vetted.is_vetted(self, {name})
        )
        if refused:
            raise OwnershipError(
                self.env._(
                    "Another system is authoritative for: %s. The message was not "
                    "applied.",
                    ", ".join(self._labels(refused)),
                ),
                fields=refused,
            )

    def _check_edit(self, changed):
        """Refuse edits of protected fields, unless a steward has an override.

        :raises UserError: with the fields and their system of record
        """
        concerned = self.browse(
            record.id
            for record, names in changed.items()
            if names & self.env["interop.ownership"]._foreign_fields(self._name)
        )
        protected = concerned._protected_fields()
        reasons = None
        for record in concerned:
            rules = protected.get(record.id, {})
            touched = sorted(changed[record] & rules.keys())
            if not touched:
                continue
            if reasons is None:
                reasons = self.env["interop.ownership.override"]._reasons(concerned)
            if record.id not in reasons:
                raise UserError(record._protected_message(touched, rules))
            self.env["interop.audit.event"]._log(
                "overrode",
                record,
                f"{', '.join(record._labels(touched))}: {reasons[record.id]}",
            )

    def _protected_message(self, names, rules):
        owners = {self._owner_name(rules[name].owner) for name in names}
        return self.env._(
            "%(owner)s is the system of record for %(fields)s of “%(record)s”. "
            "Change it there, or ask a steward to override the protection.",
            owner=", ".join(sorted(owners)),
            fields=", ".join(self._labels(names)),
            record=self.display_name,
        )

    @api.model
    def _owner_name(self, system_id):
        """Return the name of a system, as far as the user's facilities may see it."""
        if system_id == ODOO:
            return self.env._("Odoo")
        # sudo: users without a role in the integration see the name only
        return self.env["interop.system"].sudo().browse(system_id)._visible_name()

    def _protected_fields(self, sources=None):
        """Return ``{record id: {field: Rule}}`` of the fields that users may not edit.

        :param dict sources: result of ``interop.provenance._sources``, if already read
        """
        if not self.env["interop.ownership"]._foreign_fields(self._name):
            return {}
        if sources is None:
            sources = self.env["interop.provenance"]._sources(self)
        return {
            record.id: record._protected_rules(sources[record.id]) for record in self
        }

    def _protected_rules(self, rows):
        """Return ``{field: Rule}``; the strictest facility counts.

        :param dict rows: provenance by field of this record
        """
        known = {int(system) for row in rows.values() for system in row["stated"]}
        protected = {}
        for company in self._governing_companies(
            [row["company_id"] for row in rows.values() if row["company_id"]]
        ):
            rules = self.env["interop.ownership"]._effective(self._name, company.id)
            for name, rule in rules.items():
                always = rule.protection == "always" and not self._is_new_of_author()
                sent = rule.protection == "known" and rule.owner in known
                if rule.owner != ODOO and (always or sent):
                    protected.setdefault(name, rule)
        return protected

    # === AFTERWARDS === #

    def _after_change(self, changed):
        """Store the author of each changed field and publish fields of Odoo."""
        provenance = self.env["interop.provenance"]
        scope = origin.current(self.env)
        if scope:
            for record, names in changed.items():
                provenance._note_message(record, scope, names)
        else:
            ruled = self.env["interop.ownership"]._ruled_fields(self._name)
            provenance._note_edit(changed, ruled)
        self._publish_change(changed)

    def _publish_change(self, changed):
        """Publish changes of fields that Odoo is authoritative for, as their rules say."""
        by_type = defaultdict(set)
        systems_of_record = self.env["interop.ownership"]
        if not systems_of_record._ruled_fields(self._name):
            return
        own_company = self.env["interop.event"]._own_company()
        for record, names in changed.items():
            # sudo: rules apply to changes by every user
            company = "company_id" in self._fields and record.sudo().company_id
            rules = systems_of_record._effective(
                self._name, (company or own_company).id
            )
            for name in names & rules.keys():
                rule = rules[name]
                if rule.owner == ODOO and rule.message_type:
                    by_type[rule.message_type].add(record.id)
        for message_type, ids in sorted(by_type.items()):
            self.env["interop.event"]._publish(message_type, self.browse(sorted(ids)))

    # === COMPUTE METHODS === #

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_interop_ownership(self):
        """Compute with one query for provenance and one for overrides for all records."""
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
        """Return the notes of the banner, one per field of another system.

        :param dict rows: provenance by field
        :param locked: names of the fields that the user cannot edit now
        """
        known = {int(system) for row in rows.values() for system in row["stated"]}
        notes = []
        for name, rule in sorted(self._foreign_rules(rows).items()):
            if rule.owner not in known and name not in locked:
                continue  # the system has not sent this record yet
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
        """Return ``{field: Rule}`` of the fields of this record that other systems own."""
        found = {}
        facilities = [row["company_id"] for row in rows.values() if row["company_id"]]
        for company in self._governing_companies(facilities):
            rules = self.env["interop.ownership"]._effective(self._name, company.id)
            for name, rule in rules.items():
                if rule.owner:
                    found.setdefault(name, rule)
        return found

    def _source_name(self, row):
        """Return the source of a value: a system, a user, or ``""`` if unknown."""
        if not row:
            return ""
        if row["system_id"]:
            return self._owner_name(row["system_id"])
        # sudo: the chatter of this record also shows the names of users who edited it
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
        """Put the banner above the sheet and lock the fields ``names`` while they are
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
        """Ask for the reason to edit protected fields for a short time (button;
        stewards)."""
        self.ensure_one()
        self.env["interop.guard"]._require_group("interop_base_group_steward")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Edit Protected Fields"),
            "res_model": "interop.override.wizard",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_id": self.id,
            },
        }
