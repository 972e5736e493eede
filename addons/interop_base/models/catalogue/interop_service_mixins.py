"""Owners, service objective and retention of an interface."""

from datetime import timedelta

from odoo import api, fields, models

from ... import clock, const, parameters


class InteropResponsibilityMixin(models.AbstractModel):
    """The owners of an interface, and the owners of its failed messages."""

    _name = "interop.responsibility.mixin"
    _description = "Owners of an Interface"

    owner_id = fields.Many2one(
        "res.users",
        "Business Owner",
        tracking=True,
        index=True,
        help="The user who is responsible for the interface: content, receiver and "
        "purpose.",
    )
    exception_user_id = fields.Many2one(
        "res.users",
        "Exception Owner",
        tracking=True,
        index=True,
        help="The user who corrects messages that fail for business reasons.",
    )
    exception_team_id = fields.Many2one(
        "interop.team",
        tracking=True,
        index=True,
        help="The team that corrects these messages, if it is not a single user.",
    )

    def _exception_owner(self, error_class):
        """Return ``(user, team)`` responsible for a failure of ``error_class``.

        Technical failures go to the operators' team of the Settings, or to the owner of
        the system. Business failures go to the exception owner of the interface. If
        none is set, a failure goes to the business owner, so that each failure has an
        owner.
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
    """The service objective of an interface, and its attainment."""

    _name = "interop.objective.mixin"
    _description = "Service Objective"

    objective_seconds = fields.Integer(
        "Objective (s)",
        tracking=True,
        help="A message is in time if it is done within this many seconds.",
    )
    objective_percent = fields.Float(
        "Objective (%)",
        default=99.0,
        tracking=True,
        help="Share of the messages of the last 30 days that have to be in time.",
    )
    attainment = fields.Float(
        "In Time (%)",
        compute="_compute_attainment",
        help="Share of the messages of the last 30 days that were in time.",
    )
    attainment_count = fields.Integer(
        "Messages Measured",
        compute="_compute_attainment",
        help="Number of delivered and failed messages of the last 30 days. Without "
        "such messages, no share is shown.",
    )

    _objective_range = models.Constraint(
        "CHECK (objective_percent > 0 AND objective_percent <= 100)",
        "The service objective must be more than 0 and at most 100 percent.",
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
    """The retention of messages and of their content."""

    _name = "interop.retention.mixin"
    _description = "Retention of Messages"

    payload_retention_days = fields.Integer(
        "Keep Content (days)",
        tracking=True,
        default=lambda self: self._default_retention("payload"),
        help="The content of closed messages is deleted after this number of days.",
    )
    message_retention_days = fields.Integer(
        "Keep Messages (days)",
        tracking=True,
        default=lambda self: self._default_retention("message"),
        help="Closed messages are deleted from the log after this number of days. Open "
        "messages are never deleted.",
    )

    _retention_order = models.Constraint(
        "CHECK (payload_retention_days > 0"
        " AND message_retention_days >= payload_retention_days)",
        "Content must be kept for at least one day, and messages at least as long as "
        "their content.",
    )

    @api.model
    def _default_retention(self, kind):
        fallback = {"payload": 30, "message": 365}[kind]
        name = f"interop_base.default_{kind}_retention_days"
        return parameters.number(self.env, name, fallback)
