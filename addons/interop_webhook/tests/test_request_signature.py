"""Deliveries signed by RFC 9421, verified by a library that is not ours."""

import base64
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from odoo.addons.interop_base import clock
from odoo.addons.interop_base.tools import signing

from ..tools import message_signing
from .common import WebhookCase


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, keys):
        self.keys = keys

    def resolve_public_key(self, key_id):
        return self.keys[key_id]


class _Request:
    def __init__(self, url, received):
        self.method = received.method
        self.url = url
        self.headers = {name.lower(): value for name, value in received.headers}


@tagged("post_install", "-at_install")
class TestRequestSignature(WebhookCase):
    def _verify(self, received, url, endpoint, algorithm=algorithms.HMAC_SHA256):
        """Return the parameters of the one signature, as a receiver would get them."""
        keys = {}
        for secret in endpoint.secret_ids:
            if secret.kind == "hmac":
                keys[secret.uuid] = signing.decode_secret(secret._get_value())
            else:
                raw = base64.b64decode(secret.public_value.removeprefix("whpk_"))
                keys[secret.uuid] = Ed25519PublicKey.from_public_bytes(raw)
        verifier = HTTPMessageVerifier(
            signature_algorithm=algorithm, key_resolver=_Keys(keys)
        )
        (result,) = verifier.verify(
            _Request(url, received),
            body=received.body,
            max_age=timedelta(minutes=5),
            require_components=message_signing.COVERED,
        )
        return result.parameters

    def test_a_delivery_is_verified_by_the_library(self):
        for version, algorithm in (
            ("request_hmac", algorithms.HMAC_SHA256),
            ("request_ed25519", algorithms.ED25519),
        ):
            with self.subTest(version=version):
                receiver = self._start_receiver()
                interface = self._create_flow(
                    receiver, signature_version=version, url=f"{receiver.url}?a=1&b=%20"
                )
                message = self._publish(interface)
                self._run()
                (received,) = receiver.requests
                endpoint = interface.endpoint_id
                found = self._verify(received, endpoint.url, endpoint, algorithm)
                self.assertEqual(found["keyid"], endpoint.secret_ids.uuid)
                self.assertEqual(found["alg"], algorithm.algorithm_id)
                self.assertEqual(
                    str(found["created"]), received.header("webhook-timestamp")
                )
                self.assertEqual(received.header("webhook-id"), message.external_id)
                self.assertIsNone(received.header("webhook-signature"))
                self.assertEqual(message.state, "done")
                received.body += b" "
                with self.assertRaises(InvalidSignature):
                    self._verify(received, endpoint.url, endpoint, algorithm)

    def test_each_try_has_a_nonce_of_its_own(self):
        receiver = self._start_receiver(503)
        interface = self._create_flow(receiver, signature_version="request_hmac")
        message = self._publish(interface)
        self._run()
        self._make_due(message)
        self._run()
        endpoint = interface.endpoint_id
        first, second = (
            self._verify(item, endpoint.url, endpoint) for item in receiver.requests
        )
        self.assertNotEqual(first["nonce"], second["nonce"])
        self.assertEqual(*(item.header("webhook-id") for item in receiver.requests))

    def test_the_replaced_secret_signs_until_it_ends(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, signature_version="request_hmac")
        endpoint = interface.endpoint_id
        old = endpoint.secret_ids
        action = endpoint.action_rotate_secret()
        new = endpoint.secret_ids - old
        note = action["params"]["note"]
        self.assertIn(new.uuid, note)
        self.assertIn(old.valid_to.strftime("%Y-%m-%d %H:%M"), note)
        self._publish(interface)
        self._run()
        old.valid_to = clock.now()
        self._publish(interface)
        self._run()
        keys = [
            self._verify(item, endpoint.url, endpoint)["keyid"]
            for item in receiver.requests
        ]
        self.assertEqual(keys, [old.uuid, new.uuid])

    def test_without_a_secret_nothing_leaves(self):
        receiver = self._start_receiver()
        interface = self._create_flow(receiver, signature_version="request_ed25519")
        message = self._publish(interface)
        interface.endpoint_id.secret_ids._set_revoked()
        self._run()
        self.assertEqual((message.state, message.error_code), ("dead", "no_secret"))
        self.assertFalse(receiver.requests)

    def test_no_extra_header_takes_the_place_of_the_signature(self):
        endpoint = self._create_endpoint(signature_version="request_hmac")
        extra = [(0, 0, {"name": "Signature-Input", "value": "x"})]
        with self._refused(ValidationError, "Signature-Input"):
            endpoint.header_ids = extra
        plain = self._create_endpoint(header_ids=extra)
        with self._refused(ValidationError, "Signature-Input"):
            plain.signature_version = "request_ed25519"
