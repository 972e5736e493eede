"""Hostile text that is valid JSON, and contents to put it into."""

import random

from odoo.addons.interop_base.tools import text as text_tools

_RANDOM = random.Random(12)


def _letters(count):
    """Return letters that no index can compress."""
    return "".join(chr(_RANDOM.randrange(0x4E00, 0x9FA0)) for _number in range(count))


TEXTS = {
    "NUL": "a\x00b",
    "C0": "a\x1fb",
    "DEL": "a\x7fb",
    "C1": "a\x85b",
    "line feed": "a\nb",
    "carriage return at the end": "ab\r",
    "tab at the start": "\tab",
    "line separator": "a\u2028b",
    "no-break space": "\xa0",
    "ideographic space": "\u3000",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "soft hyphen": "\xad",
    "Hangul filler": "\u3164",
    "NFD": "Mu\u0308ller",
    "right to left": "\u202eab",
    "emoji": "\U0001f468\u200d\U0001f469",
    "longer in NFC": "\u0958" * 200,
    "255 letters": "x" * 255,
    "255 letters of four bytes": _letters(255),
    "256 letters": "x" * 256,
    "10000 letters": _letters(10_000),
    "percent": "%",
    "underscores": "__",
    "backslash": "\\",
    "backslash at the end": "a%\\",
    "quotes": "'\"); DROP TABLE x; --",
    "markup": "<script>1</script>{{7*7}}%(a)s",
}


def placed(data, pointer, value):
    """Return ``data`` with the text at a JSON Pointer replaced."""
    if not pointer:
        return value
    name, _slash, rest = pointer[1:].partition("/")
    rest = f"/{rest}" if rest else ""
    if isinstance(data, list):
        return [
            placed(item, rest, value) if place == int(name) else item
            for place, item in enumerate(data)
        ]
    return {
        key: placed(item, rest, value) if key == name else item
        for key, item in data.items()
    }


def places(data):
    """Return the pointers of all texts in ``data``."""
    return [pointer for pointer, _text in text_tools.walk(data)]


def paths(data):
    """Return the same places in the notation of ``schema.field_paths``."""
    return {
        "".join(
            "[]" if part.isdigit() else f".{part}" for part in pointer.split("/")[1:]
        ).lstrip(".")
        for pointer in places(data)
    }


class Contents:
    """Contents that hold every text member of every inbound contract once.

    ``uri`` is the namespace of all identifiers, ``number`` makes a charge a new one.
    """

    def __init__(self, uri, number):
        self.uri, self.number = uri, number

    def identifier(self, value, kind="MR"):
        """Return an identifier with all of its members."""
        period = {"start": "2020-01-01", "end": "2999-01-01"}
        wire = {"system": self.uri, "value": value, "use": "official"}
        return wire if kind is None else {**wire, "type": kind, "period": period}

    def provider_identifier(self, value):
        wire = self.identifier(value)
        del wire["type"]
        return wire

    def party(self):
        """Return the members that people and providers share."""
        return {
            "name": {
                "family": "Everywoman",
                "given": ["Eve", "Anna"],
                "prefix": ["Dr."],
                "suffix": ["Jr."],
            },
            "telecom": [
                {"system": "phone", "value": "+1 555 0100", "use": "home"},
                {"system": "email", "value": "eve@example.com"},
                {"system": "url", "value": "http://example.com/eve"},
            ],
            "address": {
                "lines": ["1 Main Street", "Apt 4", "Back"],
                "city": "Chicago",
                "state": "IL",
                "postal_code": "60601",
                "country": "US",
            },
        }

    def person(self):
        other = {"identifiers": [self.identifier("P-2")]}
        return [
            {
                "identifiers": [self.identifier("P-1")],
                **self.party(),
                "birth_date": "1974-12-25",
                "language": "en-US",
                "guarantor": other,
                "payer": {**other, "member_number": "HX-77"},
                "communication_consent": "granted",
            },
            {"identifiers": [self.identifier("P-1")], "name": {"text": "Eve"}},
        ]

    def provider(self):
        coding = {"system": "http://codes.example", "code": "car", "display": "Heart"}
        period = {"start": "2020-01-01", "end": "2999-01-01"}
        return [
            {
                "identifiers": [self.provider_identifier("D-1")],
                **self.party(),
                "specialties": [coding],
                "roles": [
                    {
                        "code": "doctor",
                        "display": "Doctor",
                        "specialties": [coding],
                        "locations": [self.provider_identifier("W-1")],
                        "period": period,
                    }
                ],
            },
            {
                "identifiers": [self.provider_identifier("D-1")],
                "name": {"text": "Dr. Eve"},
            },
        ]

    def location(self):
        party = self.party()
        return [
            {
                "identifiers": [self.provider_identifier("W-2")],
                "name": "Ward 2",
                "status": "active",
                "type": {"system": "http://codes.example", "code": "w", "display": "W"},
                "parent": self.provider_identifier("W-1"),
                "telecom": party["telecom"],
                "address": party["address"],
            }
        ]

    def merged(self):
        return [
            {
                "survivor": {"identifiers": [self.identifier("P-1")]},
                "prior": [{"identifiers": [self.identifier(f"P-{self.number}")]}],
                "reason": "Typed in twice",
            }
        ]

    def charge(self):
        charge = {
            "identifiers": [self.identifier(f"CH-{self.number}", None)],
            "account": {"identifiers": [self.identifier("ACC-1", None)]},
            "code": {"code": "ROOM"},
            "quantity": "2",
            "service_date": "2026-01-31",
        }
        return [
            {
                **charge,
                "unit": "Units",
                "currency": "USD",
                "unit_price": "350.00",
                "provider": self.identifier("D-1", None),
                "cost_center": "W3",
            },
            {**charge, "code": {"system": self.uri, "code": "I-1"}},
        ]

    def reversal(self):
        return [
            {"identifiers": [self.identifier("CH-0", None)], "reason": "other"},
        ]

    def receipt(self):
        return [
            {
                "ref_id": "msg_unknown",
                "status": "business_rejected",
                "errors": [{"code": "E1", "path": "/data/name"}],
            }
        ]

    def all(self):
        """Return ``{message type: [data, …]}``."""
        return {
            "person.registered": self.person(),
            "person.updated": self.person(),
            "person.merged": self.merged(),
            "provider.upserted": self.provider(),
            "location.upserted": self.location(),
            "charge.posted": self.charge(),
            "charge.reversed": self.reversal(),
            "receipt.ack": self.receipt(),
        }
