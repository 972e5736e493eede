"""The pump: one fault keeps nothing else back; arming."""

from contextlib import nullcontext
from datetime import datetime, timedelta
from unittest.mock import Mock, patch

from odoo.tests import tagged

from odoo.addons.queue_job.tests.common import trap_jobs

from .. import clock
from ..models.engine import interop_pump

REFUSED = {
    "outcome": "retry",
    "http_status": 503,
    "error_class": "http_5xx",
    "error_code": "http_503",
    "error_message": "Service unavailable",
    "excerpt": "try later",
}
from .test_pump import PumpCase


@tagged("post_install", "-at_install")
class TestRobustness(PumpCase):
    """One bad thing keeps nothing else back."""

    def _good(self):
        return self._publish(self.interface)

    def _event(self, **columns):
        partner = self.env["res.partner"].create(
            {"name": "Bad", "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(
            self.interface.contract_ids.message_type, partner
        )
        self._commit()
        event = self.env["interop.event"].search([("res_id", "=", partner.id)])
        if columns:
            self._set_columns(event, **columns)
        return event, partner

    def test_interface_that_is_gone(self):
        _event, _partner = self._event(interface_ids="[999999999]")
        self.assertTrue(self._good())

    def test_snapshot_that_no_key_opens(self):
        interface = self._create_interface(data_class="personal")
        partner = self.env["res.partner"].create(
            {"name": "P", "company_id": self.facility.id}
        )
        self.env["interop.event"]._publish(interface.contract_ids.message_type, partner)
        self._commit()
        event = self.env["interop.event"].search([("res_id", "=", partner.id)])
        payload = self.env["interop.payload"].browse(event.payload_id)
        self._set_columns(payload, key_id="gone")
        good = self._good()
        bad = self._message_of(partner)
        self.assertEqual((bad.state, bad.error_code), ("dead", "decrypt"))
        self.assertTrue(bad.owner_user_id)
        self.assertEqual(good.state, "pending")

    def test_rendering_that_fails(self):
        _event, partner = self._event()
        materializer = type(self.env["interop.materializer"])
        with patch.object(
            materializer, "_render_bytes", side_effect=KeyError("canary")
        ):
            self.env["interop.materializer"].sudo()._materialize()
        message = self._message_of(partner)
        self.assertEqual((message.state, message.error_code), ("dead", "render_failed"))
        self.assertNotIn("canary", message.error_message)

    def test_handler_that_fails_anywhere_never_blocks_the_business(self):
        for name in ("_build", "_subject", "_ordering_key", "_business_key"):
            contract = self._create_contract()

            def fail(handler, record):
                record.env.cr.execute("SELECT canary FROM nowhere")

            methods = {"_build": lambda handler, record: {"name": "x"}, name: fail}
            self._create_handler(contract.message_type, **methods)
            contract.invalidate_recordset()
            interface = self._create_interface(contract_ids=[(6, 0, contract.ids)])
            with self.assertNoLogs("odoo.sql_db"):
                message = self._publish(interface)
            self.assertEqual(
                (message.state, message.error_code), ("dead", "build_failed")
            )
            self.assertNotIn("canary", message.error_message)

    def test_filter_that_an_uninstalled_addon_broke_never_blocks_the_business(self):
        self._set_columns(self.interface, filter_domain="[('x_gone', '=', 1)]")
        message = self._good()
        self.assertEqual((message.state, message.error_code), ("dead", "build_failed"))
        self.assertTrue(message.owner_user_id)

    def test_object_that_an_uninstalled_addon_took_away(self):
        event, _partner = self._event(res_model="gone.model", state="new")
        res_id = event.res_id
        self.env["interop.materializer"].sudo()._materialize()
        message = self.model.search(
            [("res_model", "=", "gone.model"), ("res_id", "=", res_id)]
        )
        self.assertEqual(message.state, "dead")
        self.assertFalse(message.resource_ref)
        with self._refused(Exception, "was deleted"):
            message.action_retry()

    def test_leftover_events_are_built_by_the_pump(self):
        _event, partner = self._event(state="new", payload_id=None, interface_ids=None)
        self._run()
        self.assertEqual(self._message_of(partner).state, "done")

    def test_combined_update_leaves_no_orphan_content(self):
        contract = self._create_contract(coalesce=True)
        interface = self._create_interface(contract_ids=[(6, 0, contract.ids)])
        partner = self.env["res.partner"].create(
            {"name": "One", "company_id": self.facility.id}
        )
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        before = self.env.cr.fetchone()[0]
        for name in ("One", "Two", "Three"):
            partner.name = name
            self.env["interop.event"]._publish(contract.message_type, partner)
            self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        self.env.cr.execute("SELECT count(*) FROM interop_payload")
        self.assertEqual(self.env.cr.fetchone()[0], before + 1)
        message = self._message_of(partner)
        self.assertEqual(message.interface_id, interface)
        self.assertIn(b"Three", message._payload_bytes())

    def test_combined_update_reaches_an_interface_that_matches_only_now(self):
        contract = self._create_contract(coalesce=True)
        lund, oslo = (
            self._create_interface(
                contract_ids=[(6, 0, contract.ids)],
                filter_domain=f"[('city', '=', '{city}')]",
            )
            for city in ("Lund", "Oslo")
        )
        partner = self.env["res.partner"].create(
            {"name": "One", "company_id": self.facility.id}
        )
        for city in ("Lund", "Oslo"):
            partner.city = city
            self.env["interop.event"]._publish(contract.message_type, partner)
            self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        self.assertEqual(self._message_of(partner).interface_id, oslo)
        self.assertFalse(lund.waiting_count)


@tagged("post_install", "-at_install")
class TestArming(PumpCase):
    def test_now_and_later_never_share_an_identity_key(self):
        with trap_jobs() as trap:
            pump = self.env["interop.pump"]
            pump._arm()
            pump._arm()
            eta = datetime(2040, 1, 1, 12, 0, 1)
            pump._arm(eta)
            pump._arm(eta + timedelta(seconds=2))
            pump._arm(eta + timedelta(seconds=20))
            keys = [job.identity_key for job in trap.enqueued_jobs]
            self.assertEqual(len(set(keys)), 3, keys)
            self.assertEqual(len(keys), 3, "one job per moment")
            self.assertEqual(
                [bool(job.eta) for job in trap.enqueued_jobs], [False, True, True]
            )

    def test_job_runs_as_the_integration_user_and_carries_no_content(self):
        clerk = self._create_user("user")
        with trap_jobs() as trap:
            self.env["interop.pump"].with_user(clerk).with_context(lang="fr_FR")._arm()
            (job,) = trap.enqueued_jobs
        user = self.env.ref("interop_base.user_integration")
        self.assertEqual(job.recordset.env.uid, user.id)
        self.assertFalse(user.active or user.has_group("base.group_system"))
        self.assertEqual((job.args, job.kwargs), ((), {}))

    def test_arming_happens_after_commit_once_per_transaction(self):
        cr = self.env.cr
        cr.postcommit.clear()
        arming = patch.object(type(self.env["interop.pump"]), "_arm")
        with arming as arm:
            for _i in range(3):
                self.env["interop.pump"]._arm_after_commit()
            self.assertEqual(len(cr.postcommit._funcs), 1)
            self.assertFalse(arm.called, "never before the commit")
        cr.postcommit.clear()

    def test_whoever_commits_arms_but_not_all_the_time(self):
        cr, pump = self.env.cr, self.env["interop.pump"]
        own_cr = patch.object(
            interop_pump, "Registry", lambda _name: Mock(cursor=lambda: nullcontext(cr))
        )
        moment = iter([100.0, 100.1, 100.3])
        watch = Mock(monotonic=lambda: next(moment))
        ticks = patch.object(interop_pump, "time", watch)
        armed, counts = [], []
        arm = patch.object(type(pump), "_arm", lambda _self: armed.append(1))
        with own_cr, ticks, arm:
            interop_pump._last_armed.pop(cr.dbname, None)
            for _i in range(3):
                cr.postcommit.clear()
                pump._arm_after_commit()
                cr.postcommit.run()
                counts.append(len(armed))
        cr.postcommit.clear()
        self.assertEqual(counts, [1, 1, 2])

    def test_a_job_that_waits_already_is_not_doubled(self):
        pump = self.env["interop.pump"]
        jobs_sudo = self.env["queue.job"].sudo()  # sudo: jobs are the engine's
        domain = [("identity_key", "=", interop_pump.NOW_KEY)]
        before = jobs_sudo.search_count(domain)
        pump._arm()
        pump._arm()
        jobs_sudo = jobs_sudo.search(domain)
        self.assertEqual(len(jobs_sudo), before + 1)
        jobs_sudo.button_done()
        pump._arm()
        self.assertEqual(jobs_sudo.search_count(domain), before + 2, "that one has run")

    def test_queue_job_may_give_the_job_of_dead_workers_to_others_for_ever(self):
        """It gives a job up after some retries, unless there is no limit."""
        with trap_jobs() as trap:
            self.env["interop.pump"]._arm()
            (job,) = trap.enqueued_jobs
        self.assertEqual(job.max_retries, 0)

    def test_cron_wakes_the_pump_for_what_was_left_behind(self):
        pump = self.env["interop.pump"]
        with patch.object(type(pump), "_arm") as arm:
            pump._cron_rearm()
            self.assertTrue(arm.called, "something is due")
            arm.reset_mock()
            self._set_columns(
                self.message, next_attempt_at=clock.now() + timedelta(hours=1)
            )
            pump._cron_rearm()
            self.assertFalse(arm.called, "nothing is due")
            self._set_columns(
                self.message,
                state="processing",
                lease_until=clock.now() - timedelta(seconds=1),
            )
            pump._cron_rearm()
            self.assertTrue(arm.called, "a worker vanished")
            arm.reset_mock()
            end = clock.now().replace(microsecond=0) + timedelta(seconds=30)
            self._set_columns(self.message, lease_until=end)
            pump._cron_rearm()
            arm.assert_called_once_with(end)
            arm.reset_mock()
            self._set_columns(self.message, lease_until=end + timedelta(minutes=2))
            pump._cron_rearm()
            self.assertFalse(arm.called, "cron comes again before that")

    def test_next_due_is_the_earliest_of_what_may_move(self):
        later = clock.now().replace(microsecond=0) + timedelta(minutes=5)
        self._set_columns(self.message, next_attempt_at=later, attempt_count=1)
        pump = self.env["interop.pump"].sudo()
        self.assertEqual(pump._next_due(), later)
        second = self._publish(self.interface)
        self.assertLess(pump._next_due(), later)
        second._set_cancelled("x")
        self.message._set_cancelled("x")
        self.env.flush_all()
        self.assertIsNone(pump._next_due())
