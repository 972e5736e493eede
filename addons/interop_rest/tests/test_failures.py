"""Repeated failures of proof: one alarm, a slower refusal, and nobody locked out."""

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_base.models.engine import interop_rate_counter
from odoo.addons.interop_base.tools import trace

from ..exceptions import Problem
from ..services import authenticate as service
from ..services.call import Call
from .common import RestMixin

LIMIT = 5
HERE, NEAR, ELSEWHERE = "192.0.2.7", "192.0.2.99", "198.51.100.7"


@tagged("post_install", "-at_install")
class TestFailures(RestMixin, TransactionCase):
    """On the seam that every route goes through: a refused request of HttpCase would
    undo what the cursor aside has written, which in service it does not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        cls.owner = cls._create_user("operator")
        cls.system.owner_id = cls.owner
        cls.env["ir.config_parameter"].set_param(
            "interop_rest.failures_per_minute", str(LIMIT)
        )

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        interop_rate_counter._portions.clear()
        service._noted.clear()

    def _call(self, secret=None, client=None, address=HERE):
        signed = self._signed("{}", "msg_1", secret=secret, client=client)
        return Call(list(signed.items()), b"{}", address, trace.new_trace(), "")

    def _fail(self, client=None, address=HERE):
        """Call with a wrong key; return ``(code, detail and errors, headers)``."""
        call = self._call("whsec_" + "A" * 43 + "=", client, address)
        # Not assertRaises: its savepoint would undo what is counted.
        try:
            service.authenticate(self.env, call)
        except Problem as problem:
            return problem.code, (problem.detail, problem.errors), problem.headers
        raise AssertionError("let in")

    def _fail_often(self, **options):
        return [self._fail(**options) for _number in range(LIMIT)]

    def _alarms(self, client=None):
        self.env.invalidate_all()  # written by another environment
        return (client or self.client).activity_ids

    def test_below_the_limit_nothing_happens(self):
        self.assertEqual(
            {code for code, *_rest in self._fail_often()}, {"unauthorized"}
        )
        self.assertFalse(self._alarms())

    def test_too_many_are_told_to_wait(self):
        self._fail_often()
        code, told, headers = self._fail()
        self.assertEqual((code, told), ("too_many_failures", ("", [])))
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)
        self.assertEqual(self._fail(address=NEAR)[0], "too_many_failures")

    def test_one_alarm_per_episode(self):
        self._fail_often()
        with self.assertLogs("odoo.addons.interop_rest", "WARNING") as logs:
            self._fail()
        self.assertIn(f"client={self.client.code} network=192.0.2.0/24", logs.output[0])
        alarm = self._alarms()
        self.assertEqual(alarm.user_id, self.owner)
        self.assertIn("192.0.2.0/24", alarm.note)
        for _worker in range(3):
            # Another worker remembers nothing of it.
            service._noted.clear()
            interop_rate_counter._portions.clear()
            with self.assertNoLogs("odoo.addons.interop_rest", "WARNING"):
                self._fail()
        self.assertEqual(self._alarms(), alarm)
        self.env.cr.execute(
            """UPDATE interop_rate_counter SET "window" = "window" - 61
                WHERE subject LIKE 'episode:%'"""
        )
        service._noted.clear()
        with self.assertLogs("odoo.addons.interop_rest", "WARNING"):
            self._fail()
        self.assertEqual(len(self._alarms()), 2)

    def test_an_attacker_locks_nobody_out(self):
        for address in (HERE, ELSEWHERE):
            self._fail_often(address=address)
            self.assertEqual(self._fail(address=address)[0], "too_many_failures")
            client, proven = service.authenticate(self.env, self._call(address=address))
            self.assertEqual((client.code, proven), (self.client.code, "msg_1"))

    def test_others_are_refused_as_ever(self):
        other = self._create_client()
        self._fail_often()
        self._fail()
        self.assertEqual(self._fail(client=other.code)[0], "unauthorized")
        self.assertEqual(self._fail(address=ELSEWHERE)[0], "unauthorized")
        self.assertFalse(self._alarms(other))

    def test_a_code_that_does_not_exist_is_refused_alike(self):
        known = [*self._fail_often(), self._fail()]
        interop_rate_counter._portions.clear()
        with self.assertLogs("odoo.addons.interop_rest", "WARNING"):
            unknown = [*self._fail_often(client="nobody"), self._fail(client="nobody")]
        for mine, theirs in zip(known, unknown, strict=True):
            self.assertEqual(mine[:2], theirs[:2])
            self.assertEqual(mine[2].keys(), theirs[2].keys())

    def test_the_keys_of_who_stands_in_let_nobody_in(self):
        """For a code that is nobody's another client's keys are tried: in vain."""
        keys = {self.client.code: self.secret_text}
        for _number in range(3):
            other = self._create_client()
            keys[other.code] = self._add_key(other)
            self._activate_client(other)
        self.env.flush_all()
        for code in ("nobody", "no-one", "", "x"):
            _none, stands_in = service.find_client(self.env, code)
            self.assertIn(stands_in.code, keys)
            self.assertEqual(service.find_client(self.env, code)[1], stands_in)
            for secret in keys.values():
                call = self._call(secret, client=code or "Not A Code")
                with self.assertRaises(Problem) as caught:
                    service.authenticate(self.env, call)
                self.assertEqual(caught.exception.reason, "unknown_client")

    def test_every_refusal_costs_the_same_statements(self):
        """What a stranger can measure tells it nothing about codes or states."""
        suspended = self._create_client()
        self._add_key(suspended)
        self._activate_client(suspended)._set_suspended()
        self.env.cr.flush()  # and what is tracked of these changes
        self._fail(client="warms-up")
        first, again = {}, {}
        for code in (self.client.code, suspended.code, "nobody", "no-one"):
            for costs in (first, again):
                interop_rate_counter._portions.clear()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                with self.assertRaises(Problem):
                    service.authenticate(
                        self.env, self._call("whsec_" + "QUJD" * 11, client=code)
                    )
                costs[code] = self.env.cr.sql_log_count - before
        for costs in (first, again):
            self.assertLessEqual(max(costs.values()) - min(costs.values()), 1, costs)

    def test_a_refused_client_s_own_keys_let_it_in_no_more(self):
        self.client._set_suspended()
        with self.assertRaises(Problem) as caught:
            service.authenticate(self.env, self._call())
        self.assertEqual(caught.exception.reason, "client_suspended")

    def test_it_is_over_after_a_while(self):
        self._fail_often()
        self._fail()
        self.env.cr.execute('UPDATE interop_rate_counter SET "window" = "window" - 2')
        interop_rate_counter._portions.clear()
        self.assertEqual(self._fail()[0], "unauthorized")

    def test_the_table_does_not_grow_with_what_attackers_invent(self):
        subject = service.failure_subject
        subjects = {
            subject(f"code-{number}", f"10.{number % 250}.{number // 250}.1")
            for number in range(20000)
        }
        groups = service.GROUPS
        self.assertLessEqual(len(subjects), groups["code"] * groups["network"])
        self.assertEqual(
            {name.split(":")[2] for name in subjects},
            {str(number) for number in range(groups["network"])},
        )

    def test_nobody_is_told_when_nobody_owns_the_system(self):
        self.system.owner_id = False
        self.env.flush_all()
        self._fail_often()
        with self.assertLogs("odoo.addons.interop_rest", "WARNING"):
            self._fail()
        self.assertFalse(self._alarms())
