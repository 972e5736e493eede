"""System parameters, read in one place: code needs them whoever runs it."""


def text(env, name, fallback=""):
    """Return the system parameter ``name``, or ``fallback`` where it is not set or empty.

    :param str name: key of the parameter
    """
    # sudo: system parameters are readable by administrators only
    return env["ir.config_parameter"].sudo().get_param(name) or fallback


def number(env, name, fallback=0):
    """Return the system parameter ``name`` as an integer; see ``text``.

    :raises ValueError: it is set to something that is no whole number
    """
    return int(text(env, name) or fallback)
