-- A neutralized copy delivers nothing: every endpoint rests until somebody resumes it.
UPDATE interop_endpoint
   SET state = 'disabled', state_reason = 'Neutralized copy'
 WHERE state <> 'disabled';
