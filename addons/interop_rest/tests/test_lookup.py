"""Looking identifiers up: only what was approved, never repeated, always on record."""

import logging
from urllib.parse import urlencode

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..tools import lookup
from .common import RestHttpCase

PATH = "/interop/v1/identifiers"
CANARY = "Canary-4711"


@tagged("post_install", "-at_install")
class TestLookup(RestHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.asked, cls.shown, cls.hidden = (
            cls.env["interop.namespace"].create(
                {
                    "name": name,
                    "code": f"{name}-{cls._next()}",
                    "uri": f"http://{name}.example",
                    "one_active_per_record": False,
                }
            )
            for name in ("asked", "shown", "hidden")
        )
        for namespace, value in (
            (cls.asked, CANARY),
            (cls.shown, "S-1"),
            (cls.hidden, "H-1"),
        ):
            cls._identify(namespace, value)
        cls.client._set_suspended()
        cls.client._set_requested()
        cls.client.namespace_ids = cls.asked | cls.shown
        cls._activate_client(cls.client)

    @classmethod
    def _identify(cls, namespace, value, record=None):
        """Give a record (the facility: a service user may read it) an identifier."""
        record = record or cls.facility
        return cls.env["interop.identifier"].create(
            {
                "namespace_id": namespace.id,
                "value": value,
                "res_model": record._name,
                "res_id": record.id,
            }
        )

    def _look_up(self, namespace=None, value=CANARY, **more):
        asked = {"namespace": namespace or self.asked.uri, "value": value, **more}
        return self._ask(urlencode(asked))

    def _ask(self, query, signed=None, **options):
        signed = lookup.signed_id((query if signed is None else signed).encode())
        headers = self._signed("", signed, **options)
        self.env.flush_all()
        url = f"{self.base_url()}{PATH}?{query}"
        response = self.opener.get(url, headers=headers)
        self.env.invalidate_all()
        if response.status_code != 200:
            self.assertNotIn(CANARY, response.text)
        return response

    def _assert_not_found(self, response):
        self._assert_problem(response, 404, "identifier_not_found")

    def _looked_up(self):
        """Return what the audit log says of look-ups."""
        return (
            self.env["interop.audit.event"]
            .search(
                [
                    ("action", "=", "viewed"),
                    ("res_model", "=", "interop.client"),
                    ("res_id", "=", self.client.id),
                ],
                order="id",
            )
            .mapped("detail")
        )

    def test_the_other_identifiers_of_namespaces_that_were_approved(self):
        response = self._look_up()
        self.assertEqual(response.status_code, 200, response.text)
        self._assert_headers(response)
        body = response.json()
        self.assertEqual(body["status"], "active")
        self.assertEqual(
            {item["system"]: item["value"] for item in body["identifiers"]},
            {self.asked.uri: CANARY, self.shown.uri: "S-1"},
        )

    def test_errors(self):
        for namespace, status, code in (
            ("http://none.example", 400, "namespace_unknown"),
            (self.hidden.uri, 403, "lookup_not_allowed"),
        ):
            self._assert_problem(self._look_up(namespace), status, code)
        self._assert_not_found(self._look_up(value="none"))
        self._assert_not_found(self._look_up(value="x" * 600))
        self._assert_problem(self._look_up(facility="NONE"), 422, "unknown_facility")

    def test_no_query(self):
        one = urlencode({"namespace": self.asked.uri, "value": CANARY})
        for query in ("", "value=x", f"{one}&value=y", f"{one}&other=1", "value=%FF"):
            self._assert_problem(self._ask(query), 400, "invalid_query")

    def test_the_signature_covers_the_query(self):
        query = urlencode({"namespace": self.asked.uri, "value": CANARY})
        response = self._ask(query, signed=query.replace(CANARY, "other"))
        self._assert_problem(response, 400, "id_mismatch")
        self._assert_problem(self._ask(query, client="no"), 401, "unauthorized")

    def test_without_namespaces_nothing_is_looked_up(self):
        other = self._create_client()
        text = self._add_key(other)
        self._activate_client(other)
        query = urlencode({"namespace": self.asked.uri, "value": CANARY})
        response = self._ask(query, client=other.code, secret=text)
        self._assert_problem(response, 403, "lookup_not_allowed")
        with self._refused(UserError):
            other.namespace_ids = self.asked  # approved without

    def test_promise_9_what_the_service_user_may_not_read_is_not_there(self):
        self._identify(self.asked, "elsewhere", self.other_facility)
        self._assert_not_found(self._look_up(value="elsewhere"))
        private = {"name": "Nobody's business", "company_id": self.other_facility.id}
        closed = self.env["res.partner"].create(private)
        self._identify(self.asked, "closed", closed)
        self._assert_not_found(self._look_up(value="closed"))
        foreign = self.env["interop.namespace"].create(
            {
                "name": "foreign",
                "code": f"foreign-{self._next()}",
                "uri": "http://foreign.example",
                "company_id": self.other_facility.id,
            }
        )
        response = self._look_up(foreign.uri)
        self._assert_problem(response, 403, "lookup_not_allowed")

    def test_merged_says_so(self):
        self.env["interop.identifier"].search(
            [("namespace_id", "=", self.asked.id)]
        )._set_merged()
        body = self._look_up().json()
        self.assertEqual(body["status"], "merged")
        self.assertEqual([item["value"] for item in body["identifiers"]], ["S-1"])

    def test_as_of_a_moment(self):
        rows = self.env["interop.identifier"]
        old = rows.search([("namespace_id", "=", self.asked.id)])
        other = self._identify(self.shown, "S-0")
        old.period_start, old.period_end = "2020-01-01", "2024-06-01"
        other.period_start, other.period_end = "2020-01-01", "2022-01-01"
        (old | other)._set_retired()
        new_holder = self.env["res.partner"].create({"name": "Next"})
        self._identify(self.asked, CANARY, new_holder).period_start = "2025-01-01"
        for as_of, values in (
            ("2021-05-01", {CANARY, "S-0", "S-1"}),
            ("2023-05-01T10:00:00+02:00", {CANARY, "S-1"}),
        ):
            with self.subTest(as_of=as_of):
                body = self._look_up(as_of=as_of).json()
                self.assertEqual(body["status"], "retired")
                found = {item["value"] for item in body["identifiers"]}
                self.assertEqual(found, values)
        for as_of in ("2019-12-31", "2024-06-01", "2024-12-31"):
            self._assert_not_found(self._look_up(as_of=as_of))
        for as_of in ("yesterday", "2024-13-01", "0001-01-01T00:00:00+02:00", "x" * 99):
            problem = self._look_up(as_of=as_of)
            self._assert_problem(problem, 400, "invalid_query")

    def test_as_of_before_a_merge(self):
        alias = self._identify(self.shown, "S-2")
        alias._set_merged()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_identifier SET state_at = '2025-01-01' WHERE id = %s",
            [alias.id],
        )
        for as_of, there in (("2024-12-31", True), ("2025-01-02", False)):
            found = self._look_up(as_of=as_of).json()["identifiers"]
            self.assertEqual("S-2" in [item["value"] for item in found], there)

    def test_stopped(self):
        self._stop()
        self._assert_problem(self._look_up(), 503, "paused")

    def _stop(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE interop_system SET interop_stopped_at = now() WHERE id = %s",
            [self.system.id],
        )
        self.env.invalidate_all()

    def test_every_look_up_is_on_record_and_no_value_is(self):
        row = self.env["interop.identifier"].search(
            [("namespace_id", "=", self.asked.id)]
        )
        with self.assertLogs(level="DEBUG") as logs:
            self._look_up(facility="MERCY")
            self._look_up(value=f"{CANARY}-unknown")
        self.assertEqual(
            self._looked_up(),
            [
                f"Looked up identifier {row.id} in MERCY",
                "Looked up an unknown identifier",
            ],
        )
        event = self.env["interop.audit.event"].search([], limit=1, order="id desc")
        self.assertEqual(event.user_id, self.client.user_id.id)
        ours = [
            record.getMessage()
            for record in logs.records
            if not record.name.startswith("urllib3")  # the caller, in this process
        ]
        self.assertNotIn(CANARY, "\n".join(ours))

    def test_the_server_logs_requests_without_their_query(self):
        record = logging.makeLogRecord(
            {"msg": '"%s" %s', "args": (f"GET {PATH}?value={CANARY} HTTP/1.1", 200)}
        )
        # Not by logging a line: tests may run with that logger switched off.
        self.assertTrue(logging.getLogger("werkzeug").filter(record))
        self.assertEqual(record.getMessage(), f'"GET {PATH}?… HTTP/1.1" 200')
