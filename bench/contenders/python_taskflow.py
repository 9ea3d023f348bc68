"""OpenStack TaskFlow at the work of ../work.ts: for each line it reads, a figure or an error.

    python_taskflow.py KIND SIZE [DATABASE_URL]
"""
import resource
import sys
import time

import sqlalchemy
from taskflow import engines, retry, task
from taskflow.patterns import graph_flow, linear_flow, unordered_flow
from taskflow.persistence import backends
from taskflow.persistence.backends.sqlalchemy import tables

FLOW_COUNT = 100


class Next(task.Task):
    def execute(self, **inputs):
        for value in inputs.values():
            return value + 1
        return 1


class Give(task.Task):
    def __init__(self, i):
        super().__init__('t%d' % i, provides='x%d' % i)
        self.i = i

    def execute(self):
        return self.i


class Join(task.Task):
    def execute(self, **inputs):
        return sum(inputs.values())


class Mix(task.Task):
    def __init__(self, i, inputs):
        super().__init__('t%d' % i, provides='x%d' % i, requires=inputs)
        self.inputs = inputs

    def execute(self, **values):
        a, b, c = (values[name] for name in self.inputs)
        return (a + 2 * b + 3 * c + 1) % 1000003


class Take(task.Task):
    def __init__(self, i, held):
        super().__init__('t%d' % i)
        self.held = held

    def execute(self):
        self.held[0] += 1

    def revert(self, *args, **kwargs):
        self.held[0] -= 1


class Full(task.Task):
    def execute(self):
        raise OverflowError('full')


class Flaky(task.Task):
    def __init__(self, size):
        super().__init__('flaky', provides='attempts')
        self.size = size
        self.attempts = 0

    def execute(self):
        self.attempts += 1
        if self.attempts < self.size:
            raise ValueError('not yet')
        return self.attempts


def linear(size):
    flow = linear_flow.Flow('linear')
    for i in range(size):
        flow.add(Next('t%d' % i, provides='x%d' % i, requires=['x%d' % (i - 1)] if i else []))
    return flow


def wide(size):
    flow = unordered_flow.Flow('wide').add(*(Give(i) for i in range(size)))
    names = ['x%d' % i for i in range(size)]
    return linear_flow.Flow('all').add(flow, Join('join', provides='total', requires=names))


def layers(size):
    width = 5 if size < 1000 else 100
    results, tasks = [], []
    for i in range(size):
        if i < width:
            results.append(i)
            tasks.append(Give(i))
            continue
        start = i - i % width - width
        inputs = [start + (i % width + k) % width for k in range(3)]
        a, b, c = (results[n] for n in inputs)
        results.append((a + 2 * b + 3 * c + 1) % 1000003)
        tasks.append(Mix(i, ['x%d' % n for n in inputs]))
    return graph_flow.Flow('layered').add(*tasks), range(size - width, size), sum(results[-width:])


def check(what, actual, expected):
    if actual != expected:
        raise ValueError('%s came to %r, and not to %r' % (what, actual, expected))


def timed(size, work):
    start = time.perf_counter()
    made = work()
    return (time.perf_counter() - start) * 1e6 / size, made


def worker(kind, size, backend):
    """Gives the function that does the work once."""
    def go(flow, engine='serial'):
        made = engines.load(flow, engine=engine, backend=backend)
        made.run()
        return made

    def run_linear():
        us, made = timed(size, lambda: go(flow))
        check(kind, made.storage.fetch('x%d' % (size - 1)), size)
        return us

    def run_wide():
        us, made = timed(size, lambda: go(flow, 'parallel'))
        check(kind, made.storage.fetch('total'), size * (size - 1) // 2)
        return us

    def run_layered():
        us, made = timed(size, lambda: go(flow, 'parallel'))
        check(kind, sum(made.storage.fetch('x%d' % i) for i in last), expected)
        return us

    def run_revert():
        held = [0]
        tasks = [Take(i, held) for i in range(size)]
        flow = linear_flow.Flow('revert').add(*tasks, Full('full'))

        def fail():
            try:
                go(flow)
            except OverflowError:
                return held[0]
        us, left = timed(size, fail)
        check('what is left', left, 0)
        return us

    def run_retry():
        flow = linear_flow.Flow('retry', retry.Times(size)).add(Flaky(size))
        us, made = timed(size, lambda: go(flow))
        check('attempts', made.storage.fetch('attempts'), size)
        return us

    kept = []  # or the next round takes the room that this one gave back

    def run_held():
        before = rss_bytes()
        made = go(linear(size))
        kept.append(made)
        check(kind, made.storage.fetch('x%d' % (size - 1)), size)
        return (rss_bytes() - before) / size

    if kind == 'linear':
        flow = linear(size)
    elif kind == 'wide':
        flow = wide(size)
    elif kind == 'layered':
        flow, last, expected = layers(size)
    return {
        'linear': run_linear,
        'wide': run_wide,
        'layered': run_layered,
        'revert': run_revert,
        'retry': run_retry,
        'held': run_held,
    }[kind]


def rss_bytes():
    with open('/proc/self/statm') as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def make_backend(url):
    # Debian's package lacks the migrations; this is what taskflow does on SQLite itself.
    metadata = sqlalchemy.MetaData()
    tables.fetch(metadata)
    engine = sqlalchemy.create_engine(url)
    metadata.create_all(bind=engine)
    engine.dispose()
    return backends.fetch({'connection': url})


def main():
    kind, size, url = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    backend = make_backend(url) if url else None
    run = worker(kind, size, backend)
    for _ in sys.stdin:
        try:
            print(run(), flush=True)
        except Exception as error:
            print('%s: %s' % (type(error).__name__, error), flush=True)


main()
