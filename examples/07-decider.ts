/**
 * A link may have a decider, which says at run time whether what follows is run.
 *
 * @module
 */
import { graph, load, task } from '../src/index.ts'

const MAX_WIDTH = 1600

const measure = task('measure', {
  provides: 'width',
  execute: ({ photo }: { photo: string }) => Number(/\d+/.exec(photo)?.[0]),
})
const shrink = task('shrink', {
  execute: ({ photo }: { photo: string }) => console.log(`shrink ${photo} to ${MAX_WIDTH}`),
})
const publish = task('publish', {
  execute: ({ photo }: { photo: string }) => console.log(`publish ${photo}`),
})

const flow = graph('photo')
  .add(measure, shrink, publish)
  .link(measure, shrink, {
    decider: ({ history }) => Number(history['measure']) > MAX_WIDTH,
    // Only the shrinking is left out: by default, so would be all that comes after it.
    depth: 'ATOM',
  })
  .link(shrink, publish)

for (const photo of ['cat-4000.jpg', 'dog-800.jpg']) {
  const engine = load(flow, { store: { photo } })
  await engine.run()
  console.log('shrink:', engine.storage.getAtomState('shrink'))
}
