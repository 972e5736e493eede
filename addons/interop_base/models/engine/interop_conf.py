"""Section ``[interop]`` of odoo.conf.

Own keys under ``[options]`` make Odoo warn at each start, therefore a section of its own, read
the way queue_job reads its section. Nothing here is stored in the database: a copy of the
database must not carry the environment name or the key file with it.
"""

import os
from configparser import ConfigParser
from configparser import Error as ConfigParserError

from odoo.tools import config

_cache = {}


def section():
    """Return the ``[interop]`` section of the running odoo.conf as a dict of text.

    Read again when the file changes. Without a file, or without the section, the answer is
    empty, and everything that depends on it refuses to work (fail closed).
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
