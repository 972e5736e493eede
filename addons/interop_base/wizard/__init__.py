from . import interop_stop_wizard
