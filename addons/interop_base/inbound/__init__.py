"""The way in, for every transport: from an authenticated client to an applied message.

A transport proves who calls, then hands a :class:`~.pipeline.Delivery` to
:func:`~.pipeline.receive`. Nothing here knows HTTP: what is refused raises
``exceptions.Refused``.
"""
