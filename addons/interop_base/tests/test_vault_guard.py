"""Promises 4 and 11: fail closed, and copies exchange no messages."""

import os
import tempfile
from unittest.mock import patch

import odoo.modules.neutralize
from odoo.exceptions import AccessError
from odoo.tests import BaseCase, tagged

from .. import clock
from ..exceptions import ConfigurationError, GuardError
from ..models.engine import interop_conf, pump_run
from ..tools import keyring, signing
from .fakes import EngineCase


@tagged("post_install", "-at_install")
class TestPromise11Copies(EngineCase):
    """A copy moves no message and, without the key file, reads no secret."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface = cls._create_interface(data_class="personal")

    def setUp(self):
        super().setUp()
        self.message = self._publish(self.interface)
        self.secret = self.env["interop.secret"]._create_value(
            {"name": "K", "system_id": self.interface.system_id.id, "kind": "hmac"},
            signing.generate_hmac_secret(),
        )

    def _assert_mute(self, pattern):
        """Nothing moves, the reason is named, and everything is as it was."""
        problems = "\n".join(self.env["interop.guard"]._problems())
        self.assertRegex(problems, pattern)
        with self.assertRaisesRegex(GuardError, pattern):
            self._run()
        run = pump_run.PumpRun(None, 1, {"pump_seconds": 1}, self.env)
        with (
            patch.object(type(run), "step", self.fail),
            self.assertLogs(pump_run.__name__, "WARNING"),
        ):
            self.assertEqual(run.run(), 0)
        with patch.object(type(self.env["interop.pump"]), "_arm") as arm:
            self.env["interop.pump"]._cron_rearm()
        self.assertFalse(arm.called, "the cron does not wake the pump either")
        self.assertEqual((self.message.state, self.sent), ("pending", []))

    def _key_file(self, text=None, mode=0o600):
        handle, path = tempfile.mkstemp(prefix="interop_test_other_")
        self.addCleanup(os.unlink, path)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(keyring.generate_key_file(clock.now()) if text is None else text)
        os.chmod(path, mode)
        return path

    def test_promise_11_original_moves(self):
        """The tests below prove something only because this one holds."""
        self._run()
        self.assertEqual((self.message.state, len(self.sent)), ("done", 1))

    def test_promise_11_other_database_name(self):
        self.env["ir.config_parameter"].set_param("interop_base.database", "production")
        self._assert_mute("looks like a copy: .*“production”")

    def test_promise_11_database_that_was_never_adopted(self):
        self.env["ir.config_parameter"].set_param("interop_base.database", False)
        self._assert_mute("looks like a copy")

    def test_promise_11_restored_where_the_environment_is_another(self):
        self.env["interop.guard"]._check_system(self.interface.system_id)
        with self._conf(environment="production"):
            self._run()
            self.assertEqual((self.message.state, self.sent), ("pending", []))
            self.assertIsNone(self.env["interop.pump"].sudo()._next_due())
            with self.assertRaisesRegex(GuardError, "“test”.*“production”"):
                self.env["interop.guard"]._check_system(self.interface.system_id)

    def test_promise_11_environment_not_named_or_unknown(self):
        with self._conf(environment=None):
            self._assert_mute("names no environment")
        with self._conf(environment="prod"):
            self._assert_mute("unknown environment “prod”")

    def test_promise_11_key_file_missing(self):
        with self._conf(key_file=None):
            self._assert_mute("No key file is configured.*generate-key")
            self.assertIsNone(self._readable())
        with self._conf(key_file="/nowhere/interop.keys"):
            self._assert_mute("cannot read the key file /nowhere/interop.keys")
            self.assertIsNone(self._readable())

    def test_promise_11_key_file_readable_by_others(self):
        with self._conf(key_file=self._key_file(mode=0o640)):
            self._assert_mute("chmod 600")
            self.assertIsNone(self._readable())

    def test_promise_11_key_file_that_becomes_readable_by_others_is_noticed(self):
        self.assertTrue(self._readable())
        os.chmod(self.key_file, 0o604)
        self.addCleanup(os.chmod, self.key_file, 0o600)
        self._assert_mute("chmod 600")

    def test_promise_11_invalid_key_file(self):
        with self._conf(key_file=self._key_file("k1 = short\n")):
            self._assert_mute("is not valid: .*line 1")
            self.assertIsNone(self._readable())

    def test_promise_11_another_key_file_reads_nothing(self):
        with self._conf(key_file=self._key_file()):
            self.assertIsNone(self._readable())
            with self.assertRaisesRegex(ConfigurationError, "cannot decrypt"):
                self.message._payload_bytes()

    def _readable(self):
        self.env.invalidate_all()
        try:
            return self.secret._get_value()
        except ConfigurationError:
            return None

    def test_promise_11_neutralized_database_is_mute_and_blind(self):
        self.env.flush_all()
        with self.env.cr.savepoint():
            queries = odoo.modules.neutralize.get_neutralization_queries(
                ["interop_base"]
            )
            for query in queries:
                self.env.cr.execute(query)
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()
        self._assert_mute("looks like a copy")
        self.assertIsNone(self._readable())
        self.env.cr.execute(
            "SELECT count(*) FROM interop_secret"
            " WHERE ciphertext IS NOT NULL OR key_id IS NOT NULL OR revoked_at IS NULL"
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)
        self.assertFalse(
            self.env["interop.interface"].search([("state", "=", "active")])
        )
        # Even when somebody adopts the copy, nothing moves before somebody activates it
        # …
        self.env["interop.guard"]._adopt_database()
        self._run()
        self.assertEqual(self.message.state, "pending")
        # … and a production system stays out of reach of a test server.
        self.assertEqual(self.interface.system_id.environment, "test")

    def test_neutralization_keeps_production_systems_production(self):
        system = self._create_system(environment="production")
        self.env.flush_all()
        for query in odoo.modules.neutralize.get_neutralization_queries(
            ["interop_base"]
        ):
            self.env.cr.execute(query)
        system.invalidate_recordset()
        self.assertEqual(system.environment, "production")

    def test_adoption_is_for_administrators_and_leaves_a_line(self):
        self.env["ir.config_parameter"].set_param("interop_base.database", "other")
        settings = self.env["res.config.settings"].create({})
        self.assertTrue(settings.interop_is_copy)
        operator = self._create_user("operator", "base.group_system")
        with self.assertRaises(AccessError):
            settings.with_user(operator).action_interop_adopt()
        admin = self._create_user("admin", "base.group_system")
        settings.with_user(admin).create({}).action_interop_adopt()
        self.assertFalse(self.env["interop.guard"]._problems())
        line = self.env["interop.audit.event"].search(
            [("action", "=", "adopted")], limit=1
        )
        self.assertEqual((line.login, line.detail), (admin.login, self.env.cr.dbname))


@tagged("post_install", "-at_install")
class TestPromise4FailClosed(EngineCase):
    """Never “accept because unset”."""

    def test_promise_4_guard_indexes_exist(self):
        names = self.env["interop.guard"]._guard_indexes()
        self.assertIn("interop_message_outbound_external_id_uniq", names)
        self.assertEqual(self.env["interop.guard"]._missing_indexes(), ())

    def test_promise_4_missing_or_invalid_guard_index_stops_everything(self):
        interface = self._create_interface()
        message = self._publish(interface)
        for name in ("interop_message_outbound_external_id_uniq",):
            self.env.cr.execute(f"DROP INDEX {name}")
        self.env.registry.clear_cache()
        self.addCleanup(self.env.registry.clear_cache)
        with self.assertRaisesRegex(GuardError, "interop_message_outbound_external_id"):
            self._run()
        self.assertEqual(message.state, "pending")
        # An index of that name that is not unique guards nothing.
        self.env.cr.execute(f"CREATE INDEX {name} ON interop_message (external_id)")
        self.env.registry.clear_cache()
        with self.assertRaisesRegex(GuardError, "missing"):
            self._run()

    def test_promise_4_only_active_interfaces_move(self):
        interface = self._create_interface()
        message = self._publish(interface)
        for state in ("draft", "approved", "suspended", "deprecated", "retired"):
            interface._transition({"state": state})
            self._run()
            self.assertEqual((message.state, self.sent), ("pending", []), state)
        interface._transition({"state": "active"})
        self._run()
        self.assertEqual(message.state, "done")

    def test_promise_4_draft_or_retired_contract_captures_nothing(self):
        interface = self._create_interface()
        contract = interface.contract_ids
        contract._set_retired()
        self.assertFalse(self._publish(interface))

    def test_promise_4_no_facility_means_none(self):
        interface = self._create_interface()
        interface._transition({"company_ids": [(5,)]})
        self.assertFalse(self._publish(interface))

    def test_promise_4_secret_without_value_or_out_of_its_time_is_not_usable(self):
        secret = self.env["interop.secret"]._create_row(
            {"name": "E", "system_id": self._create_system().id, "kind": "hmac"}
        )
        with self.assertRaises(ConfigurationError):
            secret._get_value()
        secret.write({"valid_from": "2020-01-01", "valid_to": "2020-01-02"})
        self.assertFalse(secret._usable(clock.now()))

    def test_promise_4_protected_content_is_not_kept_without_a_key_file(self):
        payloads = self.env["interop.payload"]
        with self._conf(key_file=None), self.assertRaises(GuardError):
            payloads._store_many([(self.facility.id, "personal", b"x")])
        with self._conf(key_file=None):
            ids = payloads._store_many([(self.facility.id, "none", b"x")])
        self.assertEqual(payloads.browse(ids)._read(), b"x")

    def test_events_wait_for_the_key_file_and_lose_nothing(self):
        interface = self._create_interface(data_class="personal")
        partner = self.env["res.partner"].create(
            {"name": "Waits", "company_id": self.facility.id}
        )
        with self._conf(key_file=None):
            self.env["interop.event"]._publish(
                interface.contract_ids.message_type, partner
            )
            self._commit()
            event = self.env["interop.event"].search([("res_id", "=", partner.id)])
            self.assertEqual(event.state, "new")
        self._run()
        self.assertEqual(self._message_of(partner).state, "done")


@tagged("post_install", "-at_install")
class TestConf(BaseCase):
    def test_section_is_read_from_odoo_conf_and_again_when_it_changes(self):
        handle, path = tempfile.mkstemp(prefix="interop_test_conf_")
        self.addCleanup(os.unlink, path)
        os.write(
            handle, b"[options]\n[interop]\nenvironment = training\nkey_file = /a%b\n"
        )
        os.close(handle)
        section = interop_conf.section
        with patch.object(interop_conf, "config", {"config": path}):
            self.assertEqual(section(), {"environment": "training", "key_file": "/a%b"})
            with open(path, "w", encoding="utf-8") as file:
                file.write("[options]\n")
            os.utime(path, ns=(1, 1))
            self.assertEqual(section(), {})
        with patch.object(interop_conf, "config", {"config": "/nowhere/odoo.conf"}):
            self.assertEqual(section(), {})
