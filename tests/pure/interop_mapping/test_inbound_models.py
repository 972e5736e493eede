"""Which objects and fields are closed to messages."""

import pytest
from interop_mapping_tools.inbound_models import is_closed, is_closed_field


@pytest.mark.parametrize(
    "model",
    ["ir.cron", "res.users", "res.users.apikeys", "interop.client", "base.automation"]
    + ["mail.template", "auth_totp.device", "queue.job", "res.company"],
)
def test_closed_objects(model):
    assert is_closed(model)


@pytest.mark.parametrize("model", ["res.partner", "product.template", "irrigation.x"])
def test_other_objects_are_not_closed(model):
    assert not is_closed(model)


def test_closed_fields():
    assert is_closed_field("company_id")
    assert is_closed_field("signup_token")
    assert not is_closed_field("name")
