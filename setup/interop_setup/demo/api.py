"""Odoo's external API, as one of its users: JSON-2 with an API key of that user.

The key is made the way a person makes one in Preferences: log in with the password,
confirm the password, read the key once.
"""

import json
import urllib.error
import urllib.request
import xmlrpc.client

from ..errors import SetupError


class Refused(SetupError):
    """Odoo refused a call.

    :param status: the HTTP status
    :param name: Odoo's exception, such as ``odoo.exceptions.AccessError``
    """

    def __init__(self, call: str, status: int, name: str, text: str):
        super().__init__(
            f"Odoo refused {call} ({status}, {name}): {text}",
            "The lines before this one say what was being done.",
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
        """Log in with the password and get an API key for the calls that follow.

        :raises SetupError: wrong login or password
        """
        common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common")
        self.uid = common.authenticate(self.database, self.login, self.password, {})
        if not self.uid:
            raise SetupError(
                f"Odoo does not let {self.login} in.", "Run ./setup/demo again."
            )
        description = self._first_call(
            "res.users.apikeys.description", "create", [{"name": "demo"}]
        )
        check = self._first_call(
            "res.users.apikeys.description", "make_key", [description]
        )
        made = self._first_call(
            check["res_model"], "run_check", [check["res_id"]], password=self.password
        )
        self._key = made["context"]["default_key"]
        return self

    def _first_call(self, model: str, method: str, values: list, **context: str):
        """A call with the password, before there is a key."""
        models = xmlrpc.client.ServerProxy(
            f"{self.url}/xmlrpc/2/object", allow_none=True
        )
        credentials = (self.database, self.uid, self.password)
        return models.execute_kw(
            *credentials, model, method, values, {"context": context}
        )

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
