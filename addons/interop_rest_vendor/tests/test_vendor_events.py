"""Bodies as vendors document them: lists of events, times, large numbers, forms,
challenges."""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from odoo.exceptions import UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.models.log.message_effect import MessageEffect
from odoo.addons.interop_base.tools import statement

from ..tools import vendor_signatures
from .vendor_common import SECRET, VendorHttpCase

FORM = "application/x-www-form-urlencoded"


def data_of(message):
    """Return the content of a message."""
    return json.loads(message._payload_bytes())["data"]


@tagged("post_install", "-at_install")
class TestVendorLists(VendorHttpCase):
    """case 33: each event of a body is a message, or none is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_contract()
        cls.vendor = cls._create_vendor(
            cls._scheme("github"),
            event_id_path="/id",
            event_type_from="path",
            event_type_name="/kind",
            event_data_path="/data",
            event_type_ids=[
                (0, 0, {"value": "new", "contract_id": cls.contract.id}),
                (0, 0, {"value": "ping"}),
            ],
        )

    def _event(self, number, **members):
        data = {"name": f"Name {number}"}
        return {"id": f"evt-{number}", "kind": "new", "data": data, **members}

    def test_each_event_is_a_message(self):
        value = [self._event(1), self._event(2), {"kind": "ping"}, self._event(3)]
        response = self._hook(self.vendor, value)
        self.assertEqual(response.status_code, 200, response.text)
        results = response.json()["results"]
        self.assertEqual([item["index"] for item in results], [0, 1, 2, 3])
        self.assertEqual(
            [item["message"]["status"] for item in results],
            ["done", "done", "ignored", "done"],
        )
        self.assertEqual(self._effects(), ["Name 1", "Name 2", "Name 3"])
        messages = self._messages(self.vendor).sorted("external_id")
        self.assertEqual(messages.mapped("external_id"), ["evt-1", "evt-2", "evt-3"])
        self.assertEqual([data_of(item)["name"] for item in messages], self._effects())

    def test_again_in_another_batch_they_are_the_same_events(self):
        self._hook(self.vendor, [self._event(1), self._event(2)])
        response = self._hook(self.vendor, [self._event(2), self._event(4)])
        results = response.json()["results"]
        self.assertEqual([item.get("replayed") for item in results], [True, None])
        self.assertEqual(self._effects(), ["Name 1", "Name 2", "Name 4"])

    def test_all_or_nothing(self):
        for wrong, status, code, pointer in (
            (self._event(2, kind="other"), 422, "event_not_expected", "/1"),
            (self._event(2, data={"name": 5}), 422, "schema_violation", "/1/data/name"),
            (self._event(2, id=""), 400, "invalid_envelope", "/1/id"),
            (self._event(1, data={"name": "X"}), 409, "id_reused", "/1"),
            (self._event(2, data={"name": "technical"}), 503, "technical", "/1"),
            ("text", 422, "event_not_expected", "/1"),
        ):
            response = self._hook(self.vendor, [self._event(1), wrong])
            problem = self._assert_problem(response, status, code)
            self.assertEqual(problem["errors"][0]["pointer"], pointer)
        self.assertFalse(self._messages(self.vendor))
        self.assertEqual(self._effects(), [])

    def test_one_that_a_person_has_to_decide_about_stops_no_other(self):
        value = [self._event(1, data={"name": "stranger"}), self._event(2)]
        response = self._hook(self.vendor, value)
        self.assertEqual(response.status_code, 200, response.text)
        statuses = [item["status"] for item in response.json()["results"]]
        self.assertEqual(statuses, [422, 200])
        self.assertEqual(self._effects(), ["Name 2"])

    def test_without_an_id_the_content_is_one(self):
        vendor = self._create_vendor(self._scheme("github"))
        value = [{"name": "A"}, {"name": "B"}, {"name": "A"}]
        first = self._hook(vendor, value).json()["results"]
        ids = [item["id"] for item in first]
        self.assertEqual(len(set(ids)), 3)
        again = self._hook(vendor, value).json()["results"]
        self.assertEqual([item["id"] for item in again], ids)
        self.assertTrue(all(item["replayed"] for item in again))
        names = [data_of(item)["name"] for item in self._messages(vendor)]
        self.assertEqual(sorted(names), ["A", "A", "B"])

    def test_a_signed_id_numbers_its_events(self):
        scheme = self._scheme("standard").copy({"key_encoding": "text"})
        vendor = self._create_vendor(scheme)
        response = self._hook(vendor, [{"name": "A"}, {"name": "A"}])
        ids = [item["id"] for item in response.json().get("results", ())]
        self.assertEqual(ids, ["evt-1:0", "evt-1:1"], response.text)

    def test_the_order_of_a_list_decides_between_equal_moments(self):
        """Events about one record, all of one signed time: the last one is the newest."""
        vendor = self._create_vendor(self._scheme("slack"))
        self._hook(vendor, [{"name": "A"}, {"name": "B"}, {"name": "C"}])
        messages = self._messages(vendor).sorted("id")
        self.assertEqual([data_of(item)["name"] for item in messages], ["A", "B", "C"])
        self.assertEqual(len(set(messages.mapped("occurred_at"))), 1)
        first, second, third = (message._statement() for message in messages)
        self.assertTrue(statement.is_newer(second, first))
        self.assertTrue(statement.is_newer(third, second))
        self.assertFalse(statement.is_newer(first, second))
        self._hook(vendor, [{"name": "D"}], moment=1)
        later = (self._messages(vendor) - messages)._statement()
        self.assertTrue(statement.is_newer(later, third))

    def test_a_list_at_a_place(self):
        vendor = self._create_vendor(
            self._scheme("github"), event_list_path="/events", event_id_path="/id"
        )
        value = {"events": [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]}
        self.assertEqual(self._hook(vendor, value).status_code, 200)
        self.assertEqual(self._effects(), ["A", "B"])
        self.assertEqual(self._hook(vendor, {"events": []}).json(), {"results": []})
        response = self._hook(vendor, {"name": "A"})
        self._assert_problem(response, 400, "invalid_envelope")

    def test_later_is_202(self):
        self.interface.latency_tier = "near_real_time"
        response = self._hook(self.vendor, [self._event(1), self._event(2)])
        self.assertEqual(response.status_code, 202, response.text)
        self.env["interop.pump"]._run_inline()
        self.assertEqual(self._effects(), ["Name 1", "Name 2"])

    def test_more_than_one_is_refused_where_one_is_set_up(self):
        vendor = self._create_vendor(
            self._scheme("github"), event_data_path="/0/data", event_id_path="/0/id"
        )
        self.assertEqual(self._hook(vendor, [self._event(1)]).status_code, 200)
        response = self._hook(vendor, [self._event(2), self._event(3)])
        self._assert_problem(response, 422, "several_events")
        nested = self._create_vendor(
            self._scheme("github"), event_data_path="/events/0/data"
        )
        response = self._hook(nested, {"events": [self._event(2), self._event(3)]})
        self._assert_problem(response, 422, "several_events")
        self.assertEqual(self._effects(), ["Name 1"])

    def test_too_many(self):
        response = self._hook(self.vendor, [{"kind": "ping"}] * 1001)
        self._assert_problem(response, 413, "batch_too_long")


@tagged("post_install", "-at_install")
class TestVendorTemplates(VendorHttpCase):
    """case 33, 34, 36: the shipped schemes with the bodies that vendors document."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_contract()

    def _kinds(self, *names):
        return [
            (0, 0, {"value": name, "contract_id": self.contract.id}) for name in names
        ]

    def test_sendgrid(self):
        scheme = self._scheme("sendgrid")
        private = ec.generate_private_key(ec.SECP256R1())
        public = private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        vendor = self._create_client(
            accepts_vendor=True,
            accepts_signature=False,
            signature_scheme_id=scheme.id,
            event_type_from="path",
            event_type_name="/event",
            event_id_path="/sg_event_id",
            event_time_path="/timestamp",
            event_type_ids=self._kinds("processed", "delivered"),
        )
        self.env["interop.client.secret.wizard"].create(
            {"client_id": vendor.id, "value": public.decode().replace("\n", " ")}
        )
        self._activate_client(vendor)
        body = json.dumps(
            [
                {
                    "email": "example@test.com",
                    "timestamp": 1513299569,
                    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
                    "event": kind,
                    "category": ["cat facts"],
                    "sg_event_id": f"sg_{kind}",
                    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88",
                    "name": kind,
                }
                for kind in ("processed", "delivered")
            ]
        ).encode()
        timestamp = str(clock.timestamp())
        signature = private.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
        self.env.flush_all()
        response = self.opener.post(
            f"{self.base_url()}/interop/v1/webhooks/{vendor.code}",
            data=body,
            headers={
                "Content-Type": "application/json",
                scheme.header: base64.b64encode(signature).decode(),
                scheme.timestamp_header: timestamp,
            },
        )
        self.env.invalidate_all()
        self.assertEqual(response.status_code, 200, response.text)
        messages = self._messages(vendor)
        self.assertEqual(len(messages), 2)
        self.assertEqual(str(messages[0].occurred_at)[:19], "2017-12-15 00:59:29")

    def test_hubspot(self):
        vendor = self._create_vendor(
            self._scheme("hubspot"),
            event_type_from="path",
            event_type_name="/subscriptionType",
            event_id_path="/eventId",
            event_time_path="/occurredAt",
            event_type_ids=self._kinds("contact.creation", "contact.propertyChange"),
        )
        value = [
            {
                "eventId": number,
                "subscriptionId": 12345,
                "portalId": 62515,
                "occurredAt": 1567790363000 + number,
                "subscriptionType": kind,
                "attemptNumber": 0,
                "objectId": 123,
                "changeSource": "CRM",
                "name": kind,
            }
            for number, kind in (
                (1, "contact.creation"),
                (2, "contact.propertyChange"),
                (3, "contact.creation"),
            )
        ]
        response = self._hook(vendor, value)
        self.assertEqual(response.status_code, 200, response.text)
        found = self._messages(vendor).sorted("external_id")
        self.assertEqual(found.mapped("external_id"), ["1", "2", "3"])
        self.assertEqual(str(found[0].occurred_at)[:19], "2019-09-06 17:19:23")

    def test_shopify_has_ids_beyond_a_double(self):
        """case 34: taken exactly."""
        vendor = self._create_vendor(self._scheme("shopify"), event_id_path="/id")
        value = {"id": 820982911946154508, "name": "#9999", "total_price": "403.00"}
        response = self._hook(vendor, value)
        self.assertEqual(response.status_code, 200, response.text)
        message = self._messages(vendor)
        self.assertEqual(message.external_id, "820982911946154508")
        self.assertEqual(data_of(message)["id"], 820982911946154508)
        self.assertEqual(
            MessageEffect(message)._stored_data()["id"], 820982911946154508
        )

    def test_own_contracts_say_which_member(self):
        """case 34: which member, and why."""
        envelope = self._envelope(data={"name": "x", "deep": [2**53]})
        problem = self._assert_problem(self._post(envelope), 400, "invalid_json")
        (error,) = problem["errors"]
        self.assertEqual(
            (error["pointer"], error["code"]), ("/data/deep/0", "too_large")
        )
        self.assertIn("2**53 - 1", error["detail"])
        self.assertIn("as text", error["detail"])

    def test_stripe(self):
        vendor = self._create_vendor(
            self._scheme("stripe"),
            event_type_from="path",
            event_type_name="/type",
            event_id_path="/id",
            event_data_path="/data/object",
            event_time_path="/created",
            event_type_ids=self._kinds("setup_intent.created"),
        )
        value = {
            "id": "evt_1NG8Du2eZvKYlo2CUI79vXWy",
            "object": "event",
            "api_version": "2019-02-19",
            "created": 1686089970,
            "data": {"object": {"id": "seti_1", "amount": None, "name": "S"}},
            "type": "setup_intent.created",
        }
        response = self._hook(vendor, value)
        self.assertEqual(response.status_code, 200, response.text)

    def test_slack(self):
        vendor = self._create_vendor(
            self._scheme("slack"),
            event_type_from="path",
            event_type_name="/event/type",
            event_id_path="/event_id",
            event_data_path="/event",
            event_time_path="/event/ts",
            event_type_ids=self._kinds("app_mention"),
        )
        token = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
        challenge = {
            "token": "Jhj5dZrVaK7ZwHHjRyZWjbDl",
            "challenge": token,
            "type": "url_verification",
        }
        response = self._hook(vendor, challenge)
        self.assertEqual(response.json(), {"challenge": token}, response.text)
        self.assertFalse(self._messages(vendor))
        response = self._hook(vendor, challenge, key="another-secret-of-16")
        self._assert_problem(response, 401, "unauthorized")
        response = self._hook(vendor, {**challenge, "challenge": "a{b}:c"})
        self._assert_problem(response, 400, "invalid_envelope")
        event = {
            "type": "event_callback",
            "event_id": "Ev123ABC456",
            "event_time": 1515449522,
            "event": {"type": "app_mention", "ts": "1515449522.000016", "name": "a"},
        }
        response = self._hook(vendor, event)
        self.assertEqual(response.status_code, 200, response.text)

    def test_zoom(self):
        vendor = self._create_vendor(
            self._scheme("zoom"),
            event_type_from="path",
            event_type_name="/event",
            event_time_path="/event_ts",
            event_type_ids=self._kinds("meeting.started"),
        )
        token = "qgg8vlvZRS6UYooatFL8Aw"
        challenge = {
            "payload": {"plainToken": token},
            "event_ts": 1654503849680,
            "event": "endpoint.url_validation",
        }
        proof = hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
        self.assertEqual(
            self._hook(vendor, challenge).json(),
            {"plainToken": token, "encryptedToken": proof},
        )
        event = {"event": "meeting.started", "event_ts": 1654503849680, "name": "x"}
        self.assertEqual(self._hook(vendor, event).status_code, 200)
        moment = self._messages(vendor).occurred_at
        self.assertEqual(str(moment)[:19], "2022-06-06 08:24:09")

    def test_the_text_itself_as_an_answer(self):
        scheme = self._scheme("slack").copy({"challenge_answer": "text"})
        vendor = self._create_vendor(scheme)
        response = self._hook(vendor, {"type": "url_verification", "challenge": "abc"})
        self.assertEqual(response.text, "abc")
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        self._assert_headers(response)

    def test_a_command_of_slack_is_a_form(self):
        """case 36: form bodies as an option of a scheme."""
        scheme = self._scheme("slack").copy({"body_format": "form"})
        vendor = self._create_vendor(scheme, event_id_path="/trigger_id")
        body = (
            b"token=gIkuvaNzQIHg97ATvDxqgjtO&team_id=T0001&command=%2Fweather&text=94070"
            b"&name=Steve+M%C3%BCller&trigger_id=13345224609"
        )
        form = {"Content-Type": FORM}
        response = self._hook(vendor, body=body, headers=form)
        self.assertEqual(response.status_code, 200, response.text)
        found = data_of(self._messages(vendor))
        self.assertEqual(found["command"], "/weather")
        self.assertEqual(found["name"], "Steve Müller")
        for wrong in (b"a=1&a=2", b"a=%ff", b"\xff"):
            response = self._hook(vendor, body=wrong, headers=form)
            self._assert_problem(response, 400, "invalid_form")
        response = self._hook(vendor, {"name": "A"})
        self._assert_problem(response, 415, "unsupported_media_type")
        self.assertEqual(response.headers["Accept"], FORM)
        json_only = self._create_vendor(self._scheme("github"))
        response = self._hook(json_only, body=body, headers=form)
        self._assert_problem(response, 415, "unsupported_media_type")


@tagged("post_install", "-at_install")
class TestVendorTimes(VendorHttpCase):
    """case 5: a time that cannot be read is never now."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._open_contract()

    def _moment(self, value, scheme="github", moment=0, **values):
        """Send an event with a time; return when it is said to have happened."""
        vendor = self._create_vendor(
            self._scheme(scheme), **{"event_time_path": "/at", **values}
        )
        response = self._hook(vendor, {"name": "Ada", "at": value}, moment=moment)
        self.assertEqual(response.status_code, 200, response.text)
        return str(self._messages(vendor).occurred_at)[:19]

    def test_what_can_be_read_is_read(self):
        for value in (
            *(1700000000, 1700000000000, 1700000000.5, "1700000000", "1700000000000"),
            *("2023-11-14T22:13:20Z", "2023-11-14t22:13:20.123456789z"),
            *("2023-11-14T23:13:20+01:00", "Tue, 14 Nov 2023 22:13:20 GMT"),
        ):
            with self.subTest(value=value):
                self.assertEqual(self._moment(value), "2023-11-14 22:13:20")

    def test_by_the_zone_of_the_configuration(self):
        zone = {"event_time_zone": "Europe/Amsterdam"}
        found = self._moment("2023-11-14T23:13:20", **zone)
        self.assertEqual(found, "2023-11-14 22:13:20")
        self.assertEqual(self._moment("2023-11-14", **zone), "2023-11-13 23:00:00")
        self.assertEqual(self._moment("20231114231320", **zone), found)

    def test_else_the_signed_time(self):
        expected = clock.timestamp() - 100
        for value in ("yesterday", None, "2023-11-14"):
            found = self._moment(value, "slack", -100)
            signed = vendor_signatures.datetime.strptime(found, "%Y-%m-%d %H:%M:%S")
            seconds = signed.replace(tzinfo=vendor_signatures.UTC).timestamp()
            self.assertAlmostEqual(seconds, expected, delta=30)

    def test_else_it_is_refused(self):
        vendor = self._create_vendor(self._scheme("github"), event_time_path="/at")
        for value in ("yesterday", None, "2023-11-14", "20231114221320", True, []):
            response = self._hook(vendor, {"name": "Ada", "at": value})
            problem = self._assert_problem(response, 400, "invalid_envelope")
            self.assertEqual(problem["errors"][0]["pointer"], "/at")
            self.assertEqual(problem["errors"][0]["code"], "invalid_timestamp")
        response = self._hook(vendor, {"name": "Ada"})
        self._assert_problem(response, 400, "invalid_envelope")
        self.assertEqual(self._effects(), [])

    def test_the_unit_of_a_number_is_part_of_what_was_approved(self):
        found = self._moment(90000000000, event_time_format="unix_ms")
        self.assertEqual(found, "1972-11-07 16:00:00")
        vendor = self._create_vendor(self._scheme("github"), event_time_path="/at")
        for values in (
            {"event_time_format": "unix"},
            {"event_time_zone": "UTC"},
            {"event_list_path": "/events"},
        ):
            with self._refused(UserError, "approved"):
                vendor.write(values)


@tagged("post_install", "-at_install")
class TestVendorSchemes(VendorHttpCase):
    """What a scheme may be, and what happens to one that was made before."""

    def test_parts_need_separators(self):
        """S8: refused at save."""
        standard = self._scheme("standard")
        scheme = standard.copy()
        for template in ("{id}{timestamp}.{body}", "{timestamp}.{id}{body}"):
            with self._refused(ValidationError, "separator"):
                scheme.template = template
        for template in ("{id}:{timestamp}{body}", "{id}.{timestamp}.{body}"):
            scheme.template = template

    def test_one_that_was_saved_before_goes_on_and_is_flagged(self):
        """S8: flagged by the upgrade, not broken."""
        owner = self._create_user("operator")
        self.system.owner_id = owner
        scheme = self._scheme("standard").copy({"key_encoding": "text"})
        vendor = self._create_vendor(scheme)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_signature_scheme SET template = %s WHERE id = %s",
            ["{id}{timestamp}{body}", scheme.id],
        )
        self.env.invalidate_all()
        path = file_path("interop_rest/migrations/19.0.1.2.0/end-signature-schemes.py")
        with mute_logger("end_signature_schemes"):
            load_script(path, "end_signature_schemes").migrate(self.env.cr, "")
        self.assertTrue(scheme.is_ambiguous and scheme.is_weak)
        self.assertIn("separator", scheme.message_ids[0].body)
        todo = vendor.activity_ids.filtered(lambda item: item.user_id == owner)
        self.assertIn(scheme.name, todo.summary)
        response = self._hook(vendor, {"name": "Ada"})
        self.assertEqual(response.status_code, 200, response.text)

    def test_the_shipped_ones_are_as_in_a_new_database_after_an_upgrade(self):
        slack = self._scheme("slack")
        names = [name for name in slack._fields if name.startswith("challenge_")]
        fresh = slack.read([*names, "note"])
        empty = ", ".join(f"{name} = NULL" for name in names)
        note = "The signing secret of the app, as it is shown."
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE interop_signature_scheme SET {empty}, note = %s WHERE id = %s",
            [note, slack.id],
        )
        self.env.invalidate_all()
        for name in ("19.0.1.2.0/end-signature-schemes", "19.0.1.3.0/end-scheme-notes"):
            path = file_path(f"interop_rest/migrations/{name}.py")
            load_script(path, "migration").migrate(self.env.cr, "")
        self.assertEqual(slack.read([*names, "note"]), fresh)

    def test_notes_are_those_of_a_new_database_after_an_upgrade(self):
        path = file_path("interop_rest/migrations/19.0.1.3.0/end-scheme-notes.py")
        script = load_script(path, "end_scheme_notes")
        schemes = {name: self._scheme(name) for name in script.NOTES}
        for name, (old, new) in script.NOTES.items():
            self.assertEqual(schemes[name].note.strip(), new, name)
            schemes[name].note = old
        schemes["zoom"].note = "Note of an administrator"
        script.migrate(self.env.cr, "")
        for name, (_old, new) in script.NOTES.items():
            expected = "Note of an administrator" if name == "zoom" else new
            self.assertEqual(schemes[name].note.strip(), expected, name)

    def test_challenges_are_described_completely(self):
        """case 36"""
        github = self._scheme("github")
        zoom = self._scheme("zoom")
        for scheme, values in (
            (github, {"challenge_answer": "json"}),
            (zoom, {"challenge_proof_member": False}),
            (zoom, {"challenge_token_path": "plainToken"}),
            (zoom, {"challenge_member": "a member"}),
            (zoom, {"algorithm": "ed25519"}),
        ):
            with self._refused(ValidationError, "challenge"):
                scheme.copy().write(values)
        self._create_vendor(zoom)
        for values in ({"challenge_kind": "other"}, {"body_format": "form"}):
            with self._refused(UserError, "Duplicate it"):
                zoom.write(values)
