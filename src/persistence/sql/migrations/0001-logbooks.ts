/**
 * The tables of OpenStack TaskFlow 5, as it makes them itself, and what we add.
 *
 * A database that Python TaskFlow made has the tables already, and only gets what we add. Column
 * order, types and keys are Python's, so that either program may be the one to come first: on
 * SQLite those of its SQLAlchemy models, elsewhere those that its Alembic migrations leave.
 *
 * @module
 */

import type { Migration } from '../../../database/migration.ts'
import { LOGBOOKS_ON_MYSQL } from './0001-logbooks-mysql.ts'
import { LOGBOOKS_ON_POSTGRES } from './0001-logbooks-postgres.ts'

/** Books, flow details, atom details. */
export const LOGBOOKS: Migration = {
  id: 1,
  breaking: false,
  statements: {
    sqlite: [
      `CREATE TABLE IF NOT EXISTS logbooks (
	created_at DATETIME, 
	updated_at DATETIME, 
	meta TEXT, 
	name VARCHAR(255), 
	uuid VARCHAR(64) NOT NULL, 
	PRIMARY KEY (uuid), 
	UNIQUE (uuid)
)`,
      `CREATE TABLE IF NOT EXISTS flowdetails (
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
      `CREATE TABLE IF NOT EXISTS atomdetails (
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
      // Deleting a book looks for its flows, and for their atoms; paging goes by uuid.
      `CREATE INDEX IF NOT EXISTS taskflow_ts_flows_of_book ON flowdetails (parent_uuid, uuid)`,
      `CREATE INDEX IF NOT EXISTS taskflow_ts_flows_in_state ON flowdetails (state, uuid)`,
      `CREATE INDEX IF NOT EXISTS taskflow_ts_atoms_of_flow ON atomdetails (parent_uuid)`,
    ],
    postgres: LOGBOOKS_ON_POSTGRES,
    mysql: LOGBOOKS_ON_MYSQL,
  },
}
