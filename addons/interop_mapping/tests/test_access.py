"""Access to mappings: every model × every group."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase
from odoo.addons.interop_base.tests.matrix import MatrixMixin

# r read, w write, c create, u unlink; nothing: no access at all.
_CATALOGUE = {
    "user": "r",
    "operator": "r",
    "admin": "rwcu",
    "steward": "r",
    "auditor": "r",
}
_TRIED = {"admin": "rwc", "steward": "rwc"}
ACCESS = {
    "interop.mapping": _CATALOGUE,
    "interop.mapping.line": _CATALOGUE,
    "interop.mapping.model": _CATALOGUE,
    "interop.value.map": _CATALOGUE,
    "interop.value.map.line": _CATALOGUE,
    "interop.message.preview": _TRIED,
    "interop.mapping.dry.run": _TRIED,
}


@tagged("post_install", "-at_install")
class TestMappingAccess(MatrixMixin, InteropCase):
    def test_table_names_every_model(self):
        self.assertEqual(self._models_of("interop_mapping"), set(ACCESS))

    def test_every_model_and_group(self):
        differences = self._differences(ACCESS)
        self.assertFalse(differences, "model, group, found, expected")
