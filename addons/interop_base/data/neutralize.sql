-- A neutralized copy talks to nobody: it is adopted by no database name, nothing is active,
-- and no secret can be read even where the key file lies beside it. Systems keep their
-- environment: a test server does not talk to a production system, adopted or not.
UPDATE ir_config_parameter SET value = '' WHERE key = 'interop_base.database';
UPDATE interop_interface SET state = 'suspended' WHERE state = 'active';
UPDATE interop_client SET state = 'suspended' WHERE state = 'active';
UPDATE interop_secret SET ciphertext = NULL, key_id = NULL,
       revoked_at = COALESCE(revoked_at, now() AT TIME ZONE 'UTC');
-- A neutralized copy delivers nothing: every endpoint rests until somebody resumes it.
UPDATE interop_endpoint
   SET state = 'disabled', state_reason = 'Neutralized copy'
 WHERE state <> 'disabled';
