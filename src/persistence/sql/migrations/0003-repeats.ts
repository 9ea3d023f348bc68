/**
 * How often a write of the present epoch was repeated: a column of our own, which Python TaskFlow
 * does not see.
 *
 * Not breaking: a release that does not know the column claims an epoch of its own.
 *
 * @module
 */
import type { Migration } from '../../../database/migration.ts'

const ADD = 'ALTER TABLE flowdetails ADD COLUMN taskflow_ts_repeat INTEGER NULL'

/** Repeats of flow details. */
export const REPEATS: Migration = {
  id: 3,
  breaking: false,
  statements: {
    sqlite: [ADD],
    postgres: [ADD],
    // Each statement may run again after a crash in between; MySQL has no IF NOT EXISTS here.
    mysql: [
      `SET @taskflow_ts = IF(EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'flowdetails' AND column_name = 'taskflow_ts_repeat'), 'DO 0', '${ADD}')`,
      'PREPARE taskflow_ts FROM @taskflow_ts',
      'EXECUTE taskflow_ts',
      'DEALLOCATE PREPARE taskflow_ts',
    ],
  },
}
