from . import test_document_facilities
