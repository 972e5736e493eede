"""Hostile text is refused with its place, or can be sent again.

Cases 7, 8, 11, 12 and 13 by kind: hostile but valid text in every text member of every
inbound contract, over the routes that receive messages.
"""

import json
import logging
import unicodedata
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.interop_account_charge.tests.charge_common import ChargeCase
from odoo.addons.interop_base.tools import envelope as envelope_tools
from odoo.addons.interop_base.tools import schema as schema_tools
from odoo.addons.interop_base.tools import trace
from odoo.addons.interop_rest.services import messages
from odoo.addons.interop_rest.services.call import Call

from .hostile_common import TEXTS, Contents, paths, placed, places

_logger = logging.getLogger(__name__)
NOON = datetime(2026, 1, 31, 12)
# Each place gets one of this many texts. Neighboring places get different ones.
SHARE, SHARE_OF_WANTED = 27, 4
FREE = ("date", "date-time")  # texts of these formats are no free text
# An unknown identifier may wait for a person.
WAITING = {"unknown_identifier", "unknown_namespace", "possible_duplicate"}


@tagged("post_install", "-at_install")
class TestHostileText(ChargeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.people = cls._namespace("people", one_active_per_record=False)
        cls.custom = cls._create_contract(publish=False)
        # The author of a contract cannot publish it: the system does it here.
        cls.custom.with_user(SUPERUSER_ID)._set_published()
        cls.contracts = cls.custom | cls._inbound_contracts()
        cls.fast = cls._sender("real_time")
        cls.slow = cls._sender("near_real_time")
        cls._set_up_records()

    @classmethod
    def _inbound_contracts(cls):
        """Return the published contracts whose handler applies inbound messages."""
        base = cls.env["interop.handler"]
        contracts = cls.env["interop.contract"].search([("state", "=", "published")])
        return contracts.filtered(
            lambda item: (
                item.handler_name != "interop.handler.mapping"
                and type(item._handler())._apply is not type(base)._apply
            )
        )

    @classmethod
    def _sender(cls, tier):
        interface = cls._create_in_interface(
            contract_ids=[(6, 0, cls.contracts.ids)],
            data_class="patient_adjacent",
            latency_tier=tier,
        )
        client = cls._create_client(interface_ids=[(6, 0, interface.ids)])
        cls._add_key(client)
        return cls._activate_client(client)

    @classmethod
    def _set_up_records(cls):
        """Create the records that the contents refer to."""
        cls.env["res.country"].search([("code", "=", "US")]).ensure_one()
        ward = {"interop_is_location": True, "company_id": cls.facility.id}
        for value, values in (
            ("P-1", {"interop_is_person": True}),
            ("P-2", {"interop_is_person": True}),
            ("D-1", {"interop_is_provider": True}),
            ("W-1", ward),
            ("W-2", ward),
            ("ACC-1", {}),
        ):
            partner = cls.env["res.partner"].create({"name": value, **values})
            cls._identify(partner, cls.people, value)
        cls._identify(cls.product_a, cls.people, "I-1")
        plan = cls.env["account.analytic.plan"].create({"name": "Wards"})
        cls.env["account.analytic.account"].create(
            {"name": "Ward", "code": "W3", "plan_id": plan.id}
        )

    # === SENDING === #

    def _contents(self):
        number = self._next()
        contents = Contents(self.people.uri, number).all()
        return {**contents, self.custom.message_type: [{"name": "A", "city": "C-1"}]}

    def _body(self, contract, data):
        number = self._next()
        moment = NOON + timedelta(seconds=number)
        return json.dumps(
            {
                "id": f"msg_{number}",
                "type": contract.message_type,
                "schema_version": contract.version,
                "source": "urn:test",
                "occurred_at": f"{moment.isoformat()}Z",
                "ordering_key": f"key-{number}",
                "data": data,
            }
        ).encode()

    def _send(self, client, contract, data):
        """Receive one message as the batch route does; returns its result."""
        call = Call([], self._body(contract, data), "", trace.new_trace(), "")
        return messages._receive_item(self.env, client, call)

    def _samples(self, wanted=None):
        """Yield contract, pointer, name of the text, and content with the text.

        Each place gets some texts, and each text is at some places, because all
        combinations would take minutes.

        :param wanted: ``{(message type, pointer)}``, every place by default
        """
        share = SHARE_OF_WANTED if wanted else SHARE
        number = 0
        for contract in self.contracts:
            for form, data in enumerate(self._contents()[contract.message_type]):
                for pointer in places(data):
                    if wanted and (contract.message_type, pointer) not in wanted:
                        continue
                    number += 1
                    for name in list(TEXTS)[number % share :: share]:
                        fresh = self._contents()[contract.message_type][form]
                        content = placed(fresh, pointer, TEXTS[name])
                        yield contract, pointer, name, content

    # === JUDGING === #

    def _assert_refused(self, problem):
        """A refusal names the place and does not ask for a retry."""
        self.assertIn(problem["status"], (400, 422), problem)
        pointers = [item["pointer"] for item in problem.get("errors", ())]
        if problem["code"] not in WAITING:
            self.assertTrue(pointers, problem)
        for pointer in pointers:
            self.assertTrue(pointer.startswith("/data"), problem)

    def _message(self, external_id):
        return self.env["interop.message"].search([("external_id", "=", external_id)])

    def _assert_leaves(self, message):
        """Every outbound contract can send the values that the message changed."""
        if message.state == "skipped" or message.res_model != "res.partner":
            return
        partner = self.env["res.partner"].browse(message.res_id)
        for name in ("name", "street", "street2", "city", "zip"):
            value = partner[name] or ""
            self.assertTrue(unicodedata.is_normalized("NFC", value), name)
            self.assertEqual(value, value.strip(), name)
        for flag, message_type in (
            ("interop_is_person", "person.updated"),
            ("interop_is_provider", "provider.updated"),
        ):
            if partner[flag]:
                self._assert_built(message_type, partner)

    def _assert_built(self, message_type, record):
        contract = self.env["interop.contract"]._find(message_type)
        handler = contract._handler().with_company(self.facility)
        built = handler._snapshot_builder(record)(record)
        self.assertEqual(contract._violations(built["data"]), [])
        wire = envelope_tools.build(
            id="msg_1",
            type=message_type,
            schema_version=contract.version,
            source="urn:odoo",
            occurred_at=NOON,
            data=built["data"],
            subject=built["subject"],
        )
        envelope_tools.parse_envelope(wire)

    # === TESTS === #

    def test_every_text_member_of_every_inbound_contract_is_tried(self):
        self.assertEqual(
            set(self.contracts.mapped("message_type")), set(self._contents())
        )
        for contract in self.contracts:
            schema = contract._schema()
            tried = set()
            for data in self._contents()[contract.message_type]:
                self.assertEqual(contract._violations(data), [])
                tried |= paths(data)
            values = {"active"}  # the one member that is no text
            missing = set(schema_tools.field_paths(schema)) - tried - values
            self.assertFalse(missing, contract.message_type)

    @mute_logger("odoo.addons.interop_base.models.log.message_effect")
    def test_real_time_each_text_is_refused_with_its_place_or_leaves_again(self):
        counts, tried = {}, set()
        for contract, pointer, name, data in self._samples():
            tried.add(name)
            with self.subTest(f"{contract.message_type} {pointer} {name}"):
                result = self._send(self.fast, contract, data)
                counts[result["status"]] = counts.get(result["status"], 0) + 1
                if result["status"] == 200:
                    self._assert_leaves(self._message(result["id"]))
                else:
                    self._assert_refused(result["problem"])
        _logger.info("hostile texts in real time: %s", counts)
        self.assertEqual(set(counts), {200, 422})
        self.assertEqual(tried, set(TEXTS))

    @mute_logger("odoo.addons.interop_base.models.log.message_effect")
    def test_in_the_background_nothing_is_tried_twice(self):
        wanted = {
            ("person.registered", "/identifiers/0/value"),
            ("person.registered", "/name/given/0"),
            ("person.registered", "/address/state"),
            ("charge.posted", "/cost_center"),
            ("charge.posted", "/code/code"),
            (self.custom.message_type, "/name"),
            (self.custom.message_type, "/city"),
        }
        taken, tried = [], set()
        for contract, pointer, name, data in self._samples(wanted):
            tried.add(name)
            result = self._send(self.slow, contract, data)
            if result["status"] == 202:
                taken.append((result["id"], f"{pointer} {name}"))
            else:
                self._assert_refused(result["problem"])
        self.assertTrue(taken)
        self.assertEqual(tried, set(TEXTS))
        for _run in range(20):  # a run is limited to its seconds
            self.env["interop.pump"].sudo()._run_inline()
            states = {self._message(external_id).state for external_id, _what in taken}
            if "pending" not in states:
                break
        for external_id, what in taken:
            message = self._message(external_id)
            with self.subTest(what):
                self.assertIn(message.state, ("done", "skipped", "dead", "parked"))
                self.assertEqual(message.attempt_count, 1)
                if message.state in ("dead", "parked"):
                    self.assertEqual(message.error_kind, "business")
                else:
                    self._assert_leaves(message)

    def test_names_of_ten_times_255_letters_are_refused_at_the_door(self):
        """Case 11 and 13: too long for an index and for outbound messages."""
        contract = self.env["interop.contract"]._find("person.registered")
        long = TEXTS["255 letters of four bytes"]
        for given in ([long] * 4, ["x" * 255] * 10, ["y" * 100] * 3):
            data = self._contents()["person.registered"][0]
            data["name"] = {"given": given}
            problem = self._send(self.fast, contract, data)["problem"]
            self.assertEqual(problem["code"], "schema_violation")
            self.assertEqual(problem["errors"][0]["pointer"], "/data/name")

    def test_five_lines_of_an_address_leave_again(self):
        """Case 13."""
        contract = self.env["interop.contract"]._find("person.registered")
        for length in (100, 255):
            data = self._contents()["person.registered"][0]
            data["address"]["lines"] = [char * length for char in "abcde"]
            result = self._send(self.fast, contract, data)
            self.assertEqual(result["status"], 200, result)
            self._assert_leaves(self._message(result["id"]))

    def test_city_and_state_of_a_country_without_states_can_be_sent(self):
        """Case 13."""
        contract = self.env["interop.contract"]._find("person.registered")
        data = self._contents()["person.registered"][0]
        data["address"] = {"city": "c" * 200, "state": "s" * 100}
        problem = self._send(self.fast, contract, data)["problem"]
        self.assertEqual(problem["errors"][0]["pointer"], "/data/address/city")

    def test_an_accepted_website_can_be_sent(self):
        contract = self.env["interop.contract"]._find("person.registered")
        for value in ("w" * 250, "http://["):
            data = self._contents()["person.registered"][0]
            data["telecom"] = [{"system": "url", "value": value}]
            result = self._send(self.fast, contract, data)
            self.assertEqual(result["status"], 422, value)
            pointer = result["problem"]["errors"][0]["pointer"]
            self.assertEqual(pointer, "/data/telecom/0/value")
