"""Last step: apply the message now, or leave it to the pump."""

from .. import clock
from ..exceptions import LostRace, Refused, TechnicalError
from ..models.log.message_effect import MessageEffect


def process(message, route, envelope, has_to_wait):
    """Apply a real-time message now; leave any other message to the pump.

    A message that has to wait for an earlier one with its ordering key is left to the
    pump as well.

    :returns: whether the message is left to the pump
    :raises Refused: a technical failure; nothing is stored and the sender retries
    """
    if envelope.test:
        message._set_skipped("Test message: verified, not applied.")
    elif route.flow.latency_tier == "real_time" and not has_to_wait:
        _apply(message, envelope.data)
    else:
        _leave_to_pump(message)
        return True
    return False


def _apply(message, data):
    """Apply the message in a savepoint.

    After a lost race the message stays for the pump: only a new transaction can tell a
    race from wrong content. A second failure of this kind is a failure of the content.
    """
    started = clock.now()
    try:
        message._apply_now(data, started)
    except LostRace as error:
        MessageEffect(message, started).note_lost_race(error)
        _leave_to_pump(message)
    except TechnicalError as error:
        reason = f"{error.error_class}:{error.code}"
        raise Refused(
            "technical", reason=reason, client=message.client_id.code
        ) from None
    seconds = (clock.now() - started).total_seconds()
    MessageEffect(message, started).record(seconds)


def _leave_to_pump(message):
    message.env["interop.queue"]._enqueue(message.ids)
    message.env["interop.pump"]._arm_after_commit()
