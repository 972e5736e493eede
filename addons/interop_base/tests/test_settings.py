"""Every setting is read by code and changes what happens."""

import json
import os
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import config

from odoo.addons.queue_job.jobrunner import queue_job_config

from .. import clock
from ..models.engine import pump_run
from ..tools import signing
from ..tools.circuit import Circuit
from .fakes import EngineCase

TESTED = {
    "interop_source": "test_source_names_us_in_every_message",
    "interop_operators_team_id": "test_operators_own_technical_failures",
    "interop_payload_retention_days": "test_retention_defaults",
    "interop_message_retention_days": "test_retention_defaults",
    "interop_pump_seconds": "test_pump_runs_for_so_long",
    "interop_pump_batch": "test_pump_claims_so_many",
    "interop_lease_seconds": "test_lease_lasts_so_long",
    "interop_statement_seconds": "test_statements_end_after_so_long",
    "interop_secret_warning_days": "test_secrets_warn_so_early",
    "interop_secret_overlap_hours": "test_rotation_overlaps_for_so_long",
    "interop_operations_email": "test_operators_get_an_email_about_a_suspended_endpoint",
}


@tagged("post_install", "-at_install")
class TestSettings(EngineCase):
    def _save(self, **values):
        self.env["res.config.settings"].create(values).execute()

    def test_every_setting_has_a_test(self):
        fields = self.env["res.config.settings"]._fields
        settings = {
            name
            for name, field in fields.items()
            if getattr(field, "config_parameter", "")
            and field.config_parameter.startswith("interop_base.")
        }
        self.assertEqual(settings, set(TESTED))
        for name in TESTED.values():
            self.assertTrue(hasattr(self, name), name)

    def test_source_names_us_in_every_message(self):
        interface = self._create_interface()
        self._save(interop_source="https://odoo.example.org")
        first = json.loads(self._publish(interface)._payload_bytes())
        self.assertEqual(first["source"], "https://odoo.example.org")
        self._save(interop_source=False)
        second = json.loads(self._publish(interface)._payload_bytes())
        self.assertEqual(
            second["source"], self.env["ir.config_parameter"].get_param("web.base.url")
        )

    def test_operators_own_technical_failures(self):
        interface = self._create_interface()
        team = self.env["interop.team"].create({"name": "Operators"})
        for expected in (team, self.env["interop.team"]):
            self._save(interop_operators_team_id=expected.id)
            message = self._publish(interface)
            message._set_dead("connect", "x", "x")
            self.assertEqual(message.owner_team_id, expected)
            self.assertEqual(bool(message.owner_user_id), not expected)

    def test_retention_defaults(self):
        self._save(interop_payload_retention_days=7, interop_message_retention_days=70)
        interface = self._create_interface(activate=False)
        self.assertEqual(
            (interface.payload_retention_days, interface.message_retention_days),
            (7, 70),
        )

    def test_pump_runs_for_so_long(self):
        self._save(interop_pump_seconds=3)
        options = self.env["interop.pump"]._options()
        run = pump_run.PumpRun(None, 1, options, self.env)
        clocked = [run.end - 3]
        moves = []

        def step(own, patience):
            moves.append(clocked[0])
            clocked[0] += 1
            return 1

        with (
            patch.object(pump_run.time, "monotonic", lambda: clocked[0]),
            patch.object(pump_run.PumpRun, "step", step),
            patch.object(pump_run.PumpRun, "_hand_over") as hand_over,
        ):
            run.run()
        self.assertEqual(len(moves), 3, "as many seconds as the setting says")
        self.assertTrue(hand_over.called)

    def test_pump_claims_so_many(self):
        interface = self._create_interface()
        others = self._create_interface()
        for each in (interface, others):  # what has nothing due takes no share
            self._publish(each)
        pump = self.env["interop.pump"].sudo()
        for batch, cap in ((10, 5), (2, 1)):
            self._save(interop_pump_batch=batch)
            lanes = pump._lanes(interface | others, pump._options()["pump_batch"])
            self.assertEqual({lane.cap for lane in lanes.values()}, {cap})

    def test_lease_lasts_so_long(self):
        interface = self._create_interface()
        self._save(interop_lease_seconds=77)
        leases = []

        def prepare(transport, claims):
            message = transport.env["interop.message"].browse(claims[0].message_id)
            leases.append((message.lease_until - clock.now()).total_seconds())
            return claims, []

        self._publish(interface)
        transport = self.env.registry["interop.transport.fake"]
        with patch.object(transport, "_prepare", prepare):
            self._run()
        self.assertAlmostEqual(leases[0], 77, delta=5)

    def test_statements_end_after_so_long(self):
        self._save(interop_statement_seconds=7)
        options = self.env["interop.pump"]._options()
        run = pump_run.PumpRun(None, 1, options, self.env)
        self.assertEqual(run._statement_seconds(), 7)
        with patch.dict(config.options, {"limit_time_real": 14}):
            run = pump_run.PumpRun(None, 1, options, self.env)
        self.assertLessEqual(
            run._statement_seconds(), 4, "the worker is not killed in the middle"
        )

    def _secret(self, **values):
        return self.env["interop.secret"]._create_value(
            {
                "name": "K",
                "system_id": self._create_system().id,
                "kind": "hmac",
                **values,
            },
            signing.generate_hmac_secret(),
        )

    def test_secrets_warn_so_early(self):
        secret = self._secret(valid_to=clock.now() + timedelta(days=10))
        for days, state in ((11, "expiring"), (9, "active")):
            self._save(interop_secret_warning_days=days)
            secret.invalidate_recordset()
            self.assertEqual(secret.state, state)

    def test_rotation_overlaps_for_so_long(self):
        secret = self._secret()
        self._save(interop_secret_overlap_hours=5)
        secret.with_user(self._create_user("admin")).action_rotate()
        left = (secret.valid_to - clock.now()).total_seconds()
        self.assertAlmostEqual(left, 5 * 3600, delta=60)

    def test_nonsense_does_not_make_the_engine_spin(self):
        self._save(
            interop_pump_seconds=-5, interop_pump_batch=-1, interop_lease_seconds=-1
        )
        self.assertGreaterEqual(min(self.env["interop.pump"]._options().values()), 1)

    def test_operators_get_an_email_about_a_suspended_endpoint(self):
        system = self._create_system()
        values = {"name": "Archive", "code": "archive-told", "system_id": system.id}
        if "url" in self.env["interop.endpoint"]._fields:  # wanted by webhooks
            values["url"] = "https://198.41.0.4/"
        mails = [("email_to", "=", "ops@mercy.example")]
        for address, count in ((False, 0), ("ops@mercy.example", 1)):
            self._save(interop_operations_email=address)
            endpoint = self.env["interop.endpoint"].create(
                {**values, "code": f"archive-{count}"}
            )
            endpoint._set_suspended(Circuit(failing_since=clock.now(), failing_count=9))
            self.assertEqual(self.env["mail.mail"].search_count(mails), count)

    # === STATUS === #

    def test_status_shows_problems_and_remedies(self):
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.interop_problems)
        self.assertEqual(settings.interop_environment, "test")
        self.assertEqual(settings.interop_database, self.env.cr.dbname)
        self.assertFalse(settings.interop_is_copy)
        action = settings.action_interop_check()
        self.assertEqual(action["params"]["type"], "success")
        with self._conf(key_file=None, environment=None):
            settings = self.env["res.config.settings"].create({})
            self.assertIn("odoo interop generate-key", settings.interop_problems)
            self.assertIn("key_file = FILE", settings.interop_problems)
            self.assertIn("environment = production", settings.interop_problems)
            action = settings.action_interop_check()
            self.assertEqual(action["params"]["type"], "danger")
            self.assertIn("generate-key", action["params"]["message"])

    def test_only_administrators_may_check(self):
        """S11: the check names the set-up of the server; over RPC anybody could ask."""
        settings = self.env["res.config.settings"]
        portal = self.env["res.users"].create(
            {
                "name": "Portal",
                "login": "interop-portal",
                "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
            }
        )
        for user in (portal, self._create_user("operator"), self._create_user("user")):
            with self.assertRaises(AccessError):
                settings.with_user(user).action_interop_check()
        for user in (self._create_user("admin"), self.env.ref("base.user_admin")):
            action = settings.with_user(user).action_interop_check()
            self.assertEqual(action["params"]["type"], "success")

    def test_warnings_name_changes_outside_odoo(self):
        model = self.env["res.config.settings"]
        for level, warns in (("panic", False), ("error", True), ("info", True)):
            # Only PostgreSQL's superuser may really change it.
            with patch.object(self.env.cr, "fetchone", lambda own=level: (own,)):
                texts = model._interop_warnings()
            self.assertEqual(
                any("log_min_error" in text for text in texts), warns, level
            )
        for interval, warns in (("0", True), ("1s", False)):
            self.env.cr.execute(
                "SELECT set_config('client_connection_check_interval', %s, true)",
                [interval],
            )
            texts = model._interop_warnings()
            self.assertEqual(
                any("client_connection_check" in text for text in texts), warns
            )
        for values, word in (
            ({"workers": 1}, "2 or more"),
            ({"workers": 0}, "without workers"),
            ({"server_wide_modules": ["base", "web"]}, "queue_job"),
        ):
            with patch.dict(config.options, values):
                self.assertTrue(
                    [w for w in model._interop_warnings() if word in w], values
                )

    def test_a_job_runner_without_a_database_gives_a_warning(self):
        """``%d`` and ``%h`` are filled in from the host that the runner calls."""
        model = self.env["res.config.settings"]
        name = self.env.cr.dbname

        def told(**options):
            with (
                patch.dict(os.environ, options.pop("environ", {})),
                patch.dict(queue_job_config, options.pop("section", {})),
                patch.dict(config.options, options),
            ):
                return any("job runner" in text for text in model._interop_warnings())

        self.assertFalse(told(dbfilter=""))
        self.assertFalse(told(dbfilter=f"^{name}$"))
        self.assertTrue(told(dbfilter="^another$"))
        for host, warns in (
            ("127.0.0.1", True),
            ("localhost", True),
            ("other.example", True),
            (f"{name}.example", False),
        ):
            with self.subTest(host):
                options = {"dbfilter": "^%d$", "http_interface": "127.0.0.1"}
                found = told(section={"host": host}, **options)
                self.assertEqual(found, warns)
                found = told(environ={"ODOO_QUEUE_JOB_HOST": host}, **options)
                self.assertEqual(found, warns)

    # === RETRY POLICIES === #

    def test_schedule_is_checked_on_save_and_shown_in_words(self):
        policy = self.env["interop.retry.policy"].create(
            {"name": "P", "schedule": "0s, 5m"}
        )
        self.assertEqual(policy.preview, "2 attempts over 5 minutes")
        with Form(policy) as form:  # while it is edited
            form.schedule = "0s, 1h, 5h, 12h, 12h, 14h, 14h, 14h"
            self.assertEqual(form.preview, "8 attempts over 3 days")
        for text in ("", "soon", "5", "5s, -1m", "5x"):
            with self._refused(UserError, "is not valid", msg=text):
                policy.schedule = text

    def test_settings_lead_to_the_policies(self):
        action = self.env.ref("interop_base.interop_retry_policy_action")
        view = self.env["res.config.settings"].get_view(view_type="form")
        buttons = etree.fromstring(view["arch"]).xpath("//button/@name")
        self.assertIn(str(action.id), buttons)

    def test_schedule_jitter_and_budget_decide_the_next_delay(self):
        policy = self.env["interop.retry.policy"].create(
            {"name": "P", "schedule": "0s, 100s", "jitter_percent": 10}
        )
        delays = {policy._next_delay(1) for _i in range(50)}
        self.assertTrue(all(90 <= delay <= 110 for delay in delays))
        self.assertGreater(len(delays), 1, "jitter")
        self.assertIsNone(policy._next_delay(2), "the budget is spent")
