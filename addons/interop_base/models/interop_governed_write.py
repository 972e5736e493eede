"""Governed records: every other way to change them, and what follows from a change."""

from collections import defaultdict

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError

from ..exceptions import OwnershipError
from ..tools.ownership import ODOO
from . import governed_state


class InteropGovernedMixin(models.AbstractModel):
    """``create``, ``write`` and ``unlink`` ask the rules; changes get a provenance."""

    _inherit = "interop.governed.mixin"

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        """Create records; what Odoo decides is published, what is set is noted."""
        records = super().create(vals_list)
        ruled = self.env["interop.ownership"]._ruled_fields(self._name)
        scope = governed_state.current(self.env)
        if not ruled and not scope:
            return records
        filled = {}
        nothing_sudo = self.browse()._comparable()
        for record, vals in zip(records, vals_list, strict=True):
            names = vals.keys() if scope else vals.keys() & ruled
            filled[record] = {n for n in names if nothing_sudo._fills(n, vals[n])}
            if scope and not governed_state.is_vetted(self.browse(), filled[record]):
                record._check_effect(scope, filled[record])
        created = self.env.cr.cache.setdefault(("interop.created", self._name), {})
        created.update(dict.fromkeys(records.ids, self._author()))
        self._after_change({record: names for record, names in filled.items() if names})
        return records

    def write(self, vals):
        """Change what the rules allow, note it and publish what Odoo decides."""
        changed = self._changed_fields(vals)
        if changed:
            self._check_change(changed)
        result = super().write(vals)
        if changed:
            self._after_change(changed)
        return result

    def unlink(self):
        """Delete records and what is known of their values."""
        forgotten = self.browse(self.ids)
        result = super().unlink()
        self.env["interop.provenance"]._forget(forgotten)
        return result

    def _author(self):
        """Return whose change the present one is: the message's, or else the user's."""
        scope = governed_state.current(self.env)
        return (scope.message_id if scope else 0, self.env.uid)

    def _is_new_of_author(self):
        """Return whether the author of the present change made this record in the same
        transaction: core completes new records by writing to them."""
        created = self.env.cr.cache.get(("interop.created", self._name), {})
        return created.get(self.id) == self._author()

    def _fills(self, name, value):
        """Return whether ``value`` is one to an empty recordset."""
        field = self._fields.get(name)
        return bool(field and field.store) and self._may_differ(name, value)

    # === CHECKING === #

    def _check_change(self, changed):
        """Refuse what neither the sender of a message nor a user may change.

        :param dict changed: ``{record: names}``
        """
        scope = governed_state.current(self.env)
        if scope:
            for record, names in changed.items():
                record._check_effect(scope, names)
        elif self.env.uid not in (SUPERUSER_ID, self._integration_uid()):
            # Also under sudo: code that a user calls edits in the name of that user.
            self._check_edit(changed)

    @api.model
    def _integration_uid(self):
        return self.env["ir.model.data"]._xmlid_to_res_id(
            "interop_base.user_integration"
        )

    def _check_effect(self, scope, names):
        """Refuse what a message changes on the side, past ``_apply_governed``.

        :raises OwnershipError: the sender does not decide about one of ``names``
        """
        if self._is_new_of_author():
            return  # what core derives for a new record, such as its parent's address
        rules = self._rules_for_message(scope)
        refused = sorted(
            name
            for name in names
            if name in rules
            and rules[name].owner != scope.system_id
            and rules[name].policy != "flag"
            and not governed_state.is_vetted(self, {name})
        )
        if refused:
            raise OwnershipError(
                self.env._(
                    "Another system is authoritative for: %s.",
                    ", ".join(self._labels(refused)),
                ),
                fields=refused,
            )

    def _check_edit(self, changed):
        """Refuse edits of protected fields, unless a steward may override them now.

        :raises UserError: naming fields and who decides about them, for the user
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
            "%(owner)s decides about %(fields)s of “%(record)s”. Change it there, or "
            "ask a steward to override the protection.",
            owner=", ".join(sorted(owners)),
            fields=", ".join(self._labels(names)),
            record=self.display_name,
        )

    @api.model
    def _owner_name(self, system_id):
        """Return the name of a system, as far as the user's facilities know it."""
        if system_id == ODOO:
            return self.env._("Odoo")
        # sudo: users without a role in the integration see who decides, not the
        # catalogue
        return self.env["interop.system"].sudo().browse(system_id)._told_name()

    def _protected_fields(self, sources=None):
        """Return ``{record id: {field: Rule}}`` of what users may not edit.

        :param dict sources: ``interop.provenance._sources``, when known already
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
        """Keep who changed what, and tell those who replicate what Odoo decides."""
        provenance = self.env["interop.provenance"]
        scope = governed_state.current(self.env)
        if scope:
            for record, names in changed.items():
                provenance._note_message(record, scope, names)
        else:
            ruled = self.env["interop.ownership"]._ruled_fields(self._name)
            provenance._note_edit(changed, ruled)
        self._publish_change(changed)

    def _publish_change(self, changed):
        """Publish changes of fields that Odoo decides, as their rules say."""
        by_type = defaultdict(set)
        ownership = self.env["interop.ownership"]
        if not ownership._ruled_fields(self._name):
            return
        own_company = self.env["interop.event"]._own_company()
        for record, names in changed.items():
            company = "company_id" in self._fields and record.sudo().company_id
            rules = ownership._effective(self._name, (company or own_company).id)
            for name in names & rules.keys():
                rule = rules[name]
                if rule.owner == ODOO and rule.message_type:
                    by_type[rule.message_type].add(record.id)
        for message_type, ids in sorted(by_type.items()):
            self.env["interop.event"]._publish(message_type, self.browse(sorted(ids)))
