"""Mixins that several governed models share."""

import itertools
import re
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_datetime

from .. import clock, const


class InteropCodeMixin(models.AbstractModel):
    """A code that partners and exports refer to: unique, and fixed once saved."""

    _name = "interop.code.mixin"
    _description = "Immutable Code"

    code = fields.Char(
        required=True,
        copy=False,
        index=True,
        help="Stable technical name for partners, exports and odoo.conf. It cannot be "
        "changed after saving. Lower case letters, digits, '.', '_' and '-'.",
    )

    @api.constrains("code")
    def _check_code(self):
        for record in self:
            if not re.fullmatch(const.CODE_PATTERN, record.code or ""):
                raise ValidationError(
                    self.env._(
                        "The code “%(code)s” of “%(name)s” is not valid. Use 1 to 63 "
                        "lower case letters, digits, dots, dashes or underscores, and "
                        "start with a letter or digit.",
                        code=record.code,
                        name=record.display_name,
                    )
                )

    def write(self, vals):
        """Refuse to change the code."""
        if "code" in vals and any(record.code != vals["code"] for record in self):
            raise UserError(
                self.env._(
                    "The code of “%(name)s” cannot be changed: partners and exports "
                    "refer to it. Create a new record instead.",
                    name=self[:1].display_name,
                )
            )
        return super().write(vals)

    def copy_data(self, default=None):
        """Give a copy a free code that is derived from the code of the original."""
        vals_list = super().copy_data(default)
        taken = set()
        for record, vals in zip(self, vals_list, strict=True):
            if vals is not None:  # None: another record has copied this one already
                vals.setdefault("code", record._free_code(taken))
                taken.add(vals["code"])
        return vals_list

    def _free_code(self, taken):
        """Return ``<code>-2``, or the next number without a record, archived or not."""
        self.ensure_one()
        stem = self.code[:56]
        # sudo: codes are unique across facilities
        model_sudo = self.sudo().with_context(active_test=False)
        for number in itertools.count(2):
            code = f"{stem}-{number}"
            if code not in taken and not model_sudo.search_count([("code", "=", code)]):
                return code


class InteropStateMixin(models.AbstractModel):
    """States change only through named transitions (``_set_*``).

    ``write`` refuses the guarded fields for all users, and the transitions use
    ``_transition``. There is no context key to bypass this: RPC callers can forge
    those.
    """

    _name = "interop.state.mixin"
    _description = "Guarded State"

    @api.model
    def _guarded_fields(self):
        """Return the names of the fields that only transitions may write."""
        return {"state"}

    @api.model_create_multi
    def create(self, vals_list):
        """Create each record in the initial state of the model."""
        # Take the default of the field itself. RPC callers can forge default_… in the
        # context, and users can set their own defaults.
        initial = {}
        for name in self._guarded_fields():
            default = self._fields[name].default
            initial[name] = default(self) if default else False
        for vals in vals_list:
            for name in initial.keys() & vals.keys():
                if vals[name] and vals[name] != initial[name]:
                    raise AccessError(self._guarded_message(name))
        return super().create([{**vals, **initial} for vals in vals_list])

    def write(self, vals):
        """Refuse guarded fields for all users."""
        for name in self._guarded_fields() & vals.keys():
            raise AccessError(self._guarded_message(name))
        return super().write(vals)

    def _guarded_message(self, name):
        return self.env._(
            "“%(field)s” of %(model)s cannot be edited. Use the buttons of the form.",
            field=self._fields[name].string,
            model=self._description,
        )

    def _transition(self, vals):
        """Write guarded fields; only ``_set_*`` methods of the same model call this."""
        return super().write(vals)

    def _set_state(self, state, allowed, **vals):
        """Move the records that are in an ``allowed`` state to ``state``.

        A record that is in ``state`` already does not change.

        :returns: the records whose state changed
        :raises UserError: a record is in another state
        """
        moving = self.filtered(lambda record: record.state != state)
        moving._check_moves(state, allowed)
        if moving:
            moving._transition({"state": state, **vals})
        return moving

    def _check_moves(self, state, allowed):
        """Raise ``UserError`` about the first record whose state is not ``allowed``."""
        labels = dict(self._fields["state"]._description_selection(self.env))
        for record in self:
            if record.state not in allowed:
                raise UserError(
                    self.env._(
                        "“%(name)s” is %(state)s. From this state it cannot become "
                        "%(target)s.",
                        name=record.display_name,
                        state=labels[record.state].lower(),
                        target=labels[state].lower(),
                    )
                )


class InteropMessageCountMixin(models.AbstractModel):
    """Counts of the open messages of a record, by the action that they need."""

    _name = "interop.message.count.mixin"
    _description = "Open Messages of a Record"
    # Path from a message to its record; it starts at the interface.
    _owner_path = "interface_id"

    failed_count = fields.Integer("Failed", compute="_compute_message_counts")
    parked_count = fields.Integer(
        "Needs a Decision",
        compute="_compute_message_counts",
        help="Messages that wait for a decision of a user. They have not failed.",
    )
    waiting_count = fields.Integer("Waiting", compute="_compute_message_counts")

    def _compute_message_counts(self):
        groups = self.env["interop.message"]._read_group(
            [
                (self._owner_path, "in", self.ids),
                ("state", "in", const.OPEN_STATES),
            ],
            ["interface_id", "state"],
            ["__count"],
        )
        counts = Counter()
        for interface, state, count in groups:
            counts[self._owner_of(interface).id, state] += count
        for record in self:
            failed, parked, pending, processing = (
                counts[record._origin.id, state]
                for state in ("dead", "parked", "pending", "processing")
            )
            record.failed_count = failed
            record.parked_count = parked
            record.waiting_count = pending + processing

    def _owner_of(self, interface):
        for name in self._owner_path.split(".")[1:]:
            interface = interface[name]
        return interface


class InteropStopMixin(models.AbstractModel):
    """Emergency stop: messages wait, none is lost, and the user and reason are
    recorded."""

    _name = "interop.stop.mixin"
    _description = "Emergency Stop"

    interop_stopped_at = fields.Datetime("Stopped On", readonly=True, copy=False)
    interop_stopped_by_id = fields.Many2one(
        "res.users", "Stopped By", readonly=True, copy=False, ondelete="restrict"
    )
    interop_stop_reason = fields.Char("Stop Reason", readonly=True, copy=False)

    _STOP_FIELDS = {
        "interop_stopped_at",
        "interop_stopped_by_id",
        "interop_stop_reason",
    }

    @api.model_create_multi
    def create(self, vals_list):
        """Refuse records that are created as stopped."""
        for vals in vals_list:
            if any(vals.get(name) for name in self._STOP_FIELDS):
                raise AccessError(self._stop_message())
        running = dict.fromkeys(
            self._STOP_FIELDS, False
        )  # overrides default_… in context
        return super().create([{**vals, **running} for vals in vals_list])

    def write(self, vals):
        """Refuse to set or lift a stop by writing its fields."""
        if self._STOP_FIELDS & vals.keys():
            raise AccessError(self._stop_message())
        return super().write(vals)

    def _stop_message(self):
        return self.env._(
            "An emergency stop cannot be set or lifted by editing. Use the buttons."
        )

    def _stop_text(self):
        """Return user, time and reason of the stop in one sentence."""
        self.ensure_one()
        # sudo: a user whose messages wait may know the user who stopped them
        record_sudo = self.sudo()
        return self.env._(
            "%(who)s stopped “%(name)s” on %(when)s: %(why)s",
            name=record_sudo.display_name,
            when=format_datetime(self.env, record_sudo.interop_stopped_at),
            who=record_sudo.interop_stopped_by_id.name or "?",
            why=record_sudo.interop_stop_reason or "?",
        )

    def _set_stopped(self, reason):
        """Stop the records with a ``reason`` (text); records already stopped stay as
        they are."""
        moving = self.filtered(lambda record: not record.interop_stopped_at)
        if moving:
            super(InteropStopMixin, moving).write(
                {
                    "interop_stopped_at": clock.now(),
                    "interop_stopped_by_id": self.env.uid,
                    "interop_stop_reason": reason,
                }
            )
            self.env["interop.audit.event"]._log("stopped", moving, reason)
        return moving

    def _set_resumed(self):
        """Lift the stop; waiting messages are due immediately."""
        moving = self.filtered("interop_stopped_at")
        if moving:
            super(InteropStopMixin, moving).write(
                dict.fromkeys(self._STOP_FIELDS, False)
            )
            self.env["interop.audit.event"]._log("resumed", moving)
            self.env["interop.pump"]._arm_after_commit()
        return moving

    def action_emergency_stop(self):
        """Open the dialog that asks for the reason of an emergency stop."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Emergency Stop"),
            "res_model": "interop.stop.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_ids": ",".join(str(rec_id) for rec_id in self.ids),
            },
        }

    def action_lift_stop(self):
        """Lift the emergency stop (operators and administrators)."""
        self.env["interop.guard"]._require_group("interop_base_group_operator")
        self.check_access("read")
        # sudo: operators may lift a stop but not edit the catalogue
        self.sudo()._set_resumed()
        return True
