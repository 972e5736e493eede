"""Problems of the engine that an operator has to solve."""

from datetime import timedelta

from odoo import api, fields, models

from ... import clock, parameters

KINDS = [
    ("statement", "Canceled Statement"),
    ("stall", "Messages Not Processed"),
    ("retention", "Failed Deletion"),
]
KEEP_DAYS = 30  # days without a repetition after which a problem is deleted


class InteropEngineProblem(models.Model):
    """One row per problem. Only the engine writes it; Settings and a list show it.

    The first problem of a kind gives each member of the operators' team an activity.
    Further problems of the same kind give no other activity.
    """

    _name = "interop.engine.problem"
    _description = "Engine Problem"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "last_at desc, id desc"
    _rec_name = "text"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    subject = fields.Char(
        required=True,
        readonly=True,
        help="The step of the engine or the kind of record with the problem.",
    )
    res_id = fields.Integer(
        "Record",
        required=True,
        readonly=True,
        default=0,
        help="The ID of the record. 0: the problem is not about a single record.",
    )
    text = fields.Char(
        "Problem", required=True, readonly=True, help="The problem and the next step."
    )
    first_at = fields.Datetime("First Seen", required=True, readonly=True)
    last_at = fields.Datetime("Last Seen", required=True, readonly=True)
    count = fields.Integer("Times", required=True, readonly=True, default=1)

    _problem_uniq = models.UniqueIndex(
        "(kind, subject, res_id)", "This problem is already recorded."
    )

    @api.model
    @api.private
    def _note(self, kind, subject, text, res_id=0):
        """Record that a problem occurred, for the first time or again.

        :param str kind: key of ``KINDS``
        :param str subject: step or model name
        :param str text: the problem and the next step, without content of messages
        :param int res_id: id of the record, 0 without a record
        :returns: the problem
        """
        # sudo: the engine records problems for all users
        problems_sudo = self.sudo()
        known = problems_sudo.search_count([("kind", "=", kind)], limit=1)
        now = clock.database_now(self.env.cr)
        self.env.cr.execute(
            """INSERT INTO interop_engine_problem (kind, subject, res_id, text, count,
                          first_at, last_at, create_uid, create_date, write_uid,
                          write_date)
               VALUES (%(kind)s, %(subject)s, %(res_id)s, %(text)s, 1, %(now)s, %(now)s,
                       %(uid)s, %(now)s, %(uid)s, %(now)s)
               ON CONFLICT (kind, subject, res_id) DO UPDATE
                       SET text = EXCLUDED.text, last_at = EXCLUDED.last_at,
                           count = interop_engine_problem.count + 1
                 RETURNING id""",
            {
                "kind": kind,
                "subject": subject,
                "res_id": res_id,
                "text": text,
                "now": now,
                "uid": self.env.uid,
            },
        )
        problem_sudo = problems_sudo.browse(self.env.cr.fetchone()[0])
        problem_sudo.invalidate_recordset(flush=False)
        if not known:
            problem_sudo._tell_operators()
        return problem_sudo

    @api.model
    @api.private
    def _clear(self, kind, subject, res_ids=(0,)):
        """Delete problems that no longer exist."""
        # sudo: see above
        over_sudo = self.sudo().search(
            [
                ("kind", "=", kind),
                ("subject", "=", subject),
                ("res_id", "in", list(res_ids)),
            ]
        )
        over_sudo.unlink()

    def _tell_operators(self):
        """Schedule an activity for each member of the operators' team (Settings)."""
        self.ensure_one()
        team_id = parameters.number(self.env, "interop_base.operators_team_id")
        # sudo: the current user may not read the team
        team = self.env["interop.team"].sudo().browse(team_id).exists()
        for user in team.member_ids.filtered("active"):
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=self.env._("The integration engine reports a problem"),
                note=self.text,
            )

    @api.autovacuum
    def _gc_problems(self):
        """Delete problems that did not occur for a month."""
        limit = clock.database_now(self.env.cr) - timedelta(days=KEEP_DAYS)
        # sudo: see above
        old_sudo = self.sudo().search([("last_at", "<", limit)], limit=1000)
        old_sudo.unlink()
        return len(old_sudo), len(old_sudo) == 1000
