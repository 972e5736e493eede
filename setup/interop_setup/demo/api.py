"""The external API of Odoo for one user: JSON-2 with an API key of that user.

The key is created as in Preferences: log in with the password, confirm the password, and
read the key once.
"""

import json
import urllib.error
import urllib.request

from ..errors import SetupError


class Refused(SetupError):
    """Odoo refused a call.

    :param status: the HTTP status
    :param name: Odoo's exception, such as ``odoo.exceptions.AccessError``
    """

    def __init__(self, call: str, status: int, name: str, text: str):
        super().__init__(
            f"Odoo refused {call} ({status}, {name}): {text}",
            "See the step in the lines above.",
        )
        self.status = status
        self.name = name
        self.text = text


class User:
    """One user of one Odoo.

    :param url: of Odoo, without a slash at the end
    :param company: a facility's id; calls are made for it when given
    """

    def __init__(self, url: str, database: str, login: str, password: str):
        self.url = url
        self.database = database
        self.login = login
        self.password = password
        self.uid = 0
        self.company: int | None = None
        self._key = ""

    def sign_in(self) -> "User":
        """Log in with the password and get an API key for the next calls.

        :raises Refused: wrong login or password
        """
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        session = self._browse(
            browser,
            "/web/session/authenticate",
            db=self.database,
            login=self.login,
            password=self.password,
        )
        self.uid = session["uid"]
        keys = "res.users.apikeys.description"
        description = self._press(browser, keys, "create", [{"name": "demo"}])
        check = self._press(browser, keys, "make_key", [description])
        made = self._press(
            browser,
            check["res_model"],
            "run_check",
            [check["res_id"]],
            password=self.password,
        )
        self._key = made["context"]["default_key"]
        return self

    def _press(
        self,
        browser: urllib.request.OpenerDirector,
        model: str,
        method: str,
        values: list,
        **context: str,
    ) -> object:
        """Call the method of a button of the web client."""
        return self._browse(
            browser,
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=values,
            kwargs={"context": context},
        )

    def _browse(
        self, browser: urllib.request.OpenerDirector, path: str, **values: object
    ) -> object:
        """One request of the web client, with its session.

        :raises Refused: Odoo answered with an error
        """
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps({"jsonrpc": "2.0", "params": values}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with browser.open(request, timeout=60) as answer:
            body = json.load(answer)
        if "error" in body:
            data = body["error"].get("data", {})
            name, text = str(data.get("name", "")), str(data.get("message", ""))
            raise Refused(f"{path} of {self.login}", answer.status, name, text)
        return body["result"]

    def call(self, model: str, method: str, **values: object) -> object:
        """Call a method; ``ids`` are the records, the rest are its arguments.

        :raises Refused: Odoo answered with an error
        """
        if self.company:
            context = {"allowed_company_ids": [self.company]}
            values["context"] = {**context, **values.get("context", {})}
        request = urllib.request.Request(
            f"{self.url}/json/2/{model}/{method}",
            data=json.dumps(values).encode(),
            headers={
                "Authorization": f"bearer {self._key}",
                "Content-Type": "application/json",
                "X-Odoo-Database": self.database,
            },
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise self._refused(f"{model}.{method}", error) from None

    @staticmethod
    def _refused(call: str, error: urllib.error.HTTPError) -> Refused:
        """The exception for an answer that is an error."""
        try:
            body = json.load(error)
        except ValueError:
            body = {}
        name = str(body.get("name", "error"))
        return Refused(call, error.code, name, str(body.get("message", "")))

    # -- shorthands --------------------------------------------------------

    def create(self, model: str, **values: object) -> int:
        """Create one record and answer its id."""
        return self.call(model, "create", vals_list=[values])[0]

    def write(self, model: str, ids: int | list[int], **values: object) -> None:
        """Write fields of records."""
        ids = [ids] if isinstance(ids, int) else ids
        self.call(model, "write", ids=ids, vals=values)

    def button(self, model: str, method: str, *ids: int) -> object:
        """Press a button of records."""
        return self.call(model, method, ids=list(ids))

    def read(self, model: str, domain: list, *fields: str, **options: object) -> list:
        """Records that match, with these fields."""
        return self.call(
            model, "search_read", domain=domain, fields=list(fields), **options
        )

    def count(self, model: str, domain: list) -> int:
        """How many records match."""
        return self.call(model, "search_count", domain=domain)

    def ref(self, xml_id: str) -> int:
        """Id of the record with this XML id (administrators of Odoo only)."""
        module, name = xml_id.split(".")
        domain = [["module", "=", module], ["name", "=", name]]
        return self.read("ir.model.data", domain, "res_id")[0]["res_id"]
