"""The tables. Times are milliseconds since 1970, JSON is text, ``seq`` is the order of arrival."""

from __future__ import annotations

SCHEMA_VERSION = 2

_RESOURCES = """
CREATE TABLE IF NOT EXISTS credentials (
  token TEXT PRIMARY KEY, team_id TEXT NOT NULL, kind TEXT NOT NULL, key_id TEXT, created_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS project_secrets (
  team_id TEXT PRIMARY KEY, api_key TEXT NOT NULL, signing_secret TEXT NOT NULL,
  api_key_ms INTEGER NOT NULL, signing_secret_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS project_keys (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL,
  masked_key TEXT NOT NULL, status TEXT NOT NULL, scopes TEXT NOT NULL, execute_grants TEXT NOT NULL,
  rate_limit_per_minute INTEGER NOT NULL, last_used_ms INTEGER, revoked_ms INTEGER, deleted_ms INTEGER,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS key_audit (
  id INTEGER PRIMARY KEY, key_id TEXT NOT NULL, team_id TEXT NOT NULL, route_key TEXT NOT NULL,
  permission TEXT NOT NULL, decision TEXT NOT NULL, created_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS key_audit_key ON key_audit (key_id, decision, created_ms);
CREATE TABLE IF NOT EXISTS sources (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT, type TEXT NOT NULL, hook TEXT NOT NULL UNIQUE, config TEXT,
  disabled_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  UNIQUE (team_id, name)
);
CREATE TABLE IF NOT EXISTS destinations (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT, type TEXT NOT NULL, endpoint TEXT, config TEXT NOT NULL,
  disabled_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  UNIQUE (team_id, name), UNIQUE (team_id, endpoint)
);
CREATE TABLE IF NOT EXISTS connections (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL,
  description TEXT, source_id TEXT NOT NULL, destination_id TEXT NOT NULL, rules TEXT NOT NULL,
  paused_ms INTEGER, disabled_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  UNIQUE (source_id, name)
);
CREATE TABLE IF NOT EXISTS filters (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL,
  conditions TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, UNIQUE (team_id, name)
);
CREATE TABLE IF NOT EXISTS transformations (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL,
  env TEXT NOT NULL, runtime TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  UNIQUE (team_id, name)
);
CREATE INDEX IF NOT EXISTS connections_team ON connections (team_id);
CREATE INDEX IF NOT EXISTS connections_destination ON connections (destination_id);
"""

_TRAFFIC = """
CREATE TABLE IF NOT EXISTS payloads (
  id TEXT PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, query TEXT NOT NULL,
  headers TEXT NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, source_id TEXT NOT NULL,
  status TEXT NOT NULL, verified INTEGER NOT NULL, rejection_cause TEXT, data_id TEXT,
  events_count INTEGER NOT NULL, ignored_count INTEGER NOT NULL, cli_events_count INTEGER NOT NULL,
  retry_kind TEXT, retry_parent_id TEXT, retry_operation_id TEXT, retried_ms INTEGER,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_team ON requests (team_id, created_ms, status);
CREATE INDEX IF NOT EXISTS requests_source ON requests (source_id, created_ms, status, team_id);
CREATE INDEX IF NOT EXISTS requests_rejected ON requests (team_id, created_ms) WHERE status <> 'accepted';
CREATE INDEX IF NOT EXISTS requests_operation ON requests (retry_operation_id)
  WHERE retry_operation_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, connection_id TEXT NOT NULL,
  source_id TEXT NOT NULL, destination_id TEXT NOT NULL, request_id TEXT NOT NULL, data_id TEXT NOT NULL,
  status TEXT NOT NULL, cause TEXT, meta TEXT NOT NULL, failure_message TEXT, trigger TEXT NOT NULL,
  transformation_id TEXT, attempts INTEGER NOT NULL, response_status INTEGER, error_code TEXT,
  last_attempt_ms INTEGER, next_attempt_ms INTEGER, successful_ms INTEGER, due_ms INTEGER,
  retry_kind TEXT, retry_parent_id TEXT, retry_operation_id TEXT, retried_ms INTEGER,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS events_team ON events (team_id, created_ms, status);
CREATE INDEX IF NOT EXISTS events_connection ON events (connection_id, created_ms, status, team_id);
CREATE INDEX IF NOT EXISTS events_source ON events (source_id, created_ms, status, team_id);
CREATE INDEX IF NOT EXISTS events_destination ON events (destination_id, created_ms, status, team_id);
CREATE INDEX IF NOT EXISTS events_request ON events (request_id);
CREATE INDEX IF NOT EXISTS events_due ON events (due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_held ON events (connection_id) WHERE status = 'HOLD';
CREATE INDEX IF NOT EXISTS events_unsuccessful ON events (team_id, status, created_ms)
  WHERE status <> 'SUCCESSFUL';
CREATE INDEX IF NOT EXISTS events_operation ON events (retry_operation_id)
  WHERE retry_operation_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS attempts (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, event_id TEXT NOT NULL,
  request_id TEXT NOT NULL, connection_id TEXT NOT NULL, source_id TEXT NOT NULL,
  destination_id TEXT NOT NULL, attempt_number INTEGER NOT NULL, trigger TEXT NOT NULL,
  status TEXT NOT NULL, response_status INTEGER, error_code TEXT, body TEXT NOT NULL,
  requested_url TEXT, http_method TEXT, bulk_retry_id TEXT, latency_ms REAL NOT NULL,
  responded_ms INTEGER, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_event ON attempts (event_id, created_ms);
CREATE INDEX IF NOT EXISTS attempts_request ON attempts (request_id);
CREATE INDEX IF NOT EXISTS attempts_team ON attempts (team_id, created_ms, status);
CREATE INDEX IF NOT EXISTS attempts_destination ON attempts (destination_id, created_ms);
CREATE TABLE IF NOT EXISTS proxy_exchanges (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, source_id TEXT NOT NULL,
  request_id TEXT NOT NULL, target_url TEXT NOT NULL, http_method TEXT NOT NULL, response_status INTEGER,
  response_headers TEXT NOT NULL, response_body TEXT, response_body_truncated INTEGER NOT NULL, error_text TEXT,
  started_ms INTEGER NOT NULL, responded_ms INTEGER, latency_ms REAL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS proxy_exchanges_request ON proxy_exchanges (request_id);
CREATE TABLE IF NOT EXISTS executions (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, event_id TEXT NOT NULL,
  request_id TEXT NOT NULL, connection_id TEXT NOT NULL, original_data_id TEXT NOT NULL,
  transformed_data_id TEXT, transformation_id TEXT NOT NULL, error_code TEXT, message TEXT, logs TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS executions_transformation ON executions (transformation_id, created_ms);
CREATE INDEX IF NOT EXISTS executions_request ON executions (request_id);
CREATE TABLE IF NOT EXISTS seen_keys (
  connection_id TEXT NOT NULL, key TEXT NOT NULL, request_id TEXT NOT NULL, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (connection_id, key)
) WITHOUT ROWID;
"""

_OPERATIONS = """
CREATE TABLE IF NOT EXISTS bulk_operations (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, team_id TEXT NOT NULL, type TEXT NOT NULL,
  status TEXT NOT NULL, filter TEXT NOT NULL, total_count INTEGER NOT NULL, done_count INTEGER NOT NULL,
  failed_count INTEGER NOT NULL, due_ms INTEGER, started_ms INTEGER, finished_ms INTEGER,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS bulk_operations_team ON bulk_operations (team_id, type);
CREATE INDEX IF NOT EXISTS bulk_operations_due ON bulk_operations (due_ms) WHERE due_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS bulk_targets (
  seq INTEGER PRIMARY KEY, operation_id TEXT NOT NULL, target_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS bulk_targets_operation ON bulk_targets (operation_id, seq);
"""


def _minutes(table: str, *keys: str) -> str:
    """Running totals of a table per minute, status and resources (the team first), kept right by triggers."""
    columns = ", ".join(keys)
    ordered = ", ".join((keys[0], "minute", *keys[1:], "status"))
    made = ", ".join(f"{key} TEXT NOT NULL" for key in keys)
    indexes = "\n".join(
        f"CREATE INDEX IF NOT EXISTS {table}_minutes_{key} ON {table}_minutes ({key}, {keys[0]}, minute);"
        for key in keys[1:]
    )

    def count(row: str, step: str) -> str:
        values = ", ".join(f"{row}.{key}" for key in keys)
        return (
            f"INSERT INTO {table}_minutes ({columns}, minute, status, number) "  # noqa: S608 - names from here
            f"VALUES ({values}, {row}.created_ms / 60000, {row}.status, {step}) "
            f"ON CONFLICT DO UPDATE SET number = number + {step};"
        )

    return f"""
CREATE TABLE IF NOT EXISTS {table}_minutes (
  {made}, minute INTEGER NOT NULL, status TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY ({ordered})
) WITHOUT ROWID;
{indexes}
CREATE TRIGGER IF NOT EXISTS {table}_made AFTER INSERT ON {table} BEGIN {count("new", "1")} END;
CREATE TRIGGER IF NOT EXISTS {table}_gone AFTER DELETE ON {table} BEGIN {count("old", "-1")} END;
CREATE TRIGGER IF NOT EXISTS {table}_changed AFTER UPDATE OF status ON {table} WHEN old.status <> new.status
BEGIN {count("old", "-1")} {count("new", "1")} END;
"""


_MINUTES = (
    _minutes("requests", "team_id", "source_id")
    + _minutes("events", "team_id", "source_id", "connection_id", "destination_id")
    + _minutes("attempts", "team_id", "destination_id")
)

SCHEMA = _RESOURCES + _TRAFFIC + _OPERATIONS + _MINUTES

TABLES = (
    "credentials",
    "project_secrets",
    "project_keys",
    "key_audit",
    "sources",
    "destinations",
    "connections",
    "payloads",
    "requests",
    "events",
    "attempts",
    "seen_keys",
    "filters",
    "transformations",
    "executions",
    "proxy_exchanges",
    "bulk_operations",
    "bulk_targets",
    "requests_minutes",
    "events_minutes",
    "attempts_minutes",
)
"""Every table, for a reset."""
