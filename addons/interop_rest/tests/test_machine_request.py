"""Which database a machine's request belongs to: remembered per host, never a session."""

from contextlib import contextmanager
from unittest.mock import patch

from werkzeug.test import EnvironBuilder

from odoo import http
from odoo.http import HTTPRequest, Request, root
from odoo.tests import TransactionCase, tagged

from .. import machine_request, plans

SID = "a" * 84


@tagged("post_install", "-at_install")
class TestMachineRequest(TransactionCase):
    def setUp(self):
        super().setUp()
        known = dict(machine_request._found)
        machine_request._found.clear()
        self.addCleanup(machine_request._found.update, known)
        self.addCleanup(machine_request._found.clear)
        self.now = 1000.0
        clock = patch.object(machine_request.time, "monotonic", lambda: self.now)
        clock.start()
        self.addCleanup(clock.stop)

    @contextmanager
    def _databases(self, *names, allowed=lambda name, host: True):
        """Let PostgreSQL have these databases; give the list of hosts asked about."""
        asked = []

        def db_list(force=False, host=None):
            asked.append(host)
            return [name for name in names if allowed(name, host)]

        def db_filter(dbs, host=None):
            return [name for name in dbs if name in names and allowed(name, host)]

        with (
            patch.object(http, "db_list", db_list),
            patch.object(http, "db_filter", db_filter),
        ):
            yield asked

    def _find(self, path="/interop/v1/messages", host="one.example", **headers):
        """Return ``(session, database)`` of a request."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._request(path, {"Host": host, **sent})._get_session_and_dbname()

    def _request(self, path, headers=None):
        builder = EnvironBuilder(path=path, headers=headers, method="POST")
        return Request(HTTPRequest(builder.get_environ()))

    def test_asked_once_per_host_and_while(self):
        with self._databases("one") as asked:
            self.assertEqual([self._find()[1] for _number in range(3)], ["one"] * 3)
            self.assertEqual(asked, ["one.example"])
            self.assertEqual(self._find(host="two.example")[1], "one")
            self.assertEqual(asked, ["one.example", "two.example"])
        with self._databases("renamed") as asked:
            self.now += machine_request.KNOWN_FOR - 0.1
            self.assertEqual(self._find()[1], "one")
            self.now += 0.1
            self.assertEqual(self._find()[1], "renamed")
            self.assertEqual(asked, ["one.example"])

    def test_each_host_has_its_own(self):
        def allowed(name, host):
            return host.startswith(name)

        with self._databases("one", "two", allowed=allowed):
            for _again in range(2):
                self.assertEqual(self._find()[1], "one")
                self.assertEqual(self._find(host="two.example")[1], "two")
                self.assertIsNone(self._find(host="three.example")[1])

    def test_none_or_several_are_none_and_not_remembered(self):
        for names in ((), ("one", "two")):
            with self._databases(*names) as asked:
                self.assertIsNone(self._find()[1])
                self.assertIsNone(self._find()[1])
                self.assertEqual(len(asked), 2)
        with self._databases("one"):
            self.assertEqual(self._find()[1], "one")
        self.now += machine_request.KNOWN_FOR
        with self._databases():  # gone, or out of reach
            self.assertIsNone(self._find()[1])

    def test_invented_hosts_do_not_pile_up(self):
        with (
            self._databases("one"),
            patch.object(machine_request, "HOSTS", 3),
        ):
            for number in range(10):
                self._find(host=f"host-{number}.example")
            self.assertLessEqual(len(machine_request._found), 3)

    def test_a_request_names_its_database_if_its_host_may_have_it(self):
        def allowed(name, host):
            return host.startswith(name)

        with self._databases("one", "two", allowed=allowed) as asked:
            self.assertEqual(self._find(X_Odoo_Database="one")[1], "one")
            self.assertIsNone(self._find(X_Odoo_Database="two")[1])
            self.assertIsNone(self._find(X_Odoo_Database="none")[1])
            self.assertEqual(asked, [])

    def test_a_session_beside_the_name_of_a_database_is_not_looked_at(self):
        """Core answers an HTML page when the two differ."""
        with (
            self._databases("one", "two"),
            patch.object(type(root.session_store), "get") as get,
        ):
            session, database = self._find(
                X_Odoo_Database="two", Cookie=f"session_id={SID}"
            )
        get.assert_not_called()
        self.assertEqual((database, session.db), ("two", "two"))
        self.assertNotEqual(session.sid, SID)

    def test_the_session_is_empty_and_never_saved(self):
        with self._databases("one"):
            session, _database = self._find(Accept_Language="de-DE")
        self.assertFalse(session.can_save)
        self.assertFalse(session.is_dirty)
        self.assertIsNone(session.uid)
        self.assertEqual(session.context["lang"], "de_DE")

    def test_people_are_served_by_core(self):
        """Other paths, and whoever reads our pages with a session."""
        with (
            self._databases("one") as asked,
            patch.object(machine_request, "_core", return_value=("core", "one")),
        ):
            self.assertEqual(self._find(path="/web")[0], "core")
            self.assertEqual(self._find(path="/interop_rest/static/x")[0], "core")
            self.assertEqual(
                self._find(path="/interop/v1/docs", Cookie=f"session_id={SID}")[0],
                "core",
            )
            self.assertNotEqual(self._find(path="/interop/v1/docs")[0], "core")
            self.assertEqual(len(asked), 1)

    def test_only_machines_get_connections_that_keep_plans(self):
        with patch.object(
            machine_request, "_core_serve", lambda request: plans._keeps.get()
        ):
            for path, kept in (
                ("/interop/v1/messages", True),
                ("/web", False),
                ("/interop_rest/static/x", False),
            ):
                self.assertIs(self._request(path)._serve_db(), kept, path)
        self.assertFalse(plans._keeps.get())
