"""Vendors that sign with a private key, received without a line of Python for them."""

import base64
import json

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_rest.tests.common import RestEffectHttpCase


@tagged("post_install", "-at_install")
class TestVendorPublicKey(RestEffectHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ecdsa = cls.env.ref("interop_rest_vendor.interop_signature_scheme_sendgrid")
        cls.rsa = cls.env["interop.signature.scheme"].create(
            {
                "name": "Signs with RSA",
                "algorithm": "rsa-sha256",
                "header": "X-Signature-SHA256",
                "encoding": "base64",
            }
        )
        cls.private = {
            cls.ecdsa: ec.generate_private_key(ec.SECP256R1()),
            cls.rsa: rsa.generate_private_key(65537, 2048),
        }

    def _public(self, scheme):
        public = self.private[scheme].public_key()
        return public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def _create_vendor(self, scheme, value):
        vendor = self._create_client(
            accepts_vendor=True,
            accepts_signature=False,
            signature_scheme_id=scheme.id,
            event_type_ids=[(0, 0, {"contract_id": self.contract.id})],
        )
        self.env["interop.client.secret.wizard"].create(
            {"client_id": vendor.id, "value": value}
        )
        return self._activate_client(vendor)

    def _headers(self, scheme, body):
        """Return what the vendor sends along."""
        key, timestamp = self.private[scheme], str(clock.timestamp())
        if scheme == self.rsa:
            signature = key.sign(body, padding.PKCS1v15(), SHA256())
        else:
            signature = key.sign(timestamp.encode() + body, ec.ECDSA(SHA256()))
        return {
            "Content-Type": "application/json",
            scheme.header: base64.b64encode(signature).decode(),
            **({scheme.timestamp_header: timestamp} if scheme.timestamp_header else {}),
        }

    def _hook(self, vendor, body, headers):
        self.env.flush_all()
        url = f"{self.base_url()}/interop/v1/webhooks/{vendor.code}"
        response = self.opener.post(url, data=body, headers=headers)
        self.env.invalidate_all()
        return response

    def test_received_by_configuration_only(self):
        for number, scheme in enumerate(self.private, 1):
            with self.subTest(scheme=scheme.name):
                self.assertEqual(scheme.is_weak, scheme == self.rsa)
                # Pasted into one line, as the field has only one.
                pasted = self._public(scheme).replace("\n", " ")
                vendor = self._create_vendor(scheme, pasted)
                body = json.dumps({"name": f"Ada {number}"}).encode()
                headers = self._headers(scheme, body)
                response = self._hook(vendor, body, headers)
                self.assertEqual(response.status_code, 200, response.text)
                self.assertEqual(len(self._effects()), number)
                refused = self._hook(vendor, body + b" ", headers)
                self._assert_problem(refused, 401, "unauthorized")
                vendor.secret_ids._set_revoked()
                refused = self._hook(vendor, body, headers)
                self._assert_problem(refused, 401, "unauthorized")

    def test_only_a_key_of_the_scheme_is_taken_over(self):
        for scheme, other in ((self.ecdsa, self.rsa), (self.rsa, self.ecdsa)):
            for value in (self._public(other), "no-key-but-sixteen-bytes"):
                with self._refused(UserError, "not a public key"):
                    self._create_vendor(scheme, value)

    def test_try_it(self):
        body = '{"name": "Ada"}'
        for scheme in self.private:
            wizard = self.env["interop.signature.try.wizard"]
            form = Form(wizard.with_context(default_scheme_id=scheme.id))
            self.assertFalse(form.accepted)
            form.body = body
            headers = self._headers(scheme, body.encode())
            form.headers = "\n".join(
                f"{key}: {value}" for key, value in headers.items()
            )
            form.secret = self._public(scheme)
            self.assertTrue(form.accepted, form.verdict)
            form.secret = "another"
            self.assertIn("PEM", form.verdict)
