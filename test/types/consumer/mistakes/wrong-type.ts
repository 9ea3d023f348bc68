import { graph, linear, task } from 'taskflow-ts'

const measure = task('measure', { provides: 'size', execute: () => 10 })
const print = task('print', { execute: ({ size }: { size: string }) => size })

linear('before').add(measure, print)
linear('before-in-another-call').add(measure).add(print)
graph('in-any-order').add(print, measure)
