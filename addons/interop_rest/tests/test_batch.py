"""Many messages under one signature, each with a fate of its own."""

import json
from unittest.mock import patch

import psycopg2.errorcodes
import psycopg2.errors

from odoo.tests import tagged

from odoo.addons.interop_base.inbound import process

from .. import const
from ..tools import batch
from .common import URL, RestEffectHttpCase

LINES = "application/x-ndjson"


class SerializationFailure(psycopg2.errors.SerializationFailure):
    """As PostgreSQL raises it."""

    pgcode = psycopg2.errorcodes.SERIALIZATION_FAILURE


@tagged("post_install", "-at_install")
class TestBatch(RestEffectHttpCase):
    def _send(self, items, *, body=None, headers=None, **signing_options):
        """Send envelopes (or raw texts) as an array, signed as one batch."""
        if body is None:
            texts = [
                item if isinstance(item, str) else json.dumps(item) for item in items
            ]
            body = f"[{', '.join(texts)}]"
        batch_id = f"batch_{self._next()}"
        signed = self._signed(body, batch_id, **signing_options)
        self.env.flush_all()
        response = self.opener.post(
            f"{self.base_url()}{URL}:batch",
            data=body.encode(),
            headers={**signed, **(headers or {})},
        )
        self.env.invalidate_all()
        return response

    def _results(self, response):
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        results = response.json()["results"]
        self.assertEqual([item["index"] for item in results], [*range(len(results))])
        return results

    def _named(self, *names):
        return [self._envelope(data={"name": name}) for name in names]

    def test_every_item_has_its_own_result_in_order(self):
        items = self._named("Ada", "rule", "Eve", "technical", 7, "stranger", "Bob")
        results = self._results(self._send(items))
        self.assertEqual(
            [item["status"] for item in results], [200, 422, 200, 503, 422, 422, 200]
        )
        self.assertEqual([item["id"] for item in results], [i["id"] for i in items])
        self.assertEqual(self._effects(), ["Ada", "Eve", "Bob"])
        self.assertEqual(results[0]["message"]["status"], "done")
        self.assertEqual(results[3]["problem"]["code"], "technical")
        self.assertEqual(results[3]["retry_after"], "5")
        self.assertEqual(results[4]["problem"]["code"], "schema_violation")
        self.assertEqual(results[4]["problem"]["errors"][0]["pointer"], "/data/name")
        self.assertEqual(results[5]["problem"]["code"], "unknown_identifier")
        # What was refused left nothing; what failed for its content is kept and owned.
        self.assertEqual(
            sorted(self._messages().mapped("state")),
            ["dead", "done", "done", "done", "parked"],
        )

    def test_what_is_kept_are_the_bytes_of_the_item(self):
        items = self._named("Ada", 'É, ["x"] {y}\\')
        self._results(self._send(items))
        stored = [json.loads(m._payload_bytes()) for m in self._messages()]
        self.assertCountEqual([m["data"] for m in stored], [i["data"] for i in items])

    def test_lines(self):
        items = self._named("Ada", "Eve")
        body = "\n\n".join(json.dumps(item) for item in items) + "\r\n"
        response = self._send(None, body=body, headers={"Content-Type": LINES})
        self.assertEqual([i["status"] for i in self._results(response)], [200, 200])
        self.assertEqual(self._effects(), ["Ada", "Eve"])

    def test_items_are_idempotent_in_batches_and_alone(self):
        items = self._named("Ada", "Eve")
        first = self._results(self._send(items))
        again = self._results(self._send(items))
        self.assertEqual(again, [{**result, "replayed": True} for result in first])
        alone = self._post(items[0])
        self.assertEqual(alone.headers["Idempotent-Replayed"], "true")
        changed = {**items[0], "data": {"name": "Bob"}}
        twice = self._named("Zoe") * 2
        results = self._results(self._send([changed, *twice]))
        self.assertEqual([i["status"] for i in results], [409, 200, 200])
        self.assertEqual(results[0]["problem"]["code"], "id_reused")
        self.assertTrue(results[2]["replayed"])
        self.assertEqual(self._effects(), ["Ada", "Eve", "Zoe"])

    def test_for_later(self):
        self.interface.latency_tier = "near_real_time"
        (item,) = self._named("Ada")
        (result,) = self._results(self._send([item]))
        self.assertEqual(result["status"], 202)
        self.assertEqual(result["location"], f"{URL}/{item['id']}")
        self.env["interop.pump"]._run_inline()
        self.assertEqual(self._effects(), ["Ada"])

    def test_an_unreadable_item_is_refused_alone(self):
        (good,) = self._named("Ada")
        results = self._results(
            self._send(["7", '{"a": 1, "a": 2}', "nul", "{}", good])
        )
        self.assertEqual([i["status"] for i in results], [400] * 4 + [200])
        codes = [item["problem"]["code"] for item in results[:4]]
        self.assertEqual(
            codes,
            ["invalid_envelope", "invalid_json", "invalid_json", "invalid_envelope"],
        )
        self.assertNotIn("id", results[0])
        for result in results[:4]:
            self.assertRegex(result["problem"]["trace_id"], "^[0-9a-f]{32}$")

    def test_no_batch(self):
        for body in ("", "[]", "{}", "[1,]", "[1", "[1]]", "[,1]", "[1] 2"):
            self._assert_problem(self._send(None, body=body), 400, "invalid_batch")
        response = self._send(["{}"] * (const.BATCH_MESSAGES + 1))
        self._assert_problem(response, 413, "batch_too_long")

    def test_verified_before_it_is_taken_apart(self):
        with patch.object(batch, "split") as read:
            wrong = self._send(None, body="[", client="nobody")
        self._assert_problem(wrong, 401, "unauthorized")
        read.assert_not_called()
        body = json.dumps(self._named("Ada"))
        tampered = self.opener.post(
            f"{self.base_url()}{URL}:batch",
            data=body.replace("Ada", "Eve"),
            headers=self._signed(body, "batch_1"),
        )
        self._assert_problem(tampered, 401, "unauthorized")
        self.assertFalse(self._messages())

    def test_a_type_of_its_own(self):
        for content_type, status in (("text/plain", 415), (LINES, 401)):
            response = self.opener.post(
                f"{self.base_url()}{URL}:batch",
                data="x",
                headers={"Content-Type": content_type},
            )
            self.assertEqual(response.status_code, status)

    def test_largest_batch(self):
        settings = self.env["res.config.settings"]
        settings.create({"interop_rest_max_batch_kb": 2}).execute()
        items = self._named("x" * 2048)
        self._assert_problem(self._send(items), 413, "too_large")
        settings.create(
            {"interop_rest_max_batch_kb": 9, "interop_rest_max_body_kb": 1}
        ).execute()
        (result,) = self._results(self._send(items))
        self.assertEqual(result["problem"]["code"], "invalid_json")

    def test_a_serialization_failure_runs_the_request_again(self):
        items = self._named("Ada", "Eve", "Bob")
        original = process.process
        failures = [None, SerializationFailure()]

        def _process(*args):
            failure = failures.pop(0) if failures else None
            if failure:
                raise failure
            return original(*args)

        with (
            patch.object(const, "BATCH_COMMIT", 1),
            patch.object(process, "process", _process),
        ):
            results = self._results(self._send(items))
        self.assertEqual([item["status"] for item in results], [200] * 3)
        self.assertEqual(
            [item.get("replayed", False) for item in results], [True, False, False]
        )
        self.assertEqual(self._effects(), ["Ada", "Eve", "Bob"])
