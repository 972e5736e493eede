"""Who may do what with endpoints, per group and per facility."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.interop_base.tests.matrix import MatrixMixin

from .common import WebhookCase

# Only the buttons of the endpoint change requests.
REQUESTS = dict.fromkeys(("user", "operator", "admin", "steward", "auditor"), "r")


@tagged("post_install", "-at_install")
class TestAccess(MatrixMixin, WebhookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.endpoint = cls._create_endpoint(
            header_ids=[(0, 0, {"name": "X-A", "value": "1"})]
        )

    def _as(self, group):
        return self.endpoint.with_user(self._create_user(group))

    def test_groups(self):
        for group, may_read, may_write in (
            ("base.group_user", False, False),
            ("user", True, False),
            ("operator", True, False),
            ("steward", True, False),
            ("auditor", True, False),
            ("admin", True, True),
        ):
            with self.subTest(group=group):
                endpoint = self._as(group)
                for record in (
                    endpoint,
                    endpoint.sudo().header_ids.with_env(endpoint.env),
                ):
                    self.assertEqual(record.has_access("read"), may_read)
                    for operation in ("write", "create", "unlink"):
                        self.assertEqual(record.has_access(operation), may_write)

    def test_buttons(self):
        for group, may_pause, may_rotate in (
            ("user", False, False),
            ("operator", True, False),
            ("steward", False, False),
            ("auditor", False, False),
            ("admin", True, True),
        ):
            for method, allowed in (
                ("action_pause", may_pause),
                ("action_resume", may_pause),
                ("action_rotate_secret", may_rotate),
            ):
                with self.subTest(group=group, method=method):
                    button = getattr(self._as(group), method)
                    if allowed:
                        button()
                    else:
                        self.assertRaises(AccessError, button)

    def test_secret_is_readable_by_nobody(self):
        self.endpoint.action_rotate_secret()
        for group in ("operator", "auditor", "admin"):
            user = self._create_user(group, "base.group_allow_export")
            secret = self.endpoint.secret_ids[:1].with_user(user)
            for name in ("ciphertext", "key_id"):
                with (
                    self.subTest(group=group, field=name),
                    self.assertRaises(AccessError),
                ):
                    secret.read([name])
            with self.subTest(group=group), self.assertRaises(AccessError):
                secret.export_data(["ciphertext"])

    def test_requests_of_networks_per_group(self):
        self.assertFalse(self._differences({"interop.network.request": REQUESTS}))

    def test_promise_9_requests_of_another_facility_are_out_of_sight(self):
        system = self._create_system(
            company_ids=[(6, 0, (self.facility | self.other_facility).ids)]
        )
        endpoints = self.env["interop.endpoint"]
        for company in (self.facility, self.other_facility):
            endpoints |= self._create_endpoint(
                system_id=system.id, company_id=company.id
            )
        both = self._create_user("admin")
        for endpoint in endpoints:
            self.env["interop.network.request"].with_user(both)._ask(
                endpoint.with_user(both).sudo(), "10.1.0.0/16"
            )
        own, foreign = endpoints.network_request_ids
        self.assertEqual((own | foreign).endpoint_id, endpoints)
        for group in REQUESTS:
            with self.subTest(group=group):
                user = self._create_user(group)
                seen = self.env["interop.network.request"].with_user(user).search([])
                self.assertEqual(seen & (own | foreign), own)
                self.assertRaises(AccessError, foreign.with_user(user).read, ["state"])

    def test_promise_9_endpoints_of_another_facility_are_out_of_sight(self):
        system = self._create_system(
            company_ids=[(6, 0, (self.facility | self.other_facility).ids)]
        )
        own = self._create_endpoint(system_id=system.id, company_id=self.facility.id)
        shared = self._create_endpoint(system_id=system.id)
        foreign_system = self._create_system(
            company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
        )
        foreign = self._create_endpoint(
            system_id=system.id,
            company_id=self.other_facility.id,
            header_ids=[(0, 0, {"name": "X-A", "value": "1"})],
        ) | self._create_endpoint(system_id=foreign_system.id)
        for group in ("user", "operator", "auditor", "admin"):
            with self.subTest(group=group):
                user = self._create_user(group)
                seen = self.env["interop.endpoint"].with_user(user).search([])
                self.assertEqual(seen & (own | shared | foreign), own | shared)
                for record in foreign.with_user(user):
                    self.assertRaises(AccessError, record.read, ["url"])
                    self.assertRaises(AccessError, record.write, {"name": "x"})
                headers = foreign.header_ids.with_user(user)
                self.assertRaises(AccessError, headers.read, ["value"])
                for name in ("action_pause", "action_resume", "action_try_now"):
                    button = getattr(foreign.with_user(user), name)
                    self.assertRaises(AccessError, button)

    def test_promise_9_health_of_another_facility_is_out_of_sight(self):
        foreign = self._create_endpoint(
            system_id=self._create_system(
                company_ids=[(6, 0, self.other_facility.ids)], facility_code_ids=[]
            ).id
        )
        hours = self.env["interop.endpoint.hour"]
        hours._count(
            [
                (endpoint, type("Result", (), {"outcome": "done"}), False)
                for endpoint in (self.endpoint, foreign)
            ]
        )
        admin = self._create_user("admin")
        for model in ("interop.endpoint.health", "interop.endpoint.hour"):
            rows = self.env[model].with_user(admin).search([])
            self.assertIn(self.endpoint, rows.endpoint_id)
            self.assertNotIn(foreign, rows.sudo().endpoint_id)
            with self.assertRaises(AccessError):
                rows[:1].unlink()
        operator = self._create_user("operator")
        with self.assertRaises(AccessError):
            self.env["interop.endpoint.health"].with_user(operator).search([])
        for group in ("user", "operator", "steward", "auditor"):
            rows = hours.with_user(self._create_user(group)).search([])
            self.assertIn(self.endpoint, rows.endpoint_id)
            self.assertNotIn(foreign, rows.sudo().endpoint_id)
            with self.assertRaises(AccessError):
                rows[:1].write({"failed": 0})
