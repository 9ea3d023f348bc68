/**
 * An engine tells of every move of the flow and of its tasks, after it is stored.
 *
 * @module
 */
import { linear, load, task } from '../src/index.ts'

const resize = task('resize', {
  provides: 'thumbnail',
  execute: ({ photo }: { photo: string }) => photo.replace('.jpg', '-200px.jpg'),
})

const publish = task('publish', {
  provides: 'url',
  execute: ({ thumbnail }: { thumbnail: string }) => `https://img.example.org/${thumbnail}`,
})

// `run` would do for the result alone; the engine is what one listens to.
const engine = load(linear('thumbnail').add(resize, publish), { store: { photo: 'cat.jpg' } })

engine.notifier.register('*', (state, { flowName, oldState }) => {
  console.log(`flow ${flowName}: ${oldState} -> ${state}`)
})
engine.atomNotifier.register('*', (state, details) => {
  if (!('taskName' in details)) return // a retry
  const { taskName, oldState, result } = details
  const given = result === undefined ? '' : `, gave ${result}`
  console.log(`task ${taskName}: ${oldState} -> ${state}${given}`)
})

await engine.run()
