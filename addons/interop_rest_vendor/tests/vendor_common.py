"""Clients that are third parties, with a secret that they share with us."""

import json

from odoo.addons.interop_base import clock
from odoo.addons.interop_rest.tests.common import RestEffectHttpCase

from ..tools import vendor_signatures

SECRET = "shared-with-the-vendor-1"


class VendorHttpCase(RestEffectHttpCase):
    """Webhooks of third parties over the real route."""

    @classmethod
    def _scheme(cls, name):
        return cls.env.ref(f"interop_rest_vendor.interop_signature_scheme_{name}")

    @classmethod
    def _open_contract(cls):
        """Take bodies with any members, as vendors send them."""
        schema = {"type": "object", "properties": {"name": {"type": "string"}}}
        cls.contract = cls._create_contract(schema=json.dumps(schema))
        cls.interface = cls._create_in_interface()

    @classmethod
    def _create_vendor(cls, scheme, **values):
        vendor = cls._create_client(
            accepts_vendor=True,
            accepts_signature=False,
            signature_scheme_id=scheme.id,
            **{"event_type_ids": [(0, 0, {"contract_id": cls.contract.id})], **values},
        )
        cls.env["interop.client.secret.wizard"].create(
            {"client_id": vendor.id, "value": SECRET}
        )
        return cls._activate_client(vendor)

    def _sent_headers(self, vendor, body, key=SECRET, moment=0):
        """Return the headers of a vendor whose scheme is an HMAC."""
        scheme = vendor.signature_scheme_id
        timestamp = ""
        if scheme.timestamp_header:
            now = clock.timestamp() + moment
            timestamp = vendor_signatures.written(scheme.timestamp_format, now)
        url = f"{self.base_url()}/interop/v1/webhooks/{vendor.code}"
        path = "/interop/v1/webhooks/" + vendor.code
        sent = vendor_signatures.Sent("POST", path, [], body, url)
        signature = vendor_signatures.sign(
            scheme._scheme(), sent, key.encode(), timestamp, "evt-1"
        )
        found = {scheme.header: signature}
        if timestamp:
            found.setdefault(scheme.timestamp_header, timestamp)
        if scheme.id_header:
            found[scheme.id_header] = "evt-1"
        return found

    def _hook(self, vendor, value=None, body=None, headers=None, **options):
        """Send a webhook, signed over ``value`` as JSON or over ``body``."""
        body = json.dumps(value).encode() if body is None else body
        sent = {
            "Content-Type": "application/json",
            **self._sent_headers(vendor, body, **options),
            **(headers or {}),
        }
        self.env.flush_all()
        url = f"{self.base_url()}/interop/v1/webhooks/{vendor.code}"
        response = self.opener.post(url, data=body, headers=sent)
        self.env.invalidate_all()
        return response
