import { linear, load, task } from 'taskflow-ts'

const measure = task('measure', { provides: 'size', execute: () => 10 })

load(linear('f').add(measure)).storage.fetch('sizes')
export const size: string = load(linear('f').add(measure)).storage.fetch('size')
