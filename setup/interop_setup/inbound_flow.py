"""Creates clients that send to an interface, for benchmarks and inbound tests.

Runs inside Odoo (``interop_setup.odoo_call``).
"""


def system(env):
    """Allow the database to exchange messages, and return the sending system."""
    env["interop.guard"]._adopt_database()
    return env["interop.system"].create(
        {
            "name": "Record",
            "code": "record",
            "environment": "test",
            "company_ids": [(6, 0, env.company.ids)],
        }
    )


def interface(env, sender, carried, code="providers-in", **values):
    """Create an active interface of a system.

    :param sender: the system
    :param carried: the contracts
    """
    admin = env.ref("base.user_admin")
    made = env["interop.interface"].create(
        {
            "name": code.replace("-", " ").capitalize(),
            "code": code,
            "system_id": sender.id,
            "direction": "in",
            "transport": "rest",
            "contract_ids": [(6, 0, carried.ids)],
            "company_ids": [(6, 0, env.company.ids)],
            "owner_id": admin.id,
            "exception_user_id": admin.id,
            "objective_seconds": 60,
            "latency_tier": "real_time",
            "data_class": "personal",
            **values,
        }
    )
    made.with_user(admin).sudo()._set_approved()
    made._set_active()
    return made


def client(env, target, code, kinds=("hmac",), **values):
    """Create an active client of an interface; return it and its keys by kind.

    :param target: the interface
    """
    made = env["interop.client"].create(
        {
            "name": code.capitalize(),
            "code": code,
            "system_id": target.system_id.id,
            "interface_ids": [(6, 0, target.ids)],
            **values,
        }
    )
    secrets = env["interop.secret"]
    texts = {kind: secrets._generate_plaintext(kind) for kind in kinds}
    for kind, text in texts.items():
        secrets._create_value(made._secret_values(kind), text)
    made.with_user(env.ref("base.user_admin")).sudo()._set_approved()
    made._set_active()
    return made, texts
