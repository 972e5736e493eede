"""A client whose interface is mapped without program code."""

from .common import RestHttpCase


class MappingInCase(RestHttpCase):
    """Contacts of a laboratory: one interface, mapped without Python."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.interface._set_suspended()
        cls.namespace = cls._namespace("Lab contacts")
        cls.contract = cls.env["interop.contract"].create(
            {
                "message_type": f"contact{cls._next()}.upserted",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
            }
        )
        cls._list_model("res.partner", "create")
        cls.interface = cls._create_in_interface(
            contract_ids=[(6, 0, cls.contract.ids)], activate=False
        )
        cls.mapping = cls.interface.mapping_ids
        cls.mapping.line_ids.unlink()
        cls._identifier("number", required=True)
        cls._line("name", "name", required=True)
        cls._line("phone", "phone")
        cls._line("address.country", "country_id.code", format="upper")
        cls._identifier("belongs_to", field_path="parent_id")
        cls._line(None, "is_company", kind="constant", constant="true")
        cls.value_map = cls.env["interop.value.map"].create(
            {
                "name": "Kinds",
                "code": f"kinds-{cls._next()}",
                "line_ids": [
                    (0, 0, {"internal": "delivery", "external": "D"}),
                    (0, 0, {"internal": "invoice", "external": "I"}),
                ],
            }
        )
        cls._line("kind", "type", value_map_id=cls.value_map.id)
        cls.contract._set_published()
        cls._activate(cls.interface)
        cls.client = cls._create_client()
        cls.secret_text = cls._add_key(cls.client)
        cls._activate_client(cls.client)

    @classmethod
    def _namespace(cls, name, **values):
        number = cls._next()
        return cls.env["interop.namespace"].create(
            {
                "name": name,
                "code": f"namespace-{number}",
                "uri": f"http://namespace-{number}.example",
                **values,
            }
        )

    @classmethod
    def _line(cls, path, field, **values):
        return cls.env["interop.mapping.line"].create(
            {
                "mapping_id": cls.mapping.id,
                "path": path,
                "field_path": field,
                **values,
            }
        )

    @classmethod
    def _identifier(cls, path, **values):
        values.setdefault("namespace_id", cls.namespace.id)
        field = values.pop("field_path", False)
        return cls._line(path, field, kind="identifier", **values)

    def _send(self, status=200, **data):
        data = {"number": "C-1", "name": "Ward 3", **data}
        data = {name: value for name, value in data.items() if value is not None}
        response = self._post(self._envelope(data=data))
        self.assertEqual(response.status_code, status, response.text)
        return response

    def _found(self, number="C-1"):
        return self.env["interop.identifier"]._resolve(
            [{"system": self.namespace.uri, "value": number}], self.facility
        )

    def _last(self):
        return self.env["interop.message"].search(
            [("client_id", "=", self.client.id)], limit=1
        )

    def _reopen(self, **values):
        """Set the interface back to draft, change its mapping and activate again."""
        self.interface._set_suspended()
        self.interface._set_draft()
        self.mapping.write(values)
        self._activate(self.interface)
