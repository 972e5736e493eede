from . import interop_mapping
from . import interop_mapping_line
from . import interop_value_map
from . import interop_mapping_model
from . import interop_contract
from . import interop_interface
from . import interop_handler_mapping
from . import interop_client
