"""Texts of the screens about a message: the reason why it waits, and the next step."""

from datetime import timedelta

from ... import const

NEXT_ACTIONS = [
    ("retry", "Retry"),
    ("resubmit", "Resubmit"),
    ("skip", "Skip"),
    ("none", "None"),
]


def next_steps(env):
    """Return ``{error class: next step of the owner}``."""
    check_then_retry = env._("Check the receiver, then retry.")
    return {
        "dns": env._("Check the host name of the endpoint, then retry."),
        "connect": env._("Check that the receiver is running, then retry."),
        "tls": env._("Check the receiver's certificate, then retry."),
        "timeout": check_then_retry,
        "http_5xx": check_then_retry,
        "throttled": env._("Lower the rate of the endpoint, then retry."),
        "auth": env._("Check the secret on both sides, then retry."),
        "config": env._("Complete the configuration named in the error, then retry."),
        "internal": env._("Ask an administrator to read the server log."),
        "schema": env._("Correct the record or the mapping, then resubmit."),
        "unknown_identifier": env._(
            "Ask the sender to correct the message and to send it with a new id. Then "
            "cancel this message."
        ),
        "ownership": env._("Change the value in the system of record."),
        "business_rule": env._(
            "Correct the record named in the error, then retry. If the content is wrong, "
            "ask the sender to correct it and to send it with a new id."
        ),
        "conflict": env._("Decide which record is correct, then retry."),
    }


def next_step_of(failure, steps):
    """Return the next step of a failed message, or of a cause of failures.

    :param failure: record with ``direction``, ``error_kind`` and ``error_class``
    :param dict steps: see ``next_steps``
    """
    if "is_superseded" in failure._fields and failure.is_superseded:
        return failure.env._(
            "A newer message about the same record replaces this one. Skip it."
        )
    if failure.direction == "out" and failure.error_kind == "business":
        return failure.env._(
            "Correct the record named in the error, then resubmit the message."
        )
    if failure.direction == "in" and failure.error_class == "schema":
        return failure.env._(
            "Correct the mapping and retry the message. If the content is wrong, "
            "ask the sender to correct it and to send it with a new id."
        )
    return steps.get(failure.error_class, "")


def next_action_of(message):
    """Return the button for the next step of a message."""
    if message.state not in const.FAILED_STATES or message.error_class == "ownership":
        return "none"
    if message.is_superseded:
        return "skip"
    built_anew = message.direction == "out" and message.error_kind == "business"
    return "resubmit" if built_anew and message.res_id else "retry"


def waiting(message, now, known):
    """Return ``(reason, end, held)`` of the wait of an open message.

    :param datetime now: naive UTC
    :param dict known: results for other messages of the same interface; filled here
    """
    env = message.env
    if message.state not in const.OPEN_STATES:
        return False, False, False
    if message.state in const.FAILED_STATES:
        text = env._(
            "The message failed. Correct the cause and retry the message, or cancel it."
        )
        return text, False, False
    if message.state == "processing":
        return env._("A worker is processing the message now."), False, False
    key = (message.interface_id, message.company_id, message.test)
    if key not in known:
        known[key] = message.interface_id._holds(message.company_id, message.test)
    holds = known[key]
    due = message.next_attempt_at if (message.next_attempt_at or now) > now else False
    if holds:
        ends = [hold.until for hold in holds]
        until = max([*ends, due or now]) if all(ends) else False
        return " ".join(hold.text for hold in holds), until, True
    if message.attempt_count:
        return env._("The last attempt failed. The next attempt follows."), due, False
    if not due and _is_deferred(message, now, known):
        text = env._("Messages of more critical interfaces are processed first.")
        return text, due, False
    return env._("The message waits for the next free worker."), due, False


def _is_deferred(message, now, known):
    """Return whether messages of more critical interfaces are due before this one, which
    has been due for some time."""
    if (message.next_attempt_at or now) > now - timedelta(
        seconds=const.DEFERRED_SECONDS
    ):
        return False
    weights = known.get("weights")
    if weights is None:
        weights = known["weights"] = message.env["interop.pump"]._due_weights()
    own = weights.get(message.lane)
    return bool(own) and own < max(weights.values())
