"""Rates: counted for the client that proved who it is, told, and refused in time."""

from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_base.models.engine import interop_rate_counter
from odoo.addons.interop_base.tools import rates

from .common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestRate(RestEffectHttpCase):
    def setUp(self):
        super().setUp()
        interop_rate_counter._portions.clear()
        # A test that runs over the end of a minute would find the rest renewed.
        original, first = rates.rolled, []

        def rolled(counter, now):
            first[:] = first or [now]
            return original(counter, first[0])

        self.startPatcher(patch.object(rates, "rolled", rolled))

    def _counter(self, interface=0):
        return self.env["interop.rate.counter"].search(
            [("subject", "=", self._subject(interface))]
        )

    def _subject(self, interface=0):
        subject = f"client:{self.client.id}"
        return f"{subject}:interface:{interface}" if interface else subject

    def _assert_limited(self, response):
        self._assert_problem(response, 429, "rate_limited")
        self.assertGreaterEqual(int(response.headers["Retry-After"]), 1)

    def test_a_client_has_a_limit(self):
        self.client.rate_limit = 3
        for left in (2, 1, 0):
            response = self._post()
            self.assertEqual(response.status_code, 200)
            self.assertEqual(response.headers["RateLimit-Policy"], '"client";q=3;w=60')
            self.assertRegex(
                response.headers["RateLimit"], rf'^"client";r={left};t=\d+$'
            )
        for _number in range(2):
            response = self._post()
            self._assert_limited(response)
            self.assertIn("r=0", response.headers["RateLimit"])
        self.assertEqual(len(self._messages()), 3)
        self.assertEqual(self._counter().hits, 3)

    def test_any_call_counts(self):
        self.client.rate_limit = 2
        envelope = self._envelope()
        self._post(envelope)
        self.assertEqual(self._get_status(envelope["id"]).status_code, 200)
        self._assert_limited(self._get_status(envelope["id"]))

    def test_a_limit_is_of_one_client(self):
        self.client.rate_limit = 1
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        self._post()
        self._assert_limited(self._post())
        response = self._post(secret=text, client=other.code)
        self.assertEqual(response.status_code, 200)

    def test_who_proves_nothing_uses_up_nothing(self):
        self.client.rate_limit = 1
        for _number in range(3):
            response = self._post(secret="whsec_" + "A" * 43 + "=")
            self._assert_problem(response, 401, "unauthorized")
            self.assertNotIn("RateLimit", response.headers)
        self.assertEqual(self._post().status_code, 200)

    def test_an_interface_has_a_limit(self):
        self.interface.client_rate_limit = 1
        envelope = self._envelope()
        response = self._post(envelope)
        self.assertEqual(
            response.headers["RateLimit-Policy"],
            '"client";q=6000;w=60, "interface";q=1;w=60',
        )
        self._assert_limited(self._post())
        self.assertEqual(len(self._messages()), 1)
        # The same message again is answered: it makes no work.
        again = self._post(envelope)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertEqual(self._counter(self.interface.id).hits, 1)

    def test_the_default_is_a_setting(self):
        self.env["res.config.settings"].create(
            {"interop_rest_rate_per_minute": 1}
        ).execute()
        self.assertEqual(self._post().status_code, 200)
        self._assert_limited(self._post())
        self.client.rate_limit = 5
        self.assertEqual(self._post().status_code, 200)

    def test_a_refusal_is_trusted_for_a_moment_and_a_window_ends(self):
        self.client.rate_limit = 1
        self._post()
        self._assert_limited(self._post())
        self.env.cr.execute(
            'UPDATE interop_rate_counter SET "window" = "window" - 2 '
            "WHERE subject = %s",
            [self._subject()],
        )
        self._assert_limited(self._post())
        interop_rate_counter._portions.clear()
        self.assertEqual(self._post().status_code, 200)

    def test_workers_take_portions(self):
        counters = self.env["interop.rate.counter"]
        taken = []
        original = type(counters)._take

        def take(records, *args):
            taken.append(args)
            return original(records, *args)

        with patch.object(type(counters), "_take", take):
            answers = [
                counters._allow(self._subject(), 6000)[0] for _number in range(600)
            ]
        self.assertTrue(all(answers))
        self.assertLessEqual(len(taken), 15)
        self.env.invalidate_all()
        self.assertLessEqual(self._counter().hits - 600, 60)

    def test_several_workers_share_one_limit(self):
        counters = self.env["interop.rate.counter"]
        portions = [{} for _worker in range(4)]
        allowed = 0
        for number in range(1200):
            with patch.object(
                interop_rate_counter, "_portions", portions[number % len(portions)]
            ):
                allowed += counters._allow(self._subject(), 1000)[0]
        self.assertLessEqual(allowed, 1000)
        self.assertGreaterEqual(allowed, 990)

    def test_rates_are_not_negative(self):
        for record, name in (
            (self.client, "rate_limit"),
            (self.interface, "client_rate_limit"),
        ):
            with mute_logger("odoo.sql_db"), self._refused(IntegrityError):
                record[name] = -1
                self.env.flush_all()
