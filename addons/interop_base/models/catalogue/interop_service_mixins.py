"""What is promised about the messages of an interface, and who answers for it."""

from datetime import timedelta

from odoo import api, fields, models

from ... import clock, const, parameters


class InteropResponsibilityMixin(models.AbstractModel):
    """Who answers for a flow, and who acts when one of its messages fails."""

    _name = "interop.responsibility.mixin"
    _description = "Owners of a Flow"

    owner_id = fields.Many2one(
        "res.users",
        "Business Owner",
        tracking=True,
        index=True,
        help="Answers for the flow: what it carries, to whom and why.",
    )
    exception_user_id = fields.Many2one(
        "res.users",
        "Exception Owner",
        tracking=True,
        index=True,
        help="The person who puts messages right that fail for business reasons.",
    )
    exception_team_id = fields.Many2one(
        "interop.team",
        tracking=True,
        index=True,
        help="The team that does so, when it is not one person.",
    )

    def _exception_owner(self, error_class):
        """Return ``(user, team)`` who has to act on a failure of ``error_class``.

        Technical failures go to the operators' team of Settings or the owner of the system,
        business failures to the exception owner of the interface; where none is named, to
        the business owner, so that no failure is nobody's.
        """
        self.ensure_one()
        if error_class in dict(const.BUSINESS_CLASSES):
            team = self.exception_team_id
            user = self.exception_user_id
            return (user if user or team else self.owner_id), team
        team_id = parameters.number(self.env, "interop_base.operators_team_id")
        team = self.env["interop.team"].browse(team_id).exists()
        if team:
            return self.env["res.users"], team
        return self.system_id.owner_id or self.owner_id, team


class InteropObjectiveMixin(models.AbstractModel):
    """The service objective of a flow, and how far it was kept."""

    _name = "interop.objective.mixin"
    _description = "Service Objective"

    objective_seconds = fields.Integer(
        "Objective (s)",
        tracking=True,
        help="A message counts as in time when it is done within this many seconds.",
    )
    objective_percent = fields.Float(
        "Objective (%)",
        default=99.0,
        tracking=True,
        help="Share of messages that have to be in time, over the last 30 days.",
    )
    attainment = fields.Float(
        "In Time (%)",
        compute="_compute_attainment",
        help="Share of the messages of the last 30 days that were done in time.",
    )
    attainment_count = fields.Integer(
        "Messages Measured",
        compute="_compute_attainment",
        help="Delivered and failed messages of the last 30 days. Without such "
        "messages, no share is shown.",
    )

    _objective_range = models.Constraint(
        "CHECK (objective_percent > 0 AND objective_percent <= 100)",
        "The service objective is a share between 0 and 100 percent.",
    )

    @api.depends("objective_seconds")
    def _compute_attainment(self):
        since = clock.now() - timedelta(days=30)
        self.env["interop.message"].flush_model()
        self.env.cr.execute(
            """SELECT m.interface_id,
                      100.0 * count(*) FILTER (
                          WHERE m.state = 'done' AND m.done_at - m.occurred_at
                                <= make_interval(secs => i.objective_seconds)
                      ) / count(*), count(*)
                 FROM interop_message m JOIN interop_interface i ON i.id = m.interface_id
                WHERE m.interface_id = ANY(%s) AND m.create_date >= %s
                  AND m.state IN ('done', 'dead', 'parked')
             GROUP BY m.interface_id""",
            [self.ids, since],
        )
        found = {key: measured for key, *measured in self.env.cr.fetchall()}
        for interface in self:
            share, count = found.get(interface._origin.id, (0.0, 0))
            interface.attainment = share
            interface.attainment_count = count


class InteropRetentionMixin(models.AbstractModel):
    """How long messages and their content are kept."""

    _name = "interop.retention.mixin"
    _description = "Retention of Messages"

    payload_retention_days = fields.Integer(
        "Keep Content (days)",
        tracking=True,
        default=lambda self: self._default_retention("payload"),
        help="The exact bytes of closed messages are removed after this time.",
    )
    message_retention_days = fields.Integer(
        "Keep Messages (days)",
        tracking=True,
        default=lambda self: self._default_retention("message"),
        help="The log line of closed messages is removed after this time. What still "
        "waits for someone is never removed.",
    )

    _retention_order = models.Constraint(
        "CHECK (payload_retention_days > 0"
        " AND message_retention_days >= payload_retention_days)",
        "Content is kept at least one day, and messages at least as long as their content.",
    )

    @api.model
    def _default_retention(self, kind):
        fallback = {"payload": 30, "message": 365}[kind]
        name = f"interop_base.default_{kind}_retention_days"
        return parameters.number(self.env, name, fallback)
