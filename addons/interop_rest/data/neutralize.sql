-- A neutralized copy takes nothing: whoever calls it is refused until it is set up anew.
UPDATE interop_client SET state = 'suspended' WHERE state = 'active';
