/**
 * Who holds a flow detail: columns of our own, which Python TaskFlow does not see.
 *
 * Breaking: a release that does not ask for the epoch would write over what another engine does.
 *
 * @module
 */
import type { Migration } from '../../../database/migration.ts'

// Unfinished flows are few beside those that have ended, and are found by state already. The name
// has a key of its own, since there may be many flows of other names.
const BY_NAME = 'CREATE INDEX IF NOT EXISTS taskflow_ts_flows_of_name ON flowdetails (name, state)'

/** Owner, epoch and lease of flow details. */
export const HOLDERS: Migration = {
  id: 2,
  breaking: true,
  statements: {
    sqlite: [
      'ALTER TABLE flowdetails ADD COLUMN taskflow_ts_owner VARCHAR(255)',
      'ALTER TABLE flowdetails ADD COLUMN taskflow_ts_epoch INTEGER',
      'ALTER TABLE flowdetails ADD COLUMN taskflow_ts_lease_until DATETIME',
      BY_NAME,
    ],
    postgres: [
      `ALTER TABLE flowdetails
  ADD COLUMN taskflow_ts_owner VARCHAR(255),
  ADD COLUMN taskflow_ts_epoch INTEGER,
  ADD COLUMN taskflow_ts_lease_until TIMESTAMP WITHOUT TIME ZONE`,
      BY_NAME,
    ],
    // Each statement may run again after a crash in between; MySQL has no IF NOT EXISTS here.
    mysql: [
      `SET @taskflow_ts = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'flowdetails' AND column_name = 'taskflow_ts_epoch'), 'DO 0', 'ALTER TABLE flowdetails ADD COLUMN taskflow_ts_owner VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, ADD COLUMN taskflow_ts_epoch INTEGER NULL, ADD COLUMN taskflow_ts_lease_until DATETIME(6) NULL, ADD KEY taskflow_ts_flows_of_name (name, state)')`,
      'PREPARE taskflow_ts FROM @taskflow_ts',
      'EXECUTE taskflow_ts',
      'DEALLOCATE PREPARE taskflow_ts',
    ],
  },
}
