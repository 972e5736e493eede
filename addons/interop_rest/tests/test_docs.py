"""The description for people: the partner's page, and the one inside Odoo."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools import docs_page
from .common import RestHttpCase

PATH = "/interop/v1/docs"


@tagged("post_install", "-at_install")
class TestDocs(RestHttpCase):
    def _fetch(self, headers=None):
        self.env.flush_all()
        return self.opener.get(self.base_url() + PATH, headers=headers or {})

    def _shown(self, user, client=None):
        wizard = self.env["interop.client.docs.wizard"].with_user(user)
        return wizard.create({"client_id": (client or self.client).id}).content

    def test_a_client_gets_its_page(self):
        page = self._fetch(self._signed("", "openapi"))
        self.assertEqual(page.status_code, 200, page.text)
        self._assert_headers(page)
        self.assertEqual(page.headers["Content-Type"], docs_page.MEDIA_TYPE)
        self.assertEqual(
            page.headers["Content-Security-Policy"], docs_page.CONTENT_SECURITY_POLICY
        )
        self.assertIn(f"{self.contract.message_type}.v1", page.text)

    def test_nobody_else_does(self):
        self._assert_problem(self._fetch(), 401, "unauthorized")
        wrong = self._signed("", "openapi", client="nobody")
        self._assert_problem(self._fetch(wrong), 401, "unauthorized")
        settings = self.env["res.config.settings"]
        settings.create({"interop_rest_public_openapi": True}).execute()
        page = self._fetch()
        self.assertEqual(page.status_code, 200)
        self.assertNotIn(self.contract.message_type, page.text)

    def test_the_page_inside_odoo_by_group(self):
        for group in ("operator", "admin", "steward", "auditor"):
            content = self._shown(self._create_user(group))
            self.assertIn(f"{self.contract.message_type}.v1", content, group)
        for groups in ((), ("user",)):
            with self._refused(AccessError):
                self._shown(self._create_user(*groups))

    def test_promise_9_not_of_a_client_elsewhere(self):
        user = self._create_user("operator", companies=self.other_facility)
        with self._refused(AccessError):
            self._shown(user)

    def test_empty_state(self):
        wizard = self.env["interop.client.docs.wizard"].new({})
        wizard.client_id = False
        self.assertFalse(wizard.content)
