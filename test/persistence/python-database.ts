/**
 * A database as Python TaskFlow 5.0.0 with SQLAlchemy 1.4 made it, recorded from `sqlite_master`
 * and from its rows, with a few NULLs where its code may leave them.
 *
 * @module
 */
import { DatabaseSync } from 'node:sqlite'

/** Python's tables; the blanks at the ends of lines are SQLAlchemy's. */
export const PYTHON_TABLES: Readonly<Record<string, string>> = {
  atomdetails: `CREATE TABLE atomdetails (
	created_at DATETIME, 
	updated_at DATETIME, 
	meta TEXT, 
	parent_uuid VARCHAR(64), 
	name VARCHAR(255), 
	version VARCHAR(64), 
	state VARCHAR(255), 
	uuid VARCHAR(64) NOT NULL, 
	failure TEXT, 
	results TEXT, 
	revert_results TEXT, 
	revert_failure TEXT, 
	atom_type VARCHAR(12), 
	intention VARCHAR(7), 
	PRIMARY KEY (uuid), 
	FOREIGN KEY(parent_uuid) REFERENCES flowdetails (uuid) ON DELETE CASCADE, 
	UNIQUE (uuid)
)`,
  flowdetails: `CREATE TABLE flowdetails (
	created_at DATETIME, 
	updated_at DATETIME, 
	parent_uuid VARCHAR(64), 
	meta TEXT, 
	name VARCHAR(255), 
	state VARCHAR(255), 
	uuid VARCHAR(64) NOT NULL, 
	PRIMARY KEY (uuid), 
	FOREIGN KEY(parent_uuid) REFERENCES logbooks (uuid) ON DELETE CASCADE, 
	UNIQUE (uuid)
)`,
  logbooks: `CREATE TABLE logbooks (
	created_at DATETIME, 
	updated_at DATETIME, 
	meta TEXT, 
	name VARCHAR(255), 
	uuid VARCHAR(64) NOT NULL, 
	PRIMARY KEY (uuid), 
	UNIQUE (uuid)
)`,
}

const ROWS = `
INSERT INTO logbooks VALUES
  ('2026-11-21 20:01:34.059007', '2026-11-21 20:01:34.059022', '{"a": 2}', 'bk', 'b-1'),
  ('2026-11-21 20:01:34.000000', NULL, NULL, 'empty', 'b-2');
INSERT INTO flowdetails VALUES
  ('2026-11-21 20:01:34.063595', NULL, 'b-1', '{}', 'fl', NULL, 'f-1'),
  ('2026-11-21 20:01:34.063595', NULL, 'b-1', NULL, 'fl', 'SUCCESS', 'f-2');
INSERT INTO atomdetails VALUES
  ('2026-11-21 20:01:34.064551', '2026-11-21 20:01:34.077439', '{"progress": 1.0}', 'f-1', 't1',
   NULL, 'SUCCESS', 't-1', NULL, '{"x": [1, 2, "\\u00e9"]}', NULL, NULL, 'TASK_DETAIL', 'EXECUTE'),
  ('2026-11-21 20:01:34.065032', NULL, '{}', 'f-1', 't2',
   '1.0', 'FAILURE', 't-2', '{"exception_str": "boom"}', NULL, NULL, 'null', 'TASK_DETAIL', 'REVERT'),
  ('2026-11-21 20:01:34.065300', NULL, NULL, 'f-1', 't3',
   NULL, NULL, 't-3', 'null', 'null', 'null', NULL, 'TASK_DETAIL', NULL),
  ('2026-11-21 20:01:34.065627', NULL, 'null', 'f-1', 'r',
   NULL, 'RETRYING', 'r-1', NULL, '[[1, {"t2": {}}]]', NULL, NULL, 'RETRY_DETAIL', 'RETRY');`

/** Makes the database in a file; foreign keys were never enforced. */
export function makePythonDatabase(file: string): void {
  const db = new DatabaseSync(file, { enableForeignKeyConstraints: false })
  const { logbooks, flowdetails, atomdetails } = PYTHON_TABLES
  db.exec(`${logbooks};${flowdetails};${atomdetails};${ROWS}`)
  db.close()
}
