"""Every setting changes behavior, and none can switch a check off."""

from datetime import UTC, datetime
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import config, file_open

from odoo.addons.interop_base import clock

from .. import const
from .common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestSettings(RestEffectHttpCase):
    def _set(self, **values):
        prefixed = {f"interop_rest_{name}": value for name, value in values.items()}
        self.env["res.config.settings"].create(prefixed).execute()

    def _moment(self, seconds):
        return datetime.fromtimestamp(clock.timestamp() + seconds, UTC)

    def test_tolerance(self):
        old = self._moment(-100)
        self._set(tolerance_seconds=50)
        self._assert_problem(self._post(moment=old), 401, "unauthorized")
        self._set(tolerance_seconds=200)
        self.assertEqual(self._post(moment=old).status_code, 200)

    def test_largest_message(self):
        envelope = self._envelope(data={"name": "x" * 1500})
        self._set(max_body_kb=1)
        self._assert_problem(self._post(envelope), 413, "too_large")
        self._set(max_body_kb=4)
        self._assert_not_limited(envelope)

    def test_depth(self):
        envelope = self._envelope(data={"name": [[[["deep"]]]]})
        self._set(max_depth=4)
        self._assert_problem(self._post(envelope), 400, "invalid_json")
        self._set(max_depth=10)
        self._assert_not_limited(envelope)

    def test_items(self):
        envelope = self._envelope(data={"name": list(range(200))})
        self._set(max_items=100)
        self._assert_problem(self._post(envelope), 400, "invalid_json")
        self._set(max_items=500)
        self._assert_not_limited(envelope)

    def test_retry_after(self):
        self._set(retry_after_seconds=17)
        response = self._post(self._envelope(data={"name": "technical"}))
        self._assert_problem(response, 503, "technical")
        self.assertEqual(response.headers["Retry-After"], "17")

    def test_no_value_switches_a_check_off(self):
        settings = self.env["interop.rest.settings"]
        for parameter, (default, lowest, highest) in const.SETTINGS.items():
            for text in ("0", "-1", "garbage", "", str(highest + 1), str(lowest - 1)):
                self.env["ir.config_parameter"].set_param(parameter, text)
                self.assertEqual(settings._setting(parameter), default)

    def test_out_of_bounds_is_refused_in_settings(self):
        with self.assertRaises(ValidationError):
            self._set(tolerance_seconds=0)

    def test_settings_warn_when_the_addon_is_not_server_wide(self):
        for modules, expected in (("interop_rest", True), ("web", False)):
            with patch.dict(config.options, server_wide_modules=["base", modules]):
                settings = self.env["res.config.settings"].create({})
                self.assertEqual(settings.interop_rest_server_wide, expected)

    def test_promise_11_a_neutralized_copy_takes_nothing(self):
        with file_open("interop_base/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertEqual(self.client.state, "suspended")
        self._assert_problem(self._post(), 401, "unauthorized")

    def _assert_not_limited(self, envelope):
        """The limit let it pass: what is said now is about the content."""
        response = self._post(envelope)
        self.assertIn(response.status_code, (200, 422), response.text)
