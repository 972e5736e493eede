"""An outbound and an inbound message over a transport that the test adds."""

import json

from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.inbound import pipeline
from odoo.addons.interop_base.tests.common import InteropCase

from ..models.interop_transport_test_wire import wire


@tagged("post_install", "-at_install")
class TestOwnTransport(InteropCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(message_type="test.note")
        cls.system = cls._create_system()

    def setUp(self):
        super().setUp()
        wire.parcels.clear()
        wire.cut = False

    # === OUT === #

    def _flow(self, **values):
        """Return an active interface that delivers to an endpoint with these values."""
        number = self._next()
        if "url" in self.env["interop.endpoint"]._fields:  # webhooks need it
            values["url"] = "https://198.41.0.4/"
        endpoint = self.env["interop.endpoint"].create(
            {
                "name": f"Wire {number}",
                "code": f"wire-{number}",
                "system_id": self.system.id,
                **values,
            }
        )
        return self._create_interface(
            system_id=self.system.id,
            transport="test_wire",
            endpoint_id=endpoint.id,
            contract_ids=[(6, 0, self.contract.ids)],
        )

    def _publish(self, *names):
        """Publish a new contact for each name; return the messages, in order."""
        partners = self.env["res.partner"].create(
            [{"name": name, "company_id": self.facility.id} for name in names]
        )
        self.env["interop.event"]._publish("test.note", partners)
        self._commit()
        self.env["interop.materializer"].sudo()._materialize()
        return self.env["interop.message"].search(
            [("res_model", "=", "res.partner"), ("res_id", "in", partners.ids)],
            order="id",
        )

    def _run(self):
        self.env["interop.pump"].sudo()._run_inline()
        self.env.invalidate_all()

    def _make_due(self, messages):
        """Advance the time to the next attempt."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_queue SET next_attempt_at = %s WHERE id = ANY(%s)",
            [clock.now(), messages.ids],
        )
        messages.invalidate_recordset()

    def test_a_message_leaves(self):
        interface = self._flow()
        message = self._publish("Ada")
        self._run()
        self.assertEqual(message.state, "done")
        (parcel,) = wire.parcels
        envelope = json.loads(parcel.body)
        self.assertEqual(envelope["data"], {"name": "Ada"})
        self.assertEqual(envelope["id"], message.external_id)
        self.assertEqual(interface.endpoint_id.health, "healthy")

    def test_promise_6_order_holds_on_any_transport(self):
        self._flow(ordering="strict")
        first, second = self._publish("Ada", "Bea")
        wire.cut = True
        self._run()
        self.assertEqual((first.attempt_count, second.attempt_count), (1, 0))
        self.assertEqual(second.blocked_by_id, first)
        wire.cut = False
        self._make_due(first)
        self._run()
        names = [json.loads(parcel.body)["data"]["name"] for parcel in wire.parcels]
        self.assertEqual(names, ["Ada", "Bea"])

    def test_rate_and_circuit_hold_on_any_transport(self):
        interface = self._flow(circuit_failures=2, concurrency=1)
        endpoint = interface.endpoint_id
        wire.cut = True
        messages = self._publish("Ada", "Bea")
        self._run()
        self.assertEqual(messages.mapped("attempt_count"), [1, 1])
        self.assertEqual(endpoint.health, "open")
        later = self._publish("Cay")
        self._run()
        self.assertEqual(later.attempt_count, 0)
        self.assertTrue(later.is_held)
        wire.cut = False
        endpoint.rate_limit = 1
        endpoint.action_try_now()
        self._make_due(messages)
        self._run()
        self.assertEqual(len(wire.parcels), 1, "one per minute")

    # === IN === #

    def _client(self):
        """Return an active client of the transport."""
        interface = self._create_interface(
            system_id=self.system.id,
            direction="in",
            transport="test_wire",
            latency_tier="real_time",
            contract_ids=[(6, 0, self.contract.ids)],
        )
        client = self.env["interop.client"].create(
            {
                "name": "Wire",
                "code": f"wire-client-{self._next()}",
                "system_id": self.system.id,
                "interface_ids": [(6, 0, interface.ids)],
            }
        )
        self._approve(client, companies=self.facility)
        client._set_active()
        return client

    def _received(self, client, name="Ada", message_id="msg_in"):
        envelope = {
            "id": message_id,
            "type": "test.note",
            "schema_version": 1,
            "source": "urn:test",
            "occurred_at": "2026-01-31T08:30:00Z",
            "data": {"name": name},
        }
        delivery = pipeline.Delivery(json.dumps(envelope).encode())
        return pipeline.receive(client, delivery)

    def test_a_message_comes_in(self):
        client = self._client()
        taken = self._received(client)
        self.assertFalse(taken.repeated)
        self.assertEqual(taken.message.state, "done", taken.message.error_message)
        partner = self.env["res.partner"].browse(taken.message.res_id)
        self.assertEqual(partner.name, "Ada")
        again = self._received(client)
        self.assertTrue(again.repeated)
        self.assertEqual(again.message, taken.message)

    def test_promise_4_fail_closed_on_any_transport(self):
        client = self._client()
        self.env.flush_all()
        with self.env.cr.savepoint() as savepoint:
            self.env.cr.execute(
                "UPDATE interop_client SET expires_at = '2000-01-01' WHERE id = %s",
                [client.id],
            )
            client.invalidate_recordset()
            with self.assertRaises(Refused) as caught:
                self._received(client)
            self.assertEqual(caught.exception.code, "unauthorized")
            savepoint.rollback()
        client.invalidate_recordset()
        client._set_suspended()
        with self.assertRaises(Refused):
            self._received(client)
