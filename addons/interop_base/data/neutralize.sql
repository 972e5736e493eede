-- A neutralized copy exchanges no messages: no database name is recorded, nothing is active,
-- and no secret can be decrypted, even with the key file. Systems keep their environment, so
-- a test server cannot reach a production system after an adoption.
UPDATE ir_config_parameter SET value = '' WHERE key = 'interop_base.database';
UPDATE interop_interface SET state = 'suspended' WHERE state = 'active';
UPDATE interop_client SET state = 'suspended' WHERE state = 'active';
UPDATE interop_secret SET ciphertext = NULL, key_id = NULL,
       revoked_at = COALESCE(revoked_at, now() AT TIME ZONE 'UTC');
-- A neutralized copy delivers nothing: all endpoints are disabled until a user resumes them.
UPDATE interop_endpoint
   SET state = 'disabled', state_reason = 'Neutralized copy'
 WHERE state <> 'disabled';
