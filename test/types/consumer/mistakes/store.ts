import { linear, load, run, task } from 'taskflow-ts'

const print = task('print', { execute: ({ size }: { size: string }) => size })
const flow = linear('f').add(print)

load(flow)
load(flow, { store: {} })
run(flow, { store: { size: 10 } })
