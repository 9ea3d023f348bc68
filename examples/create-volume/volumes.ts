/**
 * The table of volumes: what users of the service would see.
 *
 * @module
 */
import type { Database, Row } from './database.ts'
import type { VolumeRequest, VolumeType } from './request.ts'

/** A volume as it is in the table. */
export interface Volume extends VolumeRequest {
  /** Identifies the volume. */
  readonly id: string
  /** Whether its file is there. */
  readonly status: 'creating' | 'available'
}

/** The volumes of one database. */
export class Volumes {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Enters a volume that is being made; nothing happens when it is entered. */
  create(id: string, { name, sizeMib, volumeType }: VolumeRequest): void {
    this.#db.change(
      "INSERT INTO volumes VALUES (?, ?, ?, ?, 'creating', ?) ON CONFLICT (id) DO NOTHING",
      id,
      name,
      sizeMib,
      volumeType,
      new Date().toISOString(),
    )
  }

  /** Says whether the file of a volume is there. */
  setStatus(id: string, status: Volume['status']): void {
    this.#db.change('UPDATE volumes SET status = ? WHERE id = ?', status, id)
  }

  /** Removes the entry; nothing happens when there is none. */
  remove(id: string): void {
    this.#db.change('DELETE FROM volumes WHERE id = ?', id)
  }

  /** @throws Error when there is no such volume. */
  load(id: string): Volume {
    const [row] = this.#db.all('SELECT * FROM volumes WHERE id = ?', id)
    if (row === undefined) throw new Error(`there is no volume ${id}`)
    return volumeOf(row)
  }

  /** All volumes, oldest first. */
  list(): readonly Volume[] {
    return this.#db.all('SELECT * FROM volumes ORDER BY created_at, id').map(volumeOf)
  }
}

function volumeOf(row: Row): Volume {
  return {
    id: String(row['id']),
    name: String(row['name']),
    sizeMib: Number(row['size_mib']),
    volumeType: row['volume_type'] as VolumeType,
    status: row['status'] as Volume['status'],
  }
}
