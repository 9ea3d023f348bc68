/**
 * The silent logger, and that what people have fits the interface.
 *
 * @module
 */
import { afterEach, expect, expectTypeOf, test, vi } from 'vitest'
import { type Logger, SILENT_LOGGER } from '../../src/base/logger.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each(['debug', 'info', 'warn', 'error'] as const)(
  '%s of the silent logger writes nothing',
  (level) => {
    const written = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockReturnValue(true),
    )
    SILENT_LOGGER[level]('a line', { with: 'details' })
    for (const write of written) expect(write).not.toHaveBeenCalled()
  },
)

test('the console is a logger', () => {
  expectTypeOf<Console>().toExtend<Logger>()
})
