"""Used by ./setup/bench outbound only."""

from . import models
