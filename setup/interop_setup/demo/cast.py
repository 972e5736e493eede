"""The facilities and users of the demo, which the administrator of Odoo creates."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..progress import step
from .api import User

HOSPITAL = "Burgers University Medical Center"
CLINIC = "Artis University Medical Center"
ADMIN_PASSWORD = "admin"  # noqa: S105  (what Odoo gives every new database)
OPERATORS = "Integration operators"
BILLING = "Billing"
# Code, name and price of what the hospital bills to providers.
SERVICES = (
    ("ROOM-HALF", "Consulting room, half a day", "128.40"),
    ("RECEPTION", "Reception service", "36.15"),
)


@dataclass(frozen=True)
class Role:
    """One login of the demo; the password is the login."""

    login: str
    name: str
    groups: tuple[str, ...]
    shown: str
    all_facilities: bool = True


ROLES = (
    Role(
        "user",
        "Ursula Berg",
        ("interop_base.interop_base_group_user", "account.group_account_invoice"),
        "Integration / User, and Invoicing: the billing clerk",
        all_facilities=False,
    ),
    Role(
        "operator",
        "Omar Visser",
        (
            "interop_base.interop_base_group_operator",
            "interop_base.interop_base_group_payload",
        ),
        "Integration / Operator, may view message content",
    ),
    Role(
        "administrator",
        "Anna de Wit",
        ("interop_base.interop_base_group_admin",),
        "Integration / Administrator",
    ),
    Role(
        "steward",
        "Stella Mulder",
        ("interop_base.interop_base_group_steward",),
        "Integration stewardship / Steward",
    ),
    Role(
        "auditor",
        "August Bakker",
        ("interop_base.interop_base_group_auditor",),
        "Integration audit / Auditor",
    ),
)


@dataclass
class Cast:
    """The participants: ids of the facilities, and signed-in users by login."""

    hospital: int
    clinic: int
    users: dict[str, User]
    operators: int = 0
    billing: int = 0

    def __getitem__(self, login: str) -> User:
        return self.users[login]


def assemble(url: str, database: str, ports: tuple[int, ...]) -> Cast:
    """Set up facilities, accounting and users, and sign in all users.

    :param ports: the ports of the receivers, which are the only allowed ports
    """
    with step("The Odoo administrator sets up two facilities, accounting and users"):
        admin = User(url, database, "admin", ADMIN_PASSWORD).sign_in()
        _adopt(admin)
        hospital, clinic = _facilities(admin)
        ids = _people(admin, hospital, clinic)
        cast = Cast(hospital, clinic, {"admin": admin})
        _responsibilities(admin, cast, ids, ports)
        users = [User(url, database, role.login, role.login) for role in ROLES]
        with ThreadPoolExecutor(2) as pool:  # checking a password is slow on purpose
            cast.users.update(
                {user.login: user for user in pool.map(User.sign_in, users)}
            )
        cast["user"].company = hospital
        admin.company = hospital
    return cast


def _adopt(admin: User) -> None:
    """Adopt the database, so that this copy of a template may exchange messages."""
    settings = admin.create("res.config.settings")
    admin.button("res.config.settings", "action_interop_adopt", settings)


def _facilities(admin: User) -> tuple[int, int]:
    """Name the main facility, give it a chart of accounts, and add a second one."""
    (company,) = admin.read("res.users", [["login", "=", "admin"]], "company_id")
    hospital = company["company_id"][0]
    country = admin.read("res.country", [["code", "=", "NL"]], "id")[0]["id"]
    admin.write("res.company", hospital, name=HOSPITAL, country_id=country)
    admin.call(
        "account.chart.template",
        "try_loading",
        template_code="generic_coa",
        company=hospital,
        install_demo=False,
    )
    domestic = [["name", "=", "Domestic"], ["company_id", "=", hospital]]
    found = admin.read("account.fiscal.position", domestic, "id")
    admin.write(
        "account.fiscal.position", [row["id"] for row in found], country_id=country
    )
    for code, name, price in SERVICES:
        admin.create(
            "product.product",
            name=name,
            default_code=code,
            type="service",
            list_price=float(price),
        )
    # The country is set later, because Odoo would install the modules of that country.
    clinic = admin.create("res.company", name=CLINIC)
    admin.write("res.company", clinic, country_id=country)
    return hospital, clinic


def _people(admin: User, hospital: int, clinic: int) -> dict[str, int]:
    """Create the login of every role and return the ids by login."""
    values = [
        {
            "name": role.name,
            "login": role.login,
            "password": role.login,
            "email": f"{role.login}@bumc.example",
            "notification_type": "inbox",
            "group_ids": [[4, admin.ref(group)] for group in role.groups],
            "company_id": hospital,
            "company_ids": [
                [6, 0, [hospital, clinic] if role.all_facilities else [hospital]]
            ],
        }
        for role in ROLES
    ]
    ids = admin.call("res.users", "create", vals_list=values)
    return {role.login: uid for role, uid in zip(ROLES, ids, strict=True)}


def _responsibilities(
    admin: User, cast: Cast, ids: dict[str, int], ports: tuple[int, ...]
) -> None:
    """Set the teams that own failures, and the allowed ports of webhooks.

    Operators own technical failures, and billing owns the failures of its interfaces.
    """
    cast.operators = admin.create(
        "interop.team", name=OPERATORS, member_ids=[[6, 0, [ids["operator"]]]]
    )
    cast.billing = admin.create(
        "interop.team", name=BILLING, member_ids=[[6, 0, [ids["user"]]]]
    )
    settings = admin.create(
        "res.config.settings",
        interop_operators_team_id=cast.operators,
        interop_source=f"odoo:{HOSPITAL}",
        interop_webhook_allowed_ports=", ".join(map(str, ports)),
    )
    admin.button("res.config.settings", "execute", settings)
