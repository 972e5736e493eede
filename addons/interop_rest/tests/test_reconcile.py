"""Reconciling: in order, only one's own, and what never arrived is found."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.interop_base import db

from .common import RestEffectHttpCase

PATH = "/interop/v1/messages:reconcile"
START = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)


@tagged("post_install", "-at_install")
class TestReconcile(RestEffectHttpCase):
    def _ask(self, question, body=None, **options):
        body = json.dumps(question) if body is None else body
        headers = self._signed(body, f"reconcile_{self._next()}", **options)
        self.env.flush_all()
        response = self.opener.post(
            self.base_url() + PATH, data=body.encode(), headers=headers
        )
        self.env.invalidate_all()
        return response

    def _answer(self, question, **options):
        response = self._ask(question, **options)
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        return response.json()

    def _about(self, *ids, **members):
        return self._answer({"messages": [{"id": name} for name in ids], **members})

    def _send(self, **members):
        envelope = self._envelope(**members)
        response = self._post(envelope)
        self.assertIn(response.status_code, (200, 202, 422), response.text)
        return envelope

    def _window(self, count, start=START, hours=1, **members):
        end = start + timedelta(hours=hours)
        span = {"from": start.isoformat(), "to": end.isoformat(), "count": count}
        return {"window": span, **members}

    def test_states_in_order_and_totals(self):
        sent = [
            self._send(data={"name": name})["id"]
            for name in ("Ada", "rule", "stranger")
        ]
        asked = [sent[2], "msg_never", sent[0], sent[1], sent[0]]
        body = self._about(*asked)
        self.assertEqual([item["id"] for item in body["results"]], asked)
        self.assertEqual(
            [(item["status"], item.get("code")) for item in body["results"]],
            [
                ("parked", "unknown_identifier"),
                ("unknown", None),
                ("done", None),
                ("dead", "business_rule"),
                ("done", None),
            ],
        )
        self.assertEqual(
            body["totals"],
            {
                "stated": 5,
                "done": 2,
                "dead": 1,
                "parked": 1,
                "unknown": 1,
                "different": 0,
            },
        )
        status = self._get_status(sent[0]).json()
        for name in ("received_at", "finished_at"):
            self.assertEqual(body["results"][2][name], status[name])

    def test_what_was_refused_never_arrived(self):
        envelope = self._envelope(data={"nobody": "asked"})
        self._assert_problem(self._post(envelope), 422, "schema_violation")
        (result,) = self._about(envelope["id"])["results"]
        self.assertEqual(result, {"id": envelope["id"], "status": "unknown"})

    def test_another_body_is_flagged(self):
        envelope = self._send()
        right = hashlib.sha256(json.dumps(envelope).encode()).hexdigest()
        stated = [
            {"id": envelope["id"], "sha256": digest} for digest in (right, "0" * 64)
        ]
        body = self._answer({"messages": [*stated, {"id": envelope["id"]}]})
        self.assertEqual(
            [item.get("body") for item in body["results"]], ["same", "different", None]
        )
        self.assertEqual(body["totals"], {"stated": 3, "done": 3, "different": 1})

    def test_one_statement_and_one_of_the_trail_however_many(self):
        sent = [self._send(data={"name": f"Ada {number}"})["id"] for number in range(3)]

        def statements(ids):
            with patch.object(db, "fetch", side_effect=db.fetch) as fetch:
                before = self.env.cr.sql_log_count
                self._about(*ids)
                return fetch.call_count, self.env.cr.sql_log_count - before

        self._about(*sent)  # warm
        few = statements(sent[:1])
        many = statements([*sent, *(f"msg_{number}" for number in range(997))])
        # The states of all of them, and the line of the trail.
        self.assertEqual((few[0], many), (2, few))

    def test_a_window_is_counted(self):
        for minute in (0, 30, 59):
            self._send(occurred_at=f"2026-01-31T08:{minute:02}:59.9Z")
        self._send(occurred_at="2026-01-31T09:00:00Z", data={"name": "rule"})
        body = self._answer(self._window(5))
        self.assertEqual(
            body,
            {
                "window": {"stated": 5, "received": 3, "difference": -2},
                "totals": {"done": 3},
            },
        )
        body = self._answer(self._window(4, hours=2))
        self.assertEqual(body["window"]["difference"], 0)
        self.assertEqual(body["totals"], {"done": 3, "dead": 1})
        # the same span, told in another zone
        zone = {"from": "2026-01-31T10:00:00+02:00", "to": "2026-01-31T11:00:00+02:00"}
        body = self._answer({"window": {**zone, "count": 0}})
        self.assertEqual(body["window"]["difference"], 3)

    def test_promise_9_only_its_own_messages(self):
        other = self._create_client()
        secret = self._add_key(other)
        self._activate_client(other)
        envelope = self._send()
        body = self._answer(
            {"messages": [{"id": envelope["id"]}]}, client=other.code, secret=secret
        )
        self.assertEqual(body["results"][0]["status"], "unknown")
        question = self._window(0)
        body = self._answer(question, client=other.code, secret=secret)
        self.assertEqual(body["window"]["received"], 0)
        self.assertEqual(self._answer(question)["window"]["received"], 1)

    def test_promise_9_only_its_interfaces_and_facilities(self):
        self.system.company_ids |= self.other_facility
        self.system.write(
            {
                "facility_code_ids": [
                    (0, 0, {"code": "ANNE", "company_id": self.other_facility.id})
                ]
            }
        )
        second = self._create_in_interface(
            contract_ids=[(6, 0, self._create_contract().ids)]
        )
        self.client._set_suspended()
        self.client._set_requested()
        self.client.interface_ids |= second
        self._activate_client(self.client)
        here = self._send()["id"]
        moved = self._messages()
        for members, expected in (
            ({}, "done"),
            ({"interface": self.interface.code}, "done"),
            ({"interface": second.code}, "elsewhere"),
            ({"facility": "MERCY"}, "done"),
        ):
            (result,) = self._about(here, **members)["results"]
            self.assertEqual(result["status"], expected, members)
            self.assertEqual("received_at" in result, expected == "done")
            received = self._answer(self._window(1, **members))["window"]["received"]
            self.assertEqual(received, int(expected == "done"))
        for members, status, code in (
            ({"interface": "no-such"}, 403, "interface_not_allowed"),
            ({"facility": "ANNE"}, 403, "facility_not_allowed"),
            ({"facility": "NOWHERE"}, 422, "unknown_facility"),
        ):
            question = {"messages": [{"id": here}], **members}
            self._assert_problem(self._ask(question), status, code)
        # A message of a facility that is not the client's any more.
        self.env.cr.execute(
            "UPDATE interop_message SET company_id = %s WHERE id = %s",
            [self.other_facility.id, moved.id],
        )
        (result,) = self._about(here)["results"]
        self.assertEqual(result, {"id": here, "status": "elsewhere"})

    def test_an_interface_that_has_ended_still_answers(self):
        here = self._send()["id"]
        self.interface._set_suspended()
        (result,) = self._about(here)["results"]
        self.assertEqual(result["status"], "done")

    def test_the_operation_has_to_be_approved(self):
        self.client._transition({"may_reconcile": False})
        response = self._ask({"messages": [{"id": "msg_1"}]})
        self._assert_problem(response, 403, "operation_not_allowed")

    def test_refusals(self):
        one = {"id": "msg_1"}
        canary = "canary-4X8P"
        for question, pointer in (
            ([], ""),
            ({}, ""),
            ({"messages": [one], **self._window(1)}, ""),
            ({"messages": [one], canary: 1}, ""),
            ({"messages": []}, "/messages"),
            ({"messages": [one, {"id": f"{canary} x"}]}, "/messages/1/id"),
            ({"messages": [{"id": "a", "sha256": canary}]}, "/messages/0/sha256"),
            ({"messages": [one], "facility": 7}, "/facility"),
            (self._window(-1), "/window/count"),
            (self._window(1, hours=0), "/window/to"),
            (self._window(1, hours=24 * 31 + 1), "/window/to"),
        ):
            response = self._ask(question)
            body = self._assert_problem(response, 400, "invalid_reconciliation")
            self.assertEqual(body["errors"][0]["pointer"], pointer)
            self.assertNotIn(canary, response.text)
        response = self._ask({"messages": [one] * 1001})
        self._assert_problem(response, 413, "batch_too_long")
        self._assert_problem(self._ask(None, body="{"), 400, "invalid_json")
        self._assert_problem(
            self._ask({"messages": [one]}, client="nobody"), 401, "unauthorized"
        )
        with self._conf(environment="production"):
            self._assert_problem(self._ask({"messages": [one]}), 503, "not_ready")

    def test_who_asked_is_on_record(self):
        here = self._send()["id"]
        self._about(here, "msg_never")
        self._answer(self._window(3))
        events = self.env["interop.audit.event"].search(
            [("res_model", "=", "interop.client"), ("res_id", "=", self.client.id)],
            limit=2,
            order="id desc",
        )
        self.assertEqual(
            events.mapped("detail"),
            [
                "Reconciled 3 sent messages: 2 not received",
                "Reconciled 2 sent messages: 1 not received",
            ],
        )
        self.assertEqual(events[0].user_id, self.client.user_id.id)
