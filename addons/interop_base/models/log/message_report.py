"""The outcome of each value of a message, without the values."""

from markupsafe import Markup

from ...tools import field_report

OUTCOME_STYLES = {
    field_report.APPLIED: "success",
    field_report.UNCHANGED: "secondary",
    field_report.FLAGGED: "warning",
    field_report.IGNORED: "warning",
    field_report.REJECTED: "danger",
    field_report.NOT_APPLIED: "secondary",
}
SOURCES = 200  # latest messages whose reports are searched


def columns(report):
    """Return the columns of ``interop.message`` that keep a report
    (``tools.field_report.entries``)."""
    return {
        "field_report": report or False,
        "has_field_notes": field_report.is_notable(report),
    }


def words(env):
    """Return ``{outcome or reason: label}``."""
    return {
        field_report.APPLIED: env._("Applied"),
        field_report.UNCHANGED: env._("Unchanged"),
        field_report.FLAGGED: env._("Applied and flagged"),
        field_report.IGNORED: env._("Ignored"),
        field_report.REJECTED: env._("Rejected"),
        field_report.NOT_APPLIED: env._("Not applied"),
        field_report.NOT_OWNER: env._("Another system is the system of record"),
        field_report.STALE: env._("Not newer than an earlier statement of the sender"),
        field_report.UNKNOWN_VALUE: env._("This value is not set up in Odoo"),
        field_report.ONLY_FIRST: env._(
            "Odoo stores only one value; the first value is used"
        ),
    }


def table(env, report):
    """Return a report as an HTML table, ``False`` for an empty one."""
    if not report:
        return False
    known = words(env)
    rows = Markup("").join(
        Markup(
            "<tr><td>%(object)s</td><td>%(field)s</td>"
            "<td><span class='badge text-bg-%(style)s'>%(outcome)s</span></td>"
            "<td>%(reason)s</td></tr>"
        )
        % {**names(env, item), **outcome(item, known)}
        for item in report
    )
    return Markup(
        "<table class='table table-sm'><thead><tr><th>%s</th><th>%s</th><th>%s</th>"
        "<th>%s</th></tr></thead><tbody>%s</tbody></table>"
    ) % (env._("Object"), env._("Field"), env._("Outcome"), env._("Reason"), rows)


def names(env, item):
    """Return the labels of ``object`` and ``field`` of an entry."""
    model = env.get(item["object"])
    field = model._fields.get(item["field"]) if model is not None else None
    return {
        "object": model._description if model is not None else item["object"],
        "field": field._description_string(env) if field else item["field"],
    }


def outcome(item, known):
    """Return the outcome of an entry in ``words``, and the style of its badge."""
    return {
        "style": OUTCOME_STYLES.get(item["outcome"], "secondary"),
        "outcome": known.get(item["outcome"], item["outcome"]),
        "reason": known.get(item.get("reason"), item.get("reason", "")),
    }


def sources(env, model, ids, since):
    """Return the sources of values from the reports of the latest messages; see
    ``interop.message._field_sources``."""
    # sudo: only sources are read here; values need the rights of the user
    latest_sudo = (
        env["interop.message"]
        .sudo()
        .search(
            [
                ("res_model", "=", model),
                ("res_id", "in", ids),
                ("direction", "=", "in"),
                ("done_at", ">=", since),
            ],
            order="id",
            limit=SOURCES,
        )
    )
    return {
        (entry["id"], entry["field"]): (
            message_sudo,
            message_sudo.external_id,
            message_sudo.done_at,
        )
        for message_sudo in latest_sudo
        for entry in message_sudo.field_report or []
        if entry["object"] == model and entry["outcome"] == field_report.APPLIED
    }
