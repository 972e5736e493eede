"""Transitions of many messages in one statement each."""

from collections import defaultdict

from odoo import api, models

from ... import clock, const
from ..engine.superseded import Superseded


class InteropMessage(models.Model):
    """The same moves as in ``interop_message_transition.py``, a hundred thousand times.

    Callers have decided which messages may move and hold no older snapshot of them:
    every statement checks the state again and answers what it really moved.
    """

    _inherit = "interop.message"

    @api.model
    @api.private
    def _set_pending_many(self, ids, pause=0.0):
        """Send delivered or failed messages again: same ids, same bytes.

        The timeline stays. They take part as retries, not as first tries, so that new
        messages are not crowded out.

        What a newer message about the same record replaces never moves: failed ones are
        skipped, delivered ones stay delivered.

        :param ids: message ids, in the order in which they are to be due
        :param float pause: seconds between one and the next
        :returns: ``(ids that moved, {reason: ids that did not})``
        """
        refused = defaultdict(list)
        aside = self._set_old_aside(ids, refused)
        ids = [message_id for message_id in ids if message_id not in aside]
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE interop_message m
                  SET state = 'pending', lease_token = NULL, lease_until = NULL,
                      error_class = NULL, error_kind = NULL, error_code = NULL,
                      error_message = NULL, error_pointer = NULL, cause = NULL,
                      owner_user_id = NULL, owner_team_id = NULL,
                      attempt_count = 1, try_count = 1, done_at = NULL,
                      lane = regexp_replace(m.lane, %s, ''),
                      next_attempt_at = clock_timestamp() AT TIME ZONE 'UTC'
                                        + make_interval(secs => (due.number - 1) * %s),
                      write_date = clock_timestamp() AT TIME ZONE 'UTC',
                      write_uid = %s
                 FROM unnest(%s::int[]) WITH ORDINALITY AS due(id, number)
                WHERE m.id = due.id
                  -- Not by an index on the state: when thousands failed since the last
                  -- ANALYZE, the planner believes there are a few, and tries them all
                  -- for each id.
                  AND m.state || '' IN ('done', 'dead', 'parked')
            RETURNING m.id""",
            [f"^{const.LEFT_LANE}", pause, self.env.uid, list(ids)],
        )
        moved = [message_id for (message_id,) in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        if moved:
            self.env["interop.pump"]._arm_after_commit()
        return moved, refused

    # === OLD CONTENT === #

    @api.model
    @api.private
    def _set_old_aside(self, ids, refused=None):
        """Keep old content from being sent after newer content.

        Failed messages that a newer message about the same record replaces become
        skipped, with a link to it. A message whose newer one is captured but not built
        yet stays as it is: there is nothing to link to.

        :param ids: message ids that are about to be sent or built again
        :param dict refused: takes the ids by reason, ``superseded`` or ``building``
        :returns: set of the ids that must not be sent
        """
        refused = defaultdict(list) if refused is None else refused
        self.env.flush_all()
        search = Superseded(self.env)
        newer = search.newer(ids)
        self._set_superseded_many(newer)
        building = search.building([item for item in ids if item not in newer])
        for reason, found in (("superseded", newer), ("building", building)):
            if found:
                refused.setdefault(reason, []).extend(sorted(found))
        return building | newer.keys()

    @api.model
    @api.private
    def _set_superseded_many(self, newer):
        """Skip failed messages because newer ones replace them; returns the ids moved.

        What they held back goes on at once.

        :param dict newer: ``{message id: id of the message that replaces it}``
        """
        if not newer:
            return []
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE interop_message m
                  SET state = 'skipped', superseded_by_id = n.id, next_attempt_at = NULL,
                      error_message = replace(%s, '{newer}', n.external_id),
                      done_at = clock_timestamp() AT TIME ZONE 'UTC',
                      write_date = clock_timestamp() AT TIME ZONE 'UTC',
                      write_uid = %s
                 FROM unnest(%s::int[], %s::int[]) AS v(id, newer_id)
                 JOIN interop_message n ON n.id = v.newer_id
                WHERE m.id = v.id AND m.state || '' IN ('dead', 'parked')  -- as above
            RETURNING m.id""",
            [
                self.env._(
                    "Skipped: the newer message %s about the same record replaces it.",
                    "{newer}",
                ),
                self.env.uid,
                list(newer),
                list(newer.values()),
            ],
        )
        moved = [message_id for (message_id,) in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        if moved:
            self.env["interop.pump"]._arm_after_commit()
        return moved

    @api.model
    @api.private
    def _set_cancelled_many(self, ids, reason):
        """Close failed messages for a reason; returns the ids that moved.

        What they held back goes on at once.
        """
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE interop_message
                  SET state = 'cancelled', error_message = %s, next_attempt_at = NULL,
                      done_at = clock_timestamp() AT TIME ZONE 'UTC',
                      write_date = clock_timestamp() AT TIME ZONE 'UTC',
                      write_uid = %s
                WHERE id = ANY(%s) AND state || '' IN ('dead', 'parked')  -- as above
            RETURNING id""",
            [reason, self.env.uid, list(ids)],
        )
        moved = [message_id for (message_id,) in self.env.cr.fetchall()]
        self.invalidate_model(flush=False)
        if moved:
            self.env["interop.pump"]._arm_after_commit()
        return moved

    # === BUILT AGAIN === #

    @api.private
    def _set_rebuilt_many(self):
        """Build failed messages that were never rendered anew from their records.

        Like ``_resubmit``, without one query per message and without an error for those
        that cannot be built any more.

        :returns: ``(ids that moved, {reason: ids that did not})``
        """
        refused = defaultdict(list)
        aside = self._set_old_aside(self.ids, refused)
        usable = self.filtered(lambda message: message.id not in aside)
        usable = usable._published_still(refused)
        usable = usable._with_record(refused)
        if usable:
            self.env.flush_all()
            # The pump builds events of earlier transactions, in batches of its own.
            self.env.cr.execute(
                """INSERT INTO interop_event (contract_id, res_model, res_id,
                          company_id, occurred_at, state, interface_ids,
                          correlation_id, parent_id)
                   SELECT contract_id, res_model, res_id, company_id, %s, 'new',
                          jsonb_build_array(interface_id), correlation_id, id
                     FROM interop_message WHERE id = ANY(%s) ORDER BY id""",
                [clock.now(), usable.ids],
            )
            self.env["interop.pump"]._arm_after_commit()
        text = self.env._("Resubmitted as a new message.")
        return self._set_cancelled_many(usable.ids, text), refused

    def _published_still(self, refused):
        """Return the messages whose contract their interface still captures."""
        usable = self.browse()
        for contract, messages in self.grouped("contract_id").items():
            capturing = dict(
                self.env["interop.interface"]._capturing(contract.message_type)
            )
            interfaces = set(capturing.get(contract.id, ()))
            kept = messages.filtered(lambda m, ids=interfaces: m.interface_id.id in ids)
            usable |= kept
            refused["contract"] += (messages - kept).ids
        return usable.sorted("id")

    def _with_record(self, refused):
        """Return the messages whose record still exists; one query per model."""
        usable = self.browse()
        for model, messages in self.grouped("res_model").items():
            found = set()
            if model in self.env:
                records = self.env[model].browse(messages.mapped("res_id"))
                found = set(records.exists().ids)
            kept = messages.filtered(lambda m, ids=found: m.res_id in ids)
            usable |= kept
            refused["record"] += (messages - kept).ids
        return usable.sorted("id")

    # === CLOSING BY HAND === #

    def action_close(self):
        """Ask for the reason, then close failed messages."""
        self._check_may_act()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Close Failed Messages"),
            "res_model": "interop.close.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_res_model": self._name,
                "default_res_ids": ",".join(map(str, self.ids)),
            },
        }

    def _close(self, reason):
        """Close what failed among these messages, with a ``reason`` that stays."""
        self._check_may_act()
        failed = self.filtered(lambda item: item.state in const.FAILED_STATES)
        # sudo: messages are written by the engine only; who may act was checked above
        moved = failed.sudo()._set_cancelled_many(failed.ids, reason)
        self.env["interop.audit.event"]._log("closed", self.browse(moved), reason)
        return len(moved)
