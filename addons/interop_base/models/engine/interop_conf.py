"""Section ``[interop]`` of odoo.conf.

Odoo warns at each start of unknown keys under ``[options]``. Therefore the keys are in a
separate section, as those of queue_job. Nothing here is stored in the database, so that a copy of
the database has neither the environment name nor the key file.
"""

import os
from configparser import ConfigParser
from configparser import Error as ConfigParserError

from odoo.tools import config

_cache = {}


def section():
    """Return the ``[interop]`` section of the running odoo.conf as a dict of text.

    The file is read again when it changes. Without the file or the section the result is
    empty, and the guard then refuses to move messages (fail closed).
    """
    path = config.get("config")
    path = path[-1] if isinstance(path, list) and path else path
    if not path:
        return {}
    try:
        stamp = os.stat(path).st_mtime_ns
    except OSError:
        return {}
    cached = _cache.get(path)
    if cached and cached[0] == stamp:
        return cached[1]
    parser = ConfigParser(interpolation=None)
    try:
        parser.read(path)
    except ConfigParserError:
        return {}
    values = dict(parser["interop"]) if parser.has_section("interop") else {}
    _cache[path] = (stamp, values)
    return values
