"""Opening cases, and what was decided before."""

from collections import Counter

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.interop_base import clock

from ..tools import question


class InteropIdentityCase(models.Model):
    """One open case per question, whoever asks it and however often."""

    _inherit = "interop.identity.case"

    @api.model
    @api.private
    def _open(self, asked, message=None, company=None, system=None, load=None):
        """Return the open case (sudo) of a question; a new one has a steward.

        :param asked: ``tools.question.Question``
        :param message: the message that cannot go on without an answer, if any
        :param company: the facility, where there is no message
        :param system: who caused the question, where there is no message
        :param load: what ``_steward_load`` returned, where many are opened at once
        """
        # sudo: whatever user or machine finds the question, stewards have to see it
        cases_sudo = self.sudo()
        found = cases_sudo.search(
            [("question_key", "=", asked.key), ("state", "=", "open")], limit=1
        )
        if found:
            return found
        values = self._opening_values(asked, message, company)
        if system:
            values["system_id"] = system.id
        case = cases_sudo._insert_case(values)
        case._assign_steward(load)
        return case

    @api.model
    def _opening_values(self, asked, message, company):
        left, right = self._existing(asked.left), self._existing(asked.right)
        if right and not left:
            left, right = right, ()
        interface = message.interface_id if message else None
        return {
            "kind": asked.kind,
            "question_key": asked.key,
            "pair_key": question.pair_key(left, right) if left and right else None,
            "state": "open",
            "priority": (interface and interface.criticality) or "1",
            "company_id": (message.company_id if message else company).id,
            "interface_id": interface.id if interface else None,
            "system_id": message.system_id.id if message else None,
            "namespace_id": asked.namespace_id or None,
            "subject": asked.subject or None,
            "creates": asked.creates,
            "left_model": left[0] if left else None,
            "left_id": (left and left[1]) or None,
            "right_model": right[0] if right else None,
            "right_id": (right and right[1]) or None,
            "opened_at": clock.now().replace(microsecond=0),
        }

    @api.model
    def _existing(self, record):
        """Return ``(model, id)`` unless the record was undone with its message."""
        if not record or not record[1]:
            return record
        # sudo: only whether it exists
        exists = self.env[record[0]].sudo().browse(record[1]).exists()
        return record if exists else ()

    @api.model
    def _insert_case(self, values):
        """Insert one case and return it.

        In SQL: when another transaction opens the same question at the same moment, it
        is that one that counts, and nothing is to fail loudly.
        """
        self.env.flush_all()
        now = self.env.cr.now()
        columns = {
            **values,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": now,
            "write_date": now,
        }
        query = SQL(
            "INSERT INTO interop_identity_case (%s) VALUES %s"
            " ON CONFLICT (question_key) WHERE state = 'open'"
            " DO UPDATE SET write_date = EXCLUDED.write_date RETURNING id",
            SQL(", ").join(SQL.identifier(name) for name in columns),
            tuple(columns.values()),
        )
        self.env.cr.execute(query, log_exceptions=False)
        (case_id,) = self.env.cr.fetchone()
        self.invalidate_model(flush=False)
        return self.browse(case_id)

    @api.model
    def _steward_load(self):
        """Return how many open cases each steward has, as ``Counter`` by user id."""
        groups = self._read_group(
            [("user_id", "!=", False), ("state", "=", "open")], ["user_id"], ["__count"]
        )
        return Counter({user.id: count for user, count in groups})

    def _assign_steward(self, load=None):
        """Give the case to the steward of its facility with the least to do, as an
        activity; to the exception owner of the interface if that is a steward.

        :param load: see ``_open``; the case is counted there
        """
        if self.user_id:
            return
        group = self.env.ref("interop_base.interop_base_group_steward")
        stewards = group.all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids and user.active
        )
        owner = self.interface_id.exception_user_id
        if owner not in stewards:
            load = self._steward_load() if load is None else load
            owner = stewards.sorted(lambda user: (load[user.id], user.id))[:1]
        if not owner:
            return
        if load is not None:
            load[owner.id] += 1
        # Many cases may come at once: they are seen in Odoo, not in as many mails.
        quiet = self.with_context(
            mail_activity_quick_update=True, tracking_disable=True
        )
        quiet.user_id = owner
        quiet.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=owner.id,
            summary=self.env._("Decide: %s", self.display_name),
        )

    # ------------------------------------------------------------------
    # Memory
    # ------------------------------------------------------------------
    @api.model
    def _decided(self, asked):
        """Return the decision (sudo) about this very question, empty if there is
        none."""
        # Each message about somebody new asks this, mostly for nothing: the index alone
        # answers.
        self.flush_model(["question_key", "state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM interop_identity_case "
                "WHERE question_key = %s AND state = 'decided' "
                "ORDER BY id DESC LIMIT 1",
                asked.key,
            )
        )
        # sudo: what stewards decided counts for every message
        return self.sudo().browse(row[0] for row in rows)

    @api.model
    def _told_apart(self, first, second):
        """Return the decision (sudo) by which two records, ``(model, id)`` each, are
        not the same, at whatever facility; empty if there is none."""
        # sudo: that two records are different people is so at every facility
        keys = {
            question.pair_key((first[0], one), (second[0], other))
            for one in self._merged_into(first)
            for other in self._merged_into(second)
        }
        return self.sudo().search(
            [
                ("pair_key", "in", list(keys)),
                ("state", "=", "decided"),
                ("decision", "=", "different"),
            ],
            order="id desc",
            limit=1,
        )

    @api.model
    def _merged_into(self, record):
        """Return the ids of all that ``record``, as ``(model, id)``, now stands for."""
        # sudo: who stands for whom is nobody's but the engine's
        anchors_sudo = self.env["interop.identifier.anchor"].sudo()
        merged = anchors_sudo.search(
            [("res_model", "=", record[0]), ("survivor_id", "=", record[1])]
        )
        return [record[1], *merged.mapped("res_id")]

    def _about(self):
        """Return ``(model, id)`` of the record that messages which name both records
        are about, ``()`` for neither."""
        record = self._named_record()
        return (record._name, record.id) if record else ()

    def _named_record(self):
        """Return the record that is the answer, or its survivor; None if there is none
        or it is gone."""
        if not self.answer_id:
            return None
        record = self.env[self.answer_model].browse(self.answer_id)
        return self.env["interop.identifier.merge"]._survivor(record).exists()

    @api.private
    def _remember_apart(self, record, other):
        """Note that ``record``, made by this decision, is not ``other``; messages that
        name both are about ``record``."""
        self.ensure_one()
        asked = question.same(self.company_id.id, record, other)
        case = self.sudo()._insert_case(
            {
                **self._opening_values(asked, None, self.company_id),
                "interface_id": self.interface_id.id or None,
                "system_id": self.system_id.id or None,
            }
        )
        case._set_decided("different", self.reason, record, self.decided_by_id)
