"""What the test of CONTRIBUTING.md does inside Odoo (``inside``)."""

from interop_setup import outbound_flow


def set_up(env, url):
    """Make an active flow of the example's contract to ``url``; answer the secret."""
    outbound_flow.prepare(env, lease=30)
    made, secret = outbound_flow.endpoint(env, 1, url)
    outbound_flow.interface(
        env,
        1,
        made,
        env["interop.contract"]._find("product.created"),
        outbound_flow.policy(env, "Example", "0s, 1s"),
        mapped=False,
    )
    return secret


def create_product(env):
    """Create a product as a user does."""
    env["product.product"].create({"name": "Syringe 5 ml"})
