"""Installation hooks."""

from .models.interop_identifier_trigger import drop_function


def post_init_hook(env):
    """List the kinds of records with identifiers and create their triggers before data
    arrives."""
    env["interop.identifier.model"]._sync()


def uninstall_hook(env):
    """Remove the triggers and pages from the tables and forms of other apps."""
    env["interop.identifier.model"].search([("model", "!=", False)])._remove_traces()
    drop_function(env.cr)
