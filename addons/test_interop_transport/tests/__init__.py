from . import test_own_transport
