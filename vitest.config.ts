import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // By default one core stays idle, which is half of a small machine.
    maxWorkers: '100%',
    // A slow machine under load is no failure; what must be fast is measured by the bench.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', ['json', { outputFile: 'coverage/tests.json' }]],
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: [['text', { skipFull: true }], 'json-summary'],
      // A few points below what a run gives, so that neither chance nor load decides.
      thresholds: {
        statements: 90,
        branches: 87,
        functions: 90,
        lines: 90,
        'src/base/**': { statements: 98, branches: 97, functions: 98, lines: 98 },
        'src/states/**': { statements: 98, branches: 97, functions: 98, lines: 98 },
        'src/flows/**': { statements: 98, branches: 97, functions: 98, lines: 98 },
        'src/plans/**': { statements: 96, branches: 88, functions: 96, lines: 96 },
        'src/engine/**': { statements: 96, branches: 92, functions: 95, lines: 97 },
      },
    },
  },
})
