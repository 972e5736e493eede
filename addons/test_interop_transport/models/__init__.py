from . import interop_client
from . import interop_handler_test_note
from . import interop_interface
from . import interop_transport_test_wire
