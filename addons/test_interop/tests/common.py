"""Helpers of the tests that go through several addons."""

from unittest.mock import patch

from odoo.addons.interop_webhook.tests.common import WebhookMixin


class InlinePumpMixin(WebhookMixin):
    """Runs the pump at the point where it would be armed.

    A test never commits, so a job runner could not see its work. The pump is the real
    one; only its job is left out.
    """

    def setUp(self):
        super().setUp()
        model = type(self.env["interop.pump"])
        running = []

        def run_inline(pump):
            if not running:
                running.append(True)
                try:
                    pump.sudo()._run_inline()
                finally:
                    running.clear()

        self.startPatcher(patch.object(model, "_arm_after_commit", run_inline))

    def _create_named_user(self, login, *groups, companies=None):
        """Create a user whose name, login and password are ``login``."""
        user = self._create_user(*groups, companies=companies)
        user.write({"login": login, "name": login, "password": login})
        return user
