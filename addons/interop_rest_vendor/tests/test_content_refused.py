"""What the database refuses of a third party is refused once, with a place."""

import hashlib
import hmac
import json

from odoo.tests import tagged

from odoo.addons.interop_rest.tests.test_content_refused import (
    REFUSED,
    ContentRefusedCase,
)


@tagged("post_install", "-at_install")
class TestVendorContentRefused(ContentRefusedCase):
    """The same refusals, at the address of webhooks."""

    def test_from_a_third_party(self):
        github = self.env.ref("interop_rest_vendor.interop_signature_scheme_github")
        vendor = self._create_client(
            accepts_vendor=True,
            accepts_signature=False,
            signature_scheme_id=github.id,
            event_type_ids=[(0, 0, {"contract_id": self.contract.id})],
        )
        key = "shared-with-the-vendor-1"
        self.env["interop.client.secret.wizard"].create(
            {"client_id": vendor.id, "value": key}
        )
        self._activate_client(vendor)
        self.env.flush_all()
        for name, code in (
            ("a\x00b", "schema_violation"),
            *((name, "content_refused") for name in REFUSED),
            ("fine", None),
        ):
            body = json.dumps({"name": name}).encode()
            digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
            response = self.opener.post(
                f"{self.base_url()}/interop/v1/webhooks/{vendor.code}",
                data=body,
                headers={
                    "Content-Type": "application/json",
                    "X-Hub-Signature-256": f"sha256={digest}",
                },
            )
            with self.subTest(name):
                self.assertEqual(response.status_code, 422 if code else 200)
                if code:
                    problem = response.json()
                    self.assertEqual(problem["code"], code)
                    pointer = problem["errors"][0]["pointer"]
                    self.assertTrue(pointer.startswith("/data"))
        self.env.invalidate_all()
        self.assertIn("fine", self._effects())
