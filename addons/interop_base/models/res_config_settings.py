"""Settings of the delivery engine."""

import os

from odoo import api, fields, http, models, tools

from odoo.addons.queue_job.jobrunner import queue_job_config

from .. import const
from ..exceptions import GuardError
from .engine.engine_health import EngineHealth


class ResConfigSettings(models.TransientModel):
    """Block *Healthcare Integration*. Secrets never live here: values are stored in
    clear."""

    _inherit = "res.config.settings"

    interop_environment = fields.Char(
        "Environment",
        compute="_compute_interop_status",
        help="The environment in section [interop] of odoo.conf.",
    )
    interop_database = fields.Char(
        "Recorded Database", compute="_compute_interop_status"
    )
    interop_is_copy = fields.Boolean(compute="_compute_interop_status")
    interop_problems = fields.Text("Problems", compute="_compute_interop_status")
    interop_warnings = fields.Text("Warnings", compute="_compute_interop_status")
    interop_engine_age = fields.Char(
        "Waiting",
        compute="_compute_interop_status",
        help="Age of the oldest event and of the oldest due message.",
    )
    interop_engine_texts = fields.Text(
        "Engine",
        compute="_compute_interop_status",
        help="Reasons why messages do not move or move slowly, and what to do.",
    )
    interop_source = fields.Char(
        "Source Name",
        config_parameter="interop_base.source",
        help="The member “source” of each message that this server sends. Leave empty "
        "to use the web address.",
    )
    interop_operators_team_id = fields.Many2one(
        "interop.team",
        "Operators' Team",
        config_parameter="interop_base.operators_team_id",
        help="This team owns technical failures. Leave empty to give them to the owner "
        "of the system.",
    )
    interop_payload_retention_days = fields.Integer(
        "Keep Content (days)",
        config_parameter="interop_base.default_payload_retention_days",
        default=30,
        help="Default for new interfaces.",
    )
    interop_message_retention_days = fields.Integer(
        "Keep Messages (days)",
        config_parameter="interop_base.default_message_retention_days",
        default=365,
        help="Default for new interfaces.",
    )
    interop_pump_seconds = fields.Integer(
        "Pump Run Time (s)",
        config_parameter="interop_base.pump_seconds",
        default=20,
        help="A pump ends after about this time, and a new job continues. Keep it "
        "well below limit_time_real of odoo.conf.",
    )
    interop_pump_batch = fields.Integer(
        "Messages per Batch",
        config_parameter="interop_base.pump_batch",
        default=400,
    )
    interop_lease_seconds = fields.Integer(
        "Lease (s)",
        config_parameter="interop_base.lease_seconds",
        default=90,
        help="After this time without a result, another worker takes over the message. "
        "Keep it longer than the pump run time plus the longest exchange with a "
        "receiver.",
    )
    interop_statement_seconds = fields.Integer(
        "Statement Timeout (s)",
        config_parameter="interop_base.statement_seconds",
        default=60,
        help="PostgreSQL cancels a statement of the delivery engine after this time. "
        "Keep it below limit_time_real of odoo.conf.",
    )
    interop_secret_warning_days = fields.Integer(
        "Warn Before Expiry (days)",
        config_parameter="interop_base.secret_warning_days",
        default=30,
    )
    interop_secret_overlap_hours = fields.Integer(
        "Rotation Overlap (hours)",
        config_parameter="interop_base.secret_overlap_hours",
        default=24,
        help="After a rotation, the old and the new secret are both valid for this "
        "time.",
    )
    interop_operations_email = fields.Char(
        "Operations Address",
        config_parameter=const.PARAM_OPERATIONS,
        help="Receives an e-mail when an endpoint is suspended. Leave empty to send "
        "none.",
    )
    interop_suspend_hours = fields.Integer("Suspend After (hours)")
    interop_suspend_failures = fields.Integer("Failed Attempts")

    # 0 means never: ``config_parameter`` would delete it and restore the default.
    @api.model
    def get_values(self):
        """Read the limits after which an endpoint is suspended."""
        health = self.env["interop.endpoint.health"]
        return {
            **super().get_values(),
            "interop_suspend_hours": health._suspend_number(const.PARAM_SUSPEND_HOURS),
            "interop_suspend_failures": health._suspend_number(
                const.PARAM_SUSPEND_FAILURES
            ),
        }

    def set_values(self):
        """Store the limits after which an endpoint is suspended, zero included."""
        result = super().set_values()
        # sudo: for every user who may save the Settings
        params_sudo = self.env["ir.config_parameter"].sudo()
        for parameter, value in (
            (const.PARAM_SUSPEND_HOURS, self.interop_suspend_hours),
            (const.PARAM_SUSPEND_FAILURES, self.interop_suspend_failures),
        ):
            params_sudo.set_param(parameter, str(max(0, value)))
        return result

    @api.depends("company_id")
    def _compute_interop_status(self):
        guard = self.env["interop.guard"]
        for settings in self:
            recorded = guard._recorded_database()
            settings.interop_environment = guard._environment()
            settings.interop_database = recorded
            settings.interop_is_copy = recorded != self.env.cr.dbname
            settings.interop_problems = "\n".join(guard._problems())
            settings.interop_warnings = "\n".join(self._interop_warnings())
            health = EngineHealth(self.env)
            settings.interop_engine_age = health.summary()
            settings.interop_engine_texts = "\n".join(health.texts())

    @api.model
    def _interop_warnings(self):
        """Return what an administrator should change outside Odoo, one text each."""
        warnings = self._interop_database_warnings()
        workers = tools.config["workers"]
        if workers and workers < 2:
            warnings.append(
                self.env._(
                    "One worker serves both users and message delivery. Set workers to "
                    "2 or more in odoo.conf."
                )
            )
        if not workers:
            warnings.append(
                self.env._(
                    "Odoo runs without workers. This is fine for a trial, but not for "
                    "production. Set workers in odoo.conf."
                )
            )
        if "queue_job" not in tools.config["server_wide_modules"]:
            warnings.append(
                self.env._(
                    "queue_job is missing in server_wide_modules, so no message is "
                    "delivered. Add it in odoo.conf."
                )
            )
        return warnings + self._interop_job_runner_warnings()

    @api.model
    def _interop_database_warnings(self):
        """Return what should change in postgresql.conf, one text each."""
        warnings = []
        self.env.cr.execute("SHOW log_min_error_statement")
        if self.env.cr.fetchone()[0] not in ("panic", "fatal", "log"):
            warnings.append(
                self.env._(
                    "PostgreSQL logs failing statements with their values, which may "
                    "be message content. Set log_min_error_statement = panic in "
                    "postgresql.conf."
                )
            )
        # Unknown before PostgreSQL 14; 0 where it is switched off.
        self.env.cr.execute(
            "SELECT current_setting('client_connection_check_interval', true)"
        )
        if self.env.cr.fetchone()[0] == "0":
            warnings.append(
                self.env._(
                    "PostgreSQL does not notice when a server process has ended: its "
                    "statement and its locks remain. Set "
                    "client_connection_check_interval = 1s in postgresql.conf."
                )
            )
        return warnings

    @api.model
    def _interop_job_runner_warnings(self):
        """Return a warning if the job runner of queue_job cannot reach this
        database."""
        host = self._interop_job_runner_host()
        if http.db_filter([self.env.cr.dbname], host=host):
            return []
        return [
            self.env._(
                "The job runner calls this server as “%(host)s”. For this host, "
                "dbfilter selects another database or none, so no message is "
                "delivered. In section [queue_job] of odoo.conf, set host to a name "
                "for which dbfilter selects “%(database)s”, or run the jobs on a "
                "server without dbfilter.",
                host=host,
                database=self.env.cr.dbname,
            )
        ]

    @api.model
    def _interop_job_runner_host(self):
        """Return the host by which the job runner of queue_job calls this server."""
        return (
            os.environ.get("ODOO_QUEUE_JOB_HOST")
            or queue_job_config.get("host")
            or tools.config["http_interface"]
            or "localhost"
        )

    def action_interop_adopt(self):
        """Record this database as the right one: messages can move from now on."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        self.env["interop.audit.event"]._log(
            "adopted", self.env["interop.guard"], self.env.cr.dbname
        )
        self.env["interop.guard"]._adopt_database()
        self.env["interop.pump"]._arm_after_commit()
        return {"type": "ir.actions.client", "tag": "reload"}

    def action_interop_new_epoch(self):
        """Start a new epoch in all streams, after a restore from a backup."""
        self.env["interop.guard"]._require_group("interop_base_group_admin")
        # sudo: only the engine may write streams
        epoch = self.env["interop.stream"].sudo()._set_new_epoch()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("All streams start again in epoch %s.", epoch),
            },
        }

    def action_interop_check(self):
        """Check the guards and show the problems, or that there are none.

        :raises AccessError: the user administers neither Odoo nor the integration
        """
        if not self.env.is_system():
            self.env["interop.guard"]._require_group("interop_base_group_admin")
        try:
            self.env["interop.guard"]._check()
        except GuardError as error:
            kind, text = "danger", str(error)
        else:
            kind, text = "success", self.env._("Messages can move.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": kind, "message": text, "sticky": kind == "danger"},
        }
