"""Webhooks of third parties over the real route, without a line of Python for them."""

import hashlib
import hmac
import json
from types import SimpleNamespace

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from odoo.addons.interop_base import clock

from ..tools import vendor_signatures
from ..wizard import interop_signature_try_wizard as try_wizard
from .vendor_common import SECRET, VendorHttpCase


@tagged("post_install", "-at_install")
class TestVendorWebhook(VendorHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.github = cls.env.ref("interop_rest_vendor.interop_signature_scheme_github")
        cls.stripe = cls.env.ref("interop_rest_vendor.interop_signature_scheme_stripe")
        cls.vendor = cls._create_vendor(cls.github)

    def _signature(self, scheme, body, key=SECRET, moment=0):
        timestamp = str(clock.timestamp() + moment) if scheme.timestamp_header else ""
        return vendor_signatures.sign(
            scheme._scheme(),
            vendor_signatures.Sent("POST", "", [], body),
            key.encode(),
            timestamp,
            "",
        )

    def _hook(self, value, vendor=None, body=None, headers=None, **options):
        vendor = vendor or self.vendor
        scheme = vendor.signature_scheme_id
        body = json.dumps(value).encode() if body is None else body
        signed = {scheme.header: self._signature(scheme, body, **options)}
        self.env.flush_all()
        response = self.opener.post(
            f"{self.base_url()}/interop/v1/webhooks/{vendor.code}",
            data=body,
            headers={"Content-Type": "application/json", **signed, **(headers or {})},
        )
        self.env.invalidate_all()
        return response

    # --- taken

    def test_by_hand_as_the_vendor_documents_it(self):
        body = b'{"name": "Ada"}'
        value = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        response = self._hook(
            None, body=body, headers={"X-Hub-Signature-256": f"sha256={value}"}
        )
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(self._effects(), ["Ada"])
        message = self._messages(self.vendor)
        self.assertEqual(message.state, "done")
        self.assertEqual(message.contract_id, self.contract)
        self.assertEqual(message.create_uid, self.vendor.user_id)
        content = json.loads(message._payload_bytes())
        self.assertEqual(content["data"], {"name": "Ada"})
        self.assertEqual(content["id"], vendor_signatures.body_id(body))

    def test_the_same_body_again_is_the_same_event(self):
        first = self._hook({"name": "Ada"})
        again = self._hook({"name": "Ada"}, headers={"X-GitHub-Delivery": "another"})
        self.assertEqual(again.json(), first.json())
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self._hook({"name": "Eve"})
        self.assertEqual(self._effects(), ["Ada", "Eve"])

    def test_the_end_of_a_version_is_announced_here_too(self):
        self.contract.sunset_date = "2099-12-31"
        self.contract._set_deprecated()
        for _number in range(2):
            response = self._hook({"name": "Ada"})
            self.assertEqual(response.status_code, 200, response.text)
            self.assertRegex(response.headers["Deprecation"], r"^@\d+$")
            self.assertEqual(
                response.headers["Sunset"], "Thu, 31 Dec 2099 00:00:00 GMT"
            )

    def test_everything_from_places_in_the_body(self):
        vendor = self._create_vendor(
            self.stripe,
            event_type_from="path",
            event_type_name="/type",
            event_id_path="/id",
            event_data_path="/data/object",
            event_time_path="/created",
            event_facility_path="/site",
            event_type_ids=[
                (0, 0, {"value": "person.new", "contract_id": self.contract.id}),
                (0, 0, {"value": "ping"}),
            ],
        )
        event = {
            "id": "evt_1",
            "type": "person.new",
            "created": 1700000000,
            "site": "MERCY",
            "data": {"object": {"name": "Ada"}},
        }
        response = self._hook(event, vendor)
        self.assertEqual(response.status_code, 200, response.text)
        message = self._messages(vendor)
        self.assertEqual(message.external_id, "evt_1")
        self.assertEqual(message.company_id, self.facility)
        self.assertEqual(str(message.occurred_at), "2023-11-14 22:13:20")
        again = self._hook(event, vendor, moment=5)
        self.assertEqual(again.headers["Idempotent-Replayed"], "true")
        self._assert_problem(
            self._hook({**event, "created": 1700000001}, vendor), 409, "id_reused"
        )
        ignored = self._hook({"type": "ping"}, vendor)
        self.assertEqual(ignored.json(), {"status": "ignored"})
        for refused in ({"type": "other"}, {"type": ["ping"]}, {}, [{}], "text"):
            response = self._hook(refused, vendor)
            self._assert_problem(response, 422, "event_not_expected")
        for broken in ({"id": ""}, {"data": {}}, {"data": {"object": "x"}}):
            response = self._hook({**event, **broken}, vendor)
            self._assert_problem(response, 400, "invalid_envelope")
        response = self._hook({**event, "id": "evt_2", "site": "NOWHERE"}, vendor)
        self._assert_problem(response, 422, "unknown_facility")
        self.assertEqual(self._effects(), ["Ada"])

    def test_the_kind_from_a_header(self):
        vendor = self._create_vendor(
            self.github,
            event_type_from="header",
            event_type_name="X-GitHub-Event",
            event_type_ids=[(0, 0, {"value": "push", "contract_id": self.contract.id})],
        )
        response = self._hook({"name": "Ada"}, vendor)
        self._assert_problem(response, 422, "event_not_expected")
        headers = {"X-GitHub-Event": "push"}
        response = self._hook({"name": "Ada"}, vendor, headers=headers)
        self.assertEqual(response.status_code, 200, response.text)

    def test_for_later(self):
        self.interface.latency_tier = "near_real_time"
        self.assertEqual(self._hook({"name": "Ada"}).status_code, 202)
        self.env["interop.pump"]._run_inline()
        self.assertEqual(self._effects(), ["Ada"])

    def test_the_contract_is_checked(self):
        response = self._hook({"city": 5})
        self._assert_problem(response, 422, "schema_violation")

    def test_odd_ids_are_known_by_their_hash(self):
        vendor = self._create_vendor(
            self.stripe, event_id_path="/id", event_data_path="/d"
        )
        for number, name in (("a.b,c é", "Ada"), (17, "Eve")):
            response = self._hook({"id": number, "d": {"name": name}}, vendor)
            self.assertEqual(response.status_code, 200, response.text)
        ids = self._messages(vendor).mapped("external_id")
        self.assertIn("17", ids)
        self.assertTrue(any(text.startswith("id_") for text in ids))

    # --- refused

    def test_every_failure_is_the_same_401(self):
        stripe = self._create_vendor(self.stripe)
        suspended = self._create_vendor(self.github)
        suspended._set_suspended()
        nowhere = SimpleNamespace(code="nobody", signature_scheme_id=self.github)
        header = {"X-Hub-Signature-256": "sha256=" + "0" * 64}
        bodies = [
            self._assert_problem(response, 401, "unauthorized")
            for response in (
                self._hook({"name": "Ada"}, key="not the secret of it"),
                self._hook({"name": "Ada"}, headers=header),
                self._hook({"name": "Ada"}, headers={"X-Hub-Signature-256": ""}),
                self._hook({"name": "Ada"}, stripe, moment=-400),
                self._hook({"name": "Ada"}, stripe, moment=400),
                self._hook({"name": "Ada"}, suspended),
                self._hook({"name": "Ada"}, nowhere),
                self._post(client=self.vendor.code),
            )
        ]
        told = [
            {key: body[key] for key in body if key != "trace_id"} for body in bodies
        ]
        self.assertTrue(all(body == told[0] for body in told))
        self.assertFalse(self._messages(self.vendor) | self._messages(stripe))

    def test_a_client_of_another_kind_has_no_such_address(self):
        response = self.opener.post(
            f"{self.base_url()}/interop/v1/webhooks/{self.client.code}",
            data=b"{}",
            headers={"Content-Type": "application/json"},
        )
        self._assert_problem(response, 401, "unauthorized")

    def test_limits_hold_here_too(self):
        url = f"{self.base_url()}/interop/v1/webhooks/{self.vendor.code}"
        self._assert_problem(self.opener.get(url), 405, "method_not_allowed")
        response = self._hook({}, headers={"Content-Type": "text/plain"})
        self._assert_problem(response, 415, "unsupported_media_type")
        for body in (b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff"):
            self._assert_problem(self._hook(None, body=body), 400, "invalid_json")
        self.env["ir.config_parameter"].set_param("interop_rest.max_body_kb", "1")
        self._assert_problem(self._hook({"name": "x" * 2000}), 413, "too_large")

    # --- set up

    def test_what_is_missing(self):
        client = self._create_client(accepts_vendor=True, accepts_signature=False)
        with self._refused(UserError, "signature scheme"):
            self._activate_client(client)

    def test_an_approved_map_does_not_change(self):
        for values in (
            {"signature_scheme_id": self.stripe.id},
            {"event_id_path": "/id"},
            {"event_type_ids": [(5,)]},
        ):
            with self._refused(UserError, "approved"):
                self.vendor.write(values)
        with self._refused(UserError, "approved"):
            self.vendor.event_type_ids.contract_id = False
        with self._refused(UserError, "approved"):
            self.vendor.event_type_ids.unlink()
        with self._refused(UserError, "Duplicate it"):
            self.github.template = "x{body}"
        self.github.copy().template = "x{body}"
        self.github.note = "Notes may change."

    def test_places_are_checked(self):
        for values in (
            {"event_id_path": "id"},
            {"event_data_path": "/~9"},
            {"event_type_from": "header", "event_type_name": "X Event"},
            {"event_type_from": "path", "event_type_name": "type"},
        ):
            with self._refused(ValidationError, "not a valid place"):
                self._create_client(**values)

    def test_schemes_that_make_no_sense(self):
        for values in (
            {"template": "{timestamp}"},
            {"id_header": "X-Id"},
            {"timestamp_header": "X-Time"},
        ):
            with self._refused(ValidationError, "would accept no webhook"):
                self.github.copy().write(values)

    def test_weak_ones_are_marked(self):
        self.assertTrue(self.github.is_weak and self.vendor.scheme_is_weak)
        self.assertFalse(self.stripe.is_weak)

    def test_the_secret_goes_in_and_does_not_come_out(self):
        secret = self.vendor.secret_ids
        self.assertEqual(secret.kind, "credential")
        self.assertEqual(self.vendor._vendor_keys(clock.now()), [SECRET.encode()])
        for table in ("interop_secret", "interop_client_secret_wizard"):
            self.env.cr.execute(f"SELECT string_agg(t::text, '') FROM {table} t")
            self.assertNotIn(SECRET, self.env.cr.fetchone()[0] or "")
        wizard = self.env["interop.client.secret.wizard"]
        with self._refused(UserError, "at least 16 bytes"):
            wizard.create({"client_id": self.vendor.id, "value": "short"})
        operator = self._create_user("operator")
        with self._refused(AccessError):
            wizard.with_user(operator).create({"client_id": self.vendor.id})

    # --- try it

    def test_try_it(self):
        for name in ("github", "stripe", "slack", "shopify", "standard"):
            scheme = self.env.ref(
                f"interop_rest_vendor.interop_signature_scheme_{name}"
            )
            wizard = self.env["interop.signature.try.wizard"]
            form = Form(wizard.with_context(**scheme.action_try()["context"]))
            self.assertTrue(form.accepted, (name, form.verdict))
            form.body += " "
            self.assertFalse(form.accepted)
            self.assertIn("without any change", form.verdict)
            form.body = form.body[:-1]
            form.secret = "short"
            self.assertIn("16", form.verdict)

    def test_try_it_now(self):
        wizard = self.env["interop.signature.try.wizard"]
        form = Form(wizard.with_context(default_scheme_id=self.stripe.id))
        sent = json.dumps({"old": True})
        form.body = sent
        form.headers = "Stripe-Signature: " + self._signature(
            self.stripe, sent.encode(), try_wizard.SAMPLE_SECRET, -5000
        )
        self.assertTrue(form.accepted, form.verdict)
        form.ignore_age = False
        self.assertIn("older than the tolerance", form.verdict)

    def test_nothing_that_was_tried_is_stored(self):
        names = {"secret", "method", "path", "headers", "body", "verdict"}
        fields = self.env["interop.signature.try.wizard"]._fields
        self.assertFalse([name for name in names if fields[name].store])
