"""Every model × every group × every operation, for the access tests of each addon."""

from odoo.tests import new_test_user

GROUPS = (
    "user",
    "operator",
    "admin",
    "steward",
    "auditor",
    "payload",
    "all_facilities",
    "base.group_system",
    "base.group_user",
)
OPERATIONS = {"read": "r", "write": "w", "create": "c", "unlink": "u"}


class MatrixMixin:
    """For tests with ``InteropMixin``."""

    def _models_of(self, addon):
        """Return the names of the models of an addon that have a table."""
        data = self.env["ir.model.data"].search(
            [("module", "=", addon), ("model", "=", "ir.model")]
        )
        names = self.env["ir.model"].browse(data.mapped("res_id")).mapped("model")
        return {
            name
            for name in names
            if name.startswith("interop.")
            and not self.env[name]._abstract
            and self.env[name]._original_module == addon
        }

    def _everybody(self):
        """Return ``{group: user}``: of each group alone, of the portal, and nobody."""
        return {
            **{group: self._create_user(group) for group in GROUPS},
            "base.group_portal": new_test_user(
                self.env, f"interop_portal_{self._next()}", "base.group_portal"
            ),
            "public": self.env.ref("base.public_user"),
        }

    def _differences(self, access):
        """Return where the rights differ from ``{model: {group: letters}}``, as
        ``(model, group, found, expected)``; a group that is not named has none."""
        differences = []
        users = self._everybody()
        for model, allowed in access.items():
            for group, user in users.items():
                found = "".join(
                    letter
                    for operation, letter in OPERATIONS.items()
                    if self.env[model].with_user(user).has_access(operation)
                )
                if found != allowed.get(group, ""):
                    differences.append((model, group, found, allowed.get(group, "")))
        return differences
