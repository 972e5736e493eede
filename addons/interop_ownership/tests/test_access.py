"""Access to systems of record: every model × every group."""

from odoo.tests import tagged

from odoo.addons.interop_base.tests.common import InteropCase
from odoo.addons.interop_base.tests.matrix import MatrixMixin

# r read, w write, c create, u unlink; nothing: no access at all.
_READ = {"user": "r", "operator": "r", "admin": "r", "steward": "r", "auditor": "r"}
ACCESS = {
    "interop.ownership": {**_READ, "admin": "rwcu", "steward": "rwc"},
    "interop.provenance": _READ,
    "interop.ownership.override": {"steward": "r", "auditor": "r"},
    "interop.override.wizard": {"steward": "rwc"},
}


@tagged("post_install", "-at_install")
class TestOwnershipAccess(MatrixMixin, InteropCase):
    def test_table_names_every_model(self):
        self.assertEqual(self._models_of("interop_ownership"), set(ACCESS))

    def test_every_model_and_group(self):
        differences = self._differences(ACCESS)
        self.assertFalse(differences, "model, group, found, expected")
