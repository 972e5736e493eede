from . import interop_facility_wizard
