"""Open identity cases and assign them to stewards."""

from collections import Counter

from odoo.tools import SQL

from odoo.addons.interop_base import clock

from ..tools import question


class CaseOpening:
    """Opens one case per question, whichever messages ask it.

    :param cases: ``interop.identity.case`` without records
    """

    def __init__(self, cases):
        # sudo: stewards must see the case whichever user or client caused it
        self.cases = cases.sudo().browse()
        self.env = self.cases.env

    def open(self, asked, message=None, company=None, system=None, load=None):
        """Return the open case (sudo) of a question. A new case gets a steward.

        :param asked: ``tools.question.Question``
        :param message: the message that waits for the answer, if any
        :param company: the facility, if there is no message
        :param system: the system that caused the question, if there is no message
        :param load: result of :meth:`steward_load` when many cases are opened together
        """
        found = self.cases.search(
            [("question_key", "=", asked.key), ("state", "=", "open")], limit=1
        )
        if found:
            return found
        values = self.values(asked, message, company)
        if system:
            values["system_id"] = system.id
        case = self.insert(values)
        self.assign_steward(case, load)
        return case

    def values(self, asked, message, company):
        """Return the column values of a new case."""
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

    def _existing(self, record):
        """Return ``(model, id)``, or ``()`` if the record was rolled back with its
        message."""
        if not record or not record[1]:
            return record
        # sudo: checks existence only
        exists = self.env[record[0]].sudo().browse(record[1]).exists()
        return record if exists else ()

    def insert(self, values):
        """Insert one case and return it.

        Uses SQL with ON CONFLICT: if another transaction opens the same question at the
        same moment, its case is used and no error is logged.
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
        self.cases.invalidate_model(flush=False)
        return self.cases.browse(case_id)

    def steward_load(self):
        """Return how many open cases each steward has, as ``Counter`` by user id."""
        groups = self.cases._read_group(
            [("user_id", "!=", False), ("state", "=", "open")], ["user_id"], ["__count"]
        )
        return Counter({user.id: count for user, count in groups})

    def assign_steward(self, case, load=None):
        """Assign the case to the steward of its facility with the fewest open cases.

        The exception owner of the interface comes first if that user is a steward. The
        steward gets an activity.

        :param load: see :meth:`open`; it is increased by this case
        """
        if case.user_id:
            return
        group = self.env.ref("interop_base.interop_base_group_steward")
        stewards = group.all_user_ids.filtered(
            lambda user: case.company_id in user.company_ids and user.active
        )
        owner = case.interface_id.exception_user_id
        if owner not in stewards:
            load = self.steward_load() if load is None else load
            owner = stewards.sorted(lambda user: (load[user.id], user.id))[:1]
        if not owner:
            return
        if load is not None:
            load[owner.id] += 1
        # Many cases may be opened at once. Stewards see them in Odoo and get no e-mail
        # for each.
        quiet = case.with_context(
            mail_activity_quick_update=True, tracking_disable=True
        )
        quiet.user_id = owner
        quiet.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=owner.id,
            summary=self.env._("Decide: %s", case.display_name),
        )
