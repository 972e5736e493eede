"""One message in, over the real route, with signatures made by another library."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from .common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestInbound(RestEffectHttpCase):
    def test_a_real_time_message_is_applied_and_answered(self):
        envelope = self._envelope(correlation_id="case-1", sequence=7)
        response = self._post(envelope)
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        body = response.json()
        self.assertEqual((body["id"], body["status"]), (envelope["id"], "done"))
        self.assertEqual(self._effects(), ["Ada"])
        message = self._messages()
        self.assertEqual(message.state, "done")
        self.assertEqual(message.direction, "in")
        self.assertEqual(message.interface_id, self.interface)
        self.assertEqual(message.company_id, self.facility)
        self.assertEqual(message.correlation_id, "case-1")
        self.assertEqual(message.sequence, 7)
        self.assertEqual(message.create_uid, self.client.user_id)
        self.assertEqual(message.resource_ref, self.facility)
        self.assertEqual(message.attempt_ids.mapped("outcome"), ["done"])
        self.assertEqual(json.loads(message._payload_bytes()), envelope)
        identifier = self.env["interop.identifier"].search(
            [("namespace_id", "=", self.namespace.id)]
        )
        self.assertEqual(identifier.create_uid, self.client.user_id)
        self.assertEqual(identifier.message_id, message)

    def test_a_trace_of_the_caller_goes_on(self):
        envelope = self._envelope()
        headers = self._signed(json.dumps(envelope), envelope["id"])
        trace_id = "0af7651916cd43dd8448eb211c80319c"
        headers["traceparent"] = f"00-{trace_id}-b7ad6b7169203331-01"
        self._post(envelope, headers=headers)
        self.assertIn(trace_id, self._messages().traceparent)

    def test_ed25519_proves_the_caller_too(self):
        private, public = signing.generate_ed25519_keypair()
        wizard = self.env["interop.client.key.wizard"].create(
            {"client_id": self.client.id, "public_key": public}
        )
        wizard.action_add()
        envelope = self._envelope()
        body = json.dumps(envelope)
        headers = signing.headers(
            envelope["id"],
            clock.timestamp(),
            body.encode(),
            [signing.SigningKey.from_text(private)],
        )
        headers |= {
            "Interop-Client": self.client.code,
            "Content-Type": "application/json",
        }
        self.assertEqual(self._post(envelope, headers=headers).status_code, 200)

    def test_others_are_accepted_for_later(self):
        self.interface.latency_tier = "near_real_time"
        envelope = self._envelope()
        response = self._post(envelope)
        self.assertEqual(response.status_code, 202, response.text)
        location = f"/interop/v1/messages/{envelope['id']}"
        self.assertEqual(response.headers["Location"], location)
        self.assertEqual(response.json()["status"], "pending")
        self.assertEqual(self._effects(), [])
        self.env["interop.pump"]._run_inline()
        self.assertEqual(self._effects(), ["Ada"])
        self.assertEqual(self._get_status(envelope["id"]).json()["status"], "done")

    def test_a_worker_whose_clock_is_wrong_delays_nothing(self):
        """Case 16: what waits for the pump is due now by the database's clock."""
        self.interface.latency_tier = "near_real_time"
        real = clock.now
        later = timedelta(seconds=120)
        with patch.object(clock, "now", lambda: real() + later):
            response = self._post(self._envelope())
        self.assertEqual(response.status_code, 202, response.text)
        message = self._messages()
        late = message.next_attempt_at - clock.database_now(self.env.cr)
        self.assertLess(abs(late.total_seconds()), 60)
        apart = message.create_date - message.next_attempt_at
        self.assertLess(abs(apart.total_seconds()), 1)

    def test_a_test_message_is_verified_and_not_applied(self):
        response = self._post(self._envelope(test=True))
        self.assertEqual(
            (response.status_code, response.json()["status"]), (200, "skipped")
        )
        self.assertEqual(self._effects(), [])

    # --- the same message again

    def test_the_same_message_again_gets_the_stored_answer(self):
        envelope = self._envelope()
        first = self._post(envelope)
        later = datetime.now(UTC) + timedelta(seconds=10)
        again = self._post(envelope, moment=later)
        self.assertEqual(again.status_code, 200)
        self.assertEqual(again.json(), first.json())
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self.assertNotIn("Idempotent-Replayed", first.headers)
        self.assertEqual(len(self._messages()), 1)
        self.assertEqual(self._effects(), ["Ada"])

    def test_the_stored_answer_shows_the_present_state(self):
        envelope = self._envelope(data={"name": "stranger"})
        self._assert_problem(self._post(envelope), 422, "unknown_identifier")
        self._messages()._set_cancelled("Not ours.")
        again = self._post(envelope)
        self._assert_problem(again, 422, "cancelled")
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")

    def test_another_body_under_the_same_id_is_a_conflict(self):
        envelope = self._envelope()
        self._post(envelope)
        changed = {**envelope, "data": {"name": "Eve"}}
        self._assert_problem(self._post(changed), 409, "id_reused")
        self.assertEqual(self._effects(), ["Ada"])

    def test_the_same_id_of_another_client_is_another_message(self):
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        envelope = self._envelope()
        self._post(envelope)
        envelope["data"] = {"name": "Eve"}
        response = self._post(envelope, secret=text, client=other.code)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self._effects(), ["Ada", "Eve"])

    # --- what becomes of it

    def test_a_business_failure_is_stored_and_told(self):
        body = self._assert_problem(
            self._post(self._envelope(data={"name": "rule"})), 422, "business_rule"
        )
        self.assertEqual(body["detail"], "Closed on Sundays.")
        self.assertEqual(body["message"]["status"], "dead")
        message = self._messages()
        self.assertEqual(
            (message.state, message.error_class), ("dead", "business_rule")
        )
        self.assertEqual(message.owner_user_id, self.interface.exception_user_id)
        self.assertEqual(self._effects(), [])

    def test_an_unknown_identifier_waits_for_a_person(self):
        body = self._assert_problem(
            self._post(self._envelope(data={"name": "stranger"})),
            422,
            "unknown_identifier",
        )
        self.assertEqual(body["message"]["status"], "parked")
        self.assertEqual(self._effects(), [])

    def test_what_odoo_says_stays_inside(self):
        response = self._post(self._envelope(data={"name": "odoo"}))
        self._assert_problem(response, 422, "business_rule")
        self.assertNotIn("canary", response.text)
        self.assertEqual(self._messages().error_message, "canary-of-odoo")

    def test_a_technical_failure_stores_nothing(self):
        for name in ("technical", "fault"):
            response = self._post(self._envelope(data={"name": name}))
            self._assert_problem(response, 503, "technical")
            self.assertTrue(int(response.headers["Retry-After"]) > 0)
            self.assertNotIn("canary", response.text)
        self.assertFalse(self._messages())
        self.assertEqual(self._effects(), [])

    def test_status_is_for_the_sender_alone(self):
        envelope = self._envelope()
        self._post(envelope)
        status = self._get_status(envelope["id"])
        self.assertEqual(status.status_code, 200)
        self.assertEqual(status.json()["status"], "done")
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        theirs = self._get_status(envelope["id"], secret=text, client=other.code)
        self._assert_problem(theirs, 404, "not_found")

    def test_status_needs_a_signature_over_the_id_asked_for(self):
        envelope = self._envelope()
        self._post(envelope)
        response = self._get_status(envelope["id"], signed_id="msg_other")
        self._assert_problem(response, 400, "id_mismatch")

    def test_ids_with_odd_characters_are_found_again(self):
        self.interface.latency_tier = "near_real_time"
        envelope = self._envelope(id="a/b?c#d%20e")
        location = self._post(envelope).headers["Location"]
        headers = self._signed("", envelope["id"])
        response = self.opener.get(self.base_url() + location, headers=headers)
        self.assertEqual(response.json()["id"], envelope["id"])

    # --- refused content

    def test_header_and_body_name_the_same_id(self):
        envelope = self._envelope()
        headers = self._signed(json.dumps(envelope), "msg_other")
        response = self._post(envelope, headers=headers)
        self._assert_problem(response, 400, "id_mismatch")

    def test_every_violation_of_the_contract_is_named(self):
        response = self._post(
            self._envelope(data={"city": 5, "canary": "canary-value"})
        )
        body = self._assert_problem(response, 422, "schema_violation")
        pointers = [error["pointer"] for error in body["errors"]]
        self.assertIn("/data/city", pointers)
        self.assertTrue(all(error["detail"] for error in body["errors"]))
        self.assertNotIn("canary-value", response.text)

    def test_an_unknown_contract(self):
        response = self._post(self._envelope(type="nothing.known"))
        self._assert_problem(response, 422, "unknown_contract")
        response = self._post(self._envelope(schema_version=99))
        self._assert_problem(response, 422, "unknown_contract")

    def test_a_retired_contract(self):
        self.contract._set_retired()
        self._assert_problem(self._post(), 410, "contract_retired")

    def test_broken_documents(self):
        for body, code in (
            (b"", "invalid_json"),
            (b"{", "invalid_json"),
            (b'{"a": NaN}', "invalid_json"),
            (b'{"a": 1, "a": 2}', "invalid_json"),
            (b'{"a": "\xff"}', "invalid_json"),
            (b"[" * 100 + b"]" * 100, "invalid_json"),
            (b"[]", "invalid_envelope"),
            (b'{"id": "x"}', "invalid_envelope"),
        ):
            with self.subTest(body=body[:20]):
                message_id = f"msg_{self._next()}"
                signed = signing.headers(
                    message_id,
                    clock.timestamp(),
                    body,
                    [signing.SigningKey.from_text(self.secret_text)],
                )
                headers = {
                    **signed,
                    "Interop-Client": self.client.code,
                    "Content-Type": "application/json",
                }
                response = self._post(body=body, headers=headers)
                problem = self._assert_problem(response, 400, code)
                self.assertTrue(problem["errors"][0]["detail"])
        self.assertFalse(self._messages())

    # --- where it belongs

    def test_facilities(self):
        self._assert_problem(
            self._post(self._envelope(facility="NOWHERE")), 422, "unknown_facility"
        )
        without = self._envelope()
        del without["facility"]
        self.assertEqual(self._post(without).status_code, 200)

    def test_a_facility_has_to_be_named_when_there_are_several(self):
        self.system.company_ids |= self.other_facility
        self.interface._set_suspended()
        other = self._create_in_interface(
            company_ids=[(6, 0, self.other_facility.ids)], activate=False
        )
        self._activate_elsewhere(other)
        client = self._create_client(
            interface_ids=[(6, 0, (self.interface | other).ids)]
        )
        text = self._add_key(client)
        self._activate_client(client)
        without = self._envelope()
        del without["facility"]
        response = self._post(without, secret=text, client=client.code)
        self._assert_problem(response, 422, "facility_required")

    def test_an_emergency_stop_asks_to_come_back(self):
        for record in (self.interface, self.system, self.facility):
            record._set_stopped("Drill")
            response = self._post()
            self._assert_problem(response, 503, "paused")
            self.assertEqual(response.headers["Retry-After"], "5")
            record._set_resumed()
        self.assertEqual(self._post().status_code, 200)

    def test_numbers_beyond_what_the_log_holds_are_refused(self):
        for name in ("sequence", "epoch"):
            response = self._post(self._envelope(**{name: 2**31}))
            body = self._assert_problem(response, 400, "invalid_envelope")
            self.assertEqual(body["errors"][0]["pointer"], f"/{name}")
            response = self._post(self._envelope(**{name: 2**31 - 1}))
            self.assertEqual(response.status_code, 200, response.text)
