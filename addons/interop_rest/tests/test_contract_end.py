"""The end of a contract version is announced, and then it is final."""

import json
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.interop_base import clock

from .common import URL, RestEffectHttpCase

NAMES = ("Deprecation", "Sunset")


@tagged("post_install", "-at_install")
class TestContractEnd(RestEffectHttpCase):
    MOMENT = datetime(2026, 5, 1, 12, 0, 0)

    def _deprecate(self):
        self.contract.sunset_date = date(2099, 12, 31)
        with patch.object(clock, "now", lambda: self.MOMENT):
            self.contract._set_deprecated()

    def _assert_announced(self, response):
        since = int(self.MOMENT.replace(tzinfo=UTC).timestamp())
        self.assertEqual(response.headers["Deprecation"], f"@{since}")
        self.assertEqual(response.headers["Sunset"], "Thu, 31 Dec 2099 00:00:00 GMT")
        self.assertTrue(parsedate_to_datetime(response.headers["Sunset"]))
        self.assertIn("openapi.json", response.headers["Link"])

    def test_a_published_version_announces_nothing(self):
        response = self._post()
        for name in (*NAMES, "Link"):
            self.assertNotIn(name, response.headers)

    def test_a_deprecated_version_says_so_with_every_answer(self):
        self._deprecate()
        envelope = self._envelope()
        for response in (
            self._post(envelope),
            self._post(envelope),
            self._get_status(envelope["id"]),
            self._post(self._envelope(data={"name": "rule"})),
            self._post(self._envelope(data={})),
        ):
            self.assertIn(response.status_code, (200, 422))
            self._assert_announced(response)
        self.interface.latency_tier = "near_real_time"
        later = self._post()
        self.assertEqual(later.status_code, 202)
        self._assert_announced(later)
        self.assertIn(URL, later.headers["Location"])

    def test_two_versions_side_by_side(self):
        """Each message is judged by the version that it names."""
        newer = self.contract.copy()
        schema = json.loads(newer.schema)
        schema["required"] = ["name", "city"]
        schema["properties"]["city"] = {"type": "string", "format": "email"}
        newer.example_ids.unlink()
        newer.schema = json.dumps(schema)
        example = {"name": "A", "city": "a@example.org"}
        newer.example_ids = [(0, 0, {"name": "One", "body": json.dumps(example)})]
        newer._set_published()
        interface = self._create_in_interface(contract_ids=[(6, 0, newer.ids)])
        self.client._set_suspended()
        self.client._set_requested()
        self.client.interface_ids |= interface
        self._activate_client(self.client)
        old = self._post()
        self.assertEqual((old.status_code, old.json()["schema_version"]), (200, 1))
        for data, status in (
            ({"name": "Eve", "city": "a@example.org"}, 200),
            ({"name": "Eve"}, 422),
            ({"name": "Eve", "city": "no address: canary"}, 422),
        ):
            envelope = self._envelope(data=data, schema_version=newer.version)
            response = self._post(envelope)
            self.assertEqual(response.status_code, status, response.text)
            self.assertNotIn("canary", response.text)
        (error,) = response.json()["errors"]
        self.assertEqual((error["pointer"], error["code"]), ("/data/city", "format"))
        self.assertEqual(self._effects(), ["Ada", "Eve"])

    def test_in_batches_with_each_message(self):
        self._deprecate()
        body = json.dumps([self._envelope()])
        headers = self._signed(body, "batch")
        self.env.flush_all()
        url = f"{self.base_url()}{URL}:batch"
        response = self.opener.post(url, data=body, headers=headers)
        (result,) = response.json()["results"]
        self.assertEqual(result["sunset"], "Thu, 31 Dec 2099 00:00:00 GMT")
        self.assertTrue(result["deprecation"].startswith("@"))

    def test_a_retired_version_names_its_successor(self):
        self._deprecate()
        self.contract._set_retired()
        self.contract.copy()._set_published()  # on no interface of this client
        response = self._post()
        body = self._assert_problem(response, 410, "contract_retired")
        self.assertNotIn("Use schema_version", body["detail"])
        self.assertIn("openapi.json", response.headers["Link"])
        for name in NAMES:
            self.assertNotIn(name, response.headers)
        newer = self.contract.copy()
        newer._set_published()
        self.assertEqual(newer.version, 3)
        self._create_in_interface(contract_ids=[(6, 0, newer.ids)])
        allowed = self.env["interop.interface"].search(
            [("contract_ids", "in", newer.ids)]
        )
        self.client._set_suspended()
        self.client._set_requested()
        self.client.interface_ids |= allowed
        self._activate_client(self.client)
        body = self._assert_problem(self._post(), 410, "contract_retired")
        self.assertEqual(body["detail"], "Use schema_version 3.")
        self.assertFalse(self._messages())

    def test_since_when_is_no_input(self):
        with self._refused(UserError):
            self.contract.deprecated_at = self.MOMENT
        self.assertFalse(self.contract.copy().deprecated_at)
