"""The description for people: the partner's page, and the one inside Odoo."""

from odoo.exceptions import AccessError, ValidationError
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

    def test_the_address_is_the_one_that_partners_use(self):
        """B22: not Odoo's own idea of its address, which may be an internal one."""
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "http://10.0.0.9:20136"
        )
        user = self._create_user("admin")
        settings = self.env["res.config.settings"]
        shown = "https://api.hospital.example"
        settings.create({"interop_rest_public_url": shown}).execute()
        self.assertIn(f"Server: <code>{shown}</code>", self._shown(user))
        self.client.invalidate_recordset(["webhook_url"])
        self.assertTrue(self.client.webhook_url.startswith(f"{shown}/interop/v1/"))
        settings.create({"interop_rest_public_url": ""}).execute()
        self.assertIn("http://10.0.0.9:20136", self._shown(user))  # of no request
        for wrong in ("api.hospital.example", shown + "/x", "ftp://a", "https://a b"):
            with self._refused(ValidationError, "not a web address"):
                settings.create({"interop_rest_public_url": wrong})

    def test_without_a_setting_it_is_the_address_of_the_request(self):
        """B22: who looks at the screen sees the address by which they reached it."""
        self.env["ir.config_parameter"].set_param(
            "web.base.url", "http://10.0.0.9:20136"
        )
        user = self._create_user("admin")
        self.authenticate(user.login, user.login)
        self.env.flush_all()
        arguments = {
            "model": "interop.client",
            "method": "read",
            "args": [self.client.ids, ["webhook_url"]],
            "kwargs": {},
        }
        response = self.url_open(
            "/web/dataset/call_kw", json={"params": arguments, "jsonrpc": "2.0"}
        )
        (found,) = response.json()["result"]
        self.assertTrue(found["webhook_url"].startswith(self.base_url()), found)

    def test_pages_fit_a_telephone(self):
        """B23: at 390 pixels nothing is wider than the screen."""
        settings = self.env["res.config.settings"]
        settings.create({"interop_rest_public_openapi": True}).execute()
        self.browser_size = "390x844"
        measure = (
            "const {scrollWidth, clientWidth} = document.documentElement;"
            "if (innerWidth !== 390 || scrollWidth > clientWidth)"
            " throw new Error(`${scrollWidth} of ${clientWidth}`);"
            "console.log('test successful');"
        )
        for path in (PATH, "/interop/v1/problems"):
            self.browser_js(path, measure, login=None)

    def test_empty_state(self):
        wizard = self.env["interop.client.docs.wizard"].new({})
        wizard.client_id = False
        self.assertFalse(wizard.content)
