"""Every operation × client state × facility × interface state: generated, not sampled.

What is expected is computed here from the rules as people say them, not from the code.
On the seam that the routes use; test_inbound and its neighbors show the routes.
"""

import itertools
import json
from contextlib import contextmanager
from urllib.parse import quote

from odoo.tests import TransactionCase, tagged

from odoo.addons.interop_base import const as base_const
from odoo.addons.interop_base.exceptions import Refused
from odoo.addons.interop_base.models.engine import interop_rate_counter
from odoo.addons.interop_base.tools import trace

from ..services import events, lookup, messages, reconcile
from ..services.call import Call
from .common import EffectMixin, RestMixin

CLIENT_STATES = [state for state, _label in base_const.CLIENT_STATES]
INTERFACE_STATES = [state for state, _label in base_const.INTERFACE_STATES]
# code of the sender -> whether an interface and the client cover the facility
FACILITIES = {
    "MERCY": (True, True),
    "ANNE": (True, False),
    "JOHN": (False, True),
    "NOWHERE": (None, None),
}


@tagged("post_install", "-at_install")
class TestMatrix(EffectMixin, RestMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_rest()
        cls._set_up_effect()
        cls.third = cls.env["res.company"].create({"name": "St. John"})
        cls.env.user.company_ids |= cls.third
        cls.system = cls._create_system(
            company_ids=[(6, 0, (cls.facility | cls.other_facility | cls.third).ids)],
            facility_code_ids=[
                (0, 0, {"code": code, "company_id": company.id})
                for code, company in (
                    ("MERCY", cls.facility),
                    ("ANNE", cls.other_facility),
                    ("JOHN", cls.third),
                )
            ],
        )
        both = (cls.facility | cls.other_facility).ids
        cls.interface = cls._create_in_interface(
            company_ids=[(6, 0, both)], activate=False
        )
        cls.outbound = cls._create_in_interface(
            company_ids=[(6, 0, both)], activate=False
        )
        # As the addon above would store it: its transport is not known to this one.
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE interop_interface SET direction='out', transport='webhook' "
            "WHERE id=%s",
            [cls.outbound.id],
        )
        cls.env.invalidate_all()
        cls.client = cls._create_client(
            accepts_token=True,
            interface_ids=[(6, 0, cls.interface.ids)],
            company_ids=[(6, 0, (cls.facility | cls.third).ids)],
            namespace_ids=[(6, 0, cls.namespace.ids)],
        )
        cls.token = cls.client.action_generate_token()["params"]["value"]
        params = cls.env["ir.config_parameter"]
        params.set_param("interop_rest.failures_per_minute", "100000")
        params.set_param("interop_rest.rate_per_minute", "1000000")

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        interop_rate_counter._portions.clear()

    def _call(self, body=b"", query=b""):
        sent = {"Interop-Client": self.client.code, "Authorization": self._bearer()}
        return Call(list(sent.items()), body, "192.0.2.7", trace.new_trace(), "", query)

    def _bearer(self):
        return f"Bearer {self.token}"

    @contextmanager
    def _cell(self, client_state, interface_state, **values):
        """One cell, undone afterwards."""
        with self.subTest(client=client_state, interface=interface_state, **values):
            savepoint = self.env.cr.savepoint(flush=True)
            try:
                flags = {name: values[name] for name in values if name != "facility"}
                self.client._transition({"state": client_state, **flags})
                self.interface._transition({"state": interface_state})
                self.env.flush_all()
                yield
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

    def _told(self, function, *args):
        try:
            answer = function(self.env, *args)
        except Refused as problem:
            return problem.code
        return answer.body.get("code") or "fine"

    def _expected(self, client_state, allowed, facility=None, interface_state="active"):
        """The rules: proven client, allowed operation, known facility, covered by
        interface and client, active interface."""
        if client_state != "active":
            return "unauthorized"
        if not allowed:
            return "operation_not_allowed"
        if facility and FACILITIES[facility] == (None, None):
            return "unknown_facility"
        if facility and not all(FACILITIES[facility]):
            return "facility_not_allowed"
        if interface_state != "active":
            return "interface_not_active"
        return "fine"

    def test_send(self):
        seen = {}
        for client, interface, facility, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(client, interface, facility=facility, may_send=allowed):
                envelope = self._envelope(facility=facility)
                before = len(self._effects())
                call = self._call(json.dumps(envelope).encode())
                outcome = self._told(messages.receive, call)
                expected = self._expected(client, allowed, facility, interface)
                self.assertEqual(outcome, expected)
                effects = len(self._effects()) - before
                self.assertEqual(effects, int(outcome == "fine"))
                seen[outcome] = seen.get(outcome, 0) + 1
        cells = len(CLIENT_STATES) * len(INTERFACE_STATES) * len(FACILITIES) * 2
        self.assertEqual(sum(seen.values()), cells)
        self.assertEqual(seen["fine"], 1)

    def test_send_in_a_batch(self):
        """Refused as a whole where the client may not, item by item where a facility or
        an interface may not."""
        for client, interface, facility, allowed in itertools.product(
            ("active", "suspended"), INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(client, interface, facility=facility, may_send=allowed):
                call = self._call(
                    json.dumps([self._envelope(facility=facility)]).encode()
                )
                expected = self._expected(client, allowed, facility, interface)
                try:
                    answer = messages.receive_batch(self.env, call, False)
                except Refused as problem:
                    outcome = problem.code
                else:
                    (item,) = answer.body["results"]
                    outcome = item.get("problem", {}).get("code") or "fine"
                self.assertEqual(outcome, expected)

    def test_read_status(self):
        """What became of a message is told whatever became of its interface since."""
        envelope = self._envelope(facility="MERCY")
        self.client._transition({"state": "active"})
        self.interface._transition({"state": "active"})
        messages.receive(self.env, self._call(json.dumps(envelope).encode()))
        for client, interface, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, (True, False)
        ):
            with self._cell(client, interface, may_read_status=allowed):
                outcome = self._told(messages.status, self._call(), envelope["id"])
                self.assertEqual(outcome, self._expected(client, allowed))

    def test_reconcile(self):
        """Like a status: whatever became of the interface, but never about a facility
        that is not the client's."""
        envelope = self._envelope(facility="MERCY")
        self.client._transition({"state": "active"})
        self.interface._transition({"state": "active"})
        messages.receive(self.env, self._call(json.dumps(envelope).encode()))
        for client, interface, facility, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(
                client, interface, facility=facility, may_reconcile=allowed
            ):
                question = {"messages": [{"id": envelope["id"]}], "facility": facility}
                call = self._call(json.dumps(question).encode())
                outcome = self._told(reconcile.reconcile, call)
                self.assertEqual(outcome, self._expected(client, allowed, facility))
                if outcome == "fine":
                    (result,) = reconcile.reconcile(self.env, call).body["results"]
                    self.assertEqual(result["status"], "done")

    def test_read_identifiers(self):
        for client, interface, facility, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(
                client, interface, facility=facility, may_read_identifiers=allowed
            ):
                query = f"namespace=http://effects.example&value=x&facility={facility}"
                call = self._call(query=query.encode())
                expected = self._expected(client, allowed, facility, interface)
                if expected == "fine":
                    expected = "identifier_not_found"  # there is none, and it may ask
                elif expected == "interface_not_active":
                    expected = "facility_not_allowed"  # no active one covers it
                self.assertEqual(self._told(lookup.look_up, call), expected)

    def test_cross_reference(self):
        source = quote("http://effects.example|x")
        for client, interface, facility, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(
                client, interface, facility=facility, may_read_identifiers=allowed
            ):
                query = f"sourceIdentifier={source}&facility={facility}"
                expected = self._expected(client, allowed, facility, interface)
                if expected == "fine":
                    expected = "identifier_not_found"  # there is none, and it may ask
                elif expected == "interface_not_active":
                    expected = "facility_not_allowed"  # no active one covers it
                outcome = self._told(
                    lookup.cross_reference, self._call(query=query.encode())
                )
                self.assertEqual(outcome, expected)

    def test_link(self):
        """Nothing is linked in any cell but the one where everything allows it."""
        seen = []
        own = self._own_number()
        for client, interface, facility, allowed in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, FACILITIES, (True, False)
        ):
            with self._cell(client, interface, facility=facility, may_link=allowed):
                body = {
                    "identifier": {"system": own.uri, "value": "O-1"},
                    "record": {"system": self.namespace.uri, "value": "F-1"},
                    "facility": facility,
                }
                call = self._call(json.dumps(body).encode())
                outcome = self._told(lookup.link, call)
                expected = self._expected(client, allowed, facility, interface)
                expected = {
                    "operation_not_allowed": "link_not_allowed",
                    "interface_not_active": "facility_not_allowed",
                }.get(expected, expected)
                self.assertEqual(outcome, expected)
                linked = self.env["interop.identifier"].search_count(
                    [("namespace_id", "=", own.id)]
                )
                self.assertEqual(linked, int(outcome == "fine"))
                seen.append(outcome)
        self.assertEqual(seen.count("fine"), 1)

    def _own_number(self):
        """Return a namespace of the client's own system; the facility has a number in
        the other one."""
        own = self.env["interop.namespace"].create(
            {
                "name": "Own",
                "code": f"own-{self._next()}",
                "uri": "http://own.example",
                "system_id": self.system.id,
            }
        )
        self.env["interop.identifier"].create(
            {
                "namespace_id": self.namespace.id,
                "value": "F-1",
                "res_model": self.facility._name,
                "res_id": self.facility.id,
            }
        )
        self.client._transition({"namespace_ids": [(6, 0, (self.namespace | own).ids)]})
        return own

    def test_read_events(self):
        """Of interfaces that were approved for it, for none but its own facilities; one
        that is not active keeps its messages and its place."""
        message = self._sent()
        for client, interface, allowed, listed, within in itertools.product(
            CLIENT_STATES, INTERFACE_STATES, *[(True, False)] * 3
        ):
            with self._cell(client, interface, may_read_events=allowed):
                self.outbound._transition({"state": interface})
                self._approve_events(listed, within)
                expected = self._expected(client, allowed)
                if expected == "fine" and not (listed and within):
                    expected = "events_not_allowed"
                self.assertEqual(self._told(events.events, self._call()), expected)
                if expected == "fine":
                    page = events.events(self.env, self._call()).body
                    ids = [item["id"] for item in page["events"]]
                    moves = interface == "active"
                    self.assertEqual(ids, [message.external_id] if moves else [])
                    self.assertEqual(
                        page["held"], [] if moves else [self.outbound.code]
                    )

    def _sent(self):
        """Return a message that left on the outbound interface."""
        message = self.env["interop.message"].create(
            {
                "direction": "out",
                "interface_id": self.outbound.id,
                "system_id": self.system.id,
                "contract_id": self.contract.id,
                "company_id": self.facility.id,
                "external_id": f"msg_out_{self._next()}",
                "data_class": "none",
                "lane": self.outbound._lane(),
                "epoch": 1,
                "sequence": 1,
            }
        )
        message._set_done()
        return message

    def _approve_events(self, listed, within):
        """Let the client read the outbound interface, and all that it covers."""
        interfaces = self.interface | (self.outbound if listed else self.interface)
        self.client._transition(
            {
                "interface_ids": [(6, 0, interfaces.ids)],
                **({"company_ids": [(5,)]} if within else {}),
            }
        )
        self.env.flush_all()
