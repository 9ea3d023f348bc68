/**
 * The tables as the migrations of Python TaskFlow 5 leave them on MySQL and MariaDB, and what we
 * add.
 *
 * Making a table cannot be rolled back there, so each statement may run again after a crash in
 * between. Python's columns hold whole seconds, three bytes per character and 64 KiB of meta:
 * what is written must come back, so we widen them, which Python does not notice.
 *
 * @module
 */

const WIDE_TEXT = 'LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL'
const WIDE_NAME = 'VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL'
const MOMENTS = 'MODIFY created_at DATETIME(6) NULL, MODIFY updated_at DATETIME(6) NULL'
const TABLE_OPTIONS = 'ENGINE=InnoDB DEFAULT CHARSET=utf8mb3'

/** MySQL has no `IF NOT EXISTS` for columns and keys; MariaDB would. */
function unless(isThere: string, statement: string): readonly string[] {
  return [
    `SET @taskflow_ts = IF(EXISTS (SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND ${isThere}), 'DO 0', '${statement}')`,
    'PREPARE taskflow_ts FROM @taskflow_ts',
    'EXECUTE taskflow_ts',
    'DEALLOCATE PREPARE taskflow_ts',
  ]
}

/** Run in order. */
export const LOGBOOKS_ON_MYSQL: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS alembic_version (
  version_num VARCHAR(32) NOT NULL,
  PRIMARY KEY (version_num)
)`,
  `INSERT INTO alembic_version SELECT '00af93df9d77' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM alembic_version)`,
  `CREATE TABLE IF NOT EXISTS logbooks (
  created_at DATETIME,
  updated_at DATETIME,
  meta TEXT,
  name VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  PRIMARY KEY (uuid),
  UNIQUE KEY logbook_uuid_idx (uuid)
) ${TABLE_OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS flowdetails (
  created_at DATETIME,
  updated_at DATETIME,
  parent_uuid VARCHAR(64),
  meta LONGTEXT,
  state VARCHAR(255),
  name VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  PRIMARY KEY (uuid),
  UNIQUE KEY flowdetails_uuid_idx (uuid),
  KEY flowdetails_ibfk_1 (parent_uuid),
  CONSTRAINT flowdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES logbooks (uuid) ON DELETE CASCADE
) ${TABLE_OPTIONS}`,
  `CREATE TABLE IF NOT EXISTS atomdetails (
  created_at DATETIME,
  updated_at DATETIME,
  parent_uuid VARCHAR(64),
  meta TEXT,
  name VARCHAR(255),
  results LONGTEXT,
  version VARCHAR(64),
  state VARCHAR(255),
  uuid VARCHAR(64) NOT NULL,
  failure LONGTEXT,
  atom_type ENUM('RETRY_DETAIL', 'TASK_DETAIL'),
  intention ENUM('EXECUTE', 'IGNORE', 'REVERT', 'RETRY') DEFAULT 'EXECUTE',
  revert_results TEXT,
  revert_failure LONGTEXT,
  PRIMARY KEY (uuid),
  UNIQUE KEY taskdetails_uuid_idx (uuid),
  KEY taskdetails_ibfk_1 (parent_uuid),
  CONSTRAINT atomdetails_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES flowdetails (uuid) ON DELETE CASCADE
) ${TABLE_OPTIONS}`,
  `ALTER TABLE logbooks ${MOMENTS}, MODIFY name ${WIDE_NAME}, MODIFY meta ${WIDE_TEXT}`,
  `ALTER TABLE flowdetails ${MOMENTS}, MODIFY name ${WIDE_NAME}, MODIFY meta ${WIDE_TEXT}`,
  `ALTER TABLE atomdetails ${MOMENTS}, MODIFY name ${WIDE_NAME}, MODIFY meta ${WIDE_TEXT}, MODIFY version VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ${[
    'results',
    'failure',
    'revert_results',
    'revert_failure',
  ]
    .map((column) => `MODIFY ${column} ${WIDE_TEXT}`)
    .join(', ')}`,
  // The order in which atoms were first saved, whoever saves them. Numbers must be there before
  // they are counted on, or the rows of Python would be numbered in the order of their uuids.
  ...unless(
    `table_name = 'atomdetails' AND index_name = 'taskflow_ts_positions'`,
    'ALTER TABLE atomdetails ADD COLUMN taskflow_ts_position BIGINT NULL, ADD KEY taskflow_ts_positions (taskflow_ts_position)',
  ),
  `UPDATE atomdetails AS atom JOIN (
  SELECT uuid, ROW_NUMBER() OVER (ORDER BY created_at, uuid) AS place FROM atomdetails
) AS numbered ON numbered.uuid = atom.uuid
SET atom.taskflow_ts_position = numbered.place`,
  `ALTER TABLE atomdetails MODIFY taskflow_ts_position BIGINT NOT NULL AUTO_INCREMENT`,
  // The foreign keys have their keys, and each ends with the primary key; paging goes by uuid.
  ...unless(
    `table_name = 'flowdetails' AND index_name = 'taskflow_ts_flows_in_state'`,
    'ALTER TABLE flowdetails ADD KEY taskflow_ts_flows_in_state (state, uuid)',
  ),
]
