"""A filled database of an older version can be upgraded.

``data/landed-<version>.sql.xz`` is a dump of the demo's database at the end of its day,
made with the addons of that version, and ``.keys`` the key file that goes with it.
"""

import lzma
import shutil
import time
from pathlib import Path

import pytest
from inbound_sender import in_odoo
from interop_setup import databases, manifests, odoo_config, paths
from interop_setup.process import run

DATA = Path(__file__).with_name("data")
VERSIONS = ["19.0.1.0.0", "19.0.1.1.2", "19.0.1.2.0"]
RECENT = 1  # versions that every run upgrades; the older ones with --long
# The last version that kept identifiers as they were spelled.
AS_SPELLED = "19.0.1.1.2"
# Tables that an upgrade does not change. Records of data files may change.
KEPT = (
    *("interop_message", "interop_attempt", "interop_payload", "interop_stream"),
    *("interop_audit_event", "interop_secret", "interop_system", "interop_interface"),
    *("interop_endpoint", "interop_client", "interop_identifier", "interop_namespace"),
    *("interop_namespace_alias", "interop_identity_case", "interop_provenance"),
    *("interop_facility_membership", "interop_system_facility_code"),
)
# Columns of the log that are in the queue now.
QUEUED = ("next_attempt_at", "lease_token", "lease_until")
OPEN = "('pending', 'processing', 'dead', 'parked')"
MILLION, MINUTES = 1_000_000, 5
# After dump and restore, PostgreSQL prints casts of an expression in another form.
_PLAIN = r"regexp_replace({}, '::(character varying|text)(\[\])?|[()\s]', '', 'g')"
# Statements that describe the schema of the modules of this project.
LOOKS = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable
          FROM information_schema.columns WHERE table_name ~ '^interop_'""",
    "indexes": f"""
        SELECT tablename, indexname, {_PLAIN.format("indexdef")} FROM pg_indexes
         WHERE tablename ~ '^interop_' OR indexname ~ 'interop'""",
    "constraints": f"""
        SELECT conrelid::regclass, conname, {_PLAIN.format("pg_get_constraintdef(oid)")}
          FROM pg_constraint WHERE conrelid::regclass::text ~ '^interop_'""",
    "storage": """
        SELECT c.relname, o.option, t.reloptions
          FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
          LEFT JOIN LATERAL unnest(c.reloptions) AS o(option) ON true
         WHERE c.relkind = 'r' AND c.relname ~ '^interop_'""",
    "record rules": """
        SELECT d.module, d.name, r.domain_force, r.perm_read, r.perm_write,
               r.perm_create, r.perm_unlink, r.active
          FROM ir_rule r JOIN ir_model_data d ON d.model = 'ir.rule' AND d.res_id = r.id
         WHERE d.module ~ '^interop_'""",
    "access rights": """
        SELECT d.module, d.name, a.perm_read, a.perm_write, a.perm_create, a.perm_unlink
          FROM ir_model_access a
          JOIN ir_model_data d ON d.model = 'ir.model.access' AND d.res_id = a.id
         WHERE d.module ~ '^interop_'""",
    "scheduled actions": """
        SELECT d.module, d.name, c.interval_number, c.interval_type, c.active
          FROM ir_cron c JOIN ir_model_data d ON d.model = 'ir.cron' AND d.res_id = c.id
         WHERE d.module ~ '^interop_'""",
    # Only new test databases have the handler of test_interop_transport.
    "data records": """
        SELECT module, name, model FROM ir_model_data
         WHERE module ~ '^interop_' AND model !~ '^ir[.]model[.]fields'
           AND name !~ 'interop_handler_test_note'""",
}


def landed(cluster, version, folder):
    """Restore the dump of this version; return the database and a copy of its key file."""
    name = databases.throw_away_name("upgrade")
    cluster.psql(f"CREATE DATABASE {databases.quoted(name)} TEMPLATE template0")
    dump = (DATA / f"landed-{version}.sql.xz").read_bytes()
    cluster.psql(lzma.decompress(dump).decode(), database=name)
    keys = folder / "interop.keys"
    shutil.copyfile(DATA / f"landed-{version}.keys", keys)
    keys.chmod(0o600)  # Git does not store these permissions
    return name, keys


def upgrade(cluster, name, keys):
    """Upgrade all addons of this project; an ERROR in the log is a failure."""
    config = paths.RUN / f"{name}.conf"
    sections = {
        "options": odoo_config.base_options(cluster),
        "queue_job": {"channels": "root:0"},
        "interop": {"key_file": str(keys), "environment": "test"},
    }
    odoo_config.write(config, sections)
    try:
        run(
            [
                *(paths.VENV_PYTHON, paths.ODOO_SCRIPT, "-d", name),
                *("-u", "interop_base", "--stop-after-init", "--no-http"),
                "--log-level=warn",
            ],
            what="Upgrading",
            remedy="See the lines above.",
            log="upgrade",
            env=odoo_config.environment(config),
            forbidden=" ERROR ",
        )
    finally:
        config.unlink(missing_ok=True)


def contents(cluster, name, columns=None):
    """Return columns and rows of each unchanged table.

    :param columns: columns of each table; ``None`` for all its columns
    """
    found = {}
    for table in KEPT:
        names = (columns or {}).get(table) or cluster.psql(
            f"""SELECT string_agg(quote_ident(column_name), ', ' ORDER BY column_name)
                  FROM information_schema.columns WHERE table_name = '{table}'
                   AND column_name NOT IN ('write_date', 'write_uid')
                   AND NOT ('{table}' = 'interop_message'
                            AND column_name = ANY('{{{",".join(QUEUED)}}}'))""",
            database=name,
        )
        rows = cluster.psql(f"SELECT {names} FROM {table} ORDER BY id", database=name)
        found[table] = (names, rows)
    return found


def looks(cluster, name, what):
    """Return the lines that describe a part of the schema."""
    return set(cluster.psql(LOOKS[what], database=name).splitlines())


@pytest.fixture(
    params=[
        *(pytest.param(old, marks=pytest.mark.long) for old in VERSIONS[:-RECENT]),
        *VERSIONS[-RECENT:],
    ]
)
def upgraded(request, cluster, tmp_path):
    """Upgrade a database; return its name, its content before, and its keys."""
    name, keys = landed(cluster, request.param, tmp_path)
    before = contents(cluster, name)
    before["waiting"] = waiting(cluster, name, "interop_message")
    upgrade(cluster, name, keys)
    yield name, before, keys
    databases.drop(cluster, name)


def waiting(cluster, name, table):
    """What is open and when it is due, from the log before or the queue after."""
    return cluster.psql(
        f"""SELECT id, state, CASE WHEN state = 'pending' THEN next_attempt_at END, lane
              FROM {table} WHERE state IN {OPEN} ORDER BY id""",
        database=name,
    )


def test_a_landed_database_upgrades(cluster, upgraded, make_database, make_server):
    """Nothing is lost, the schema equals a new one, and messages and secrets work."""
    name, before, keys = upgraded
    opened = before.pop("waiting")
    after = contents(
        cluster, name, {table: names for table, (names, _) in before.items()}
    )
    for table in KEPT:
        assert before[table][1], f"{table} was empty: the dump proves nothing"
        assert after[table][1] == before[table][1], f"{table} changed"
    assert opened, "nothing was open: the dump proves nothing"
    assert waiting(cluster, name, "interop_queue") == opened
    fresh = make_database()
    for what in LOOKS:
        new, old = looks(cluster, fresh, what), looks(cluster, name, what)
        assert not new - old, f"{what} that the upgrade did not bring: {new - old}"
        assert not old - new, f"{what} that the upgrade left: {old - new}"
    ours = {addon for addon in manifests.names() if not addon.startswith("test_")}
    wrong = cluster.psql(
        "SELECT name, state, latest_version FROM ir_module_module"
        " WHERE name ~ '^interop_' AND state <> 'installed'",
        database=name,
    )
    assert not wrong, wrong
    versions = dict(
        line.split("\t")
        for line in cluster.psql(
            "SELECT name, latest_version FROM ir_module_module WHERE state = 'installed'",
            database=name,
        ).splitlines()
    )
    assert ours <= versions.keys()
    server = make_server(database=name, key_file=keys)
    opened = in_odoo(server, "read_back", module="upgrade_world")
    assert opened["payloads"] == before["interop_payload"][1].count("\n") + 1
    assert opened["secrets"]
    assert "ERROR" not in server.log_text()


# Copies of one message, in every state, on lanes with and without an order.
COPIES = f"""
    INSERT INTO interop_message SELECT (jsonb_populate_record(m, jsonb_build_object(
           'id', nextval('interop_message_id_seq'), 'external_id', 'msg_copy_' || n,
           'state', s.state, 'lane', 'endpoint:' || (
               SELECT id FROM interop_endpoint ORDER BY id LIMIT 1),
           'ordering_key', 'key' || n % 1000, 'payload_id', NULL, 'sequence', NULL,
           'next_attempt_at', now() AT TIME ZONE 'UTC',
           'lease_token', CASE WHEN s.state = 'processing' THEN 'token' || n / 100 END,
           'lease_until', CASE WHEN s.state = 'processing' THEN now() END,
           'try_count', CASE WHEN s.state = 'processing' THEN 1 ELSE 0 END,
           'attempt_count', 0))).*
      FROM (SELECT * FROM interop_message WHERE direction = 'out' ORDER BY id LIMIT 1) m,
           generate_series(1, {MILLION}) n
     CROSS JOIN LATERAL (SELECT (ARRAY['done', 'done', 'done', 'done', 'done', 'done',
           'pending', 'processing', 'dead', 'skipped'])[1 + n % 10] AS state) s"""


@pytest.mark.long
@pytest.mark.alone  # the time counts
def test_a_million_messages_upgrade_in_minutes(cluster, tmp_path):
    """Open messages of every state enter the queue, set by set."""
    name, keys = landed(cluster, VERSIONS[-1], tmp_path)
    try:
        cluster.psql(COPIES, database=name)
        count = f"SELECT count(*) FROM interop_message WHERE state IN {OPEN}"
        opened = cluster.psql(count, database=name)
        started = time.monotonic()
        upgrade(cluster, name, keys)
        assert time.monotonic() - started < 60 * MINUTES
        queued = cluster.psql("SELECT count(*) FROM interop_queue", database=name)
        assert queued == opened
        taken = cluster.psql(
            "SELECT count(*) FROM interop_queue WHERE lease_token IS NOT NULL",
            database=name,
        )
        assert int(taken) == MILLION // 10
    finally:
        databases.drop(cluster, name)


# Numbers of an earlier version: one number of two people, one that stays unchanged, and a
# text that is not a number.
NUMBERS = """
    WITH space AS (
        INSERT INTO interop_namespace SELECT (jsonb_populate_record(n,
            jsonb_build_object('id', nextval('interop_namespace_id_seq'),
                'code', 'upgrade-nhs', 'name', 'NHS', 'uri', 'http://upgrade.example',
                'case_rule', 'keep', 'separator_rule', 'keep', 'validator', 'standard',
                'validator_standard', 'gb.nhs', 'validation', 'warn',
                'ignored_pattern', NULL, 'drop_leading_zeros', false,
                'company_id', NULL, 'system_id', NULL))).*
          FROM interop_namespace n
         WHERE id = (SELECT min(id) FROM interop_namespace) RETURNING id),
    numbers AS (
        SELECT *, row_number() OVER () AS place FROM (VALUES
            ('943 476 5870'), ('943-476-5870'), ('987 654 4321'), ('UNKNOWN')
        ) AS v (value)),
    people AS (
        SELECT res_id, row_number() OVER (ORDER BY res_id) AS place FROM (
            SELECT DISTINCT res_id FROM interop_identifier
             WHERE res_model = 'res.partner' AND state = 'active') AS p),
    model AS (
        SELECT i AS row FROM interop_identifier i WHERE id = (
            SELECT min(id) FROM interop_identifier
             WHERE res_model = 'res.partner' AND state = 'active'))
    INSERT INTO interop_identifier SELECT (jsonb_populate_record(model.row,
        jsonb_build_object('id', nextval('interop_identifier_id_seq'),
            'namespace_id', space.id, 'company_id', NULL, 'message_id', NULL,
            'value', numbers.value, 'value_normalized', numbers.value,
            'res_id', people.res_id, 'partner_id', people.res_id, 'single', true))).*
      FROM numbers JOIN people USING (place), space, model"""


def test_numbers_get_one_form_and_doubles_open_cases(cluster, tmp_path):
    """The unique index exists while stored numbers become equal (case 2)."""
    name, keys = landed(cluster, AS_SPELLED, tmp_path)
    try:
        cluster.psql(NUMBERS, database=name)
        upgrade(cluster, name, keys)
        rows = cluster.psql(
            "SELECT i.value, i.value_normalized, i.state FROM interop_identifier i"
            " JOIN interop_namespace n ON n.id = i.namespace_id"
            " WHERE n.code = 'upgrade-nhs' ORDER BY i.id",
            database=name,
        ).splitlines()
        assert rows == [
            "943 476 5870\t9434765870\tactive",
            "943-476-5870\t9434765870\theld",
            "987 654 4321\t9876544321\tactive",
            "UNKNOWN\tUNKNOWN\theld",
        ]
        cases = cluster.psql(
            "SELECT kind, count(*) FROM interop_identity_case c WHERE state = 'open'"
            " AND interface_id IS NULL GROUP BY kind ORDER BY kind",
            database=name,
        ).splitlines()
        assert cases == ["duplicate\t1", "placeholder\t1"]
        index = cluster.psql(
            "SELECT count(*) FROM pg_indexes"
            " WHERE indexname = 'interop_identifier_active_value_uniq'",
            database=name,
        )
        assert index.strip() == "1"
    finally:
        databases.drop(cluster, name)
