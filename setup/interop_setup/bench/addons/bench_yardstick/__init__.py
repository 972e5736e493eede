"""Used by ./setup/bench outbound and ./setup/bench inbound only."""

from . import controllers
from . import models
