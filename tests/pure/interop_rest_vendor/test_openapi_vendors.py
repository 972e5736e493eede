"""The operation that takes webhooks of third parties, in the API description."""

import json

from interop_rest_tools import headers, openapi, openapi_parts
from interop_rest_vendor_tools import openapi_vendors
from openapi_spec_validator import OpenAPIV31SpecValidator


def test_the_document_with_webhooks_is_valid_and_names_their_codes():
    operation = openapi_vendors.receive_webhook(openapi_parts, headers)
    document = openapi.document(
        "https://api.example",
        more={
            "tags": [openapi_vendors.TAG],
            "paths": {"/interop/v1/webhooks/{client}": {"post": operation}},
            "security": openapi_vendors.SECURITY,
        },
    )
    OpenAPIV31SpecValidator(document).validate()
    text = json.dumps(operation)
    for code in openapi_parts.VENDOR:
        assert f'"code": "{code}"' in text
