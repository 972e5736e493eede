from . import interop_override_wizard
