"""Test base for mappings."""

from odoo.addons.interop_base.tests.common import InteropCase


class MappingCase(InteropCase):
    """A draft interface with one mapping about partners, without lines."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract = cls._create_contract(publish=False)
        cls.interface = cls._create_interface(
            contract_ids=[(6, 0, cls.contract.ids)], activate=False, transport=False
        )
        cls.mapping = cls.interface.mapping_ids
        cls.mapping.line_ids.unlink()
        cls.country = cls.env.ref("base.se")
        cls.partner = cls.env["res.partner"].create(
            {
                "name": " Dr. Ada ",
                "street": "Main Street 1",
                "country_id": cls.country.id,
                "company_id": cls.facility.id,
                "is_company": True,
                "color": 7,
                "partner_latitude": 59.3293,
                "child_ids": [
                    (0, 0, {"name": "Ward A", "function": "Surgery"}),
                    (0, 0, {"name": "Ward B"}),
                ],
            }
        )

    @classmethod
    def _line(cls, path, field=None, **values):
        return cls.env["interop.mapping.line"].create(
            {
                "mapping_id": cls.mapping.id,
                "path": path,
                "field_path": field,
                **values,
            }
        )

    def _build(self, record=None, company=None):
        handler = self.env["interop.handler.mapping"].with_company(
            company or self.facility
        )
        record = record or self.partner
        return handler._builder(self.mapping, record)(record)
