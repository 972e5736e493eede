"""The hospital and the people of the demo: what Odoo's own administrator sets up."""

from dataclasses import dataclass

from ..progress import step
from .api import User

HOSPITAL = "Burgers University Medical Center"
CLINIC = "Artis University Medical Center"
ADMIN_PASSWORD = "admin"  # what Odoo gives every new database
OPERATORS = "Integration operators"
BILLING = "Billing"


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
    """Who takes part: the facilities' ids and the signed-in users by login."""

    hospital: int
    clinic: int
    users: dict[str, User]
    operators: int = 0
    billing: int = 0

    def __getitem__(self, login: str) -> User:
        return self.users[login]


def assemble(url: str, database: str) -> Cast:
    """Set up facilities, books and people, and sign everybody in."""
    with step("The Odoo administrator sets up two facilities, the books and the people"):
        admin = User(url, database, "admin", ADMIN_PASSWORD).sign_in()
        _adopt(admin)
        hospital, clinic = _facilities(admin)
        ids = {role.login: _person(admin, role, hospital, clinic) for role in ROLES}
        cast = Cast(hospital, clinic, {"admin": admin})
        _teams(admin, cast, ids)
        for role in ROLES:
            cast.users[role.login] = User(
                url, database, role.login, role.login
            ).sign_in()
        cast["user"].company = hospital
        admin.company = hospital
    return cast


def _adopt(admin: User) -> None:
    """The database is a copy of a template: say that it is meant to exchange messages."""
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
    clinic = admin.create("res.company", name=CLINIC, country_id=country)
    return hospital, clinic


def _person(admin: User, role: Role, hospital: int, clinic: int) -> int:
    """Create the login of a role and answer its id."""
    facilities = [hospital, clinic] if role.all_facilities else [hospital]
    return admin.create(
        "res.users",
        name=role.name,
        login=role.login,
        password=role.login,
        email=f"{role.login}@bumc.example",
        notification_type="inbox",
        group_ids=[[4, admin.ref(group)] for group in role.groups],
        company_id=hospital,
        company_ids=[[6, 0, facilities]],
    )


def _teams(admin: User, cast: Cast, ids: dict[str, int]) -> None:
    """Say who owns failures: operators the technical ones, billing its own."""
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
    )
    admin.button("res.config.settings", "execute", settings)
