"""Installation hooks."""

from .models.interop_identifier_trigger import drop_function


def post_init_hook(env):
    """List and guard what carries identifiers at once, before any data comes."""
    env["interop.identifier.model"]._sync()


def uninstall_hook(env):
    """Leave no trigger and no page behind in other apps' tables and forms."""
    env["interop.identifier.model"].search([("model", "!=", False)])._remove_traces()
    drop_function(env.cr)
