/**
 * The tables as the migrations of Python TaskFlow 5 leave them on PostgreSQL, and what we add.
 *
 * Names, types and the order of columns are Python's, and so is the row that tells Alembic that
 * there is nothing left to do.
 *
 * @module
 */

/** Run in order, in one transaction. */
export const LOGBOOKS_ON_POSTGRES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS alembic_version (
  version_num VARCHAR(32) NOT NULL,
  CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)`,
  `INSERT INTO alembic_version SELECT '00af93df9d77' WHERE NOT EXISTS (SELECT FROM alembic_version)`,
  `DO $$ BEGIN
  CREATE TYPE atom_types AS ENUM ('RETRY_DETAIL', 'TASK_DETAIL');
EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  `DO $$ BEGIN
  CREATE TYPE intention_type AS ENUM ('EXECUTE', 'IGNORE', 'REVERT', 'RETRY');
EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
  `CREATE TABLE IF NOT EXISTS logbooks (
  created_at TIMESTAMP WITHOUT TIME ZONE,
  updated_at TIMESTAMP WITHOUT TIME ZONE,
  meta JSON,
  name VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  CONSTRAINT logbooks_pkey PRIMARY KEY (uuid)
)`,
  `CREATE TABLE IF NOT EXISTS flowdetails (
  created_at TIMESTAMP WITHOUT TIME ZONE,
  updated_at TIMESTAMP WITHOUT TIME ZONE,
  parent_uuid VARCHAR(64),
  meta JSON,
  state VARCHAR(255),
  name VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  CONSTRAINT flowdetails_pkey PRIMARY KEY (uuid),
  CONSTRAINT flowdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES logbooks (uuid) ON DELETE CASCADE
)`,
  `CREATE TABLE IF NOT EXISTS atomdetails (
  created_at TIMESTAMP WITHOUT TIME ZONE,
  updated_at TIMESTAMP WITHOUT TIME ZONE,
  parent_uuid VARCHAR(64),
  meta JSON,
  name VARCHAR(255),
  results JSON,
  version VARCHAR(64),
  state VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  failure JSON,
  atom_type atom_types,
  intention intention_type DEFAULT 'EXECUTE',
  revert_results JSON,
  revert_failure JSON,
  CONSTRAINT taskdetails_pkey PRIMARY KEY (uuid),
  CONSTRAINT taskdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES flowdetails (uuid) ON DELETE CASCADE
)`,
  `CREATE INDEX IF NOT EXISTS logbook_uuid_idx ON logbooks (uuid)`,
  `CREATE INDEX IF NOT EXISTS flowdetails_uuid_idx ON flowdetails (uuid)`,
  `CREATE INDEX IF NOT EXISTS taskdetails_uuid_idx ON atomdetails (uuid)`,
  // The order in which atoms were first saved, whoever saves them. A checkpoint takes one number
  // of the sequence and counts on from there, so there are 2^20 between two; 2^43 are enough.
  `ALTER TABLE atomdetails ADD COLUMN taskflow_ts_position BIGINT`,
  `CREATE SEQUENCE taskflow_ts_positions INCREMENT BY 1048576 OWNED BY atomdetails.taskflow_ts_position`,
  `UPDATE atomdetails SET taskflow_ts_position = numbered.position
FROM (
  SELECT uuid AS atom, nextval('taskflow_ts_positions') AS position
  FROM (SELECT uuid FROM atomdetails ORDER BY created_at, uuid) AS sorted
) AS numbered
WHERE uuid = numbered.atom`,
  `ALTER TABLE atomdetails ALTER COLUMN taskflow_ts_position SET DEFAULT nextval('taskflow_ts_positions')`,
  // Deleting a book looks for its flows, and for their atoms; paging goes by uuid.
  `CREATE INDEX taskflow_ts_flows_of_book ON flowdetails (parent_uuid, uuid)`,
  `CREATE INDEX taskflow_ts_flows_in_state ON flowdetails (state, uuid)`,
  `CREATE INDEX taskflow_ts_atoms_of_flow ON atomdetails (parent_uuid, taskflow_ts_position)`,
]
