/**
 * Identifiers that are compared letter by letter, as the other databases do.
 *
 * Python's columns on MySQL take `A` and `a` for the same. Python does not notice the change. Not
 * breaking: what was the same stays the same for a release that does not know of it.
 *
 * @module
 */
import type { Migration } from '../../../database/migration.ts'

const EXACT = 'VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin'

const REFERENCES = 'information_schema.referential_constraints'

/** Runs what the question gives, or nothing. */
function run(question: string): readonly string[] {
  return [
    `SET @taskflow_ts = COALESCE((${question}), 'DO 0')`,
    'PREPARE taskflow_ts FROM @taskflow_ts',
    'EXECUTE taskflow_ts',
    'DEALLOCATE PREPARE taskflow_ts',
  ]
}

/** The columns of a foreign key can be changed only while there is none. */
function withoutReference(table: string, parent: string): readonly string[] {
  return run(
    `SELECT CONCAT('ALTER TABLE ${table} DROP FOREIGN KEY \`', constraint_name, '\`') FROM ${REFERENCES} WHERE constraint_schema = DATABASE() AND table_name = '${table}' AND referenced_table_name = '${parent}' LIMIT 1`,
  )
}

/** What lost its parent meanwhile goes, as it would have gone with it. */
function withReference(table: string, parent: string): readonly string[] {
  return [
    `DELETE child FROM ${table} AS child LEFT JOIN ${parent} AS parent ON parent.uuid = child.parent_uuid WHERE child.parent_uuid IS NOT NULL AND parent.uuid IS NULL`,
    ...run(
      `SELECT 'ALTER TABLE ${table} ADD CONSTRAINT ${table}_ibfk_1 FOREIGN KEY (parent_uuid) REFERENCES ${parent} (uuid) ON DELETE CASCADE' FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM ${REFERENCES} WHERE constraint_schema = DATABASE() AND table_name = '${table}' AND referenced_table_name = '${parent}')`,
    ),
  ]
}

/** Exact identifiers. */
export const EXACT_UUIDS: Migration = {
  id: 4,
  breaking: false,
  statements: {
    sqlite: [],
    postgres: [],
    // Each statement may run again after a crash in between.
    mysql: [
      ...withoutReference('atomdetails', 'flowdetails'),
      ...withoutReference('flowdetails', 'logbooks'),
      `ALTER TABLE logbooks MODIFY uuid ${EXACT} NOT NULL`,
      `ALTER TABLE flowdetails MODIFY uuid ${EXACT} NOT NULL, MODIFY parent_uuid ${EXACT} NULL`,
      `ALTER TABLE atomdetails MODIFY uuid ${EXACT} NOT NULL, MODIFY parent_uuid ${EXACT} NULL`,
      ...withReference('flowdetails', 'logbooks'),
      ...withReference('atomdetails', 'flowdetails'),
    ],
  },
}
