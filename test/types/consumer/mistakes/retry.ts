import { forEach, linear, task } from 'taskflow-ts'

const take = task('take', { execute: ({ attempt }: { attempt: number }) => attempt })

linear('from-the-retry', { retry: forEach(['a', 'b'], { provides: 'attempt' }) }).add(take)
